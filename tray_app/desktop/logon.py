"""What the files have in common that systems read at log-on to start programs.

A file that has the name but is not ours is never touched. Ours is one that carries our mark, or starts this program.
"""

from __future__ import annotations

import contextlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from tray_app.disk import Disk, create_whole, storage_error
from tray_app.errors import OutputExistsError, StorageError
from tray_app.sentences import disk as disk_said
from tray_app.sentences import program as said

DESCRIPTION = "Records what the computer plays."
"""What the system's own tools show beside the name. It marks our files too, those of other versions among them, so it
must stay as it is.
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """How the program is started without a console: all paths absolute, `folder` is the one that it starts in."""

    program: Path
    arguments: tuple[str, ...]
    folder: Path
    icon: Path


class Found(Enum):
    """What has the name: nothing, somebody else's file, ours that does not start this program, or ours that does."""

    NOTHING = auto()
    FOREIGN = auto()
    OURS = auto()
    ON = auto()


class Autostart(ABC):
    """Start with the desktop. `path` is the file that is there while it is on; `launch` is what it starts.

    A subclass writes one system's kind of file, and tells what one that exists does.
    """

    def __init__(self, path: Path, launch: Launch, disk: Disk | None = None) -> None:
        self.path = path
        self._launch = launch
        self._disk = disk or Disk()

    def enabled(self) -> bool:
        """Return whether this very program starts at log-on. A file that starts a moved or another one does not count.

        Raises `StorageError` where that cannot be read.
        """
        return self._look() is Found.ON

    def enable(self) -> None:
        """Have this program started at log-on; a stale file of ours is put right. Does nothing when it is enabled.

        Raises `OutputExistsError` where somebody else's file has the name, `StorageError` where ours cannot be
        written or cannot say where the program is.
        """
        found = self._look()
        if found is Found.FOREIGN:
            raise OutputExistsError(said.foreign_file(self.path))
        if found is not Found.ON:
            self._put(self._disk.rename_new if found is Found.NOTHING else self._disk.replace)

    def disable(self) -> None:
        """Remove our file. Does nothing where there is none, or where it is somebody else's.

        Raises `StorageError` where it cannot be removed.
        """
        if self._look() in (Found.OURS, Found.ON):
            try:
                self._disk.remove(self.path)
            except OSError as error:
                raise storage_error(disk_said.REMOVE, self.path, error) from error

    def _look(self) -> Found:
        if not self._disk.exists(self.path):
            return Found.NOTHING
        try:
            return self._judge()
        except OSError as error:
            raise storage_error(disk_said.READ, self.path, error) from error

    def _put(self, rename: Callable[[Path, Path], None]) -> None:
        try:
            self._write_and_rename(rename)
        except ValueError as error:
            raise StorageError(said.cannot_start(self._launch.program, error), detail=repr(self._launch)) from error
        except OSError as error:
            raise storage_error(disk_said.WRITE, self.path, error) from error

    def _write_and_rename(self, rename: Callable[[Path, Path], None]) -> None:
        """Write under another name first: a log-on in between, or a full disk, must not meet half a file."""
        self._disk.make_folder(self.path.parent)
        temporary = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}.tmp")
        try:
            self._write(temporary)
            rename(temporary, self.path)
        finally:
            with contextlib.suppress(OSError):
                self._disk.remove(temporary)

    @abstractmethod
    def _judge(self) -> Found:
        """Say what the existing file does. May raise `OSError`."""

    @abstractmethod
    def _write(self, path: Path) -> None:
        """Write the file under the name `path`. Raises `OSError`, and `ValueError` where it cannot say the launch."""


class ContentFile(Autostart):
    """What the two systems have in common whose file is made of bytes of ours."""

    def _write(self, path: Path) -> None:
        create_whole(self._disk, path, self._content())

    def _read(self) -> bytes:
        with self._disk.open_read(self.path) as file:
            return file.read()

    @abstractmethod
    def _content(self) -> bytes:
        """Return the whole file. Raises `ValueError` with why it cannot say the launch."""
