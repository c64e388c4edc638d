"""The list of what can be recorded, kept up to date for the menu. Devices may hang, so nobody waits for it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence

from tray_app.capture import asked
from tray_app.capture.base import Backend, Source, Watch
from tray_app.errors import RecorderError

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
        try:
            answers = list(asked(self._backends))
        except Exception as error:  # a device may fail in any way; the menu then shows what it showed
            log.warning("the sources could not be listed: %r", error)
            return False
        found = tuple(source for _, sources in answers if isinstance(sources, list) for source in sources)
        if found != self.sources:
            self.sources = found
            self._changed()
        # The test signal never changes.
        return all(self._watches.get(backend.name) for backend, _ in answers if backend.name != "signal")
