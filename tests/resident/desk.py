"""The program in the tray: its tray only remembers, its device and desktop are ours, and its disk takes its time."""

from __future__ import annotations

import errno
import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from tests.recorder.fake import OUTPUT, FakeBackend
from tests.sound import wait_until
from tray_app.app import App
from tray_app.desktop.autostart import Autostart
from tray_app.desktop.desktop import Desktop
from tray_app.disk import Disk
from tray_app.errors import StorageError
from tray_app.loading import load
from tray_app.resident import Resident
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

    def __init__(self, folder: Path, *, notify: bool = False, disk: Disk | None = None) -> None:
        self.folder = folder
        self.backend = FakeBackend()
        self.first_start = False
        self.env_file = env_file_of(folder, notify)
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


def env_file_of(folder: Path, notify: bool) -> Path:
    file = folder.parent / "test.env"
    if not file.exists():
        switch = "true" if notify else "false"
        file.write_text(
            f"# mine\nRECORDER_SAVE_FOLDER={folder.name}\nRECORDER_NOTIFY={switch}\nRECORDER_FILE_NAME=take\n"
        )
    return file


WHOLE = ["originals/take.json", "originals/take.wav", "take.wav"]


class SlowDisk(Disk):
    """A disk that takes its time to make a file, until it is told to go on."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def create(self, path: Path) -> io.FileIO:
        if path.suffix == ".tmp":
            self.asked.set()
            assert self.go_on.wait(30)
        return super().create(path)


class HeldDisk(Disk):
    """A disk that does not finish a recording that is forced to it until it is told to."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()

    def sync(self, file: io.FileIO) -> None:
        if str(file.name).endswith(".wav"):
            self.asked.set()
            assert self.go_on.wait(30)
