"""Copies what silence removal keeps: while recording (`LiveTrimmer`) or from a finished file (`trim`).

Both push the sound through the same sieve, so both write the same bytes. Kept sound is never re-encoded: it is
written from the very buffer into which it was read, and but for fades as it is. Only what is undecided is held: a
window, what the rule holds, and a block. Where that would be much, or where the rule waits for the sound's end, a file
is read twice instead. Where the threshold is to be found in the sound, it is read once more before.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Protocol

from tray_app.audio.fades import Piece, apply_fade, kept_pieces
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import EXACT, CutRule
from tray_app.audio.sieve import CutBack, Sieve, TrimResult, Turn, Write, detector_for, most_held

__all__ = ["LiveTrimmer", "Reader", "TrimCancelledError", "TrimResult", "Turn", "Write", "trim"]

_LIVE_BLOCK_MS = 1000
"""While recording, sound is gathered to this length: few writes, and about a millisecond of work left at Stop."""

_FILE_BLOCK = 2 << 20
"""Bytes read from a file at once: large enough that calls cost nothing, small enough for the processor's cache."""

_MOST_HELD = 8 << 20
"""Bytes that are held undecided at most: 29 s of 24-bit stereo at 48 kHz. For longer windows a file is read twice."""


class Reader(Protocol):
    """What `trim` needs of a file: its format, its length in frames, and the bytes from any frame on."""

    @property
    def format(self) -> AudioFormat:
        """The format of the samples."""

    @property
    def frames(self) -> int:
        """The number of frames."""

    def seek(self, frame: int, /) -> object:
        """Read from `frame` on."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill `buffer` as far as there is sound; return the bytes read, whole frames, 0 at the end."""


class TrimCancelledError(Exception):
    """`trim` was told to stop; what it wrote so far is no complete result."""


class LiveTrimmer:
    """Removes silence while the sound is still coming in.

    `write` gets the kept sound in pieces of about a second. What it raises passes through `feed` and `finish`; the
    trimmer is of no use then. `cut_back` is told at the end, before a last piece, how many of the frames count that
    were written so far: needed for rules that wait for the sound's end. Raises `ValueError` for a rule whose threshold
    is yet to be found.
    """

    def __init__(self, fmt: AudioFormat, write: Write, rule: CutRule = EXACT, cut_back: CutBack | None = None) -> None:
        block = (fmt.ms_to_frame(_LIVE_BLOCK_MS) + 1) * fmt.frame_bytes
        # Room for twice what can be undecided, so that it is seldom moved.
        self._sieve = Sieve(fmt, rule, write, block, count=1, room=2, turn=_nothing, cut_back=cut_back)
        self._frame_bytes = fmt.frame_bytes
        self._room = self._sieve.room()
        self._gathered = 0

    def feed(self, pcm: bytes | bytearray | memoryview) -> None:
        """Take whole frames; write what is known to be kept. Raises `ValueError` for a part of a frame."""
        view = memoryview(pcm).cast("B")
        if len(view) % self._frame_bytes:
            raise ValueError(f"{len(view)} bytes are no whole frames of {self._frame_bytes} bytes")
        while view:
            part = view[: len(self._room) - self._gathered]
            self._room[self._gathered : self._gathered + len(part)] = part
            self._gathered += len(part)
            view = view[len(part) :]
            if self._gathered == len(self._room):
                self._push()

    def finish(self) -> TrimResult:
        """Decide and write what is left: about a millisecond of work. Nothing may be fed any more."""
        self._push()
        return self._sieve.finish()

    def _push(self) -> None:
        gathered, self._gathered = self._gathered, 0
        self._sieve.push(gathered)
        self._room = self._sieve.room()


def _nothing() -> None:
    """Do nothing at a turn: what is written is done with when `write` returns."""


def trim(
    reader: Reader,
    write: Write,
    rule: CutRule = EXACT,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    turn: Turn = _nothing,
) -> TrimResult:
    """Write what silence removal keeps of all that `reader` has, in blocks of about 2 MiB.

    `progress` gets the part that is done, 0.0 to 1.0, after every block. `cancelled` is asked before every block;
    True ends it with `TrimCancelledError`. A threshold that is to be found is found first. Raises whatever reader,
    `write` and `turn` raise.
    """
    fmt = reader.format
    blocks = _Blocks(reader, progress, cancelled)
    twice = rule.waits_for_end or most_held(fmt, rule) > _MOST_HELD
    unknown = rule.silence_thresh is None
    blocks.passes += unknown + twice
    block = max(1, _FILE_BLOCK // fmt.frame_bytes) * fmt.frame_bytes
    if unknown:
        rule = rule.found(_threshold(blocks, fmt, block))
    if twice:
        return _trim_twice(blocks, fmt, rule, write, block, turn)
    sieve = Sieve(fmt, rule, write, block, count=2, turn=turn)
    while got := blocks.read(sieve.room()):
        sieve.push(got)
    return sieve.finish()


def _threshold(blocks: _Blocks, fmt: AudioFormat, block: int) -> float:
    # Late: most rules know their threshold.
    from tray_app.audio.floor import FloorFinder

    finder = FloorFinder(fmt)
    buffer = memoryview(bytearray(block))
    while got := blocks.read(buffer):
        finder.feed(buffer[:got])
    blocks.begin_again()
    return finder.threshold()


def _trim_twice(blocks: _Blocks, fmt: AudioFormat, rule: CutRule, write: Write, block: int, turn: Turn) -> TrimResult:
    """Read once to decide, and what is kept once more."""
    buffers = [memoryview(bytearray(block)) for _ in range(2)]
    found = detector_for(fmt, rule)
    while got := blocks.read(buffers[0]):
        found.feed(buffers[0][:got])
    found.finish()
    result = TrimResult(found.frames, found.kept_frames, found.cuts, found.heard, rule)
    if result.heard:
        blocks.begin_again()
        free = itertools.cycle(buffers)
        for piece in kept_pieces(fmt, result.frames, result.cuts, rule.fade):
            _copy(blocks, fmt, piece, fmt.ms_to_frame(rule.fade), write, free, turn)
    return result


def _copy(
    blocks: _Blocks, fmt: AudioFormat, piece: Piece, fade: int, write: Write, free: Iterator[memoryview], turn: Turn
) -> None:
    blocks.seek(piece.start)
    at = piece.start
    while at < piece.end:
        turn()
        view = next(free)[: (piece.end - at) * fmt.frame_bytes]
        got = blocks.read(view)
        if not got:
            return  # the file has become shorter meanwhile; what was written tells
        if piece.since is not None or piece.until is not None:
            apply_fade(view[:got], fmt, at, piece.since, piece.until, fade)
        write(view[:got])
        at += got // fmt.frame_bytes


class _Blocks:
    """Reads a file block by block, says how far it is, and stops when told to."""

    def __init__(
        self, reader: Reader, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self.passes = 1
        self._passed = 0
        self._reader, self._progress, self._cancelled = reader, progress, cancelled
        self._frame_bytes = reader.format.frame_bytes
        self._done = 0
        reader.seek(0)

    def begin_again(self) -> None:
        """Begin the next pass."""
        self._passed += 1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Read on from `frame`."""
        self._reader.seek(frame)
        self._done = self._passed * self._reader.frames + frame

    def read(self, buffer: memoryview) -> int:
        """Fill `buffer` as far as there is sound; return the bytes read, 0 at the end."""
        if self._cancelled is not None and self._cancelled():
            raise TrimCancelledError
        got = self._reader.readinto(buffer)
        self._done += got // self._frame_bytes
        if got and self._progress is not None:
            self._progress(min(1.0, self._done / max(1, self.passes * self._reader.frames)))
        return got
