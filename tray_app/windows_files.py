"""Windows' own calls behind `disk` and `logs`, where Python's tell too little or do too much.

Python opens files by the C library, which says "permission denied" whether nobody may or another program is at it.
What Windows itself says is in `OSError.winerror`. Elsewhere only `extended` is there.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_LONGEST = 247
"""Characters that a folder's path may have where long paths are not switched on, as they are not by default: 260 less
a name in 8.3 form and a NUL ("Maximum Path Length Limitation" in Microsoft's documentation).
"""


def extended(path: str) -> str:
    r"""Return an absolute, normal Windows path so that it may be long: 32,767 characters, by ``\\?\`` before it.

    Short ones stay as they are.
    """
    if len(path) <= _LONGEST or path.startswith(("\\\\?\\", "\\\\.\\")):
        return path
    return f"\\\\?\\UNC{path[1:]}" if path.startswith("\\\\") else f"\\\\?\\{path}"


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    # winnt.h, fileapi.h
    _GENERIC_READ, _GENERIC_WRITE, _FILE_APPEND_DATA, _SYNCHRONIZE = 0x80000000, 0x40000000, 0x0004, 0x00100000
    _SHARE_READ, _SHARE_WRITE, _SHARE_DELETE = 1, 2, 4
    _CREATE_NEW, _OPEN_EXISTING, _OPEN_ALWAYS = 1, 3, 4
    _ATTRIBUTE_NORMAL = 0x80
    # winerror.h
    _ACCESS_DENIED, _LOCK_VIOLATION, _INVALID_NAME = 5, 33, 123

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateFileW.restype = wintypes.HANDLE
    _kernel32.CreateFileW.argtypes = (
        *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD, wintypes.DWORD),
        wintypes.HANDLE,
    )
    _kernel32.LockFile.argtypes = (wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.DWORD)

    def whole(path: str | os.PathLike[str]) -> str:
        """Return a path as Windows takes it whatever its length: absolute, without `..`."""
        return extended(os.path.abspath(path))  # noqa: PTH100 - Path.resolve() follows links

    def opener(path: str | os.PathLike[str], flags: int) -> int:
        """Open for `io.FileIO(opener=…)` as the C library does: others may read and write, but not remove or rename.

        Raises `OSError` with `winerror`; `IsADirectoryError` for a folder, as other systems do.
        """
        name = os.fspath(path)
        if flags & os.O_CREAT and ":" in Path(name).name:
            # NTFS would put the sound where nobody finds it: into a stream of its own beside an empty file's content.
            raise _refused(_INVALID_NAME, name)
        access = _GENERIC_READ | (_GENERIC_WRITE if flags & (os.O_RDWR | os.O_WRONLY) else 0)
        how = _CREATE_NEW if flags & os.O_CREAT else _OPEN_EXISTING
        return msvcrt.open_osfhandle(_create(name, access, _SHARE_READ | _SHARE_WRITE, how), flags)

    def open_to_append(path: str) -> int:
        """Open or make a file to which several processes append: each write is one step, at the end.

        Python's own append seeks and then writes, and another process may come between. The file can be renamed and
        removed while it is open, as on other systems. Raises `OSError`.
        """
        share = _SHARE_READ | _SHARE_WRITE | _SHARE_DELETE
        handle = _create(path, _FILE_APPEND_DATA | _SYNCHRONIZE, share, _OPEN_ALWAYS)
        return msvcrt.open_osfhandle(handle, os.O_WRONLY | os.O_APPEND)

    def lock(descriptor: int, at: int) -> bool:
        """Lock the byte `at` of an open file until it is closed. False when another has it; raises `OSError`.

        Not by `msvcrt.locking`, which cannot tell a lock that is held from a drive that knows no locks.
        """
        if _kernel32.LockFile(msvcrt.get_osfhandle(descriptor), at, 0, 1, 0):
            return True
        code = ctypes.get_last_error()
        if code == _LOCK_VIOLATION:
            return False
        raise _refused(code, None)

    def _create(path: str, access: int, share: int, how: int) -> int:
        handle = _kernel32.CreateFileW(whole(path), access, share, None, how, _ATTRIBUTE_NORMAL, None)
        if handle == wintypes.HANDLE(-1).value:
            code = ctypes.get_last_error()
            if code == _ACCESS_DENIED and Path(whole(path)).is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
            raise _refused(code, path)
        return int(handle)

    def _refused(code: int, path: str | None) -> OSError:
        return OSError(0, ctypes.FormatError(code).rstrip(". "), path, code)
