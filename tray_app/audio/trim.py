"""Copies what silence removal keeps: while recording (`LiveTrimmer`) or from a finished file (`trim`).

Both push the sound through the same sieve, so both write the same bytes. Kept sound is never re-encoded: it is
written from the very buffer into which it was read. Only what is undecided is held: a window and a block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tray_app.audio.format import AudioFormat
from tray_app.audio.silence import DEFAULT_MIN_SILENCE_LEN, DEFAULT_SILENCE_THRESH, Run, SilenceDetector

Write = Callable[[memoryview], object]
"""Takes whole frames and writes them all. The view is valid during the call only; what it raises passes through."""

_LIVE_BLOCK_MS = 100
"""While recording, sound is gathered to this length: few writes, and under a millisecond of work left at Stop."""

_FILE_BLOCK = 2 << 20
"""Bytes read from a file at once: large enough that calls cost nothing, small enough for the processor's cache."""


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

    `write` gets the kept sound in pieces of about 100 ms. `min_silence_len` in ms (at least 1) and `silence_thresh`
    in dBFS (at most 0) as in `SilenceDetector`; `ValueError` for others. What `write` raises passes through `feed`
    and `finish`; the trimmer is of no use then.
    """

    def __init__(
        self,
        fmt: AudioFormat,
        write: Write,
        min_silence_len: int = DEFAULT_MIN_SILENCE_LEN,
        silence_thresh: float = DEFAULT_SILENCE_THRESH,
    ) -> None:
        detector = SilenceDetector(fmt, min_silence_len, silence_thresh)
        self._sieve = _Sieve(fmt, write, detector, fmt.ms_to_frame(_LIVE_BLOCK_MS) + 1)
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


def trim(
    reader: Reader,
    write: Write,
    min_silence_len: int = DEFAULT_MIN_SILENCE_LEN,
    silence_thresh: float = DEFAULT_SILENCE_THRESH,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> TrimResult:
    """Write what silence removal keeps of all that `reader` has, in blocks of about 2 MiB.

    `progress` gets the part that is done, 0.0 to 1.0, after every block. `cancelled` is asked before every block;
    True ends it with `TrimCancelledError`. Raises `ValueError` for settings as `SilenceDetector` does, and whatever
    reader and `write` raise.
    """
    fmt = reader.format
    sieve = _Sieve(
        fmt, write, SilenceDetector(fmt, min_silence_len, silence_thresh), max(1, _FILE_BLOCK // fmt.frame_bytes)
    )
    reader.seek(0)
    done = 0
    while True:
        if cancelled is not None and cancelled():
            raise TrimCancelledError
        got = reader.readinto(sieve.room())
        if not got:
            return sieve.finish()
        sieve.push(got)
        done += got // fmt.frame_bytes
        if progress is not None:
            progress(min(1.0, done / max(1, reader.frames)))


class _Sieve:
    """A buffer of undecided sound: new sound is put in at its end, kept sound is written from it."""

    def __init__(self, fmt: AudioFormat, write: Write, detector: SilenceDetector, block_frames: int) -> None:
        self._frame_bytes = fmt.frame_bytes
        self._write = write
        self._detector = detector
        self._block = block_frames * fmt.frame_bytes
        self._view = memoryview(bytearray(detector.most_undecided * fmt.frame_bytes * 2 + self._block))
        self._start = 0
        self._end = 0

    @property
    def held(self) -> int:
        """Bytes that are not decided yet."""
        return self._end - self._start

    def room(self) -> memoryview:
        """Return where the next block is to be put. Moves what is held to the front when there is no room behind."""
        if self._end + self._block > len(self._view):
            held = self.held
            self._view[:held] = self._view[self._start : self._end]
            self._start, self._end = 0, held
        return self._view[self._end : self._end + self._block]

    def push(self, count: int) -> None:
        """Take the `count` bytes that were put into the room."""
        new = self._view[self._end : self._end + count]
        self._end += count
        self._pass_on(self._detector.feed(new))

    def finish(self) -> TrimResult:
        """Decide what is left and sum up."""
        self._pass_on(self._detector.finish())
        found = self._detector
        return TrimResult(found.frames, found.kept_frames, found.cuts, found.heard)

    def _pass_on(self, runs: list[Run]) -> None:
        for run in runs:
            size = (run.end - run.start) * self._frame_bytes
            if run.keep:
                self._write(self._view[self._start : self._start + size])
            self._start += size
