"""Takes by menu, terminal and the session's end, from start to exit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.recorder.fake import OUTPUT
from tests.resident.desk import WHOLE, Desk, HeldDisk
from tests.sound import wait_until
from tray_app.desktop.channel import Request
from tray_app.disk import Patience
from tray_app.errors import SourceError
from tray_app.sentences.forms import Said
from tray_app.states import Command, State, transition
from tray_app.tray.tooltip import tooltip
from tray_app.tray.view import Action, Recent


def test_a_take_from_the_menu(desk: Desk) -> None:
    assert (desk.view.state, desk.view.autostart, desk.view.recent) == (State.IDLE, False, ())
    desk.record(1.1)
    assert desk.view.state is State.RECORDING
    assert desk.view.since is not None
    desk.tray.pick(Action.PAUSE)
    desk.sees(lambda view: view.state is State.PAUSED)
    desk.tray.pick(Action.RESUME)
    desk.sees(lambda view: view.state is State.RECORDING)
    desk.tray.pick(Action.STOP)
    idle = desk.sees(lambda view: view.state is State.IDLE and not view.working and view.recent, "all work is done")
    original = desk.folder / "originals" / "take.wav"
    assert (idle.recent, idle.name, idle.trouble) == ((Recent(desk.folder / "take.wav", True, original),), "", "")
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE
    assert soundfile.info(desk.folder / "take.wav").frames >= 48_000


def test_the_view_changes_once_a_second_while_nothing_else_does(desk: Desk) -> None:
    desk.record(2.2)
    desk.tray.pick(Action.STOP)
    seconds = [view.seconds for view in desk.tray.views if view.state is State.RECORDING and not view.waiting]
    assert seconds == sorted(set(seconds))
    assert seconds[:3] == [0.0, 1.0, 2.0]


def test_a_device_that_goes_and_comes_back(desk: Desk) -> None:
    desk.record(0.5)
    desk.backend.vanish()
    gone = desk.sees(lambda view: view.waiting)
    assert (gone.state, gone.source) == (State.RECORDING, OUTPUT.name)
    assert OUTPUT.name in desk.sees(lambda view: view.trouble).trouble
    desk.backend.appear()
    back = desk.sees(lambda view: not view.waiting)
    assert (back.state, back.trouble) == (State.RECORDING, "")


def test_a_start_that_fails_says_so_until_the_next_one(desk: Desk) -> None:
    desk.backend.refuses = SourceError(Said("The output is used by another program.", todo="Close that one."))
    desk.tray.pick(Action.START)
    failed = desk.sees(lambda view: view.trouble)
    desk.sees(lambda view: view.state is State.IDLE)
    assert failed.trouble == "The output is used by another program. Close that one."
    desk.backend.refuses = None
    desk.record(0.2)
    assert desk.view.trouble == ""


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("command", list(Command))
def test_every_command_of_the_terminal_in_every_state(desk: Desk, state: State, command: Command) -> None:
    if state is not State.IDLE:
        desk.record(0.1)
    if state is State.PAUSED:
        desk.tray.pick(Action.PAUSE)
    expected = transition(state, command)
    answer = desk.resident.answer(Request(str(command)))
    assert (answer.ok, answer.message) == (expected.action is not None, expected.message)
    assert answer.status["state"] == expected.state


def test_the_status_is_what_the_tray_shows(desk: Desk) -> None:
    idle = desk.resident.answer(Request("status"))
    assert idle.ok
    assert idle.status == {
        "running": True,
        "state": "idle",
        "waiting": False,
        "source": "",
        "since": None,
        "seconds": 0.0,
        "jobs": False,
        "save_folder": str(desk.folder),
    }
    desk.record(1.1)
    running: dict[str, Any] = dict(desk.resident.answer(Request("status")).status)
    assert (running["state"], running["source"], running["seconds"] >= 1) == ("recording", OUTPUT.name, True)
    assert desk.view.since is not None
    assert running["since"] == desk.view.since.isoformat(timespec="seconds")


def test_exit_in_the_middle_of_a_take_finishes_it(desk: Desk) -> None:
    desk.record(1.1)
    desk.tray.pick(Action.EXIT)
    desk.ended()
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE
    assert soundfile.info(desk.folder / "take.wav").frames >= 48_000


def test_quit_from_the_terminal_ends_it(desk: Desk) -> None:
    assert desk.resident.answer(Request("quit")).ok
    desk.ended()


def test_the_end_of_the_session_waits_for_the_take(desk: Desk) -> None:
    """When `finish` returns Windows may end the program: by then both files are whole, and no marker is left."""
    assert not desk.app.busy()
    desk.record(1.0)
    assert desk.app.busy()
    desk.backend.hang_in_close.set()
    desk.app.finish()
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE
    assert not desk.app.busy()


def test_what_an_earlier_crash_left_is_finished(tmp_path: Path) -> None:
    first = Desk(tmp_path / "takes")
    first.start()
    first.record(1.0)
    making = first.app.recorder._run
    assert making is not None
    left = first.folder / "originals" / "take.wav"
    copy, marker = left.read_bytes(), left.with_suffix(".take").read_bytes()
    first.resident.quit()
    first.ended()
    for file in first.folder.rglob("take.*"):
        # Its shelf may still look into the cut list, which on Windows keeps others from removing it.
        Patience()(file.unlink)
    left.write_bytes(copy)
    left.with_suffix(".take").write_bytes(marker)
    second = Desk(tmp_path / "takes")
    second.start()
    wait_until(lambda: (second.folder / "take.wav").exists() and not left.with_suffix(".take").exists(), 20)
    second.resident.quit()
    second.ended()


def test_exit_says_that_it_finishes_and_waits(tmp_path: Path) -> None:
    disk = HeldDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.record(0.5)
    desk.tray.pick(Action.EXIT)
    leaving = desk.sees(lambda view: view.leaving and view.state is State.IDLE)
    assert tooltip(leaving) == "Tray Recorder – Finishing the recording, then exiting"
    assert disk.asked.wait(20)
    assert desk._thread.is_alive()
    disk.go_on.set()
    desk.ended()
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE


def test_exit_may_leave_the_jobs_to_the_next_start(tmp_path: Path) -> None:
    disk = HeldDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "RECORDER_ON_QUIT=later")
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE)
    assert disk.asked.wait(20)
    desk.tray.pick(Action.EXIT)
    desk.ended()
    assert not disk.go_on.is_set()
    assert "originals/take.take" in [name.replace("\\", "/") for name in desk.files()]
    assert soundfile.info(desk.folder / "originals" / "take.wav").frames > 0
    disk.go_on.set()
