"""When to say that nothing is heard: once after the start, and once when it looks as if Stop was forgotten. Pure."""

from __future__ import annotations

import math

from tray_app.events import Unheard

NOTHING_HEARD = 15.0
"""Seconds of digital silence from the start after which the user is told once."""

FORGOTTEN = 30 * 60.0
"""Seconds without sound after which the user is asked whether to stop. A break in a meeting is shorter."""


class Quiet:
    """Listens to one take. What is at most `threshold` dBFS loud does not count as sound."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._last = 0.0
        self._any = False
        self._told: Unheard | None = None

    def hears(self, peak: float, seconds: float) -> Unheard | None:
        """Take in the peak, in dBFS, since the last call, `seconds` into the take. Return what is to be said now."""
        if peak > (self._threshold if self._any else -math.inf):
            return self._sound(seconds)
        quiet = seconds - self._last
        if quiet >= FORGOTTEN and (self._told is None or self._told.seconds < FORGOTTEN):
            return self._tell(Unheard(FORGOTTEN, from_start=not self._any))
        if not self._any and quiet >= NOTHING_HEARD and self._told is None:
            return self._tell(Unheard(NOTHING_HEARD, from_start=True))
        return None

    def _sound(self, seconds: float) -> Unheard | None:
        self._last, self._any = seconds, True
        told, self._told = self._told, None
        return Unheard(0.0) if told else None

    def _tell(self, said: Unheard) -> Unheard:
        self._told = said
        return said
