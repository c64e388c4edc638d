"""What the program in the tray tells by itself: notifications, trouble, level, progress."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from tests.resident.desk import Desk, HeldDisk, MemoryTray, env_file_of
from tests.sound import wait_until
from tray_app.app import App
from tray_app.desktop.channel import Request
from tray_app.events import DiskLow, EventBus, JobProgress, Level, Unheard
from tray_app.loading import load
from tray_app.resident import Resident
from tray_app.shown import Shown
from tray_app.states import State
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Act, Tray
from tray_app.tray.view import Action


def test_a_notification_that_the_system_refuses_goes_to_the_tray(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes")

    def refuses(title: str, text: str) -> None:
        raise OSError(f"no service for {title} {text}")

    settings = replace(desk.app.settings, notify=True)
    with App(settings, backends=[desk.backend]) as app:
        app.notifier._find_sender = lambda: refuses
        made: list[MemoryTray] = []

        def make(act: Act) -> Tray:
            made.append(MemoryTray(act))
            return cast(Tray, made[-1])

        resident = Resident(app, None, make_tray=make)
        resident.answer(Request("show"))
        wait_until(lambda: made[0].told, 20, "the tray notifies")
    assert made[0].told[0][0] == "Tray Recorder"


# Notifications and the end


def test_what_is_notified_of_a_take(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", notify=True)
    desk.first_start = True
    desk.start()
    wait_until(lambda: desk.told, 20, "the welcome")
    assert desk.told[0][0] == "Tray Recorder is ready"
    assert desk.folder.is_dir()
    desk.record(0.5)
    desk.backend.vanish()
    desk.sees(lambda view: view.waiting)
    desk.backend.appear()
    desk.sees(lambda view: not view.waiting)
    desk.app.bus.post(DiskLow(12.0, 900))
    assert "about 12 minutes" in desk.sees(lambda view: view.trouble).trouble
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.recent)
    desk.resident.quit()
    desk.ended()
    assert [text.split(" ")[0] + " " + title for title, text in desk.told[1:]] == [
        "Output Tray Recorder",
        "Output Tray Recorder",
        "There The disk is nearly full",
        "take.wav, Recording saved",
    ]


def test_the_bar_shows_the_loudest_of_a_second(tmp_path: Path) -> None:
    """And changes at full seconds only, however the loudness jumps: a tenth of a second of it is looked at a time."""
    bus = EventBus()
    app = SimpleNamespace(bus=bus, working=lambda: False, settings=load({}, {}, env_file_of(tmp_path / "takes", False)))
    app.recorder = SimpleNamespace(state=State.RECORDING)
    shown = Shown(cast(App, app))
    seen = []
    for tenth in range(40):
        peak = -3.0 if tenth % 10 == 4 else -50.0 if tenth < 20 else -math.inf
        bus.post(Level(peak, tenth / 10))
        bus.deliver(0)
        seen.append(shown.view().level)
    assert seen == [0] * 10 + [5] * 30
    for tenth in range(40, 60):
        bus.post(Level(-50.0, tenth / 10))
        bus.deliver(0)
        seen.append(shown.view().level)
    assert seen[40:] == [5] * 10 + [1] * 10


def test_nothing_heard_is_said_until_something_is(desk: Desk) -> None:
    desk.record(0.2)
    desk.app.bus.post(Unheard(15.0, from_start=True))
    desk.sees(lambda view: view.trouble == "Nothing has been heard yet. Is this the source that plays?")
    desk.app.bus.post(Unheard(0.0))
    desk.sees(lambda view: view.trouble == "")


def test_the_tooltip_tells_how_far_a_job_is(tmp_path: Path) -> None:
    disk = HeldDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    assert disk.asked.wait(20)
    desk.app.bus.post(JobProgress("take", 0.479))
    working = desk.sees(lambda view: view.working and view.done)
    assert tooltip(working) == "Tray Recorder – Finishing a recording, 45 %"
    disk.go_on.set()
    assert desk.sees(lambda view: not view.working and view.recent).done == 0
    desk.resident.quit()
    desk.ended()
