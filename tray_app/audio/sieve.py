"""Holds sound while it is undecided, and passes on what is kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from tray_app.audio.fades import Fader, Piece, TakeBack, apply_fade
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import EXACT, CutRule
from tray_app.audio.shaping import Shaper
from tray_app.audio.silence import Run, SilenceDetector

Write = Callable[[memoryview], object]
"""Takes whole frames and writes them all. What it raises passes through.

The view is valid during the call only; in `trim` longer, see `Turn`.
"""

Turn = Callable[[], object]
"""Called by `trim` before it uses a buffer again. It has two and takes them by turns, so that a `Write` may do its work
later: it must be done with all that it got before the last call but one.
"""

CutBack = Callable[[int], object]
"""Lets only so many of the frames that were written count; what is written next stands behind those."""


@dataclass(frozen=True)
class TrimResult:
    """What was done: `frames` seen, `kept_frames` written, `cuts` in ms, `heard` False where nothing was kept.

    `rule` is the one that was followed, with the threshold that was found where it was to be.
    """

    frames: int
    kept_frames: int
    cuts: tuple[tuple[int, int], ...]
    heard: bool
    rule: CutRule = EXACT


def detector_for(fmt: AudioFormat, rule: CutRule) -> SilenceDetector:
    """Return what finds the cuts of a rule whose threshold is known; `ValueError` where it is not."""
    return SilenceDetector(fmt, rule.min_silence_len, rule.threshold, Shaper(rule) if rule.shapes else None)


def most_held(fmt: AudioFormat, rule: CutRule) -> int:
    """Return about how many bytes a sieve holds undecided at most."""
    return (fmt.ms_to_frame(rule.held_ms) + 1) * fmt.frame_bytes


class Sieve:
    """Buffers of undecided sound, used by turns: new sound is put in at the end of one, kept sound is written from it.

    Each of `count` buffers has room for the most that can be undecided, `room` times, and for a block of so many bytes.
    A single one is moved to its own front. `cut_back` takes back what was written, for rules that wait for the sound's
    end; without it those raise `ValueError`, as does a rule whose threshold is not known.
    """

    def __init__(
        self,
        fmt: AudioFormat,
        rule: CutRule,
        write: Write,
        block: int,
        *,
        count: int,
        room: int = 1,
        turn: Turn,
        cut_back: CutBack | None = None,
    ) -> None:
        if rule.waits_for_end and cut_back is None:
            raise ValueError("this rule takes back what was written")
        self._detector = detector_for(fmt, rule)
        self._rule = rule
        self._format = fmt
        self._frame_bytes = fmt.frame_bytes
        self._write, self._turn, self._cut_back = write, turn, cut_back
        self._block = block
        self._fade = fmt.ms_to_frame(rule.fade)
        self._fader = Fader(self._fade) if self._fade or rule.waits_for_end else None
        size = room * (self._detector.most_undecided + self._fade) * fmt.frame_bytes + block
        self._buffers = itertools.cycle([memoryview(bytearray(size)) for _ in range(count)])
        self._view = next(self._buffers)
        self._start = 0
        self._end = 0
        self._at = 0  # the frame at `_start`
        self._written = 0  # frames
        self._perhaps = _Perhaps(None, 0)

    def room(self) -> memoryview:
        """Return where the next block is to be put. Takes what is held along where there is no room behind it."""
        if self._end + self._block > len(self._view):
            held = self._view[self._start : self._end]
            self._turn()
            self._view = next(self._buffers)
            self._view[: len(held)] = held
            self._start, self._end = 0, len(held)
        return self._view[self._end : self._end + self._block]

    def push(self, count: int) -> None:
        """Take the `count` bytes that were put into the room."""
        new = self._view[self._end : self._end + count]
        self._end += count
        self._pass_on(self._detector.feed(new))

    def finish(self) -> TrimResult:
        """Decide what is left and sum up."""
        self._pass_on(self._detector.finish())
        if self._fader is not None:
            for piece in self._fader.finish():
                self._pass_faded(piece)
        found = self._detector
        return TrimResult(found.frames, found.kept_frames, found.cuts, found.heard, self._rule)

    def _pass_on(self, runs: list[Run]) -> None:
        if self._fader is None:
            for run in runs:
                view = self._next(run.end - run.start)
                if run.keep:
                    self._write(view)
            return
        for piece in self._fader.push(runs):
            if isinstance(piece, TakeBack):
                self._take_back(piece)
            else:
                self._pass_faded(piece)

    def _next(self, frames: int) -> memoryview:
        """Return the next frames, which are decided now."""
        start = self._start
        self._start += frames * self._frame_bytes
        return self._view[start : self._start]

    def _pass_faded(self, piece: Piece) -> None:
        view = self._next(piece.end - piece.start)
        self._at = piece.end
        if not piece.keep:
            return
        if piece.perhaps is not None:
            self._remember(piece.perhaps, view)
        if piece.since is not None or piece.until is not None:
            apply_fade(view, self._format, piece.start, piece.since, piece.until, self._fade)
        self._write(view)
        self._written += piece.end - piece.start

    def _remember(self, perhaps: int, view: memoryview) -> None:
        """Keep the first sound that may be taken back: its end would get a fade."""
        if self._perhaps.start != perhaps:
            self._perhaps = _Perhaps(perhaps, self._written)
        self._perhaps.sound += view[: self._fade * self._frame_bytes - len(self._perhaps.sound)]

    def _take_back(self, piece: TakeBack) -> None:
        assert self._cut_back is not None
        at, self._at = self._at, piece.end
        held = self._next(piece.end - at)
        self._cut_back(self._perhaps.written)
        sound = self._perhaps.sound[: (piece.until - piece.start) * self._frame_bytes]
        sound += held[: max(0, piece.until - at) * self._frame_bytes]  # what of it was not given out yet
        if sound:
            apply_fade(sound, self._format, piece.start, piece.since, piece.until, self._fade)
            self._write(memoryview(sound))


class _Perhaps:
    """From which frame on it may be taken back, how many frames were written before, and the first sound of it."""

    def __init__(self, start: int | None, written: int) -> None:
        self.start, self.written = start, written
        self.sound = bytearray()
