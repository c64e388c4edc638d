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
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any

from tray_app import assets
from tray_app.settings import APP_NAME

MAX_TITLE = 64
MAX_TEXT = 256
"""Windows's own limits of a balloon; plyer 2.1.0 crashes there on more."""

SHOWN_SECONDS = 5
"""How long a notification stays, where the system lets us choose."""

_MAX_WAITING = 16
"""A notification service that does not answer must not let memory grow."""

_HAND_OVER_SECONDS = 10
"""notify-send waits up to 25 s for a service that hangs; those behind it should not."""

_log = logging.getLogger(__name__)

Sender = Callable[[str, str], None]
"""Shows a title and a text, both sanitised, waiting until they are handed over. May raise anything."""


class Notifier:
    """Shows notifications on a thread of its own; one at a time, in order.

    `enabled` False shows nothing. `find_sender` is called on that thread, once, before the first notification.
    """

    def __init__(self, enabled: bool, find_sender: Callable[[], Sender] | None = None) -> None:
        self._enabled = enabled
        self._find_sender = find_sender or system_sender
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(_MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._failed = False

    def notify(self, title: str, text: str) -> bool:
        """Queue a notification: `title` is cut to 64 and `text` to 256 characters. Never waits, never raises.

        Return whether it was queued: not when disabled or closed, or when too many wait already.
        """
        with self._lock:
            if not self._enabled:
                return False
            self._start()
            try:
                self._waiting.put_nowait((sanitise(title, MAX_TITLE) or APP_NAME, sanitise(text, MAX_TEXT)))
            except queue.Full:
                return False
            return True

    def close(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until what is queued was handed over; take no more. Return whether it was."""
        with self._lock:
            self._enabled = False
            thread = self._thread
        if not thread:
            return True
        deadline = time.monotonic() + timeout
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=timeout)
        thread.join(max(0.0, deadline - time.monotonic()))
        return not thread.is_alive()

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
                self._report(error)

    def _report(self, error: Exception) -> None:
        if not self._failed:
            self._failed = True
            _log.warning("Notifications cannot be shown here: %s", error, exc_info=error)


def sanitise(text: str, longest: int) -> str:
    """Return `text` without control characters, with an ellipsis where it is cut to `longest` characters.

    Line ends stay, tabs become spaces. Half characters (from file names that are not text) become question marks.
    """
    lines = text.replace("\t", " ").splitlines()
    clean = "\n".join("".join(_clean(character) for character in line) for line in lines).strip()
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"


def _clean(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "?"
    return "" if category == "Cc" else character


def system_sender() -> Sender:
    """Return what shows notifications on this system: notify-send where there is one, else plyer's choice."""
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
    # Windows takes nothing but an .ico.
    icon = str(assets.path("tray-recorder.ico" if sys.platform == "win32" else "tray-recorder.png"))

    def send(title: str, text: str) -> None:
        shower.notify(title=title, message=text, app_name=APP_NAME, app_icon=icon, timeout=SHOWN_SECONDS)

    return send
