"""The sound of a WAV as an encoder takes it, block by block; the same at every pass, so that it can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.convert import Converter
from tray_app.audio.samples import Samples, from_pcm, upper_three
from tray_app.audio.wav import WavReader
from tray_app.disk import named
from tray_app.outputs import Format

Numbers = NDArray[np.int32]
"""PCM of shape (frames, channels) with its most significant bit first, as libsndfile takes every width."""

BLOCK_FRAMES = 1 << 16
"""Vorbis' encoder, given a whole take in one call, would use up the stack."""

_OPUS_RATES = (8000, 12_000, 16_000, 24_000, 48_000)
"""RFC 6716, section 2: what Opus knows. All else is resampled to the last."""

_VORBIS_ORDER = {
    3: (0, 2, 1),
    5: (0, 2, 1, 3, 4),
    6: (0, 2, 1, 4, 5, 3),
    7: (0, 2, 1, 5, 6, 4, 3),
    8: (0, 2, 1, 6, 7, 4, 5, 3),
}
"""Which of WAV's channels stands at each place in Vorbis and Opus (Vorbis I specification, 4.3.9; RFC 7845, 5.1.1.2).

WAV's order is that of the speakers' bits in ksmedia.h, with the masks of `wav_header`. libsndfile leaves it to us.
"""


def to_vorbis_order(samples: Samples) -> Samples:
    """Return samples in WAV's order of channels as Vorbis and Opus want them."""
    order = _VORBIS_ORDER.get(samples.shape[1])
    return samples if order is None else samples[:, order]


def from_vorbis_order(samples: Samples) -> Samples:
    """Return samples of a Vorbis or Opus file in WAV's order of channels."""
    order = _VORBIS_ORDER.get(samples.shape[1])
    return samples if order is None else samples[:, np.argsort(order)]


class Feed:
    """The sound of `reader`, which reads the file at `path`, for a format.

    `rate` in Hz, `channels` and `frames` are what the encoder gets.
    """

    def __init__(self, reader: WavReader, target: Format, path: Path) -> None:
        self.format = reader.format
        self.channels = reader.format.channels
        self.rate = reader.format.rate
        self.frames = reader.frames
        self._reader, self._target, self._path = reader, target, path
        if target.name == "opus" and self.rate not in _OPUS_RATES:
            self.rate = _OPUS_RATES[-1]
            self.frames = round(reader.frames * self.rate / reader.format.rate)

    def samples(self) -> Iterator[Samples]:
        """Yield the sound as float32 of shape (frames, channels), in the format's rate and order of channels."""
        converter = Converter(self.format.rate, self.channels, self.rate, self.channels)
        reorder = self._target.name in ("ogg", "opus")
        for pcm in self.pcm():
            samples = converter.process(from_pcm(pcm, self.format))
            if len(samples):
                yield to_vorbis_order(samples) if reorder else samples
        rest = converter.flush()
        if len(rest):
            yield to_vorbis_order(rest) if reorder else rest

    def numbers(self) -> Iterator[Numbers]:
        """Yield the sound as whole numbers."""
        for pcm in self.pcm():
            yield left_justified(pcm, self.format.bits).reshape(-1, self.channels)

    def pcm(self) -> Iterator[bytes]:
        """Yield the sound as it lies in the file."""
        self._reader.seek(0)
        while block := self._read():
            yield block

    def _read(self) -> bytes:
        with named(self._path):
            return self._reader.read(BLOCK_FRAMES)


def left_justified(pcm: bytes, bits: int) -> Numbers:
    """Return PCM of 8 (unsigned), 16, 24 or 32 bits as the upper bits of 32, flat; exact."""
    if bits == 8:
        return (np.frombuffer(pcm, np.uint8).astype(np.int32) - 128) << 24
    if bits == 16:
        return np.frombuffer(pcm, "<i2").astype(np.int32) << 16
    if bits == 24:
        return upper_three(pcm) & np.int32(-256)
    return np.frombuffer(pcm, "<i4").astype(np.int32, copy=False)
