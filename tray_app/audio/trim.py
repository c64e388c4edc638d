"""Copies what silence removal keeps: while recording (`LiveTrimmer`) or from a finished file (`trim`).

Both push the sound through the same sieve, so both write the same bytes. Kept sound is never re-encoded: it is
written from the very buffer into which it was read. Only what is undecided is held: a window and a block. Where a
window is so long that this would be much, a file is read twice instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import EXACT, CutRule
from tray_app.audio.silence import Run, SilenceDetector

Write = Callable[[memoryview], object]
"""Takes whole frames and writes them all. What it raises passes through.

The view is valid during the call only; in `trim` longer, see `Turn`.
"""

Turn = Callable[[], object]
"""Called by `trim` before it uses a buffer again. It has two and takes them by turns, so that a `Write` may do its work
later: it must be done with all that it got before the last call but one.
"""

_LIVE_BLOCK_MS = 100
"""While recording, sound is gathered to this length: few writes, and under a millisecond of work left at Stop."""

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


@dataclass(frozen=True)
class TrimResult:
    """What was done: `frames` seen, `kept_frames` written, `cuts` in ms, `heard` False where nothing was kept."""

    frames: int
    kept_frames: int
    cuts: tuple[tuple[int, int], ...]
    heard: bool


class TrimCancelledError(Exception):
    """`trim` was told to stop; what it wrote so far is no complete result."""


class LiveTrimmer:
    """Removes silence while the sound is still coming in.

    `write` gets the kept sound in pieces of about 100 ms. What it raises passes through `feed` and `finish`; the
    trimmer is of no use then.
    """

    def __init__(self, fmt: AudioFormat, write: Write, rule: CutRule = EXACT) -> None:
        detector = SilenceDetector(fmt, rule.min_silence_len, rule.silence_thresh)
        block = (fmt.ms_to_frame(_LIVE_BLOCK_MS) + 1) * fmt.frame_bytes
        # Room for twice what can be undecided, so that it is seldom moved.
        buffer = memoryview(bytearray(2 * detector.most_undecided * fmt.frame_bytes + block))
        self._sieve = _Sieve(detector, write, block, [buffer], _nothing)
        self._frame_bytes = fmt.frame_bytes
        self._room = self._sieve.room()
        self._gathered = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes that are held because they are not decided yet, or not looked at."""
        return self._sieve.held + self._gathered

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
        """Decide and write what is left: under a millisecond of work. Nothing may be fed any more."""
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
    True ends it with `TrimCancelledError`. Raises whatever reader, `write` and `turn` raise.
    """
    fmt = reader.format
    detector = SilenceDetector(fmt, rule.min_silence_len, rule.silence_thresh)
    held = detector.most_undecided * fmt.frame_bytes
    block = max(1, _FILE_BLOCK // fmt.frame_bytes) * fmt.frame_bytes
    blocks = _Blocks(reader, progress, cancelled)
    if held > _MOST_HELD:
        return _trim_twice(blocks, detector, write, block, turn)
    sieve = _Sieve(detector, write, block, _two_buffers(held + block), turn)
    while got := blocks.read(sieve.room()):
        sieve.push(got)
    return sieve.finish()


def _trim_twice(blocks: _Blocks, detector: SilenceDetector, write: Write, block: int, turn: Turn) -> TrimResult:
    """Read once to decide, and what is kept once more."""
    buffers = _two_buffers(block)
    blocks.passes = 2
    runs: list[Run] = []
    while got := blocks.read(buffers[0]):
        runs += detector.feed(buffers[0][:got])
    runs += detector.finish()
    free = itertools.cycle(buffers)
    for run in (run for run in runs if run.keep):
        blocks.seek(run.start)
        left = (run.end - run.start) * detector.format.frame_bytes
        while left:
            turn()
            view = next(free)[:left]
            got = blocks.read(view)
            if not got:
                break  # the file has become shorter meanwhile; what was written tells
            write(view[:got])
            left -= got
    return _result(detector)


def _two_buffers(size: int) -> list[memoryview]:
    return [memoryview(bytearray(size)) for _ in range(2)]


def _result(found: SilenceDetector) -> TrimResult:
    return TrimResult(found.frames, found.kept_frames, found.cuts, found.heard)


class _Blocks:
    """Reads a file block by block, says how far it is, and stops when told to."""

    def __init__(
        self, reader: Reader, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self.passes = 1
        self._reader, self._progress, self._cancelled = reader, progress, cancelled
        self._frame_bytes = reader.format.frame_bytes
        self._done = 0
        reader.seek(0)

    def seek(self, frame: int) -> None:
        """Read on from `frame`, in the last pass."""
        self._reader.seek(frame)
        self._done = (self.passes - 1) * self._reader.frames + frame

    def read(self, buffer: memoryview) -> int:
        """Fill `buffer` as far as there is sound; return the bytes read, 0 at the end."""
        if self._cancelled is not None and self._cancelled():
            raise TrimCancelledError
        got = self._reader.readinto(buffer)
        self._done += got // self._frame_bytes
        if got and self._progress is not None:
            self._progress(min(1.0, self._done / max(1, self.passes * self._reader.frames)))
        return got


class _Sieve:
    """Buffers of undecided sound, used by turns: new sound is put in at the end of one, kept sound is written from it.

    Each has room for the most that can be undecided, and a block. A single one is moved to its own front.
    """

    def __init__(
        self, detector: SilenceDetector, write: Write, block: int, buffers: list[memoryview], turn: Turn
    ) -> None:
        self._detector = detector
        self._frame_bytes = detector.format.frame_bytes
        self._write = write
        self._turn = turn
        self._block = block
        self._buffers = itertools.cycle(buffers)
        self._view = next(self._buffers)
        self._start = 0
        self._end = 0

    @property
    def held(self) -> int:
        """Bytes that are not decided yet."""
        return self._end - self._start

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
        return _result(self._detector)

    def _pass_on(self, runs: list[Run]) -> None:
        for run in runs:
            size = (run.end - run.start) * self._frame_bytes
            if run.keep:
                self._write(self._view[self._start : self._start + size])
            self._start += size
