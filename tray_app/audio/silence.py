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

from collections.abc import Iterable
from typing import NamedTuple

from tray_app.audio.energy import SPARE, EnergyMeter, Excess
from tray_app.audio.fates import Fates
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import DEFAULT_MIN_SILENCE_LEN, DEFAULT_SILENCE_THRESH
from tray_app.audio.shaping import Shaper, Span

_BATCH_MS = 50
"""Small chunks are gathered to this length: numpy costs as much for 10 ms as for 50, and finishing stays short."""

_SKIM_WINDOW = 64
"""Windows shorter than this, in ms, are looked at exactly at once: there is little to save."""

_LARGE = 1 << 16
"""Bytes from which on a chunk is measured where it lies, instead of being gathered."""


class Run(NamedTuple):
    """Frames `start` to `end` (not included) whose fate is decided: kept or cut.

    What is kept but not `sure` is cut after all if the sound ends before anything sure comes: then the last run says
    so, and begins where the first of them did.
    """

    start: int
    end: int
    keep: bool
    sure: bool = True


class SilenceDetector:
    """Decides which frames of a recording are silence.

    Fed with PCM bytes of `fmt` in any portions, which never make a difference. `min_silence_len` in ms, at least 1;
    `silence_thresh` in dBFS, at most 0. Raises `ValueError` for other values. `shaper` makes other cuts of pydub's.
    `format` is the sound's, `frames` and `kept_frames` count what was fed and what was kept so far; `heard` tells
    whether anything was kept.
    """

    def __init__(
        self,
        fmt: AudioFormat,
        min_silence_len: int = DEFAULT_MIN_SILENCE_LEN,
        silence_thresh: float = DEFAULT_SILENCE_THRESH,
        shaper: Shaper | None = None,
    ) -> None:
        if min_silence_len < 1:
            raise ValueError(f"min_silence_len must be at least 1 ms, not {min_silence_len}")
        if not silence_thresh <= 0:
            raise ValueError(f"silence_thresh must be at most 0 dBFS, not {silence_thresh}")
        self.format = fmt
        self._meter = EnergyMeter(fmt, silence_thresh)
        self._fates = Fates(min_silence_len)
        self._carry = bytearray(SPARE)
        self._batch = SPARE + fmt.ms_to_frame(_BATCH_MS) * fmt.frame_bytes
        self._large = max(_LARGE, fmt.byte_rate // 50)
        self._measured = 0
        self._shaper = shaper
        self._decided = 0
        self._perhaps: int | None = None  # frames that were kept before those that are not sure
        self.frames = 0
        self.kept_frames = 0

    @property
    def most_undecided(self) -> int:
        """The most frames that can be undecided after a `feed`: a window, what shaping holds, a batch, parts of ms."""
        shaping = self._shaper.held_ms if self._shaper else 0
        return self.format.ms_to_frame(self._fates.window + shaping + _BATCH_MS + 2) + 2

    @property
    def cuts(self) -> tuple[tuple[int, int], ...]:
        """What is cut, in ms, half-open and merged. Complete after `finish`."""
        return tuple((self._shaper or self._fates).cuts)

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
        spans = self._fates.take()
        return self._as_runs(self._shaper.push(spans) if self._shaper else spans)

    def finish(self) -> list[Run]:
        """Decide what is left, at most a window and a batch; nothing may be fed any more."""
        length = self.format.length_ms(self.frames)
        missing = self.format.ms_to_frame(length) - self.frames
        self._carry += self.format.zero * missing
        self._measure_carry(length)
        self._fates.keep_until(length)
        spans = self._fates.take()
        runs = self._as_runs([*self._shaper.push(spans), *self._shaper.finish(length)] if self._shaper else spans)
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

    def _as_runs(self, spans: Iterable[Span | tuple[int, int, bool]]) -> list[Run]:
        """Return decided milliseconds as frames; the last one of all may have to be shortened to its frames."""
        runs = []
        for first, last, keep, *sure in spans:
            start, end = self.format.ms_to_frame(first), min(self.format.ms_to_frame(last), self.frames)
            if start < end or self._shaper:  # also without a frame, below 1000 Hz, a span may say what is sure
                runs.append(self._counted(Run(start, end, keep, all(sure))))
        return runs

    def _counted(self, run: Run) -> Run:
        """Count what is kept, and what after all is not."""
        if run.sure:
            if run.start < self._decided and self._perhaps is not None:
                self.kept_frames = self._perhaps
            self._perhaps = None if run.keep else self._perhaps
        elif self._perhaps is None:
            self._perhaps = self.kept_frames
        self._decided = run.end
        self.kept_frames += (run.end - run.start) * run.keep
        return run
