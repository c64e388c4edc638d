"""The outline of sound in so many columns: the least, the largest and the root mean square of each.

Every sample is looked at, so a click of one sample is in the picture of a whole day. Sound is fed block by block and
what is kept of it is a few numbers a column, so memory depends on neither length nor channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.energy import DTYPES, as_numbers
from tray_app.audio.format import AudioFormat
from tray_app.audio.trim import Reader
from tray_app.processing.progress import Cancelled, Progress

Levels = NDArray[np.float64]

BLOCK = 2 << 20
"""Bytes read at once."""

_PIECE = 1 << 16
"""Samples worked on at once: what is made of them stays in the processor's cache."""

_FEW = 512
"""Samples of a column from which on one call a column is cheaper than one for all columns of a piece."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is to be drawn: for each column, over all channels, in parts of full scale.

    `low` and `high` are the least and the largest sample, −1 to 1; `rms` is 0 to 1. NaN where nothing is known.
    """

    low: Levels
    high: Levels
    rms: Levels


class CancelledError(Exception):
    """Nobody wants the outline any more."""


class Envelope:
    """Takes in `frames` frames of `fmt` and makes an outline of `columns` columns, at least 1 of each.

    Column c stands for the frames from `c * frames // columns` up to the next one's. Where there are fewer frames
    than columns, each is as wide as it lasts. What comes beyond `frames` is left out, what is missing is unknown.
    """

    def __init__(self, fmt: AudioFormat, frames: int, columns: int) -> None:
        if frames < 1 or columns < 1:
            raise ValueError(f"{frames} frames in {columns} columns cannot be drawn")
        self._fmt = fmt
        self._edges = np.arange(columns + 1, dtype=np.int64) * frames // columns
        self._low = np.full(columns, np.inf)
        self._high = np.full(columns, -np.inf)
        self._squares = np.zeros(columns)
        self._counts = np.zeros(columns, np.int64)
        self._at = 0
        self._whole: NDArray[np.int32] = np.empty(_PIECE, np.int32)
        self._parts: NDArray[np.float32] = np.empty(_PIECE, np.float32)

    @property
    def missing(self) -> int:
        """Frames that are still to come."""
        return int(self._edges[-1]) - self._at

    def skip(self, frames: int) -> None:
        """Leave out so many frames, of which nothing is known."""
        self._at += frames

    def feed(self, pcm: memoryview) -> None:
        """Take in whole frames as bytes."""
        channels, size = self._fmt.channels, self._fmt.sample_bytes
        frames = min(len(pcm) // self._fmt.frame_bytes, self.missing)
        step = max(1, _PIECE // channels)
        # A 24-bit sample is the upper three of four bytes, and in front of the first one there must be one.
        data = b"\0" + bytes(pcm[: frames * self._fmt.frame_bytes]) if size == 3 else pcm
        for done in range(0, frames, step):
            count = min(step, frames - done)
            view = np.ndarray((count * channels,), DTYPES[self._fmt.bits], data, done * channels * size, (size,))
            self._take(self._values(view), count)

    def outline(self) -> Outline:
        """Return what came of it."""
        bare = np.diff(self._edges) == 0
        # The first column with frames is never a bare one's follower: edge 0 belongs to the first that has any.
        owner = np.searchsorted(self._edges, self._edges[:-1], "right") - 1
        columns = np.where(bare, owner, np.arange(len(bare)))
        scale = 2.0 ** (self._fmt.bits - 1)
        known = self._counts > 0
        shown = np.where(known, 1.0, np.nan)
        rms = np.sqrt(self._squares / np.maximum(self._counts, 1)) / scale
        low, high = (np.where(known, values, 0) / scale for values in (self._low, self._high))
        return Outline((low * shown)[columns], (high * shown)[columns], (rms * shown)[columns])

    def _values(self, view: NDArray[np.integer]) -> NDArray[np.int32]:
        values = self._whole[: len(view)] if len(view) <= _PIECE else np.empty(len(view), np.int32)
        as_numbers(view, self._fmt.bits, values)
        return values

    def _take(self, values: NDArray[np.int32], frames: int) -> None:
        """Add the samples of the next frames to their columns."""
        channels = self._fmt.channels
        first = int(np.searchsorted(self._edges, self._at, "right")) - 1
        last = int(np.searchsorted(self._edges, self._at + frames, "left"))
        edges = np.clip(self._edges[first : last + 1] - self._at, 0, frames) * channels
        self._at += frames
        if len(values) >= _FEW * (last - first):
            for column, start, end in zip(range(first, last), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
                if start < end:
                    self._add(column, values[start:end])
            return
        filled = np.flatnonzero(edges[1:] > edges[:-1])
        starts, columns = edges[filled], first + filled
        self._low[columns] = np.minimum(self._low[columns], np.minimum.reduceat(values, starts))
        self._high[columns] = np.maximum(self._high[columns], np.maximum.reduceat(values, starts))
        self._squares[columns] += np.add.reduceat(values.astype(np.float64) ** 2, starts)
        self._counts[columns] += np.diff(edges)[filled]

    def _add(self, column: int, values: NDArray[np.int32]) -> None:
        parts = self._parts[: len(values)] if len(values) <= _PIECE else np.empty(len(values), np.float32)
        parts[...] = values
        self._low[column] = min(self._low[column], int(values.min()))
        self._high[column] = max(self._high[column], int(values.max()))
        self._squares[column] += float(np.dot(parts, parts))
        self._counts[column] += len(values)


def measure(
    reader: Reader,
    frames: int,
    columns: int,
    kept: Iterable[tuple[int, int]] | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Outline:
    """Return the outline of a recording of `frames` frames, from all that `reader` has of it.

    With `kept`, the frame ranges (start, end) in order that are left of the recording, the reader has only those, one
    behind the other, and the outline is unknown between them. `progress` gets the part that is done, 0.0 to 1.0, after
    every block; where `cancelled` says so before a block, it ends with `CancelledError`. Raises what `reader` raises.
    """
    envelope = Envelope(reader.format, frames, columns)
    buffer = memoryview(bytearray(max(1, BLOCK // reader.format.frame_bytes) * reader.format.frame_bytes))
    reader.seek(0)
    done = 0
    at = 0
    for start, end in [(0, frames)] if kept is None else kept:
        envelope.skip(start - at)
        at = end
        left = (end - start) * reader.format.frame_bytes
        while left:
            if cancelled is not None and cancelled():
                raise CancelledError
            got = reader.readinto(buffer[: min(left, len(buffer))])
            if not got:
                break
            envelope.feed(buffer[:got])
            left -= got
            done += got // reader.format.frame_bytes
            if progress is not None:
                progress(min(1.0, done / max(1, reader.frames)))
        envelope.skip(left // reader.format.frame_bytes)
    return envelope.outline()
