"""The program in the tray, with a tray that only remembers: what is shown, what is asked for, what is saved."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import soundfile

from tests.recorder.fake import OUTPUT, FakeBackend
from tests.sound import wait_until
from tray_app.app import App
from tray_app.desktop.autostart import Autostart
from tray_app.desktop.channel import Request
from tray_app.errors import SourceError, StorageError
from tray_app.resident import Resident
from tray_app.settings import load
from tray_app.states import Command, State, transition
from tray_app.tray.tray import Act, Tray
from tray_app.tray.view import Action, View


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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backend = FakeBackend()
        choices = {"RECORDER_SAVE_FOLDER": str(folder), "RECORDER_NOTIFY": "false", "RECORDER_FILE_NAME": "take"}
        self.app = App(load(choices, {}, _empty(folder)), backends=[self.backend])
        self.autostart = MemoryAutostart()
        self.opened: list[Path] = []
        self.resident = Resident(
            self.app, cast(Autostart, self.autostart), self.opened.append, lambda act: cast(Tray, self._made(act))
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

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


def _empty(folder: Path) -> Path:
    file = folder.parent / "empty.env"
    file.touch()
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
    assert desk.view == View(autostart=False)
    desk.record(1.0)
    assert desk.view.state is State.RECORDING
    assert desk.view.since is not None
    desk.tray.pick(Action.PAUSE)
    desk.sees(lambda view: view.state is State.PAUSED)
    desk.tray.pick(Action.RESUME)
    desk.sees(lambda view: view.state is State.RECORDING)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view == View(autostart=False), "it is idle, and all work is done")
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE
    assert soundfile.info(desk.folder / "take.wav").frames >= 48000


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
    desk.backend.refuses = SourceError("The output is used by another program.", todo="Close that one.")
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
    desk.record(1.0)
    desk.tray.pick(Action.EXIT)
    desk.ended()
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE
    assert soundfile.info(desk.folder / "take.wav").frames >= 48000


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
        file.unlink()
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
    desk.autostart.refuses = StorageError("Cannot write the shortcut: there is no permission.")
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

        resident = Resident(app, None, desk.opened.append, make)
        resident.answer(Request("show"))
        wait_until(lambda: made[0].told, 20, "the tray notifies")
    assert made[0].told[0][0] == "Tray Recorder"
