"""pydub 0.25.1 as the judge of what is silence, the rule in plain integers, and sound to try them on."""

from __future__ import annotations

import io
import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydub import AudioSegment
from pydub.silence import detect_silence

from tray_app.audio.format import AudioFormat

Cuts = tuple[tuple[int, int], ...]
Values = NDArray[np.int64]

RATES = (7999, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000)
MOST_SAMPLES = 40_000
"""pydub slices and sums every window anew: longer sound takes it seconds."""


@dataclass(frozen=True)
class Case:
    """A sound and the settings to look at it with; printed by hypothesis when a test fails."""

    fmt: AudioFormat
    window: int
    thresh: float
    values: Values

    @property
    def pcm(self) -> bytes:
        return pack(self.values, self.fmt.bits)

    def limit(self) -> int:
        """The largest sample that is silent when all are like it."""
        return int(10 ** (self.thresh / 20) * 2 ** (self.fmt.bits - 1))

    def with_limit(self, limit: float) -> float:
        """The threshold in dBFS at which `limit` is the largest silent sample."""
        return 20 * math.log10(max(limit, 1e-3) / 2 ** (self.fmt.bits - 1))


def pack(values: Values, bits: int) -> bytes:
    """Signed integers as little-endian PCM, 8-bit unsigned."""
    if bits == 8:
        values = values + 128
    raw = np.ascontiguousarray(values, "<i8").reshape(-1, 1).view(np.uint8)
    return raw[:, : bits // 8].tobytes()


def segment(fmt: AudioFormat, pcm: bytes) -> Any:
    """What pydub makes of a WAV file with this sound."""
    head = struct.pack("<HHIIHH", 1, fmt.channels, fmt.rate, fmt.byte_rate, fmt.frame_bytes, fmt.bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(pcm)) + pcm
    return AudioSegment(io.BytesIO(b"RIFF" + struct.pack("<I", len(body)) + body))


def pydub_cuts(case: Case) -> Cuts:
    if not len(case.values):
        return ()  # pydub itself fails at an empty 24-bit file
    found = detect_silence(segment(case.fmt, case.pcm), case.window, case.thresh, seek_step=1)
    return tuple((start, end) for start, end in found)


def pydub_kept(case: Case, cuts: Cuts) -> bytes:
    """The parts between the cuts as pydub slices them, in the file's own width again."""
    if not len(case.values):
        return b""
    sound = segment(case.fmt, case.pcm)
    raw = b"".join(sound[start:end].raw_data for start, end in complement(cuts, len(sound)))
    if case.fmt.bits == 8:
        return bytes(byte ^ 0x80 for byte in raw)
    if case.fmt.bits == 24:
        return np.frombuffer(raw, np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    return raw


def complement(cuts: Cuts, length: int) -> Cuts:
    edges = [0, *(edge for cut in cuts for edge in cut), length]
    return tuple((start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end)


def exact_cuts(case: Case) -> Cuts:
    """pydub's rule in Python's integers, which cannot overflow or round; 24 bits on the 32-bit scale.

    A window without a frame, at rates below 1000 Hz, is not called silent.
    """
    fmt, window = case.fmt, case.window
    scale = 256 if fmt.bits == 24 else 1
    squares = [sum((scale * v) ** 2 for v in frame) for frame in case.values.tolist()]
    limit = math.floor(10 ** (case.thresh / 20) * 2 ** ((32 if fmt.bits == 24 else fmt.bits) - 1))
    cuts: list[tuple[int, int]] = []
    for start in range(fmt.length_ms(len(squares)) - window + 1):
        first, last = fmt.ms_to_frame(start), fmt.ms_to_frame(start + window)
        if first == last or math.isqrt(sum(squares[first:last]) // ((last - first) * fmt.channels)) > limit:
            continue
        begin = cuts.pop()[0] if cuts and cuts[-1][1] >= start else start
        cuts.append((begin, start + window))
    return tuple(cuts)


def noise(rng: np.random.Generator, frames: int, channels: int, peak: float) -> Values:
    return np.rint(rng.uniform(-peak, peak, (frames, channels))).astype(np.int64)


def flat(frames: int, channels: int, level: int, *, square: bool) -> Values:
    """Every sample has the magnitude `level`: its RMS is exactly that."""
    values = np.full((frames, channels), level, np.int64)
    if square:
        values[1::2] *= -1
    return values


@st.composite
def cases(
    draw: st.DrawFn,
    widths: tuple[int, ...] = (8, 16, 24, 32),
    most_samples: int = MOST_SAMPLES,
    rates: tuple[int, ...] = RATES,
) -> Case:
    """Sound made of stretches: zeros, at or one step beside the threshold, quiet or loud noise.

    Lengths come from a seed: hypothesis alone likes them so short that most sounds would be shorter than a window.
    """
    fmt = AudioFormat(draw(st.sampled_from(rates)), draw(st.sampled_from((1, 2, 6))), draw(st.sampled_from(widths)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    longest = most_samples * 1000 // (fmt.rate * fmt.channels)
    window = draw(st.sampled_from([ms for ms in (1, 2, 3, 7, 20, 50, 113, 300, 500, 700) if ms <= max(1, longest)]))
    case = Case(fmt, window, draw(st.sampled_from((-20.0, -33.3, -40.0, -41.7))), np.zeros((0, fmt.channels), np.int64))
    parts = [case.values]
    left = most_samples // fmt.channels
    for _ in range(draw(st.integers(0, 8))):
        frames = min(left, int(rng.integers(0, 2 + int(fmt.rate * window * draw(st.sampled_from((0.1, 1, 2))) / 1000))))
        left -= frames
        parts.append(draw(_stretches(case, frames, rng)))
    return Case(fmt, window, case.thresh, np.concatenate(parts))


@st.composite
def _stretches(draw: st.DrawFn, case: Case, frames: int, rng: np.random.Generator) -> Values:
    channels, limit, full = case.fmt.channels, case.limit(), 2 ** (case.fmt.bits - 1) - 1
    kind = draw(st.sampled_from(("zeros", "edge", "edge", "quiet", "near", "loud")))
    if kind == "zeros":
        return np.zeros((frames, channels), np.int64)
    if kind == "edge":
        return flat(frames, channels, limit + draw(st.integers(-1, 1)), square=draw(st.booleans()))
    peak = {"quiet": limit, "near": limit * math.sqrt(3), "loud": full}[kind]
    return noise(rng, frames, channels, min(peak, full))
