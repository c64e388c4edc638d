"""Fades at the sides of cuts.

A frame that is kept less than a fade's length away from a cut is made quieter by a raised cosine of its distance:
`(1 - cos(pi * (d + 1/2) / n)) / 2` for the frame with d others between it and the cut, and a fade of n frames. That
holds before a cut and after it, so also where a cut at the sound's start or end has left an edge; the sound's own start
and end stay as they are. With a cut near on both sides both factors count: a stretch shorter than two fades does not
get quite as loud as it was. The product is rounded once, to the nearest whole sample (a half to the even one). Nothing
else is touched, and no length changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat
from tray_app.audio.silence import Run


class Piece(NamedTuple):
    """Frames `start` to `end` (not included), kept or cut.

    `since` is the frame at which the cut before ended, `until` the one at which the next one begins; None where that
    is too far away to matter. Where `perhaps` is not None, this is taken back from frame `perhaps` on if the sound ends
    before a piece comes that says otherwise.
    """

    start: int
    end: int
    keep: bool
    since: int | None = None
    until: int | None = None
    perhaps: int | None = None


class TakeBack(NamedTuple):
    """All from frame `start` on, which was given out as kept, is cut, and so is what follows, up to frame `end`.

    But for the frames from `start` to `until`, at which the cut begins: they are kept, now with their fade.
    """

    start: int
    end: int
    until: int
    since: int | None


class Fader:
    """Finds where fades are among the runs of a sound. `length` is a fade's in frames, 0 for none.

    Kept frames are held until it is known whether a cut follows within `length`.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._at = 0  # what comes before was given out
        self._end = 0  # what comes before is known
        self._since: int | None = None
        self._perhaps: tuple[int, int | None] | None = None  # from where on, and the cut before that

    def push(self, runs: Iterable[Run]) -> Iterator[Piece | TakeBack]:
        """Take the next runs; yield what they decide."""
        for run in runs:
            if run.start < self._end:
                yield from self._take_back(run)
            elif run.keep:
                if run.sure:
                    self._perhaps = None
                elif self._perhaps is None:
                    self._perhaps = self._at, self._since
                self._end = run.end
                yield from self._kept(run.end - self._length)
            else:
                yield from self._cut(run)

    def finish(self) -> Iterator[Piece]:
        """Yield what is left: no cut follows."""
        yield from self._kept(self._end)

    def _cut(self, run: Run) -> Iterator[Piece]:
        yield from self._kept(run.start, until=run.start)
        yield self._piece(run.end, keep=False)
        self._since = self._end = run.end

    def _take_back(self, run: Run) -> Iterator[Piece | TakeBack]:
        assert self._perhaps is not None
        start, since = self._perhaps
        if self._at > start:
            yield TakeBack(start, run.end, run.start, since)
            self._at = self._since = self._end = run.end
        else:
            # Nothing of it was given out yet.
            yield from self._cut(run)
        self._perhaps = None

    def _kept(self, end: int, until: int | None = None) -> Iterator[Piece]:
        """Yield kept frames up to `end`, those that are near the cut before apart."""
        if self._since is not None and self._at < self._since + self._length:
            near = min(end, self._since + self._length)
            if self._at < near:
                yield self._piece(near, keep=True, since=self._since, until=until)
        if self._at < end:
            yield self._piece(end, keep=True, until=until)

    def _piece(self, end: int, *, keep: bool, since: int | None = None, until: int | None = None) -> Piece:
        start, self._at = self._at, end
        return Piece(start, end, keep, since, until, self._perhaps[0] if self._perhaps else None)


def kept_pieces(fmt: AudioFormat, frames: int, cuts: Iterable[tuple[int, int]], fade_ms: int = 0) -> Iterator[Piece]:
    """Yield what `cuts` (in ms) leave of a sound of `frames` frames, with its fades."""
    fader = Fader(fmt.ms_to_frame(fade_ms))
    for run in _runs(fmt, frames, cuts):
        yield from (piece for piece in fader.push([run]) if isinstance(piece, Piece) and piece.keep)
    yield from fader.finish()


def _runs(fmt: AudioFormat, frames: int, cuts: Iterable[tuple[int, int]]) -> Iterator[Run]:
    at = 0
    for first, last in cuts:
        start, end = (min(fmt.ms_to_frame(ms), frames) for ms in (first, last))
        if start < end:
            if at < start:
                yield Run(at, start, keep=True)
            yield Run(start, end, keep=False)
            at = end
    if at < frames:
        yield Run(at, frames, keep=True)


def apply_fade(
    pcm: memoryview | bytearray, fmt: AudioFormat, start: int, since: int | None, until: int | None, length: int
) -> None:
    """Make the frames in `pcm`, of which the first is frame `start`, quieter in place, as `Piece` and this module say.

    `pcm` are whole frames of `fmt` in memory that can be written to; `length` is a fade's in frames.
    """
    frames = len(pcm) // fmt.frame_bytes
    places = np.arange(start, start + frames)
    gains = np.ones(frames)
    if since is not None:
        gains *= _gains(places - since, length)
    if until is not None:
        gains *= _gains(until - 1 - places, length)
    _multiply(np.frombuffer(pcm, np.uint8), fmt, np.repeat(gains, fmt.channels))


def _gains(distances: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """Return the factors of frames with so many others between them and a cut."""
    rising: NDArray[np.float64] = (1 - np.cos(np.pi * (np.minimum(distances, length) + 0.5) / length)) / 2
    return np.where(distances < length, rising, 1.0)


def _multiply(raw: NDArray[np.uint8], fmt: AudioFormat, gains: NDArray[np.float64]) -> None:
    """Multiply each sample in `raw` in place."""
    if fmt.bits == 8:
        raw[:] = np.rint((raw.astype(np.int64) - 128) * gains) + 128
    elif fmt.bits == 24:
        wide = np.zeros((len(gains), 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        values = np.rint((wide.view("<i4")[:, 0] >> 8) * gains).astype("<i4")
        raw.reshape(-1, 3)[:] = values.view(np.uint8).reshape(-1, 4)[:, :3]
    else:
        samples = raw.view("<i2" if fmt.bits == 16 else "<i4")
        samples[:] = np.rint(samples * gains)
