"""Finds the threshold between a recording's noise floor and its sound, in one pass and constant memory.

Noise is told from sound by being steady. The levels of tenths of a second are looked at, digital silence left out:
where a gate or a gap has put zeros, any threshold cuts.

1. *Loud* is the level that is reached for a second altogether (in shorter sounds, by the loudest tenth).
2. *Steady* is half a second in which no tenth is over 10 dB louder than another: without a word's beginning or end.
   (Noise of a narrow band, such as a fan's, fluctuates by 1 dB, standard deviation, from tenth to tenth.)
3. The *floor* is where most of the steady half seconds that are at least 10 dB below loud lie within 2.5 dB: at least
   half of them, twice as many as in the 2.5 dB above, and at least half of all half seconds of that level. A room's
   noise stays where it is; what is steady in speech or music lies anywhere, between much that is not.
4. The threshold lies 2 dB above where 98 % of them lie, which noise hardly ever reaches in a window of half a second,
   or a sixth of the way from the floor to loud, whichever is higher, so that breaths do not keep a pause from being cut
   where the room is very quiet. It is never more than half way: soft endings of words are close to the noise.

Where there is no floor (all is noise or a tone, or music without a pause, or all pauses are digital silence) nothing
tells what could be cut, so that `NO_FLOOR` dBFS stands for it: it cuts what is next to digital silence, and nothing
else. The threshold is never below that.

The numbers were chosen with synthetic music and real speech. Where 4 dB were steady, a quarter of the music was taken
for noise; with 12 dB noise was not found in talk with few pauses, whose soft parts then outnumber them.

Looking for a peak of the noise in a histogram of levels, and for the sound above it, is also what the NIST's *Speech
Quality Assurance* tool `stnr` does; that steadiness tells noise from sound is ours.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.energy import SPARE, EnergyMeter, full_scale
from tray_app.audio.format import AudioFormat

NO_FLOOR = -80.0
"""dBFS. Quieter than any room: the dither of 16 bits has about −96, the hiss of good converters −100."""

_BLOCK_MS = 100
_STEADY = 5
"""Blocks that make up a steady stretch: half a second, the shortest pause that is cut by default."""

_STEADY_DB = 10.0
_BELOW_LOUD = 10.0
_LOUD_BLOCKS = 10
_ABOVE_MOST = 2.0
_MOST = 0.98
_PART_OF_WAY, _MOST_OF_WAY = 1 / 6, 1 / 2
_WIDE = 2.5
"""dB in which the floor's levels lie."""

_LOWEST = -120
_STEP = 0.5
_BINS = int(-_LOWEST / _STEP) + 1


class FloorFinder:
    """Fed with all of a recording, in any portions, it says which threshold to take."""

    def __init__(self, fmt: AudioFormat) -> None:
        self._format = fmt
        self._meter = EnergyMeter(fmt, None)
        self._scale = 20 * math.log10(full_scale(fmt))
        self._carry = bytearray(SPARE)
        self._measured = 0  # ms
        self._frames = 0
        self._powers: NDArray[np.float64] = np.zeros(0)
        self._blocks = np.zeros(_BINS, np.int64)
        self._steady = np.zeros(_BINS, np.int64)
        self._stretches = np.zeros(_BINS, np.int64)

    def feed(self, pcm: memoryview | bytes) -> None:
        """Take whole frames."""
        self._carry += pcm
        self._frames += len(pcm) // self._format.frame_bytes
        count = (int(self._frames * 1000 / self._format.rate) - self._measured) // _BLOCK_MS
        while count and self._start(self._measured + count * _BLOCK_MS) > self._frames:
            count -= 1
        if count:
            self._take(count)

    def _start(self, ms: int) -> int:
        return self._format.ms_to_frame(ms)

    def _take(self, count: int) -> None:
        """Measure `count` blocks, and forget their sound."""
        first, last = self._measured, self._measured + count * _BLOCK_MS
        high, low = self._meter.measure(self._carry, SPARE, first, last - first)
        energies = (high * 2.0**32 + low).reshape(count, _BLOCK_MS).sum(axis=1)
        starts = np.array([self._start(ms) for ms in range(first, last + 1, _BLOCK_MS)])
        self._note(energies / np.maximum(1, np.diff(starts) * self._format.channels))
        del self._carry[: int(starts[-1] - starts[0]) * self._format.frame_bytes]
        self._measured = last

    def _note(self, powers: NDArray[np.float64]) -> None:
        """Note blocks by their levels, and the steady stretches that end with them."""
        self._blocks += self._histogram(powers[powers > 0])
        powers = np.concatenate([self._powers, powers])
        self._powers = powers[-(_STEADY - 1) :]
        if len(powers) < _STEADY:
            return
        stretches = np.stack([powers[first : len(powers) - _STEADY + 1 + first] for first in range(_STEADY)])
        least, most = stretches.min(axis=0), stretches.max(axis=0)
        steady = (least > 0) & (most <= least * 10 ** (_STEADY_DB / 10))
        means = stretches.mean(axis=0)
        self._steady += self._histogram(means[steady])
        self._stretches += self._histogram(means[least > 0])

    def _histogram(self, powers: NDArray[np.float64]) -> NDArray[np.int64]:
        levels = 10 * np.log10(powers) - self._scale
        bins = np.clip((levels - _LOWEST) / _STEP, 0, _BINS - 1).astype(np.int64)
        return np.bincount(bins, minlength=_BINS)

    def threshold(self) -> float:
        """Return the threshold in dBFS, to a tenth, for what was fed so far."""
        found = self._floor()
        if found is None:
            return NO_FLOOR
        floor, most = found
        distance = self._loud() - floor
        wanted = max(most + _ABOVE_MOST, floor + distance * _PART_OF_WAY)
        return round(max(NO_FLOOR, min(wanted, floor + distance * _MOST_OF_WAY)), 1)

    def _loud(self) -> float:
        """Return the level that is reached for a second; by the loudest block where that is all the sound there is."""
        reached = np.cumsum(self._blocks[::-1])[::-1]
        wanted = min(_LOUD_BLOCKS, max(1, int(reached[0]) // _LOUD_BLOCKS))
        return _level(int(np.flatnonzero(reached >= wanted)[-1])) if reached[0] else float(_LOWEST)

    def _floor(self) -> tuple[float, float] | None:
        """Return the level at which steady stretches lie, and where most of them end; None where they lie anywhere."""
        wide = int(_WIDE / _STEP)
        quiet = self._steady.copy()
        quiet[max(0, math.floor((self._loud() - _BELOW_LOUD - _LOWEST) / _STEP)) :] = 0
        together = np.convolve(quiet, np.ones(wide, np.int64), "valid")
        best = int(together.argmax())
        most, above = int(together[best]), int(self._steady[best + wide : best + 2 * wide].sum())
        as_loud = int(self._stretches[best : best + wide].sum())
        if not most or 2 * most < max(quiet.sum(), as_loud) or most < 2 * above:
            return None
        inside = np.cumsum(quiet[best : best + wide])
        middle, end = (best + int(np.searchsorted(inside, inside[-1] * part)) for part in (0.5, _MOST))
        return _level(middle), _level(end)


def _level(index: int) -> float:
    """Return the level in the middle of a bin, in dBFS."""
    return _LOWEST + (index + 0.5) * _STEP
