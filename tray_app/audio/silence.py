"""Finds silence exactly as pydub 0.25.1 does at `seek_step=1`, chunk by chunk, in constant memory.

A millisecond is cut if and only if some silent window of `min_silence_len` covers it; a window is silent when the RMS
of all its samples is at or below `silence_thresh` (see `energy`). So a millisecond is known to be cut as soon as one
silent window over it is complete, and known to be kept when the last window over it was not silent.

Where the results can differ from pydub's:

- 24-bit: pydub widens to 32 bits and sets the new lowest byte of negative samples to 255, which makes them quieter by
  255/256 of a step. Cuts differ only if some window's RMS lies less than one 24-bit step above the threshold.
- 32-bit: pydub adds squares up in floating point; here they are integers. Cuts differ only if some window's sum of
  squares lies within that rounding, a relative 2**-53 per sample, of the threshold.
- The end: pydub's length is rounded to milliseconds, so it drops up to half a millisecond or fills one up with zeros.
  Here the frames after the last of its milliseconds are kept as they are, and nothing is filled up. They were in no
  window, so they are kept even where a cut ends there; only if nothing else was kept are they dropped, too.
- Below 1000 Hz some milliseconds hold no frame. A window without any is not called silent. No frame is affected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.energy import SPARE, EnergyMeter, Excess
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import DEFAULT_MIN_SILENCE_LEN, DEFAULT_SILENCE_THRESH

_BATCH_MS = 50
"""Small chunks are gathered to this length: numpy costs as much for 10 ms as for 50, and finishing stays short."""

_SKIM_WINDOW = 64
"""Windows shorter than this, in ms, are looked at exactly at once: there is little to save."""

_JOIN_MS = 128
"""Doubtful spans closer than this are measured as one: a call costs about as much as this many milliseconds."""

_LARGE = 1 << 16
"""Bytes from which on a chunk is measured where it lies, instead of being gathered."""


class Run(NamedTuple):
    """Frames `start` to `end` (not included) whose fate is decided: kept or cut."""

    start: int
    end: int
    keep: bool


class SilenceDetector:
    """Decides which frames of a recording are silence.

    Fed with PCM bytes of `fmt` in any portions, which never make a difference. `min_silence_len` in ms, at least 1;
    `silence_thresh` in dBFS, at most 0. Raises `ValueError` for other values. `format` is the sound's, `frames` and
    `kept_frames` count what was fed and what was kept so far; `heard` tells whether anything was kept.
    """

    def __init__(
        self,
        fmt: AudioFormat,
        min_silence_len: int = DEFAULT_MIN_SILENCE_LEN,
        silence_thresh: float = DEFAULT_SILENCE_THRESH,
    ) -> None:
        if min_silence_len < 1:
            raise ValueError(f"min_silence_len must be at least 1 ms, not {min_silence_len}")
        if not silence_thresh <= 0:
            raise ValueError(f"silence_thresh must be at most 0 dBFS, not {silence_thresh}")
        self.format = fmt
        self._meter = EnergyMeter(fmt, silence_thresh)
        self._fates = _Fates(min_silence_len)
        self._carry = bytearray(SPARE)
        self._batch = SPARE + fmt.ms_to_frame(_BATCH_MS) * fmt.frame_bytes
        self._large = max(_LARGE, fmt.byte_rate // 50)
        self._measured = 0
        self.frames = 0
        self.kept_frames = 0

    @property
    def most_undecided(self) -> int:
        """The most frames that can be undecided after a `feed`: a window, a batch and parts of milliseconds."""
        return self.format.ms_to_frame(self._fates.window + _BATCH_MS + 2) + 2

    @property
    def cuts(self) -> tuple[tuple[int, int], ...]:
        """What is cut, in ms, half-open and merged: what pydub would remove. Complete after `finish`."""
        return tuple(self._fates.cuts)

    @property
    def heard(self) -> bool:
        """Whether anything was kept."""
        return self.kept_frames > 0

    def feed(self, pcm: bytes | bytearray | memoryview) -> list[Run]:
        """Take whole frames; return the runs that were decided by them, in order, each beginning where the last ended.

        Raises `ValueError` for a part of a frame.
        """
        view = memoryview(pcm).cast("B")
        frames, rest = divmod(len(view), self.format.frame_bytes)
        if rest:
            raise ValueError(f"{len(view)} bytes are no whole frames of {self.format.frame_bytes} bytes")
        if len(view) < self._large:
            self._gather(view, frames)
        else:
            self._measure_in_place(view, frames)
        return self._new_runs()

    def finish(self) -> list[Run]:
        """Decide what is left, at most a window and a batch; nothing may be fed any more."""
        length = self.format.length_ms(self.frames)
        missing = self.format.ms_to_frame(length) - self.frames
        self._carry += self.format.zero * missing
        self._measure_carry(length)
        self._fates.keep_until(length)
        runs = self._new_runs()
        if missing < 0:
            keep = self.heard or not self.cuts
            runs.append(Run(self.frames + missing, self.frames, keep))
            self.kept_frames -= missing * keep
        return runs

    def _gather(self, view: memoryview, frames: int) -> None:
        self._carry += view
        self.frames += frames
        if len(self._carry) >= self._batch:
            self._measure_carry(self._whole_ms())

    def _measure_in_place(self, view: memoryview, frames: int) -> None:
        """Complete the millisecond that was begun, and at least one, so that there is a spare byte; then the rest."""
        first = self._whole_ms() + 1 + 1000 // self.format.rate
        head = (self.format.ms_to_frame(first) - self.frames) * self.format.frame_bytes
        self._carry += view[:head]
        self._measure_carry(first)
        self.frames += frames
        last = self._whole_ms()
        self._fates.push(self._survey(view, head, first, last - first))
        self._measured = last
        self._carry = bytearray(view[head + self._bytes_between(first, last) - SPARE :])

    def _survey(self, view: memoryview, at: int, first: int, count: int) -> Excess:
        """Measure a large block: roughly, then exactly where that leaves a doubt.

        The rough excess is never too large, so a window that is loud by it is loud.
        """
        if not self._meter.can_skim or self._fates.window < _SKIM_WINDOW:
            return self._meter.measure(view, at, first, count)
        excess = self._meter.skim(view, at, count)
        for start, end in self._fates.doubtful(excess):
            place = at + self._bytes_between(first, first + start)
            exact = self._meter.measure(view, place, first + start, end - start)
            excess[0][start:end], excess[1][start:end] = exact
        return excess

    def _measure_carry(self, last: int) -> None:
        """Measure the milliseconds before `last` from what was gathered, and forget their frames."""
        self._fates.push(self._meter.measure(self._carry, SPARE, self._measured, last - self._measured))
        del self._carry[: self._bytes_between(self._measured, last)]
        self._measured = last

    def _whole_ms(self) -> int:
        """Return the number of milliseconds that are complete and that pydub sees however the sound goes on."""
        length = self.format.length_ms(self.frames)
        return length if self.format.ms_to_frame(length) <= self.frames else length - 1

    def _bytes_between(self, first: int, last: int) -> int:
        return (self.format.ms_to_frame(last) - self.format.ms_to_frame(first)) * self.format.frame_bytes

    def _new_runs(self) -> list[Run]:
        """Return the decided milliseconds as frames; the last one of all may have to be shortened to its frames."""
        runs = []
        for first, last, keep in self._fates.take():
            start, end = self.format.ms_to_frame(first), min(self.format.ms_to_frame(last), self.frames)
            if start < end:
                runs.append(Run(start, end, keep))
                self.kept_frames += (end - start) * keep
        return runs


class _Fates:
    """From the excess of each millisecond to what becomes of it: kept or cut."""

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
