"""PCM in another width: what a WAV of 16, 24 or 32 bits holds of a recording."""

from __future__ import annotations

import random

import numpy as np

from tray_app.processing.feed import Numbers


def narrowed(numbers: Numbers, bits: int, seed: int = 0) -> bytes:
    """Return whole numbers (32 bits, the most significant first) as little-endian PCM of 16, 24 or 32 bits.

    To 16 bits TPDF dither of ±1 step is added (Lipshitz, Wannamaker, Vanderkooy, "Quantization and Dither", JAES 40
    (1992)): what is rounded off becomes an even, faint noise instead of distortion. A block that fits into 16 bits as
    it is, such as digital silence, is not touched. What is rounded off at 24 bits lies at −144 dBFS, unheard by all.
    The noise of a block is always that of its `seed`, so the result can be made again and compared.
    """
    flat = numbers.reshape(-1)
    if bits == 32:
        return flat.astype("<i4", copy=False).tobytes()
    drop = 32 - bits
    wide = flat.astype(np.int64)
    if bits == 16 and (flat & 0xFFFF).any():
        noise = np.frombuffer(random.Random(seed).randbytes(4 * len(flat)), "<u2").astype(np.int64)
        wide += noise[: len(flat)] - noise[len(flat) :]
    wide += 1 << (drop - 1)
    wide >>= drop
    np.clip(wide, -(1 << (bits - 1)), (1 << (bits - 1)) - 1, out=wide)
    if bits == 16:
        return wide.astype("<i2").tobytes()
    return np.ascontiguousarray(wide.astype("<i4")).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
