"""From time to columns and from level to rows, and where an axis has its marks. Pure.

The vertical axis is in dBFS, upwards and downwards from the middle. On a linear one the default threshold of −40 dBFS
would be a hundredth of the height, one or two pixels, and all that decides what is cut would be hidden in there.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEEPEST = -60.0
"""dBFS in the middle, where the threshold is not low itself: quieter is below what people hear beside speech."""

BELOW = 20.0
"""dB that are shown below the threshold at least."""

_STEPS = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400),
)
"""Seconds between two marks of the time axis. Beyond: whole days."""

_LEVEL_STEPS = (5.0, 10.0, 20.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class LevelScale:
    """The vertical axis: `top` and `height` of the plot in pixels, `floor` the dBFS in the middle, below 0."""

    top: int
    height: int
    floor: float

    @property
    def middle(self) -> float:
        """The row of silence."""
        return self.top + self.height / 2

    def rows(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rows of samples in parts of full scale, −1 to 1: positive ones above the middle. NaN stays."""
        magnitude = np.abs(samples)
        with np.errstate(divide="ignore"):
            parts = np.clip(1 - 20 * np.log10(magnitude) / self.floor, 0, 1)
        rows: NDArray[np.float64] = self.middle - np.sign(samples) * parts * (self.height / 2)
        return rows

    def row(self, level: float) -> float:
        """Return the row of a level in dBFS, in the upper half."""
        return self.middle - max(0.0, min(1.0, 1 - level / self.floor)) * (self.height / 2)

    def marks(self, least: float) -> list[float]:
        """Return the levels to be marked, at least so many pixels apart and as far from the middle: 0 first."""
        per_db = self.height / 2 / -self.floor
        step = next((step for step in _LEVEL_STEPS if step * per_db >= least), None)
        if step is None:
            return [0.0]
        # Counted down from 0: a product would be a negative zero.
        return [0.0 - step * number for number in range(math.ceil(-self.floor / step))]


def floor_for(threshold: float | None) -> float:
    """Return the dBFS in the middle for a threshold in dBFS; a multiple of 10."""
    wanted = DEEPEST if threshold is None else min(DEEPEST, threshold - BELOW)
    return math.floor(wanted / 10) * 10.0


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The horizontal axis: `left` and `width` of the plot in pixels for a recording of `frames` frames at `rate`."""

    left: int
    width: int
    frames: int
    rate: int

    @property
    def seconds(self) -> float:
        """The recording's length."""
        return self.frames / self.rate

    def column(self, frame: float) -> float:
        """Return where a frame begins, in pixels from the picture's left."""
        return self.left + self.width * frame / max(1, self.frames)

    def covered(self, ranges: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
        """Return which part of each column is in the frame ranges (start, end), which do not overlap: 0 to 1."""
        parts = np.zeros(self.width)
        for start, end in ranges:
            first, last = (self.column(frame) - self.left for frame in (start, end))
            begin, stop = int(first), min(self.width, math.ceil(last))
            edges = np.arange(begin, stop)
            parts[begin:stop] += np.minimum(edges + 1, last) - np.maximum(edges, first)
        covered: NDArray[np.float64] = np.clip(parts, 0, 1)
        return covered

    def marks(self, wide: float) -> list[tuple[float, str]]:
        """Return the times to be marked, in seconds with their labels, of which each needs `wide` pixels."""
        step = self.step(wide)
        count = math.floor(self.seconds / step + 1e-9) + 1
        return [(number * step, time_label(number * step, step, self.seconds)) for number in range(count)]

    def step(self, wide: float) -> float:
        """Return how many seconds apart marks are that need `wide` pixels each."""
        least = wide * self.seconds / self.width
        at = bisect.bisect_left(_STEPS, least)
        return _STEPS[at] if at < len(_STEPS) else math.ceil(least / 86400) * 86400


def time_label(seconds: float, step: float, length: float) -> str:
    """Return how a time reads on an axis with marks every `step` seconds, of a recording `length` seconds long."""
    if length < 60:
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return f"{seconds:.{digits}f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if length >= 3600 else f"{minutes}:{rest:02}"
