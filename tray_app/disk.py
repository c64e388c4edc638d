"""Files and folders: the only module that opens, replaces, locks and removes them.

A `Disk` is handed in wherever files are touched, so that a test can make the n-th operation fail. Files are opened
unbuffered: what was written is with the operating system, and a crash of the process cannot lose it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import sys
from pathlib import Path

from tray_app.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_LOCK_AT = 1 << 30
"""Windows locks keep others from reading what is locked, so the byte that is locked lies far behind the content."""

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space and try again."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space and try again."),
    errno.EACCES: ("there is no permission", "Choose another folder or change its permissions."),
    errno.EPERM: ("the system does not permit it", "Choose another folder."),
    errno.EROFS: ("the disk is read-only", "Choose another folder."),
    errno.ENOENT: ("the file or folder is not there", "Check the name, and that the drive is connected."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Choose another folder."),
    errno.EISDIR: ("it is a folder, not a file", "Name a file."),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name."),
    errno.EIO: ("the disk reported an error", "Check the disk, or choose another one."),
    errno.EEXIST: ("it exists already", "Choose another name."),
    errno.EFBIG: ("the file system does not take a file so large", "Choose another disk."),
}


def storage_error(action: str, path: Path, error: OSError, *, safe: str = "") -> StorageError:
    """Turn an `OSError` into words: `Cannot {action} {path}: {reason}.`"""
    reason, todo = _REASONS.get(error.errno or 0, (str(error.strerror or error), "Try another folder."))
    return StorageError(f"Cannot {action} {path}: {reason}.", safe=safe, todo=todo, detail=repr(error))


class Disk:
    """The real disk. Methods raise `OSError` as the system gives it; `storage_error` words it."""

    def create(self, path: Path) -> io.FileIO:
        """Create `path` for reading and writing, for this user alone; `FileExistsError` when it exists."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        return io.FileIO(os.open(path, flags, PRIVATE_FILE), "r+b")

    def open_read(self, path: Path) -> io.FileIO:
        """Open an existing file for reading."""
        return io.FileIO(path, "rb")

    def open_update(self, path: Path) -> io.FileIO:
        """Open an existing file for reading and writing in place."""
        return io.FileIO(path, "r+b")

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents where missing, for this user alone."""
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def exists(self, path: Path) -> bool:
        """Return whether anything has this name, a dangling link included."""
        return os.path.lexists(path)

    def size(self, path: Path) -> int:
        """Return a file's size in bytes."""
        return path.stat().st_size

    def list(self, folder: Path) -> list[Path]:
        """Return what lies in a folder, sorted; nothing where the folder is missing."""
        try:
            return sorted(folder.iterdir())
        except FileNotFoundError:
            return []

    def replace(self, source: Path, target: Path) -> None:
        """Rename `source` to `target`, replacing it. For our own files only."""
        source.replace(target)

    def rename_new(self, source: Path, target: Path) -> None:
        """Rename `source` to `target`, which must not exist: `FileExistsError`, never an overwrite.

        On POSIX a hard link makes that one step; file systems without links (FAT, some network drives) get a look
        first and then a rename.
        """
        if sys.platform == "win32":
            source.rename(target)
            return
        try:
            os.link(source, target)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL):
                raise
            if os.path.lexists(target):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
            source.rename(target)
            return
        source.unlink()

    def remove(self, path: Path) -> None:
        """Remove a file of ours; nothing when it is not there."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()

    def sync(self, file: io.FileIO) -> None:
        """Ask that what was written reaches the disk itself. May take long: never on the recorder's thread."""
        os.fsync(file.fileno())

    def lock(self, file: io.FileIO) -> bool:
        """Take the lock of an open file, held until it is closed or its process ends. False when another has it.

        The lock, not a process id, tells whether the owner lives: the system frees it with the process.
        """
        if sys.platform == "win32":
            here = file.tell()
            file.seek(_LOCK_AT)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                return False
            finally:
                file.seek(here)
            return True
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        return True

    def free_bytes(self, folder: Path) -> int:
        """Return the free space of the disk that holds `folder`, in bytes."""
        return shutil.disk_usage(folder).free
