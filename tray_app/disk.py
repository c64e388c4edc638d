"""Files and folders: the only module that opens, replaces, locks and removes them.

A `Disk` is handed in wherever files are touched, so that a test can make the n-th operation fail. Files are opened
unbuffered: what was written is with the operating system, and a crash of the process cannot lose it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from tray_app import windows_files
from tray_app.errors import StorageError
from tray_app.sentences import disk as said

if sys.platform != "win32":
    import fcntl

_T = TypeVar("_T")

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

ENDLESS = 1 << 62
"""Bytes that are free where nobody knows how many are."""

_LOCK_AT = 1 << 30
"""Windows locks keep others from reading what is locked, so the byte that is locked lies far behind the content."""

PATIENCE = 10.0
"""Seconds for which a `Patience` tries again: a scanner is done by then, a player may not be."""

_MAX_PART = 255
"""Characters that Windows takes of one name in a path (elsewhere the system says itself that it is too long)."""

_REASONS = {
    errno.ENOSPC: said.FULL,
    errno.EDQUOT: said.QUOTA,
    errno.EACCES: said.FORBIDDEN,
    errno.EPERM: said.NOT_PERMITTED,
    errno.EROFS: said.READ_ONLY,
    errno.ENOENT: said.NOT_THERE,
    errno.ENOTDIR: said.NO_FOLDER,
    errno.EISDIR: said.IS_FOLDER,
    errno.ENAMETOOLONG: said.TOO_LONG,
    errno.EIO: said.BROKEN,
    errno.EEXIST: said.EXISTS,
    errno.EFBIG: said.TOO_LARGE,
    errno.ENOLCK: said.LACKING,
    errno.EOPNOTSUPP: said.LACKING,
    errno.ENODEV: said.GONE,
    errno.ENXIO: said.GONE,
}

_WINDOWS_REASONS = {
    **dict.fromkeys((39, 112), said.FULL),
    1295: said.QUOTA,
    **dict.fromkeys((32, 33, 1224), said.HELD),
    19: said.READ_ONLY,
    206: said.TOO_LONG,
    223: said.TOO_LARGE,
    **dict.fromkeys((23, 27, 29, 30, 31, 483, 1117, 1392, 1393), said.BROKEN),
    **dict.fromkeys((21, 53, 55, 59, 64, 67, 121, 433, 1006, 1167, 1231), said.GONE),
    **dict.fromkeys((1, 50), said.LACKING),
    **dict.fromkeys((123, 161), said.ODD_NAME),
    **dict.fromkeys((225, 226), said.INFECTED),
}
"""By `winerror` ("System Error Codes" in Microsoft's documentation). Python's `errno` for them is a guess: it is
EACCES for a disk that reports an error, ENOENT for a path that is too long, EINVAL for most that came after 1990.
"""


def storage_error(action: str, path: Path, error: OSError, *, safe: str = "") -> StorageError:
    """Turn an `OSError` into words. `action` is what stands between "Cannot" and the path, of `sentences.disk`."""
    reason, todo = _reason(path, error)
    return StorageError(said.cannot(action, path, reason, safe, todo), detail=repr(error))


def _reason(path: Path, error: OSError) -> tuple[str, str]:
    code = _winerror(error)
    if error.errno in (errno.ENOENT, errno.EINVAL):
        if any(len(part) > _MAX_PART for part in path.parts):
            return said.TOO_LONG
        if path.anchor and not os.path.lexists(path.anchor):
            return said.GONE
    if code == 5 and error.filename2 is not None:
        # So Windows answers, too, when the name to be replaced is an open file's.
        return said.FORBIDDEN_OR_HELD
    other = (str(error.strerror or error), said.TRY_ANOTHER)
    return _WINDOWS_REASONS.get(code) or _REASONS.get(error.errno or 0) or other


def _winerror(error: OSError) -> int:
    """Return Windows' own number of an error, 0 where there is none: elsewhere, and from the C library."""
    return getattr(error, "winerror", None) or 0


def _has_both_names(one: Path, other: Path) -> bool:
    """Return whether two names are hard links to one file."""
    try:
        found = one.lstat()
        return found.st_nlink > 1 and os.path.samestat(found, other.lstat())
    except OSError:
        return False


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Say in an `OSError` which file it was: reading from and writing to an open file do not."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def is_held(error: OSError) -> bool:
    """Return whether Windows refuses because another program may have the file open; a moment later it may not.

    A sharing or lock violation says so; access denied is what it says of a target that is open.
    """
    return _winerror(error) in (5, 32, 33, 1224)


def is_full(error: OSError) -> bool:
    """Return whether there is no room: the disk is full, a quota used up, a file too large, or nothing is writable."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
    return error.errno in full or _winerror(error) in (19, 39, 112, 223, 1295)


class Patience:
    """Tries again what Windows refuses because a player or scanner has the file open, for 10 s unless told otherwise.

    For threads that nobody waits for: not for the recorder's, and not for the tray's.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = PATIENCE,
    ) -> None:
        self._sleep, self._clock, self._seconds = sleep, clock, seconds

    def __call__(self, action: Callable[[], _T]) -> _T:
        """Return what `action` returns, at the first time that it is not refused. Raises as `action` does."""
        deadline = self._clock() + self._seconds
        while True:
            try:
                return action()
            except OSError as error:
                if not is_held(error) or self._clock() >= deadline:
                    raise
            self._sleep(min(0.25, self._seconds / 10))


def _opener(path: str, flags: int) -> int:
    """Open for `io.FileIO`: a new file is for this user alone."""
    if sys.platform == "win32":
        return windows_files.opener(path, flags)
    return os.open(path, flags, PRIVATE_FILE)


def _reachable(path: Path) -> Path:
    """Return the path by which the system reaches a file, however long it is."""
    if sys.platform == "win32":
        return Path(windows_files.whole(path))
    return path


class Disk:
    """The real disk. Methods raise `OSError` as the system gives it; `storage_error` words it."""

    def create(self, path: Path) -> io.FileIO:
        """Create `path` for reading and writing, for this user alone; `FileExistsError` when it exists."""
        return io.FileIO(path, "x+b", opener=_opener)

    def open_read(self, path: Path) -> io.FileIO:
        """Open an existing file for reading."""
        return io.FileIO(path, "rb", opener=_opener)

    def open_update(self, path: Path) -> io.FileIO:
        """Open an existing file for reading and writing in place."""
        return io.FileIO(path, "r+b", opener=_opener)

    def make_folder(self, path: Path) -> None:
        """Make a folder and its parents where missing, for this user alone."""
        whole = _reachable(path)
        way = [whole, *whole.parents]
        missing = list(itertools.takewhile(lambda folder: not folder.exists(), way))
        if len(missing) < len(way) and not way[len(missing)].is_dir():
            # Windows would say that there is no such path.
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        for folder in reversed(missing):
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)

    def exists(self, path: Path) -> bool:
        """Return whether anything has this name, a dangling link included."""
        return os.path.lexists(_reachable(path))

    def is_folder(self, path: Path) -> bool:
        """Return whether this is a folder that is there."""
        return _reachable(path).is_dir()

    def same(self, one: Path, other: Path) -> bool:
        """Return whether two names, both there, lead to one file."""
        return _reachable(one).samefile(_reachable(other))

    def size(self, path: Path) -> int:
        """Return a file's size in bytes."""
        return _reachable(path).stat().st_size

    def modified(self, path: Path) -> float:
        """Return when a file was last written, in seconds since 1970."""
        return _reachable(path).stat().st_mtime

    def list(self, folder: Path) -> list[Path]:
        """Return what lies in a folder, sorted; nothing where the folder is missing."""
        try:
            return sorted(folder / path.name for path in _reachable(folder).iterdir())
        except FileNotFoundError:
            return []

    def replace(self, source: Path, target: Path) -> None:
        """Rename `source` to `target`, replacing it. For our own files only."""
        _reachable(source).replace(_reachable(target))

    def rename_new(self, source: Path, target: Path) -> None:
        """Rename `source` to `target`, which must not exist: `FileExistsError`, never an overwrite.

        On POSIX a hard link makes that one step; file systems without links (FAT, some network drives) get a look
        first and then a rename.
        """
        if sys.platform == "win32":
            _reachable(source).rename(_reachable(target))
            return
        try:
            os.link(source, target)
        except FileExistsError:
            # Whoever began this may have been killed when the link was made: then it is one file by both names.
            if not _has_both_names(source, target):
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
            _reachable(path).unlink()

    def remove_folder(self, path: Path) -> None:
        """Remove a folder of ours with all that is in it, as far as that goes. Never raises."""
        shutil.rmtree(_reachable(path), ignore_errors=True)

    def sync(self, file: io.FileIO) -> None:
        """Ask that what was written reaches the disk itself. May take long: never on the recorder's thread."""
        if sys.platform == "darwin":
            # There fsync leaves it in the drive's own memory, which a power cut empties (its fsync(2)).
            with contextlib.suppress(OSError):
                fcntl.fcntl(file.fileno(), fcntl.F_FULLFSYNC)
                return
        os.fsync(file.fileno())

    def sync_folder(self, folder: Path) -> None:
        """Ask that the names in a folder reach the disk. Windows does that by itself. May take long, as `sync`."""
        if sys.platform == "win32":
            return
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        except OSError as error:
            # Some network drives know no such thing.
            if error.errno not in (errno.EINVAL, errno.EBADF, errno.EOPNOTSUPP):
                raise
        finally:
            os.close(number)

    def lock(self, file: io.FileIO) -> bool:
        """Take the lock of an open file, held until it is closed or its process ends. False when another has it.

        The lock, not a process id, tells whether the owner lives: the system frees it with the process.
        """
        if sys.platform != "win32":
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    return False
                raise
            return True
        return windows_files.lock(file.fileno(), _LOCK_AT)

    def free_bytes(self, folder: Path) -> int:
        """Return the free space of the disk that holds `folder`, in bytes; `ENDLESS` where it has no size to tell.

        So it is with some network drives, and with what the system itself shows as files.
        """
        usage = shutil.disk_usage(_reachable(folder))
        return usage.free if usage.total else ENDLESS


def create_whole(disk: Disk, path: Path, data: bytes) -> None:
    """Create a file that holds `data` and have it reach the disk itself. Raises `OSError`; then a part may lie there.

    A disk that fills up takes a part and says no more than how much, so that is an error, too.
    """
    with disk.create(path) as file:
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        disk.sync(file)
