"""How much louder or quieter than the threshold each millisecond of PCM is: exact sums of squares, no rounding.

pydub 0.25.1 calls a window silent when `floor(sqrt(sum of squares / samples)) <= threshold`. With `t` the threshold's
whole part that is the same as `sum of squares < samples * (t + 1)**2`, a comparison of integers. It can be brought down
to milliseconds: the *excess* of one is `sum of squares - samples * (t + 1)**2`, and **a window is silent if and only if
the excesses of its milliseconds add up to less than zero**.

Such sums outgrow 64 bits (a 500 ms window of 32-bit stereo does), so an excess is two integers, worth
`high * 2**32 + low`. A sum of them is below zero exactly when `high + (low >> 32)` is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat

Ints = NDArray[np.int64]
Numbers = NDArray[np.float64 | np.int64]
Excess = tuple[Ints, Ints]
"""The high and low parts of the excess of each of some milliseconds; 0 <= low < 2**32."""

SPARE = 1
"""Bytes that must lie in front of the sound: a 24-bit sample is read as four bytes, and the first is not its own."""

_PIECE = 1 << 17
"""Samples worked on at once: the numbers made of them stay in the processor's cache."""

SKIM_STEP = 8
"""`skim` looks at one millisecond in so many."""

_LOW = (1 << 32) - 1
_EXACT_FLOAT = 1 << 53
DTYPES = {8: "u1", 16: "<i2", 24: "<i4", 32: "<i4"}
"""As what numpy sees PCM of so many bits: of 24 the upper three of four bytes."""


def full_scale(fmt: AudioFormat) -> int:
    """Return the sample value that is 0 dBFS, on the scale on which sound is judged."""
    return 1 << (31 if fmt.bits == 24 else fmt.bits - 1)


def as_numbers(samples: NDArray[np.integer], bits: int, out: NDArray[Any]) -> None:
    """Put samples that numpy sees as `DTYPES` says into `out` as the numbers that they stand for, of the same width."""
    if bits == 24:
        np.right_shift(samples, 8, out=out)
    else:
        out[...] = samples
    if bits == 8:
        out -= 128


class EnergyMeter:
    """Measures the excess of each millisecond over `silence_thresh` (dBFS, at most 0), in the sound's own width.

    With None it is the excess over nothing: each millisecond's sum of squares itself. 24-bit sound is judged on the
    32-bit scale, as `256 * sample`, since pydub widens it before it looks.
    """

    def __init__(self, fmt: AudioFormat, silence_thresh: float | None) -> None:
        full = full_scale(fmt)
        limit = 0 if silence_thresh is None else (math.floor(10 ** (silence_thresh / 20) * full) + 1) ** 2
        self._fmt = fmt
        self._limit = (limit >> 32, limit & _LOW)
        self._up = 16 if fmt.bits == 24 else 0
        self._row = 0 if fmt.rate % 1000 else fmt.rate // 1000 * fmt.channels
        self._piece_ms = max(1, _PIECE * 1000 // (fmt.rate * fmt.channels))
        most = (fmt.rate // 1000 + 1) * fmt.channels << 2 * (fmt.bits - 1)
        number = np.float64 if most <= _EXACT_FLOAT or fmt.bits == 32 else np.int64
        largest = _PIECE + (fmt.rate // 1000 + 1) * fmt.channels
        self._scratch: Numbers = np.empty((2 if fmt.bits == 32 else 1, largest), number)

    def measure(self, pcm: bytearray | memoryview, at: int, first: int, count: int) -> Excess:
        """Return the excess of `count` milliseconds from `first` on; `first` begins at byte `at` of `pcm`.

        `at` must be at least `SPARE`, and `pcm` must hold all their frames.
        """
        if count <= self._piece_ms:
            return self._measure_piece(pcm, at, first, count)
        high, low = np.empty((2, count), np.int64)
        origin = self._fmt.ms_to_frame(first)
        for done in range(0, count, self._piece_ms):
            part = slice(done, min(done + self._piece_ms, count))
            start = at + (self._fmt.ms_to_frame(first + done) - origin) * self._fmt.frame_bytes
            high[part], low[part] = self._measure_piece(pcm, start, first + done, part.stop - done)
        return high, low

    @property
    def can_skim(self) -> bool:
        """Whether `skim` works: all milliseconds must have the same number of frames."""
        return self._row > 0

    def skim(self, pcm: bytearray | memoryview, at: int, count: int) -> Excess:
        """Return at most the excess of `count` milliseconds: one in `SKIM_STEP` as it is, the others as if they were 0.

        Costs little more than one part in `SKIM_STEP` of `measure`.
        """
        nothing = -self._row * (self._limit[0] << 32 | self._limit[1])
        high, low = np.full(count, nothing >> 32), np.full(count, nothing & _LOW)
        for done in range(0, count, self._piece_ms * SKIM_STEP):
            part = slice(done, min(done + self._piece_ms * SKIM_STEP, count), SKIM_STEP)
            start = at + done * self._row * self._fmt.sample_bytes
            high[part], low[part] = self._measure_piece(pcm, start, 0, len(high[part]), SKIM_STEP)
        return high, low

    def _measure_piece(self, pcm: bytearray | memoryview, at: int, first: int, count: int, step: int = 1) -> Excess:
        cells = self._cells(first, count)
        shape = (count, self._row) if cells is None else (int(cells[-1]),)
        high, low = self._energies(self._samples(pcm, at, shape, step), cells)
        sizes = self._row if cells is None else np.diff(cells)
        high -= sizes * self._limit[0]
        low -= sizes * self._limit[1]
        high += low >> 32
        low &= _LOW
        return high, low

    def _cells(self, first: int, count: int) -> Ints | None:
        """Return where each millisecond begins, in samples, and the end; None where all have `_row` samples.

        The frames are those of `AudioFormat.ms_to_frame`, by the same arithmetic.
        """
        if self._row:
            return None
        frames = (np.arange(first, first + count + 1) * (self._fmt.rate / 1000.0)).astype(np.int64)
        frames -= frames[0]
        frames *= self._fmt.channels
        return frames

    def _samples(self, pcm: bytearray | memoryview, at: int, shape: tuple[int, ...], step: int) -> NDArray[np.integer]:
        """Return a view without copying: samples, or rows of them, of which `step - 1` are left out after each.

        24-bit samples lie in the upper three of four bytes.
        """
        size = self._fmt.sample_bytes
        start = at - SPARE if size == 3 else at
        return np.ndarray(shape, DTYPES[self._fmt.bits], pcm, start, (step * self._row * size, size)[-len(shape) :])

    def _energies(self, samples: NDArray[np.integer], cells: Ints | None) -> Excess:
        """Return each millisecond's sum of squares, on the scale on which it is judged, as high and low parts."""
        if self._fmt.bits == 32:
            return self._wide_energies(samples, cells)
        values = self._room(0, samples)
        as_numbers(samples, self._fmt.bits, values)
        sums = self._dots(values, values, cells)
        return sums >> (32 - self._up), (sums << self._up) & _LOW

    def _room(self, index: int, samples: NDArray[np.integer]) -> Numbers:
        """Return room for as many numbers, the same every time: new memory costs more than the arithmetic."""
        return self._scratch[index, : samples.size].reshape(samples.shape)

    def _wide_energies(self, samples: NDArray[np.integer], cells: Ints | None) -> Excess:
        """Square 32-bit samples as `(upper * 2**16 + lower)**2`: each product and its sums are exact in a float."""
        upper, lower = self._room(0, samples), self._room(1, samples)
        np.right_shift(samples, 16, out=upper)
        np.bitwise_and(samples, 0xFFFF, out=lower)
        mixed = self._dots(upper, lower, cells)
        high = self._dots(upper, upper, cells) + (mixed >> 15)
        return high, ((mixed & 0x7FFF) << 17) + self._dots(lower, lower, cells)

    def _dots(self, one: Numbers, other: Numbers, cells: Ints | None) -> Ints:
        """Return each millisecond's sum of the products of two rows of numbers."""
        if cells is None:
            rows: Numbers = np.vecdot(one, other)
            return rows.astype(np.int64)
        sums = np.zeros(len(cells) - 1, np.int64)
        if len(one):
            filled = cells[1:] > cells[:-1]  # below 1000 Hz some are empty, which reduceat does not understand
            sums[filled] = np.add.reduceat(one * other, cells[:-1][filled])
        return sums
