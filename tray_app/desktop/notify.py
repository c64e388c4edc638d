"""Desktop notifications. They are a courtesy: nobody waits for one, and a failed one is only a line in the log."""

from __future__ import annotations

import contextlib
import importlib
import logging
import queue
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tray_app import assets
from tray_app.desktop import balloon
from tray_app.settings import APP_NAME
from tray_app.text import fit_lines

MAX_TITLE = 63
MAX_TEXT = 255
"""UTF-16 units. NOTIFYICONDATAW has room for 64 and 256 with the zero at the end; plyer 2.1.0 crashes on more."""

_SHOWN_SECONDS = 5
"""How long a notification stays where plyer tells the desktop."""

_GOING_SECONDS = 2.0
"""A balloon comes and goes slowly, and we should not cut that short."""

_MAX_WAITING = 16
"""A notification service that does not answer must not let memory grow."""

_HAND_OVER_SECONDS = 10
"""notify-send waits up to 25 s for a service that hangs; those behind it should not."""

log = logging.getLogger(__name__)

Sender = Callable[[str, str], None]
"""Shows a title and a text, both as `fit_lines` makes them, waiting until they are handed over. May raise anything."""


@dataclass(frozen=True, slots=True)
class Pace:
    """For how many seconds a notification stays, where that is ours to say (Windows, where they are our balloons).

    `alone` when no other waits, `queued` when one does, `leaving` for all that are left, together, at `close`.
    """

    alone: float
    queued: float = 3.5
    leaving: float = 0.7


class Notifier:
    """Shows notifications on a thread of its own; one at a time, in order.

    `enabled` False shows nothing. `find_sender` is called on that thread, once, before the first notification.
    Where that or the sender fails, `fallback` gets the notification.
    `pace` is the system's own unless it is given.
    """

    def __init__(
        self,
        enabled: bool,
        find_sender: Callable[[], Sender] | None = None,
        fallback: Sender | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._fallback = fallback
        self._enabled = enabled
        self._find_sender = find_sender or (lambda: system_sender(self.left))
        self._pace = pace or system_pace()
        self._leaving: tuple[float, float] | None = None  # each one's share in seconds, and when all are to be gone
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(_MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def notify(self, title: str, text: str) -> bool:
        """Queue a notification: `title` is cut to 63 and `text` to 255 UTF-16 units. Never waits, never raises.

        Return whether it was queued: not when disabled or closed, or when too many wait already.
        """
        with self._lock:
            if not self._enabled:
                return False
            self._start()
            try:
                self._waiting.put_nowait((fit_lines(title, MAX_TITLE) or APP_NAME, fit_lines(text, MAX_TEXT)))
            except queue.Full:
                return False
            return True

    def enable(self, on: bool) -> None:
        """Show notifications from now on, or none. What waits already is shown."""
        with self._lock:
            self._enabled = on and self._leaving is None

    def close(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until what is queued was handed over; take no more. Return whether it was."""
        with self._lock:
            self._enabled = False
            if self._leaving is None:
                share = self._pace.leaving / max(1, self._waiting.unfinished_tasks)
                self._leaving = (share, time.monotonic() + self._pace.leaving)
            thread = self._thread
        if not thread:
            return True
        deadline = time.monotonic() + timeout
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=timeout)
        thread.join(max(0.0, deadline - time.monotonic()))
        return not thread.is_alive()

    def fall_back_to(self, sender: Sender) -> None:
        """Have `sender` show what the system's own way cannot. It is called on the notifier's thread."""
        self._fallback = sender

    def left(self, shown: float) -> float:
        """Return for how many more seconds the notification may stay that has been showing for `shown` seconds."""
        if self._leaving is not None:
            share, end = self._leaving
            return min(share - shown, end - time.monotonic())
        return (self._pace.alone if self._waiting.empty() else self._pace.queued) - shown

    def _start(self) -> None:
        if not self._thread:
            # A daemon: a desktop that does not answer must not keep the program from ending.
            self._thread = threading.Thread(target=self._run, name="notify", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        sender: Sender | None = None
        while (notification := self._waiting.get()) is not None:
            try:
                sender = sender or self._find_sender()
                sender(*notification)
            except Exception as error:  # whatever a desktop does, it must not touch a recording
                self._fall_back(notification, error)
            self._waiting.task_done()

    def _fall_back(self, notification: tuple[str, str], error: Exception) -> None:
        if not self._fallback:
            self._tell_once("Notifications cannot be shown here: %s", error)
            return
        self._tell_once("Notifications are shown in another way, since the first one failed: %s", error)
        try:
            self._fallback(*notification)
        except Exception as failed:  # as above
            self._tell_once("Notifications cannot be shown here: %s", failed)

    def _tell_once(self, message: str, error: Exception) -> None:
        if message not in self._told:
            self._told.add(message)
            log.warning(message, error, exc_info=error)


def system_pace() -> Pace:
    """Return how long notifications stay here: never shorter than the system itself shows them."""
    return Pace(alone=balloon.default_seconds() + _GOING_SECONDS)


def system_sender(left: Callable[[float], float] = lambda shown: _SHOWN_SECONDS - shown) -> Sender:
    """Return what shows notifications here: plyer's balloons on Windows, notify-send where there is one, else plyer.

    `left` tells how long a balloon may stay, see `Notifier.left`. Raises `ImportError` where there is nothing of these.
    """
    if sys.platform == "win32":
        return balloon.Balloons(left)
    if sys.platform == "linux" and shutil.which("notify-send"):
        return _notify_send
    return _plyer_sender()


def _notify_send(title: str, text: str) -> None:
    """Call notify-send ourselves: plyer 2.1.0 loses a text that begins with "-", ignores a failure, and lets
    notify-send's complaints through to the terminal.
    """
    options = ["--app-name", APP_NAME, "--icon", str(assets.path("tray-recorder.png"))]
    done = subprocess.run(
        # notify-send undoes C escapes in the text, so that a backslash must be doubled.
        ["notify-send", *options, "--", title, text.replace("\\", "\\\\")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_HAND_OVER_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"notify-send ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")


def _plyer_sender() -> Sender:
    # It warns when it does without the Python dbus package: nothing that a user could want to know.
    warnings.filterwarnings("ignore", module=r"plyer\.")
    # Not `plyer.notification`: where the system's part cannot be imported, that one prints a traceback.
    system = importlib.import_module("plyer.utils").platform
    shower: Any = importlib.import_module(f"plyer.platforms.{system}.notification").instance()
    icon = str(assets.path("tray-recorder.png"))

    def send(title: str, text: str) -> None:
        shower.notify(title=title, message=text, app_name=APP_NAME, app_icon=icon, timeout=_SHOWN_SECONDS)

    return send
