"""Balloons in Windows' notification area, by plyer's `WindowsBalloonTip`, each put up and taken down on one thread.

plyer's own `notify` starts a thread that sleeps for the balloon's time and keeps the program from ending meanwhile,
and leaves icon, window and window class behind until the process ends. So only its balloon is used here, and is taken
down by us. A balloon brings an icon of its own into the notification area; it goes with the balloon.
"""

from __future__ import annotations

import atexit
import ctypes
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from tray_app import assets
from tray_app.settings import APP_NAME

_DEFAULT_SECONDS = 5.0
"""For how long Windows shows a notification where nobody chose otherwise."""

_BEAT = 0.05
"""Seconds between looks at whether a balloon may stay."""

_SPI_GETMESSAGEDURATION = 0x2016
"""What asks `SystemParametersInfo` for the seconds of a notification (winuser.h)."""


class Balloons:
    """Shows balloons one after the other; a `Sender`, always called by the same thread.

    A call returns when its balloon is gone. `left` is told all the while for how many seconds the balloon has been
    showing, and tells for how many more it may, so that it can make room for another.
    """

    def __init__(self, left: Callable[[float], float]) -> None:
        """Raises `ImportError` where plyer is missing or this is not Windows."""
        from plyer.platforms.win.libs import balloontip, win_api_defs

        self._left = left
        self._icon = str(assets.path("tray-recorder.ico"))  # Windows takes nothing but an .ico
        self._tip_class: Any = balloontip.WindowsBalloonTip
        self._unregister_class: Any = win_api_defs.UnregisterClassW

    def __call__(self, title: str, text: str) -> None:
        """Show a balloon; `title` has at most 63 and `text` at most 255 UTF-16 units.

        Does nothing where it would have to go at once. Raises whatever plyer raises where there is no notification
        area.
        """
        if self._left(0.0) <= 0:
            return
        # Not simply called: one that fails half-way has its window already, and nobody else would take it down.
        tip = self._tip_class.__new__(self._tip_class)
        try:
            tip.__init__(title=title, message=text, app_name=APP_NAME, app_icon=self._icon, timeout=0)
            shown = time.monotonic()
            while (left := self._left(time.monotonic() - shown)) > 0:
                _answer_messages(min(left, _BEAT))
        finally:
            self._take_down(tip)

    def _take_down(self, tip: Any) -> None:
        """Free all that belongs to a balloon, also to one that was made only in part.

        Must be called by the thread that made it: Windows lets no other destroy a window.
        """
        # plyer asks for that at the end of the process; without this, no balloon would ever be freed.
        atexit.unregister(tip.__del__)
        window_class, atom = tip._wnd_class_ex, tip._class_atom
        tip.__del__()
        if window_class is not None:
            # plyer 2.1.0 does this before it destroys the window, when Windows refuses it.
            self._unregister_class(atom, window_class.hInstance)
        # Python calls __del__ once more, and by then these numbers may be somebody else's.
        tip._hicon = tip._hwnd = tip._wnd_class_ex = None


def default_seconds() -> float:
    """Return for how long Windows shows a notification: 5 s, or more where the user asked for more time to read.

    That wish stands in Windows' settings under Accessibility.
    """
    seconds = ctypes.c_ulong(0)
    if sys.platform == "win32":
        ctypes.WinDLL("user32").SystemParametersInfoW(_SPI_GETMESSAGEDURATION, 0, ctypes.byref(seconds), 0)
    return max(_DEFAULT_SECONDS, float(seconds.value))


def _answer_messages(seconds: float) -> None:
    """Wait up to `seconds` for what Windows sends to the balloon's window, and answer it.

    It is a top-level window, so it gets every broadcast. One that does not answer holds up whoever sends them, and the
    end of the session too.
    """
    import win32event
    import win32gui

    win32event.MsgWaitForMultipleObjects((), False, math.ceil(seconds * 1000), win32event.QS_ALLINPUT)
    win32gui.PumpWaitingMessages()
