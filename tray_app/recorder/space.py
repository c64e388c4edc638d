"""How long the disk will do: from what is free, and how fast that really goes. Pure, the clock handed in."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

WARN_MINUTES = 15.0
"""With less than this left the user is told: time to make room, or to end what is being recorded in peace."""
OWN = 60.0
"""Seconds over which the rate of the take itself is measured, silence in it included."""
OTHERS = 600.0
"""Seconds over which that of all who write is: somebody who copies a large file is no reason for an alarm."""
SETTLE = 10.0
"""Seconds before which the take's own rate, as its format gives it, is all that is known."""
AHEAD = 5.0
"""Seconds that are held in reserve when a take is ended: as long as until the next look, and Stop."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is: `free` bytes, `minutes` until the take must end; `low` once, and `over` when it must end now."""

    free: int
    minutes: float
    low: bool
    over: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    time: float
    free: int
    written: int


class Space:
    """Judges what is free on a take's disk.

    `least` is what must stay free, in bytes; with 0 a take is never ended for it. `nominal` is the most that the take
    itself writes, in bytes a second.
    """

    def __init__(self, least: int, nominal: float) -> None:
        self._least, self._nominal = least, nominal
        self._seen: deque[_Seen] = deque()
        self._warned = False

    def look(self, now: float, free: int, written: int) -> Look:
        """Judge `free` bytes at time `now` (seconds), when the take has written `written` bytes in all."""
        self._seen.append(_Seen(now, free, written))
        while len(self._seen) > 2 and now - self._seen[1].time >= OTHERS:
            self._seen.popleft()
        own = self._own_rate()
        rate = max(own, self._going(OTHERS) if now - self._seen[0].time >= OWN else 0.0)
        left = max(0, free - self._least)
        minutes = left / rate / 60 if rate > 0 else math.inf
        # Who writes much at the moment counts here: what is to stay free is to stay free.
        over = bool(self._least) and left < max(own, self._going(SETTLE)) * AHEAD
        low = minutes < WARN_MINUTES and not self._warned and not over
        self._warned = self._warned or low
        return Look(free, minutes, low, over)

    def _own_rate(self) -> float:
        then, now = self._since(OWN), self._seen[-1]
        if now.time - then.time < SETTLE:
            return self._nominal
        return max(0, now.written - then.written) / (now.time - then.time)

    def _going(self, window: float) -> float:
        """Bytes a second that go, by whoever writes."""
        then, now = self._since(window), self._seen[-1]
        return max(0, then.free - now.free) / (now.time - then.time) if now.time > then.time else 0.0

    def _since(self, window: float) -> _Seen:
        """The first look within the last `window` seconds."""
        return next(seen for seen in self._seen if self._seen[-1].time - seen.time <= window)
