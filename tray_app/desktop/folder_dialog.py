"""The system's own dialog in which a folder is chosen."""

from __future__ import annotations

import ctypes
import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

from tray_app.com import ComError, Guid, Reference, check, create, ole32
from tray_app.sentences import program as said

_STA = 2
_PICK_FOLDERS, _FORCE_FILESYSTEM = 0x20, 0x40
_CANCELLED = 0x800704C7
_FILE_PATH = 0x80058000
_DIALOG, _I_DIALOG = "DC1C5A9C-E88A-4DDE-A5A1-60F82A20AEF7", "D57C7288-D4AD-4768-BE02-9D969532D960"
_I_ITEM = "43826D1E-E718-42EE-BC55-A1E261C37BFE"
"""CLSID_FileOpenDialog, IID_IFileOpenDialog, IID_IShellItem (shobjidl_core.h), and their methods' places:"""
_SHOW, _SET_OPTIONS, _SET_FOLDER, _SET_TITLE, _GET_RESULT, _GET_DISPLAY_NAME = 3, 9, 12, 17, 20, 5


def ask_for_folder(start: Path) -> Path | None:
    """Let the user choose a folder, beginning at `start`; None when that was cancelled.

    Waits for the user, so it needs a thread that nobody waits for. Raises `OSError` where there is no such dialog.
    """
    if sys.platform == "win32":
        return _on_windows(start)
    if sys.platform == "darwin":
        script = f'POSIX path of (choose folder with prompt "{said.CHOOSE_FOLDER}")'
        return _answer(["osascript", "-e", script])
    # In a process of its own: a dialog needs the main thread's loop, which belongs to the icon.
    return _answer([sys.executable, "-m", "tray_app.desktop.folder_gtk", said.CHOOSE_FOLDER, str(start)])


def _answer(command: list[str]) -> Path | None:
    """Run what prints the chosen path, and ends with 1 when there is none."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise OSError(errno.EOPNOTSUPP, said.no_dialog(done.stderr.strip()))
    path = done.stdout.removesuffix("\n")
    return Path(path) if done.returncode == 0 and path else None


def _on_windows(start: Path) -> Path | None:
    """Show IFileOpenDialog, which wants a single-threaded apartment."""
    check(ole32.CoInitializeEx(None, _STA))
    try:
        with Reference(create(Guid.of(_DIALOG), Guid.of(_I_DIALOG))) as dialog:
            dialog.call(_SET_OPTIONS, ctypes.c_uint32(_PICK_FOLDERS | _FORCE_FILESYSTEM))
            dialog.call(_SET_TITLE, ctypes.c_wchar_p(said.CHOOSE_FOLDER))
            with Reference(_item(start)) as folder:
                if folder:
                    dialog.call(_SET_FOLDER, ctypes.c_void_p(folder.address))
            dialog.call(_SHOW, ctypes.c_void_p())
            with Reference(dialog.obtain(_GET_RESULT)) as chosen:
                return Path(chosen.text(_GET_DISPLAY_NAME, ctypes.c_uint32(_FILE_PATH)))
    except ComError as error:
        if error.code == _CANCELLED:
            return None
        raise OSError(errno.EOPNOTSUPP, said.dialog_failed(error)) from error
    finally:
        ole32.CoUninitialize()


def _item(folder: Path) -> int | None:
    """Return the shell's object for a folder; None where it is not there."""
    found = ctypes.c_void_p()
    make: Any = ctypes.windll.shell32.SHCreateItemFromParsingName  # type: ignore[attr-defined,unused-ignore]
    failed = make(ctypes.c_wchar_p(str(folder)), None, ctypes.byref(Guid.of(_I_ITEM)), ctypes.byref(found))
    return None if failed else found.value
