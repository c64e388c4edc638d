"""The program in the tray, with a tray that only remembers: what is shown, what is asked for, what is saved."""

from __future__ import annotations

import errno
import io
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import soundfile
from PIL import Image

from tests.recorder.fake import OUTPUT, FakeBackend
from tests.sound import wait_until
from tray_app.app import App
from tray_app.capture.base import Source
from tray_app.desktop.autostart import Autostart
from tray_app.desktop.channel import Request
from tray_app.desktop.desktop import Desktop
from tray_app.disk import Disk, Patience
from tray_app.errors import SourceError, StorageError
from tray_app.events import DiskLow, EventBus, JobProgress, Level, Unheard
from tray_app.presets import PRESETS, current, texts_of
from tray_app.resident import Resident
from tray_app.sentences.forms import Said
from tray_app.settings import load
from tray_app.shown import Shown
from tray_app.states import Command, State, transition
from tray_app.take.facts import read_sidecar
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Act, Tray
from tray_app.tray.view import Action, Originals, Recent, View


class MemoryTray:
    """What the program does to the tray; `run` holds its thread until `stop`, as pystray's does."""

    click_starts = True

    def __init__(self, act: Act) -> None:
        self._act = act
        self.views: list[View] = []
        self.told: list[tuple[str, str]] = []
        self._stopped = threading.Event()

    def pick(self, action: Action, value: str = "") -> None:
        self._act(action, value)

    def run(self, ready: Callable[[], None]) -> None:
        threading.Thread(target=ready, daemon=True).start()
        assert self._stopped.wait(60), "nobody has stopped the tray"

    def show(self, view: View) -> None:
        self.views.append(view)

    def notify(self, title: str, text: str) -> None:
        self.told.append((title, text))

    def stop(self) -> None:
        self._stopped.set()


class MemoryAutostart:
    """On or off, or refused."""

    path = Path("startup")

    def __init__(self) -> None:
        self.on = False
        self.refuses: StorageError | None = None

    def enabled(self) -> bool:
        return self.on

    def enable(self) -> None:
        if self.refuses:
            raise self.refuses
        self.on = True

    def disable(self) -> None:
        self.on = False


class Desk:
    """A resident program whose tray, device and autostart are ours; its own main loop on a thread."""

    def __init__(self, folder: Path, *, notify: bool = False, disk: Disk | None = None) -> None:
        self.folder = folder
        self.backend = FakeBackend()
        self.first_start = False
        self.env_file = _env_file(folder, notify)
        self.app = App(load({}, {}, self.env_file), disk, [self.backend], self.recycle)
        self.told: list[tuple[str, str]] = []
        self.app.notifier._find_sender = lambda: lambda title, text: self.told.append((title, text))
        self.autostart = MemoryAutostart()
        self.opened: list[Path] = []
        self.bin = folder.parent / "bin"
        self.asked: list[tuple[str, str]] = []
        self.picked: Path | None = None
        desktop = Desktop(
            self.opened.append,
            lambda path: self._asked("open", path),
            lambda path: self._asked("show", path),
            lambda text: self._asked("copy", text),
            self.recycle,
            lambda start: self.picked,
        )
        starts = cast(Autostart, self.autostart)
        self.resident = Resident(
            self.app, starts, desktop, lambda act: cast(Tray, self._made(act)), lambda: self.first_start
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def recycle(self, paths: Sequence[Path]) -> None:
        """The recycle bin is a folder; it is full while `bin_full`."""
        if self.bin_full:
            raise OSError(errno.ENOSPC, "the bin is full", str(paths[0]))
        self.bin.mkdir(exist_ok=True)
        for path in paths:
            # A bin takes two files of one name; the folders' names keep them apart here.
            path.rename(self.bin / f"{path.parent.name}-{path.name}")

    bin_full = False

    def _asked(self, what: str, of: Path | str) -> None:
        self.asked.append((what, str(of)))

    def _made(self, act: Act) -> MemoryTray:
        self.tray = MemoryTray(act)
        return self.tray

    def _run(self) -> None:
        with self.app:
            self.resident.run()

    def start(self) -> None:
        self._thread.start()
        self.sees(lambda view: view.autostart is not None, "it is ready")

    @property
    def view(self) -> View:
        return self.tray.views[-1]

    def sees(self, condition: Callable[[View], object], what: str = "") -> View:
        wait_until(lambda: self.tray.views and condition(self.view), 20, what or "the view")
        return self.view

    def record(self, seconds: float) -> None:
        self.tray.pick(Action.START)
        self.sees(lambda view: view.source == OUTPUT.name and not view.waiting, "it records")
        wait_until(lambda: cast(float, self.resident.status()["seconds"]) >= seconds, 20, "the length")

    def ended(self) -> None:
        self._thread.join(30)
        assert not self._thread.is_alive()

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*.*"))


def _env_file(folder: Path, notify: bool) -> Path:
    file = folder.parent / "test.env"
    if not file.exists():
        switch = "true" if notify else "false"
        file.write_text(
            f"# mine\nRECORDER_SAVE_FOLDER={folder.name}\nRECORDER_NOTIFY={switch}\nRECORDER_FILE_NAME=take\n"
        )
    return file


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals are the main thread's; the program's main loop is on another one here."""

    class Nothing:
        def __init__(self, end: object) -> None:
            pass

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("tray_app.resident.Ending", Nothing)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "takes")
    desk.start()
    yield desk
    for hang in (desk.backend.hang_in_open, desk.backend.hang_in_close):
        hang.clear()
    desk.resident.quit()
    desk.ended()


WHOLE = ["originals/take.json", "originals/take.wav", "take.wav"]


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


def test_the_menu_is_free_while_the_device_hangs(desk: Desk) -> None:
    """A click that waited for the device would come back after a minute; the view says what is true meanwhile."""
    desk.backend.hang_in_open.set()
    desk.tray.pick(Action.START)
    assert desk.backend.hang_in_open.entered.wait(10)
    assert (desk.view.state, desk.view.waiting) == (State.RECORDING, True)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE)
    assert desk.backend.streams == []


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


def test_the_folder_is_opened(desk: Desk) -> None:
    desk.tray.pick(Action.OPEN_FOLDER)
    assert desk.opened == [desk.folder]


def test_start_with_the_desktop_is_switched(desk: Desk) -> None:
    desk.tray.pick(Action.AUTOSTART)
    desk.sees(lambda view: view.autostart)
    assert desk.autostart.on
    desk.tray.pick(Action.AUTOSTART)
    desk.sees(lambda view: view.autostart is False)
    assert not desk.autostart.on


def test_a_shortcut_that_cannot_be_written_is_said(desk: Desk) -> None:
    desk.autostart.refuses = StorageError(Said("Cannot write the shortcut: there is no permission."))
    desk.tray.pick(Action.AUTOSTART)
    assert "no permission" in desk.sees(lambda view: view.trouble).trouble
    assert desk.view.autostart is False


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


# Choices


def test_a_choice_holds_from_the_next_take_and_survives_a_restart(desk: Desk) -> None:
    desk.record(0.3)
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    desk.tray.pick(Action.CHOOSE, "RECORDER_CHANNELS=1")
    desk.sees(lambda view: view.settings and (view.settings.bit_depth, view.settings.channels) == (16, 1))
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE and not view.working and view.recent)
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE and not view.working and len(view.recent) == 2)
    first, second = (soundfile.info(desk.folder / name) for name in ("take.wav", "take (2).wav"))
    assert (first.subtype, first.channels, second.subtype, second.channels) == ("PCM_24", 2, "PCM_16", 1)
    wait_until(lambda: "RECORDER_CHANNELS=1\n" in desk.env_file.read_text(), 20, "it is kept")
    assert desk.env_file.read_text().startswith("# mine\n")
    again = load({}, {}, desk.env_file)
    assert (again.bit_depth, again.channels) == (16, 1)


class CountingDisk(Disk):
    """Counts how often the settings are written."""

    writes = 0

    def create(self, path: Path) -> io.FileIO:
        self.writes += path.suffix == ".tmp"
        return super().create(path)


def test_a_preset_is_one_choice_and_one_write(tmp_path: Path) -> None:
    disk = CountingDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "\n".join(f"{name}={text}" for name, text in texts_of("music").items()))
    desk.sees(lambda view: view.settings and current(view.settings) is PRESETS[2])
    wait_until(lambda: "RECORDER_FADE=20\n" in desk.env_file.read_text(), 20, "it is kept")
    assert disk.writes == 1
    assert desk.env_file.read_text().startswith("# mine\n")
    assert current(load({}, {}, desk.env_file)) is PRESETS[2]
    desk.resident.quit()
    desk.ended()


def test_of_several_values_none_holds_where_one_is_not_allowed(desk: Desk) -> None:
    before = desk.app.settings
    desk.tray.pick(Action.CHOOSE, "RECORDER_FADE=20\nRECORDER_CUT=nowhere")
    assert "RECORDER_CUT" in desk.sees(lambda view: view.trouble).trouble
    assert desk.app.settings == before


def test_notifications_are_switched_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", notify=True)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "RECORDER_NOTIFY=false")
    assert not desk.app.notifier.notify("a", "b")
    desk.tray.pick(Action.CHOOSE, "RECORDER_NOTIFY=true")
    assert desk.app.notifier.notify("a", "b")
    desk.resident.quit()
    desk.ended()
    assert "RECORDER_NOTIFY=true\n" in desk.env_file.read_text()


class SlowDisk(Disk):
    """A disk that takes its time to make a file, until it is told to go on."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def create(self, path: Path) -> io.FileIO:
        if path.suffix == ".tmp":
            self.asked.set()
            assert self.go_on.wait(30)
        return super().create(path)


def test_a_disk_that_hangs_does_not_hold_a_choice(tmp_path: Path) -> None:
    """An ordering, not a stopwatch: the handler returned, and the choice holds, before the disk did anything."""
    disk = SlowDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=32")
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    assert disk.asked.wait(20)
    assert not disk.go_on.is_set()
    assert desk.sees(lambda view: view.settings and view.settings.bit_depth == 16)
    assert "BIT_DEPTH" not in desk.env_file.read_text()
    disk.go_on.set()
    wait_until(lambda: "RECORDER_BIT_DEPTH=16\n" in desk.env_file.read_text(), 20, "the last choice is the one kept")
    desk.resident.quit()
    desk.ended()


def test_a_choice_that_cannot_be_kept_is_said_and_holds(desk: Desk) -> None:
    desk.env_file.unlink()
    desk.env_file.mkdir()
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    trouble = desk.sees(lambda view: view.trouble).trouble
    assert str(desk.env_file) in trouble
    assert desk.app.settings.bit_depth == 16
    desk.env_file.rmdir()


def test_another_folder_is_chosen(desk: Desk, tmp_path: Path) -> None:
    desk.tray.pick(Action.CHOOSE_FOLDER)
    desk.picked = tmp_path / "else where"
    wait_until(lambda: desk.app.settings.save_folder != desk.picked, 1)
    desk.tray.pick(Action.CHOOSE_FOLDER)
    desk.sees(lambda view: view.settings and view.settings.save_folder == desk.picked, "the folder")
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    desk.sees(
        lambda view: [one.path for one in view.recent] == [tmp_path / "else where" / "take.wav"], "the take lies there"
    )
    assert load({}, {}, desk.env_file).save_folder == desk.picked


def test_sources_are_listed_and_followed(desk: Desk) -> None:
    desk.sees(lambda view: [(one.id, one.default) for one in view.sources] == [("out", True)], "the output")
    more = Source("mic", "Microphone", "input", "fake", 48000, 1)
    desk.backend.present = [OUTPUT, more]
    desk.backend.say_changed()
    desk.sees(lambda view: [(one.id, one.heard) for one in view.sources] == [("out", True), ("mic", False)])
    desk.tray.pick(Action.CHOOSE, "RECORDER_SOURCE=mic")
    desk.sees(lambda view: view.pinned == "mic")
    desk.backend.present = [OUTPUT]
    desk.backend.say_changed()
    gone = desk.sees(lambda view: view.pinned == "" and len(view.sources) == 1)
    assert gone.settings
    assert gone.settings.source == "mic"


# What is not wanted


def test_a_take_is_discarded_into_the_recycle_bin(desk: Desk) -> None:
    desk.record(0.5)
    assert desk.sees(lambda view: view.name).name == "take"
    desk.tray.pick(Action.DISCARD)
    desk.sees(lambda view: view.state is State.IDLE)
    wait_until(lambda: not desk.app.working(), 20, "it is done")
    assert desk.files() == []
    binned = ["originals-take.json", "originals-take.wav", "takes-take.wav"]
    assert sorted(path.name for path in desk.bin.iterdir()) == binned
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.recent, "the next one is kept")


def test_a_take_that_the_bin_does_not_take_is_kept(desk: Desk) -> None:
    desk.bin_full = True
    desk.record(0.5)
    desk.sees(lambda view: view.name)
    desk.tray.pick(Action.DISCARD)
    assert "it is kept" in desk.sees(lambda view: view.trouble).trouble
    desk.sees(lambda view: view.recent and not view.working)
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE


def test_a_take_gets_no_blame_for_the_name_of_an_earlier_one(desk: Desk) -> None:
    """One that was to be discarded may have failed before it was complete, and its name is free again."""
    desk.app.discards.mark("take")
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    assert desk.sees(lambda view: view.recent and not view.working).recent[0].path == desk.folder / "take.wav"
    assert not desk.bin.exists()


def test_old_originals_go_to_the_recycle_bin(desk: Desk) -> None:
    originals = desk.folder / "originals"
    originals.mkdir(parents=True)
    for name, days in (("old", 8), ("older", 31), ("new", 0), ("busy", 40)):
        for ending in (".wav", ".json"):
            (originals / name).with_suffix(ending).write_bytes(b"x" * 100)
            os.utime((originals / name).with_suffix(ending), (time.time() - days * 86400 - 60,) * 2)
    (originals / "busy.take").touch()
    desk.resident._shelf.soon()
    shown = desk.sees(lambda view: view.originals).originals
    assert shown == Originals(3, 300, ((7, 2, 200), (30, 1, 100), (90, 0, 0)))
    desk.tray.pick(Action.RECYCLE_ORIGINALS, "7")
    desk.sees(lambda view: view.originals and view.originals.count == 1)
    binned = [f"originals-{name}" for name in ("old.json", "old.wav", "older.json", "older.wav")]
    assert sorted(path.name for path in desk.bin.iterdir()) == binned
    assert sorted(path.stem for path in originals.glob("*.wav")) == ["busy", "new"]


def test_recordings_are_opened_shown_and_named(desk: Desk, tmp_path: Path) -> None:
    path = str(tmp_path / "a b.wav")
    for action in (Action.OPEN_FILE, Action.SHOW_FILE, Action.COPY_PATH):
        desk.tray.pick(action, path)
    desk.tray.pick(Action.OPEN_LOG)
    wait_until(lambda: len(desk.asked) == 4, 20, "all are asked for")
    assert {("open", path), ("show", path), ("copy", path)} < set(desk.asked)
    assert [Path(of).name for what, of in desk.asked if of != path] == ["tray-recorder.log"]
    desk.tray.pick(Action.OPEN_ORIGINALS)
    assert desk.opened == [desk.folder / "originals"]


def test_what_was_cut_is_drawn_and_opened(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: cache)
    stale = cache / "pictures" / "long ago.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    os.utime(stale, (time.time() - 8 * 86400,) * 2)
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    recent = desk.sees(lambda view: view.recent and not view.working).recent[0]
    assert recent.known
    before = desk.files()
    for asked in (1, 2):
        desk.tray.pick(Action.SHOW_CUTS, str(recent.path))
        wait_until(lambda asked=asked: len(desk.asked) == asked, 20, "it is shown")  # type: ignore[misc]
    assert desk.asked == [("open", str(cache / "pictures" / "take.png"))] * 2, "the second over the first"
    with Image.open(cache / "pictures" / "take.png") as found:
        assert found.size == (1600, 500)
    assert not stale.exists()
    assert desk.files() == before, "nothing is put beside the recordings"
    desk.tray.pick(Action.SHOW_CUTS, str(desk.folder / "gone.wav"))
    assert "gone.wav" in desk.sees(lambda view: view.trouble).trouble


def test_a_kept_original_is_trimmed_again_by_the_settings_as_they_are_then(desk: Desk) -> None:
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    recent = desk.sees(lambda view: view.recent and not view.working).recent[0]
    before = desk.files()
    desk.tray.pick(Action.CHOOSE, "RECORDER_SILENCE_THRESH=-60")
    desk.tray.pick(Action.TRIM_AGAIN, str(recent.original))
    shown = desk.sees(lambda view: len(view.recent) == 2 and not view.working).recent
    assert {one.path.name for one in shown} == {"take.wav", "take (2).wav"}
    assert {one.original for one in shown} == {recent.original}, "either can be trimmed again"
    assert sorted(set(desk.files()) - set(before)) == sorted([str(Path("originals/take (2).json")), "take (2).wav"])
    known = read_sidecar(Disk(), desk.folder / "originals" / "take (2).json")
    assert known is not None
    assert known.rule is not None
    assert known.rule.silence_thresh == -60
    (desk.folder / "originals" / "take.take").touch()
    desk.tray.pick(Action.TRIM_AGAIN, str(recent.original))
    assert "still recorded, or worked on" in desk.sees(lambda view: view.trouble).trouble


def test_a_desktop_that_fails_is_said(desk: Desk, tmp_path: Path) -> None:
    def fails(what: str, of: Path | str) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", str(of))

    desk._asked = fails  # type: ignore[method-assign]
    desk.tray.pick(Action.OPEN_FILE, str(tmp_path / "gone.wav"))
    assert "gone.wav" in desk.sees(lambda view: view.trouble).trouble


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
    app = SimpleNamespace(bus=bus, working=lambda: False, settings=load({}, {}, _env_file(tmp_path / "takes", False)))
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


class HeldDisk(Disk):
    """A disk that does not finish a recording that is forced to it until it is told to."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def sync(self, file: io.FileIO) -> None:
        if str(file.name).endswith(".wav"):
            self.asked.set()
            assert self.go_on.wait(30)


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


@pytest.mark.parametrize("trouble", ["open", "close", "disk"])
def test_no_handler_waits_for_what_hangs(trouble: str, tmp_path: Path) -> None:
    """An ordering: every handler of the menu returns, and the tray shows what is true, while the device, or the disk,
    has not returned yet. How long they take is a benchmark.
    """
    disk = SlowDisk()
    disk.go_on.set()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    hang = {"open": desk.backend.hang_in_open, "close": desk.backend.hang_in_close}.get(trouble)
    if trouble == "close":
        desk.record(0.2)
    if hang:
        hang.set()
    else:
        disk.go_on.clear()
    values = {Action.CHOOSE: "RECORDER_BIT_DEPTH=16", Action.RECYCLE_ORIGINALS: "7"}
    for action in [Action.START, *(action for action in Action if action is not Action.EXIT), Action.STOP]:
        desk.tray.pick(action, values.get(action, "gone.wav"))
    entered = hang.entered if hang else disk.asked
    assert entered.wait(20)
    desk.sees(lambda view: view.state is State.IDLE and view.settings and view.settings.bit_depth == 16)
    if hang:
        assert not hang._free.is_set(), "the device has not come back"
        hang.clear()
    else:
        assert not disk.go_on.is_set(), "the disk has not come back"
    disk.go_on.set()
    desk.tray.pick(Action.EXIT)
    desk.ended()
