"""From the excess of each millisecond to what becomes of it: windows, and the spans that they decide."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.energy import Excess

_JOIN_MS = 128
"""Doubtful spans closer than this are measured as one: a call costs about as much as this many milliseconds."""


class Fates:
    """Decides of each millisecond whether it is kept or cut: cut if and only if some silent window covers it."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._windows = _WindowSums(window)
        self._decided = 0
        self._new: list[tuple[int, int, bool]] = []
        self.cuts: list[tuple[int, int]] = []

    def push(self, excess: Excess) -> None:
        """Take the next milliseconds; decide which can be decided."""
        first, silent = self._windows.push(excess)
        for start, stop in _spans(silent):
            self._cut(first + start, first + stop - 1 + self.window)
        self.keep_until(first + len(silent))

    def doubtful(self, excess: Excess) -> Iterator[tuple[int, int]]:
        """Yield spans of the next milliseconds whose excess must be exact if what is given may be too small.

        They are those under windows that seem silent, and the last ones, which windows to come will cover.
        """
        count = len(excess[0])
        first, silent = self._windows.peek(excess)
        offset = first - self._windows.end
        spans = [(max(0, offset + start), offset + stop - 1 + self.window) for start, stop in _spans(silent)]
        return _joined([*spans, (max(0, count - self.window + 1), count)])

    def keep_until(self, end: int) -> None:
        """Keep the undecided milliseconds before `end`: all windows over them are known, and none is silent."""
        self._decide(end, keep=True)

    def take(self) -> list[tuple[int, int, bool]]:
        """Return what was decided since the last call: (start, end, keep) in ms, neighbours differ in `keep`."""
        new, self._new = self._new, []
        return new

    def _cut(self, start: int, end: int) -> None:
        self._decide(start, keep=True)
        self._decide(end, keep=False)
        if self.cuts and start <= self.cuts[-1][1]:
            start = self.cuts.pop()[0]
        self.cuts.append((start, end))

    def _decide(self, end: int, *, keep: bool) -> None:
        start = self._decided
        if start >= end:
            return
        if self._new and self._new[-1][2] == keep:
            start = self._new.pop()[0]
        self._new.append((start, end, keep))
        self._decided = end


class _WindowSums:
    """The sum of the excesses in every window of `window` milliseconds, by running sums.

    Running sums may wrap around at 64 bits in a long recording; their differences are right all the same.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._sums = np.zeros((2, 2 * window + 1), np.int64)
        self._used = 1
        self._forgotten = 0

    def push(self, excess: Excess) -> tuple[int, NDArray[np.bool_]]:
        """Take the next milliseconds; return the first window that they complete, and of each new one: is it silent?"""
        self._make_room(len(excess[0]))
        used, end = self._used, self._used + len(excess[0])
        for sums, values in zip(self._sums, excess, strict=True):
            np.cumsum(values, out=sums[used:end])
            sums[used:end] += sums[used - 1]
        self._used = end
        start = max(used, self._window)
        if start >= end:
            return 0, np.zeros(0, np.bool_)
        begin = start - self._window
        high, low = self._sums[:, start:end] - self._sums[:, begin : end - self._window]
        silent: NDArray[np.bool_] = high + (low >> 32) < 0
        return self._forgotten + begin, silent

    @property
    def end(self) -> int:
        """The millisecond after the last one taken."""
        return self._forgotten + self._used - 1

    def peek(self, excess: Excess) -> tuple[int, NDArray[np.bool_]]:
        """Return what `push` would, without taking the milliseconds."""
        result = self.push(excess)
        self._used -= len(excess[0])
        return result

    def _make_room(self, count: int) -> None:
        """Forget all but the last window when the room is used up: seldom, so that it costs nothing a chunk."""
        if self._used + count <= self._sums.shape[1]:
            return
        kept = min(self._used, self._window)
        old = self._sums[:, self._used - kept : self._used]
        self._sums = np.empty((2, max(self._sums.shape[1], 2 * (kept + count))), np.int64)
        self._sums[:, :kept] = old
        self._forgotten += self._used - kept
        self._used = kept


def _spans(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield start and end of every stretch of True."""
    if not flags.any():
        return
    edges = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    marks = [0] * bool(flags[0]) + edges.tolist() + [len(flags)] * bool(flags[-1])
    yield from zip(marks[::2], marks[1::2], strict=True)


def _joined(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ordered spans, those that overlap or are close together as one."""
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if next_start - end > _JOIN_MS:
            yield start, end
            start = next_start
        end = max(end, next_end)
    yield start, end
