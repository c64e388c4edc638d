"""Sees that the machine slept while a take was recorded. Pure, the clocks handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tray_app.awake import Awake

SHORTEST = 1.0
"""Seconds: less is no sleep, but the coarseness of the clocks (16 ms on Windows) and what lies between two readings."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """The machine slept for `seconds`, from `at` of the take's clock on, which counted `counted` seconds of it."""

    at: float
    seconds: float
    counted: float


class SleepMeter:
    """Tells of every sleep once. `clock` is the capture times' clock, `awake` reads the system's clocks.

    Neither the clock on the wall nor a program or a machine that stood still otherwise is taken for a sleep.
    """

    def __init__(self, clock: Callable[[], float], awake: Callable[[], Awake]) -> None:
        self._clock, self._awake = clock, awake
        self._last = (clock(), awake())

    def look(self) -> Sleep | None:
        """Return the sleep since the last look, if there was one."""
        before, then = self._last
        now, reading = self._last = (self._clock(), self._awake())
        seconds = reading.slept - then.slept
        if seconds < SHORTEST:
            return None
        # All of it or nothing: a clock counts sleep or does not.
        surplus = (now - before) - (reading.awake - then.awake)
        return Sleep(before, seconds, seconds if surplus > seconds / 2 else 0.0)
