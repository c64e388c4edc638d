"""Work that takes its time and is asked for often: done on a thread of its own, the last request counts."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Refresher:
    """Does `work` some time after each `soon`, never twice at once; many requests meanwhile become one.

    The thread is there only while there is work, and keeps no program from ending. What `work` raises is logged.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._name, self._work = name, work
        self._lock = threading.Lock()
        self._runs = False
        self._again = False

    def soon(self) -> None:
        """Ask for the work. Returns at once, on any thread."""
        with self._lock:
            self._again = True
            if self._runs:
                return
            self._runs = True
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._again:
                    self._runs = False
                    return
                self._again = False
            try:
                self._work()
            except Exception:  # what is shown may be stale then, and the next request tries again
                log.exception("%s failed", self._name)


class Line:
    """Does one thing after the other, in the order in which they were asked for, on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._refresher = Refresher(name, self._work)
        self._lock = threading.Condition()
        self._left = 0

    def put(self, work: Callable[[], None]) -> None:
        """Ask for `work`. Returns at once, on any thread."""
        with self._lock:
            self._left += 1
        self._waiting.put(work)
        self._refresher.soon()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is done. False when that took more than `timeout` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._left == 0, timeout)

    def _work(self) -> None:
        while True:
            try:
                work = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                work()
            except Exception:  # the next one is to be done all the same
                log.exception("something that was asked for failed")
            with self._lock:
                self._left -= 1
                self._lock.notify_all()
