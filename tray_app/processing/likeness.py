"""Whether a lossy file holds the sound that it was made of: not sample for sample, but the same sound at its place."""

from __future__ import annotations

import math

import numpy as np

from tray_app.audio.samples import Samples
from tray_app.sentences import files as said

_BAND = 6000
"""Frames a second that are looked at: what lies between some 50 Hz and 3 kHz, which every codec keeps.

Above it a low rate leaves much out, and below it Opus takes away what nobody hears.
"""

_HEARD = -60.0
"""dBFS in that band (RMS of a block) from which on sound must come back as sound."""

_LEAST, _MOST = -15.0, 12.0
"""dB by which a block may have become softer, or louder: at a low rate a loud bass covers noise of the codec."""

_ALIKE = 0.25
"""The least correlation in that band. White noise, the hardest, has more at every codec's lowest rate (0.3 at least);
another sound, or the same one some milliseconds aside, has next to none.
"""


class Likeness:
    """Compares two sounds, fed block by block with the same frames. `rate` is theirs, in Hz."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // _BAND)
        self._sums = np.zeros(3)
        self._frames = 0
        self._wrong = ""

    def feed(self, original: Samples, copy: Samples) -> None:
        """Take in blocks of the same shape: float32, (frames, channels)."""
        one, other = self._band(original), self._band(copy)
        ours, theirs, common = _product(one, one), _product(other, other), _product(one, other)
        if not math.isfinite(theirs):
            self._wrong = self._wrong or said.NO_NUMBERS
            return
        was, has = _dbfs(ours, one.size), _dbfs(theirs, other.size)
        if was >= _HEARD and not _LEAST <= has - was <= _MOST:
            self._wrong = self._wrong or said.level_off(has - was)
        elif was < _HEARD and has > _HEARD + _MOST:
            self._wrong = self._wrong or said.NO_SILENCE
        self._sums += ours, theirs, common
        self._frames += one.size

    def difference(self) -> str:
        """Say in words why the copy is not the original's sound; empty where it is."""
        ours, theirs, common = self._sums
        if not self._wrong and _dbfs(ours, self._frames) > _HEARD and common < _ALIKE * math.sqrt(ours * theirs):
            return said.OTHER_SOUND
        return self._wrong

    def _band(self, samples: Samples) -> Samples:
        """Return what lies in the band, roughly: means of neighbours, less the last but one of them.

        That has a zero at 0 and at 3 kHz, to where it would fold what lies halfway between the means' own zeros.
        """
        whole = len(samples) // self._step * self._step
        # numpy's `mean` over so few neighbours takes six times as long.
        sums = np.einsum("isc->ic", samples[:whole].reshape(-1, self._step, samples.shape[1]))
        band: Samples = (sums[2:] - sums[:-2]) / np.float32(self._step)
        return band


def _product(one: Samples, other: Samples) -> float:
    return float(np.einsum("ij,ij", one, other, dtype=np.float64))


def _dbfs(power: float, size: int) -> float:
    return 10 * math.log10(power / size) if power > 0 else -math.inf
