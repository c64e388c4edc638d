"""The list of what can be recorded, kept up to date for the menu. Devices may hang, so nobody waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence

from tray_app.capture import asked
from tray_app.capture.base import Backend, Source, Watch
from tray_app.errors import BackendFailedError, RecorderError

log = logging.getLogger(__name__)

SETTLE = 0.25
"""Seconds that changes are left to settle: systems report several for one plug."""

LOOK = 10.0
"""Seconds between looks where the system does not tell, or not yet."""

CLOSE = 1.0
"""Seconds that the end waits for a list that is being made. A device that hangs longer is left to itself."""


class SourceList:
    """Lists the sources, from `start` to `close` and whenever they change.

    `changed` is called on the list's own thread when `sources` has changed.
    """

    def __init__(self, backends: Sequence[Backend], changed: Callable[[], None]) -> None:
        self.sources: tuple[Source, ...] = ()
        self._backends, self._changed = list(backends), changed
        self._news = threading.Event()
        self._over = threading.Event()
        self._shown: dict[str, list[Source]] = {}
        self._failed: set[str] = set()
        self._watches: dict[str, Watch | None] = {}
        self._thread = threading.Thread(target=self._run, name="sources", daemon=True)

    def start(self) -> None:
        """Begin to list. Returns at once."""
        self._thread.start()

    def close(self) -> None:
        """List no more. Waits a moment: a library that is being called when the process ends may crash it."""
        self._over.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                # Cleared first: what changes while it is listed is listed once more.
                self._news.clear()
                self._watch()
                if self._news.wait(None if self._list() else LOOK):
                    self._over.wait(SETTLE)
        finally:
            for watch in self._watches.values():
                if watch is not None:
                    watch.close()

    def _watch(self) -> None:
        """Watch what can be watched."""
        for backend in self._backends:
            if backend.name not in self._watches:
                with contextlib.suppress(RecorderError):
                    self._watches[backend.name] = backend.watch(self._news.set)

    def _list(self) -> bool:
        """List. Return whether the system tells when that changes, so that nobody need look again."""
        answers = list(asked(self._backends))
        failed = [error for _, error in answers if isinstance(error, BackendFailedError)]
        self._log(failed)
        # Where one failed the menu shows what it showed of it: it may work at the next look.
        answered = {backend.name: answer for backend, answer in answers if answer not in failed}
        self._shown |= {name: answer if isinstance(answer, list) else [] for name, answer in answered.items()}
        found = tuple(source for backend, _ in answers for source in self._shown.get(backend.name, ()))
        if found != self.sources:
            self.sources = found
            self._changed()
        # The test signal never changes.
        told = all(self._watches.get(backend.name) for backend, _ in answers if backend.name != "signal")
        return told and not failed

    def _log(self, failed: Sequence[BackendFailedError]) -> None:
        """Log why sources cannot be listed; what stays as it was at the last look is not said again."""
        for error in failed:
            if error.detail not in self._failed:
                log.warning("%s", error.what, exc_info=error.__cause__)
        self._failed = {error.detail for error in failed}
