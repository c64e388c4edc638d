"""How long the disk will do: from what is free, and how fast that really goes. Pure, the clock handed in."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

WARN_MINUTES = 15.0
"""With less than this left the user is told: time to make room, or to end what is being recorded in peace."""
WINDOW = 60.0
"""Seconds over which the rate is measured …"""
SETTLE = 10.0
"""… from so many on; before, the take's own rate is all that is known."""
AHEAD = 5.0
"""Seconds of recording that are held in reserve when a take is ended: as long as until the next look, and Stop."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is: `free` bytes, `minutes` until the take must end; `low` once, and `over` when it must end now."""

    free: int
    minutes: float
    low: bool
    over: bool


class Space:
    """Judges what is free on a take's disk.

    `least` is what must stay free, in bytes; with 0 a take is never ended for it. `nominal` is the most that the take
    itself writes, in bytes a second.
    """

    def __init__(self, least: int, nominal: float) -> None:
        self._least, self._nominal = least, nominal
        self._seen: deque[tuple[float, int, int]] = deque()
        self._warned = False

    def look(self, now: float, free: int, written: int) -> Look:
        """Judge `free` bytes at time `now` (seconds), when the take has written `written` bytes in all."""
        self._seen.append((now, free, written))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW:
            self._seen.popleft()
        rate = self._rate()
        left = max(0, free - self._least)
        minutes = left / rate / 60 if rate > 0 else math.inf
        over = bool(self._least) and left < rate * AHEAD
        low = minutes < WARN_MINUTES and not self._warned and not over
        self._warned = self._warned or low
        return Look(free, minutes, low, over)

    def _rate(self) -> float:
        """Bytes a second that go: by the take, or, if that is more, by all that write to the disk."""
        (began, free_then, written_then), (now, free, written) = self._seen[0], self._seen[-1]
        if now - began < SETTLE:
            return self._nominal
        return max(written - written_then, free_then - free, 0) / (now - began)
