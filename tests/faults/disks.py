"""Disks that tell of, and may refuse, every single operation: the real one beneath, so they are as strict as it is."""

from __future__ import annotations

import errno
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app.disk import Disk

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class WatchedFile(io.FileIO):
    """A real file whose operations are told before they are done."""

    def __init__(
        self, number: int, mode: str, path: Path, tell: Callable[[str], None], seen: Callable[[int, bytes], None]
    ) -> None:
        super().__init__(number, mode)
        self.path, self._operation, self._seen = path, tell, seen

    def write(self, data: ReadableBuffer, /) -> int:
        self._operation("write")
        at = self.tell()
        count = super().write(data)
        self._seen(at, bytes(memoryview(data).cast("B")[:count]))
        return count

    def truncate(self, size: int | None = None, /) -> int:
        self._operation("truncate")
        return super().truncate(size)

    def read(self, size: int | None = -1, /) -> bytes:
        self._operation("read")
        return super().read(-1 if size is None else size)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._operation("read")
        return super().readinto(buffer)

    def close(self) -> None:
        # Closing frees the file whatever it says, as close(2) does; some network drives tell only then.
        try:
            if not self.closed:
                self._operation("close")
        finally:
            super().close()


def path_of(file: io.FileIO) -> Path:
    """The path by which a file of a `WatchedDisk` was opened."""
    assert isinstance(file, WatchedFile)
    return file.path


class WatchedDisk(Disk):
    """The real disk; `operation` is called before everything that is done with it, and may raise."""

    def operation(self, what: str, path: Path) -> None:
        """Something is about to be done."""

    def written(self, path: Path, at: int, data: bytes) -> None:
        """`data` was written at byte `at` of the file that was opened as `path`."""

    def _watched(self, file: io.FileIO, path: Path, mode: str) -> io.FileIO:
        number = os.dup(file.fileno())
        file.close()
        return WatchedFile(
            number, mode, path, lambda what: self.operation(what, path), lambda at, data: self.written(path, at, data)
        )

    def create(self, path: Path) -> io.FileIO:
        self.operation("create", path)
        return self._watched(super().create(path), path, "r+b")

    def open_read(self, path: Path) -> io.FileIO:
        self.operation("open", path)
        return self._watched(super().open_read(path), path, "rb")

    def open_update(self, path: Path) -> io.FileIO:
        self.operation("open", path)
        return self._watched(super().open_update(path), path, "r+b")

    def make_folder(self, path: Path) -> None:
        self.operation("make folder", path)
        super().make_folder(path)

    def size(self, path: Path) -> int:
        self.operation("size", path)
        return super().size(path)

    def list(self, folder: Path) -> list[Path]:
        self.operation("list", folder)
        return super().list(folder)

    def replace(self, source: Path, target: Path) -> None:
        self.operation("rename", source)
        super().replace(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        self.operation("rename", source)
        super().rename_new(source, target)

    def remove(self, path: Path) -> None:
        self.operation("remove", path)
        super().remove(path)

    def sync(self, file: io.FileIO) -> None:
        self.operation("sync", path_of(file))
        super().sync(file)

    def sync_folder(self, folder: Path) -> None:
        self.operation("sync", folder)
        super().sync_folder(folder)

    def lock(self, file: io.FileIO) -> bool:
        self.operation("lock", path_of(file))
        return super().lock(file)

    def free_bytes(self, folder: Path) -> int:
        self.operation("free", folder)
        return super().free_bytes(folder)


class FailingDisk(WatchedDisk):
    """Refuses the operation number `nth` (from 1 on), and the `times` - 1 after it, with the error `number`."""

    def __init__(self, nth: int, number: int = errno.EIO, times: int = 1) -> None:
        self.nth, self.number, self.times = nth, number, times
        self.count = 0
        self.refused: list[str] = []

    def operation(self, what: str, path: Path) -> None:
        self.count += 1
        if self.nth <= self.count < self.nth + self.times:
            self.refused.append(f"{what} {path.name}")
            raise OSError(self.number, os.strerror(self.number), str(path))


class DyingDisk(WatchedDisk):
    """At operation number `nth` the process dies, as by `kill -9`."""

    def __init__(self, nth: int) -> None:
        self.nth, self.count = nth, 0

    def operation(self, what: str, path: Path) -> None:
        self.count += 1
        if self.count == self.nth:
            os._exit(KILLED)


KILLED = 9


class PowerDisk(WatchedDisk):
    """Remembers what a power cut would leave: what was forced to the disk, and of the rest any part."""

    def __init__(self) -> None:
        self.forced: dict[Path, bytes] = {}
        self.since: dict[Path, list[tuple[int, bytes]]] = {}
        self.named: set[Path] = set()

    def written(self, path: Path, at: int, data: bytes) -> None:
        self.since.setdefault(path, []).append((at, data))

    def sync(self, file: io.FileIO) -> None:
        super().sync(file)
        self.forced[path_of(file)] = path_of(file).read_bytes()
        self.since[path_of(file)] = []

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.named |= {path for path in folder.iterdir() if path.is_file()}

    def cut(self, chance: random.Random, folder: Path, target: Path) -> None:
        """Put into `target` what a power cut now would leave of `folder`. Sectors of 512 bytes land one by one."""
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            if path not in self.named and chance.random() < 0.5:
                continue
            content = bytearray(self.forced.get(path, b""))
            for at, data in self.since.get(path, []):
                for first in range(at - at % 512, at + len(data), 512):
                    low, high = max(first, at), min(first + 512, at + len(data))
                    if chance.random() < 0.5:
                        content.extend(bytes(max(0, high - len(content))))
                        content[low:high] = data[low - at : high - at]
            place = target / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


class BusyDisk(WatchedDisk):
    """Writes into sound files wait as long as `busy` says; `let_pass` lets that time go by."""

    def __init__(self, let_pass: Callable[[float], None]) -> None:
        self.busy = 0.0
        self._let_pass = let_pass

    def operation(self, what: str, path: Path) -> None:
        if what == "write" and path.suffix == ".wav" and self.busy:
            seconds, self.busy = self.busy, 0.0
            self._let_pass(seconds)
