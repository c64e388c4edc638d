"""Moves files to the recycle bin (the trash, elsewhere), from which their owner can take them back."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tray_app.sentences import disk as said

_DELETE = 3
_FLAGS = 0x0040 | 0x0010 | 0x0004 | 0x0400 | 0x4000
"""FOF_ALLOWUNDO, NOCONFIRMATION, SILENT, NOERRORUI, WANTNUKEWARNING (shellapi.h). The last one has Windows ask where a
disk has no recycle bin: nothing is deleted for good on our word.
"""


def recycle(paths: Sequence[Path]) -> None:
    """Move files to the recycle bin. Waits for the system; raises `OSError` where it refuses, with the rest done."""
    for path in paths:
        if not os.path.lexists(path):
            raise FileNotFoundError(errno.ENOENT, said.NOT_IN_BIN, str(path))
        _one(path)
        if os.path.lexists(path):
            raise PermissionError(errno.EACCES, said.BIN_REFUSED, str(path))


def _one(path: Path) -> None:
    if sys.platform == "win32":
        import pythoncom
        import pywintypes
        from win32com.shell import shell

        # The shell may call extensions, which are COM objects, on this thread.
        pythoncom.CoInitialize()
        try:
            what: Any = (0, _DELETE, str(path.absolute()), None, _FLAGS, None, None)
            code, aborted = shell.SHFileOperation(what)
        except pywintypes.error as error:
            raise OSError(errno.EIO, str(error), str(path)) from error
        finally:
            pythoncom.CoUninitialize()
        if aborted:
            raise OSError(errno.ECANCELED, said.NO_BIN, str(path))
        if code:
            raise OSError(errno.EACCES, said.bin_answers(code), str(path))
    else:
        from send2trash import send2trash

        send2trash(str(path.absolute()))
