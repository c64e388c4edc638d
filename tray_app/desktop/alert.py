"""Says what must not be missed, in a program that has neither terminal nor icon to say it with."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable

from tray_app.settings import APP_NAME

Box = Callable[[str, str], None]
"""Shows a text under a caption, and returns when it was closed."""

_MB_ICONWARNING = 0x30
_MB_SETFOREGROUND = 0x10000
_UOI_FLAGS = 1
_WSF_VISIBLE = 1

log = logging.getLogger(__name__)


def show(text: str, box: Box | None = None) -> None:
    """Show `text` in a box and wait until it was closed, where there is no standard error to say it on.

    That is a windowed exe, or `pythonw`, on Windows. With a standard error, on other systems, and where nobody could
    see and close the box (a service, a scheduled task without a user), this does nothing. `box` is what shows it
    (default: Windows' message box). Never raises.
    """
    if sys.stderr is not None:
        return
    box = box or _system_box()
    if box is None:
        return
    try:
        box(APP_NAME, text)
    except OSError as error:
        log.warning("No box could be shown: %s", error)


def _system_box() -> Box | None:
    if sys.platform == "win32" and _seen():
        return _message_box
    return None


if sys.platform == "win32":

    def _message_box(caption: str, text: str) -> None:
        user32 = ctypes.WinDLL("user32", use_last_error=True)
        user32.MessageBoxW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_wchar_p, ctypes.c_uint]
        if not user32.MessageBoxW(None, text, caption, _MB_ICONWARNING | _MB_SETFOREGROUND):
            raise ctypes.WinError(ctypes.get_last_error())

    class _Flags(ctypes.Structure):
        """`USEROBJECTFLAGS` of winuser.h."""

        _fields_ = (("inherit", ctypes.c_int), ("reserved", ctypes.c_int), ("flags", ctypes.c_uint32))

    def _seen() -> bool:
        """Return whether this process's windows are on a screen: its window station is a visible one."""
        user32 = ctypes.WinDLL("user32")
        user32.GetProcessWindowStation.restype = ctypes.c_void_p
        information = user32.GetUserObjectInformationW
        information.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p]
        flags, needed = _Flags(), ctypes.c_uint32()
        station = user32.GetProcessWindowStation()
        got = information(station, _UOI_FLAGS, ctypes.byref(flags), ctypes.sizeof(flags), ctypes.byref(needed))
        return bool(got and flags.flags & _WSF_VISIBLE)
