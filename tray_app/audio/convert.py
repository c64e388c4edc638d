"""Another sample rate or number of channels, for one opened stream after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tray_app.audio.samples import Samples, map_channels

_QUALITY = "VHQ"
"""soxr's best: its noise lies below 24-bit resolution, and it costs well under 1 % of a core for stereo."""


class Converter:
    """Converts a stream of samples, float32 of shape (frames, channels), from one rate and channel count to another.

    After `flush` the output of a run of n frames has exactly `round(n * out_rate / in_rate)` frames, however the run
    was cut into pieces; the next run then begins afresh. Channels are reduced before resampling and added after it.
    Rates and channel counts are at least 1.
    """

    def __init__(self, in_rate: int, in_channels: int, out_rate: int, out_channels: int) -> None:
        self._rates = (in_rate, out_rate)
        self._channels = (in_channels, out_channels)
        self._resampler = _resampler(in_rate, out_rate, min(in_channels, out_channels))
        self._taken = 0
        self._given = 0

    @property
    def identity(self) -> bool:
        """Whether there is nothing to convert; `process` then returns its input itself."""
        return self._rates[0] == self._rates[1] and self._channels[0] == self._channels[1]

    def process(self, samples: Samples) -> Samples:
        """Return what can be given out now: resampling looks ahead, so the rest of these samples comes later."""
        if self._resampler is None:
            return map_channels(samples, self._channels[1])
        self._taken += len(samples)
        narrow = map_channels(samples, min(self._channels))
        return self._give(self._resampler.resample_chunk(np.ascontiguousarray(narrow)))

    def flush(self) -> Samples:
        """Return the tail of the run, which ends here."""
        if self._resampler is None or not self._taken:
            return np.zeros((0, self._channels[1]), np.float32)
        narrow = np.zeros((0, min(self._channels)), np.float32)
        tail = self._resampler.resample_chunk(narrow, last=True)
        missing = self._due() - self._given - len(tail)
        if missing > 0:
            tail = np.concatenate([tail, np.zeros((missing, tail.shape[1]), np.float32)])
        given = self._give(tail)
        self._resampler.clear()
        self._taken = self._given = 0
        return given

    def _due(self) -> int:
        """Return the frames that are owed for those taken: from absolute counts, so that rounding never adds up."""
        return round(self._taken * self._rates[1] / self._rates[0])

    def _give(self, narrow: Samples) -> Samples:
        narrow = narrow[: self._due() - self._given]
        self._given += len(narrow)
        return map_channels(narrow, self._channels[1])


def _resampler(in_rate: int, out_rate: int, channels: int) -> Any:
    """Return soxr's stream, or None where the rate stays. soxr is imported only here: most takes never need it."""
    if in_rate == out_rate:
        return None
    import soxr

    return soxr.ResampleStream(in_rate, out_rate, channels, dtype="float32", quality=_QUALITY)
