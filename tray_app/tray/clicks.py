"""Tells a click from the second half of a double click."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clicks:
    """The clicks on one icon. People double-click on icons out of habit: that must not start and stop a recording.

    `apart` is the system's double-click time in seconds; `clock` returns seconds that never run backwards.
    """

    def __init__(self, apart: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._apart = apart
        self._clock = clock
        self._last: float | None = None

    def counts(self) -> bool:
        """Return whether the click that comes now is one to act upon.

        In a train of clicks only the first is, however long the train.
        """
        last, self._last = self._last, self._clock()
        return last is None or self._last - last >= self._apart
