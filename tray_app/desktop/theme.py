"""Whether the taskbar is light, and news of it. Only Windows tells; elsewhere panels are taken to be dark.

The icon can be seen on either, so a wrong guess costs nothing but looks.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable

_KEY = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
_VALUE = "SystemUsesLightTheme"
_LAST_SET = 0x00000004
"""REG_NOTIFY_CHANGE_LAST_SET (winnt.h)."""

log = logging.getLogger(__name__)


def is_light() -> bool:
    """Return whether the taskbar is light now. A fresh user has no such value, and a dark taskbar."""
    if sys.platform == "win32":
        import winreg

        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
            return bool(winreg.QueryValueEx(key, _VALUE)[0])
    return False


class ThemeWatch:
    """Calls `changed` with whether the taskbar is light, at once and whenever that changes; a context manager.

    On a thread of its own, which is only there on Windows.
    """

    def __init__(self, changed: Callable[[bool], None]) -> None:
        self._changed = changed
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        self._light = is_light()
        self._changed(self._light)
        if sys.platform == "win32":
            import win32event

            self._end = win32event.CreateEvent(None, True, False, None)
            self._thread = threading.Thread(target=self._watch, name="theme", daemon=True)
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        if sys.platform == "win32" and self._thread:
            import win32event

            win32event.SetEvent(self._end)
            self._thread.join(2)

    def _watch(self) -> None:
        if sys.platform == "win32":
            import pywintypes
            import win32api
            import win32con
            import win32event

            try:
                # Made where it is missing, as it is for a fresh user: a key that is not there cannot be watched.
                key = win32api.RegCreateKey(win32con.HKEY_CURRENT_USER, _KEY)
                news = win32event.CreateEvent(None, False, False, None)
                while True:
                    # Asked for first: what changes after that look is told, what changed before is seen by it.
                    win32api.RegNotifyChangeKeyValue(key, False, _LAST_SET, news, True)
                    before, self._light = self._light, is_light()
                    if self._light != before:
                        self._changed(self._light)
                    if win32event.WaitForMultipleObjects([self._end, news], False, win32event.INFINITE) == 0:
                        return
            except pywintypes.error as error:
                log.warning("The taskbar's theme is not followed: %s", error)
