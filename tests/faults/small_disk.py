"""A disk of a few megabytes that really fills up: a tmpfs. Linux, as root or where users may have their own mounts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

PAGE = 4096


class SmallDisk:
    """The folder `folder` on a disk of its own, and how much of it is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, left: int) -> None:
        """Leave `left` bytes, in pages."""
        self._filler.unlink(missing_ok=True)
        free = shutil.disk_usage(self.folder).free
        with self._filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, free - left))

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    def free(self) -> int:
        return shutil.disk_usage(self.folder).free


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount a disk of `size` bytes at the new folder `folder`."""
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    path = os.fsencode(folder)
    if libc.mount(b"tmpfs", path, b"tmpfs", 0, f"size={size}".encode()):
        raise OSError(ctypes.get_errno(), "a small disk cannot be mounted: the tests must run as root", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        libc.umount2(path, 2)
