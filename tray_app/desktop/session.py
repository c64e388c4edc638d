"""What Windows does not wait for: the end of the session, and the closing of a console's window.

Windows tells a program that it ends, and ends it as soon as it has answered: no `finally`, no `atexit` runs. So what
must be done is done before the answer.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tray_app.settings import APP_NAME

REASON = "A recording is being finished."
"""What Windows tells a user who waits for the session to end."""

_LEAVE_SECONDS = 2.0
"""How long leaving waits for the window's thread, which is away while the session ends."""

_CONSOLE_EVENTS = {1: "Ctrl-Break", 2: "the console is closed", 5: "logging off", 6: "shutdown"}
"""What a console program is told (wincon.h, `HandlerRoutine`). Ctrl-C, 0, stays Python's."""

log = logging.getLogger(__name__)


class Reason(Protocol):
    """Why the session cannot end yet, as the system shows it. Belongs to a window, and to the thread that made it."""

    def show(self, window: int) -> None:
        """Have the system wait for `window`, and say why."""

    def withdraw(self, window: int) -> None:
        """Nothing is to be waited for any more; no harm where nothing was shown."""


class Answers:
    """What is done when the system asks whether the session may end, and when it ends."""

    def __init__(self, busy: Callable[[], bool], finish: Callable[[], None], reason: Reason) -> None:
        self._busy, self._finish, self._reason = busy, finish, reason
        self._finished = False

    def asked(self, window: int) -> None:
        """Do what WM_QUERYENDSESSION asks for: little, since it is to be answered at once (Microsoft's guidance).

        The work is for WM_ENDSESSION. Without a visible window, a program that takes more than 5 s for that is ended;
        only a reason that it shows makes Windows wait for longer.
        """
        try:
            if not self._finished and self._busy():
                self._reason.show(window)
        except Exception:  # whatever goes wrong, the answer must not be that the session cannot end
            log.exception("cannot tell whether a recording is to be finished")

    def told(self, window: int, ends: bool) -> None:
        """Do what WM_ENDSESSION asks for: finish, once, if the session `ends`. Else somebody cancelled it: go on."""
        try:
            if ends and not self._finished:
                self._finished = True
                log.info("the session ends: finishing")
                self._finish()
                log.info("finished")
        except Exception:  # nobody is left to tell
            log.exception("what ran could not be finished before the end of the session")
        finally:
            self._reason.withdraw(window)


class SessionEnd:
    """While this lasts, `finish` is called before Windows ends the session: shutdown, restart, logging off.

    A hidden window on a thread of its own hears of it, from the moment at which the context is entered. `busy` tells
    whether there is something to wait for, so that Windows shows `REASON`; it must return at once. `finish` is called
    once, on that thread, and returns when all is safe; it should have a deadline of its own, below 5 s. What either
    raises is logged. Elsewhere, and where the window cannot be made, nothing is done.
    """

    def __init__(self, busy: Callable[[], bool], finish: Callable[[], None]) -> None:
        self._busy, self._finish = busy, finish
        self._window: _Window | None = None

    def __enter__(self) -> None:
        if sys.platform == "win32":
            self._window = _Window(Answers(self._busy, self._finish, _BlockReason()))
            self._window.open()

    def __exit__(self, *_: object) -> None:
        if self._window:
            self._window.close()


class _BlockReason:
    """Windows' shutdown block reason, by ctypes: pywin32 lacks these functions."""

    def __init__(self) -> None:
        self._create: Any = None
        self._destroy: Any = None
        if sys.platform == "win32":
            import ctypes
            from ctypes import wintypes

            library = ctypes.WinDLL("user32")
            self._create, self._destroy = library.ShutdownBlockReasonCreate, library.ShutdownBlockReasonDestroy
            self._create.argtypes = [wintypes.HWND, wintypes.LPCWSTR]
            self._destroy.argtypes = [wintypes.HWND]

    def show(self, window: int) -> None:
        if not self._create(window, REASON):
            log.info("Windows shows no reason to wait")

    def withdraw(self, window: int) -> None:
        self._destroy(window)


class _Window:
    """A hidden window on a thread of its own; a top-level one, since message-only windows are not told of the session.

    It is made by pywin32, whose window procedures take and return 64-bit values as they are, without declarations.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._handle = 0
        self._ready = threading.Event()
        # A daemon: it may be away in `finish` when the program ends by itself.
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)

    def open(self) -> None:
        """Start the thread; return when the window is there, or cannot be made."""
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """End window and thread; one that is in the middle of finishing is not waited for any longer than a moment."""
        if self._handle:
            import win32con
            import win32gui

            with contextlib.suppress(win32gui.error):  # the window has gone by itself
                win32gui.PostMessage(self._handle, win32con.WM_APP, 0, 0)
        self._thread.join(_LEAVE_SECONDS)

    def _run(self) -> None:
        try:
            self._handle = self._make()
        except Exception as error:  # pywin32's own errors, or there is no pywin32: the program works without
            log.warning("the end of the session will not be heard: %s", error, exc_info=error)
            return
        finally:
            self._ready.set()
        import win32gui

        win32gui.PumpMessages()
        win32gui.UnregisterClass(self._class, 0)

    def _make(self) -> int:
        import win32con
        import win32gui

        kind: Any = win32gui.WNDCLASS()
        # A name of its own: that of a window whose thread is still away is taken.
        kind.lpszClassName = f"TrayRecorderSession{threading.get_ident()}"
        kind.lpfnWndProc = {
            win32con.WM_QUERYENDSESSION: self._asked,
            win32con.WM_ENDSESSION: self._told,
            win32con.WM_CLOSE: self._ignore,
            win32con.WM_APP: self._leave,
        }
        self._class = win32gui.RegisterClass(kind)
        # Where Windows shows the reason, it shows the title above it.
        return win32gui.CreateWindow(self._class, APP_NAME, win32con.WS_OVERLAPPED, 0, 0, 0, 0, 0, 0, 0, None)

    def _asked(self, window: int, *_: int) -> int:
        self._answers.asked(window)
        return 1

    def _told(self, window: int, *values: int) -> int:
        self._answers.told(window, bool(values[1]))
        return 0

    def _ignore(self, *_: int) -> int:
        # Else a program that closes all windows that it finds would make us deaf.
        return 0

    def _leave(self, window: int, *_: int) -> int:
        import win32gui

        win32gui.DestroyWindow(window)
        win32gui.PostQuitMessage(0)
        return 0


@contextlib.contextmanager
def console_closing(finish: Callable[[], None]) -> Iterator[None]:
    """While this lasts, `finish` is called before Windows ends a console program; what it raises is logged.

    That is when the console's window is closed, at logging off and at shutdown. Ctrl-Break calls it as well, and the
    program goes on afterwards. `finish` is called on a thread of Windows' own, maybe more than once. When it returns,
    or after 5 s, Windows ends the process. To a program that has loaded user32.dll, as one that records has, Windows
    tells nothing of logging off and shutdown this way (see `SetConsoleCtrlHandler`): it needs `SessionEnd` too.
    Elsewhere nothing is done.
    """

    def handle(event: int) -> bool:
        if event not in _CONSOLE_EVENTS:
            return False
        log.info("%s: finishing", _CONSOLE_EVENTS[event])
        try:
            finish()
        except Exception:  # nobody is left to tell
            log.exception("what ran could not be finished")
        return True

    _set_console_handler(handle, True)
    try:
        yield
    finally:
        _set_console_handler(handle, False)


def _set_console_handler(handle: Callable[[int], bool], add: bool) -> None:
    if sys.platform == "win32":
        try:
            import win32api

            win32api.SetConsoleCtrlHandler(handle, add)
        except Exception as error:  # as in `_Window._run`
            log.warning("the closing of the console will not be heard: %s", error, exc_info=error)
