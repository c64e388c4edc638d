"""What starts with the desktop, in a folder of the test's own, and disks on which that fails."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest

from tray_app.desktop.autostart import Autostart, Launch
from tray_app.desktop.desktop_entry import DesktopEntry
from tray_app.desktop.launch_agent import LaunchAgent
from tray_app.disk import Disk
from tray_app.errors import RecorderError

NAMES = {DesktopEntry: "tray-recorder.desktop", LaunchAgent: "local.tray-recorder.plist"}
KINDS = pytest.mark.parametrize("kind", NAMES)
Kind = Callable[..., Autostart]


def launch(folder: str = "/opt/Tray Recorder", *arguments: str, **changes: str) -> Launch:
    program = changes.get("program", f"{folder}/python")
    # Pure paths, so that Windows' Python leaves them as Linux and macOS would read them.
    parts = map(PurePosixPath, (program, folder, f"{folder}/tray-recorder.png"))
    where, within, icon = (cast(Path, part) for part in parts)
    return Launch(where, arguments or ("-m", "tray_app"), within, icon)


def made(kind: Any, folder: Path, *rest: Any) -> Autostart:
    return cast(Autostart, kind(folder / "autostart" / NAMES[kind], *(rest or (launch(),))))


def refusal(call: Callable[[], object], kind: type[RecorderError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


class FailingDisk(Disk):
    """A disk that cannot do one thing: raises what a full disk raises there, or takes but a part."""

    def __init__(self, failing: str) -> None:
        self.failing = failing

    def _fail(self, name: str) -> None:
        if name == self.failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(self, path: Path) -> io.FileIO:
        self._fail("create")
        made = super().create(path)
        if self.failing == "write":
            made.close()
            return ShortFile(path, "r+b")
        return made

    def sync(self, file: io.FileIO) -> None:
        self._fail("sync")
        super().sync(file)

    def replace(self, source: Path, target: Path) -> None:
        self._fail("replace")
        super().replace(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        self._fail("rename_new")
        super().rename_new(source, target)

    def make_folder(self, path: Path) -> None:
        self._fail("make_folder")
        super().make_folder(path)

    def open_read(self, path: Path) -> io.FileIO:
        self._fail("open_read")
        return super().open_read(path)

    def remove(self, path: Path) -> None:
        if path.suffix != ".tmp":
            self._fail("remove")
        super().remove(path)


class ShortFile(io.FileIO):
    """A file on a disk that fills up: it takes 10 bytes and tells so, as the system does."""

    def write(self, data: Any) -> int:
        return super().write(data[:10])


class SlowDisk(Disk):
    """A disk on which somebody else puts a file in place while ours is written under another name."""

    def create(self, path: Path) -> io.FileIO:
        (target,) = (path.with_name(name) for name in NAMES.values() if path.name.startswith(name))
        target.write_bytes(b"theirs")
        return super().create(path)
