"""Ctrl-C and the system's request to end, heard whatever the main thread is doing."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

log = logging.getLogger(__name__)

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""What asks a program to end; Windows has no SIGHUP, and only Windows has SIGBREAK."""


class Ending:
    """While this lasts, Ctrl-C and the signals that end a program call `end` instead, on a thread of its own.

    Python runs its own handlers on the main thread only, which may be away in a tray's message loop or hold a lock
    that `end` needs. A wake-up descriptor (see `signal.set_wakeup_fd`) is written by the C handler at once.
    Must be entered and left on the main thread. `end` is called for every signal; what it raises is logged. Where the
    system gives no pair of sockets (on Windows they need the network's loopback), signals stay Python's.
    """

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end
        self._left = False

    def __enter__(self) -> None:
        try:
            self._read, self._write = socket.socketpair()
        except OSError as error:
            log.warning("requests to end are left to Python: %r", error)
            self._left = True
            return
        self._write.setblocking(False)
        self._thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._thread.start()
        self._before = {number: signal.signal(number, _heard) for number in _numbers()}
        self._woken = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)

    def __exit__(self, *_: object) -> None:
        if self._left:
            return
        signal.set_wakeup_fd(self._woken)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._write.close()
        self._thread.join()
        self._read.close()

    def _listen(self) -> None:
        numbers = _numbers()
        # An empty read is the other end closed.
        while received := self._received():
            for number in received:
                if number in numbers:
                    self._call(signal.Signals(number))

    def _received(self) -> bytes:
        with contextlib.suppress(OSError):
            return self._read.recv(64)
        return b""

    def _call(self, number: signal.Signals) -> None:
        log.info("%s: ending", number.name)
        try:
            self._end()
        except Exception:  # this thread must go on hearing
            log.exception("could not end")


def _numbers() -> list[signal.Signals]:
    return [signal.Signals(getattr(signal, name)) for name in _ENDING if hasattr(signal, name)]


def _heard(number: int, frame: FrameType | None) -> None:
    """Only there so that Python does not act by itself."""
    del number, frame
