"""Between the devices' floating point samples and PCM bytes; levels; numbers of channels.

Samples are float32 of shape (frames, channels), full scale 1.0. A PCM value v of b bits stands for v / 2**(b - 1).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat

Samples = NDArray[np.float32]

_HALF_POWER = math.sqrt(0.5)
_SURROUND_TO_STEREO = np.array(
    [[1, 0], [0, 1], [_HALF_POWER, _HALF_POWER], [0, 0], [_HALF_POWER, 0], [0, _HALF_POWER]], np.float32
) / np.float32(1 + 2 * _HALF_POWER)
"""ITU-R BS.775: centre and surrounds at −3 dB, no LFE; FL, FR, FC, LFE, BL, BR. Divided so that it cannot clip."""


def measure(samples: Samples) -> tuple[Samples, float]:
    """Return the samples with zeros for NaN, and their largest magnitude: 1.0 at full scale, 0.0 where there are none.

    Without a NaN they are `samples` itself.
    """
    flat = samples.reshape(-1)
    if not flat.size:
        return samples, 0.0
    # Both places are that of the first NaN, if there is one.
    loudest = max(float(flat[flat.argmax()]), -float(flat[flat.argmin()]))
    if math.isnan(loudest):
        return measure(np.where(np.isnan(samples), np.float32(0), samples))
    return samples, loudest


def to_pcm(samples: Samples, bits: int, loudest: float | None = None) -> bytes:
    """Return interleaved little-endian PCM of 16, 24 or 32 bits: rounded to the nearest value, clipped, NaN as zero.

    `loudest` is their magnitude, where they come from `measure`. Exact for samples that came from PCM of the same or
    fewer bits, up to 24. Raises `ValueError` for other widths.
    """
    if bits not in (16, 24, 32):
        raise ValueError(f"bits must be 16, 24 or 32, not {bits}")
    if loudest is None:
        samples, loudest = measure(samples)
    scale = 2.0 ** (bits - 1)
    most = (scale - 1) / scale
    flat: NDArray[np.floating] = samples.reshape(-1)
    if bits == 32:
        # Float32 holds every 24-bit value and the powers of two in between exactly; these need more.
        flat = flat.astype(np.float64)
    if loudest > most:
        flat = np.clip(flat, -1.0, most)
    scaled = flat * scale
    np.rint(scaled, scaled)
    if bits == 16:
        return scaled.astype(np.dtype("<i2")).tobytes()
    values: NDArray[np.int32] = scaled.astype("<i4")
    return values.tobytes() if bits == 32 else _lower_three(values)


def from_pcm(pcm: bytes | bytearray | memoryview, fmt: AudioFormat) -> Samples:
    """Return PCM bytes (whole frames) as samples: exact for 8, 16 and 24 bits, the nearest float32 for 32."""
    if fmt.bits == 8:
        values: NDArray[np.integer] = np.frombuffer(pcm, np.uint8).astype(np.int16) - 128
    elif fmt.bits == 24:
        values = upper_three(bytes(pcm)) >> 8
    else:
        values = np.frombuffer(pcm, "<i2" if fmt.bits == 16 else "<i4")
    scaled = values * np.float64(2.0 ** (1 - fmt.bits))
    return scaled.astype(np.float32).reshape(-1, fmt.channels)


def dbfs(magnitude: float) -> float:
    """Return a magnitude, of which 1.0 is full scale, in dBFS: −inf for 0."""
    return 20 * math.log10(magnitude) if magnitude > 0 else -math.inf


def map_channels(samples: Samples, channels: int) -> Samples:
    """Return the sound in another number of channels; `samples` itself where it is the same.

    One channel goes to all. To one channel: the mean. Six (FL, FR, FC, LFE, BL, BR) to two: ITU-R BS.775, scaled so
    that it cannot clip. Else to fewer, M: output j is the mean of the inputs i with i % M == j; to more: the inputs,
    then zeros.
    """
    present = samples.shape[1]
    if present == channels:
        return samples
    if present == 1:
        return np.repeat(samples, channels, axis=1)
    if (present, channels) == (6, 2):
        return samples @ _SURROUND_TO_STEREO
    if channels < present:
        means = [samples[:, j::channels].mean(axis=1, dtype=np.float32) for j in range(channels)]
        return np.stack(means, axis=1)
    wide = np.zeros((len(samples), channels), np.float32)
    wide[:, :present] = samples
    return wide


def _lower_three(values: NDArray[np.int32]) -> bytes:
    """Return the lower three of each value's four bytes, packed."""
    packed: NDArray[np.void] = np.ndarray((len(values),), "V3", values.data, 0, (4,))
    return packed.tobytes()


def upper_three(pcm: bytes) -> NDArray[np.int32]:
    """Return packed 24-bit values, each as the upper three of four bytes; the lowest one is its neighbour's."""
    # The first has none before it; hence the byte in front.
    return np.ndarray((len(pcm) // 3,), "<i4", b"\0" + pcm, 0, (3,))
