"""The outline against one that looks at every column by itself."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.audio.oracle import pack
from tests.audio.wav_files import ours
from tests.effort import effort
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader
from tray_app.picture.envelope import CancelledError, Envelope, Outline, measure

Values = NDArray[np.int64]


def slow(values: Values, bits: int, columns: int) -> Outline:
    """Least, largest and RMS of every column, one after the other; what has no frame of its own lasts on."""
    frames, full = len(values), 2.0 ** (bits - 1)
    found: list[tuple[float, float, float]] = []
    for column in range(columns):
        start, end = column * frames // columns, (column + 1) * frames // columns
        part = values[start : max(end, start + 1)].astype(np.float64) / full
        found.append((part.min(), part.max(), float(np.sqrt(np.mean(part**2)))))
    low, high, rms = (np.array(one) for one in zip(*found, strict=True))
    return Outline(low, high, rms)


def same(one: Outline, other: Outline) -> None:
    for name in ("low", "high"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name
    assert np.allclose(one.rms, other.rms, rtol=1e-4, atol=1e-9, equal_nan=True)


@st.composite
def sounds(draw: st.DrawFn) -> tuple[AudioFormat, Values]:
    fmt = AudioFormat(draw(st.sampled_from([8000, 44_100])), draw(st.sampled_from([1, 2, 6])), draw(BITS))
    frames = draw(st.integers(1, 3000) | st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    full = 2 ** (fmt.bits - 1)
    values = rng.integers(-full, full, (frames, fmt.channels))
    if draw(st.booleans()):
        values = values // 1000
    return fmt, values


BITS = st.sampled_from([8, 16, 24, 32])


@settings(deadline=None, max_examples=effort(200, 40))
@given(sounds(), st.integers(1, 400), st.lists(st.integers(1, 500), max_size=8))
def test_every_column_is_that_of_its_frames(sound: tuple[AudioFormat, Values], columns: int, parts: list[int]) -> None:
    fmt, values = sound
    envelope = Envelope(fmt, len(values), columns)
    pcm = memoryview(pack(values, fmt.bits))
    for frames in [*parts, len(values)]:
        envelope.feed(pcm[: frames * fmt.frame_bytes])
        pcm = pcm[frames * fmt.frame_bytes :]
    assert envelope.missing == 0
    same(envelope.outline(), slow(values, fmt.bits, columns))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_a_long_sound_is_measured_piece_by_piece(bits: int) -> None:
    """Longer than a block of a file and than a piece of the arithmetic, with few columns and with many."""
    fmt = AudioFormat(48_000, 2, bits)
    full = 2 ** (bits - 1)
    values = np.random.default_rng(3).integers(-full, full, (1_500_000, 2))
    reader = WavReader(io.BytesIO(ours(fmt, pack(values, bits))))
    for columns in (1, 7, 1500, 20_000):
        same(measure(reader, len(values), columns), slow(values, bits, columns))


def test_a_single_sample_is_in_the_outline_of_a_day() -> None:
    """At its column and nowhere else, whatever the length: a click is what people look for."""
    fmt = AudioFormat(1000, 1, 16)
    frames = 24 * 3600 * 1000
    envelope = Envelope(fmt, frames, 1500)
    at = 12_345_678
    envelope.feed(memoryview(bytes(2 * at)))
    envelope.feed(memoryview((20_000).to_bytes(2, "little")))
    for _ in zeros(frames - at - 1, envelope):
        pass
    outline = envelope.outline()
    assert np.flatnonzero(outline.high).tolist() == [at * 1500 // frames]
    assert outline.high.max() == 20_000 / 32_768


def zeros(frames: int, envelope: Envelope) -> Iterator[int]:
    block = memoryview(bytes(1 << 22))
    while frames:
        count = min(frames, len(block) // 2)
        envelope.feed(block[: 2 * count])
        frames -= count
        yield frames


def test_what_was_not_kept_is_unknown_and_the_rest_is_in_its_place() -> None:
    fmt = AudioFormat(8000, 1, 16)
    whole = np.arange(1, 10_001, dtype=np.int64)[:, np.newaxis]
    kept = [(0, 2000), (5000, 7000), (9000, 9500)]
    left = np.concatenate([whole[start:end] for start, end in kept])
    reader = WavReader(io.BytesIO(ours(fmt, pack(left, 16))))
    outline = measure(reader, len(whole), 100, kept)
    expected = slow(whole, 16, 100)
    known = [column for column in range(100) if any(start <= column * 100 < end for start, end in kept)]
    assert np.flatnonzero(~np.isnan(outline.high)).tolist() == known
    assert np.array_equal(outline.high[known], expected.high[known])
    assert np.array_equal(outline.low[known], expected.low[known])


def test_a_file_that_ends_too_early_leaves_the_rest_unknown() -> None:
    fmt = AudioFormat(8000, 2, 24)
    reader = WavReader(io.BytesIO(ours(fmt, b"\x01" * 6 * 500)))
    outline = measure(reader, 1000, 10)
    assert np.isnan(outline.high).tolist() == [False] * 5 + [True] * 5


def test_progress_goes_to_the_end_and_nobody_has_to_wait() -> None:
    fmt = AudioFormat(48_000, 2, 24)
    reader = WavReader(io.BytesIO(ours(fmt, bytes(6 * 2_000_000))))
    told: list[float] = []
    measure(reader, reader.frames, 100, progress=told.append)
    assert len(told) > 4
    assert told == sorted(told)
    assert told[-1] == 1.0
    asked = iter([False, False, True])
    with pytest.raises(CancelledError):
        measure(reader, reader.frames, 100, cancelled=lambda: next(asked))


@pytest.mark.parametrize(("frames", "columns"), [(0, 10), (10, 0)])
def test_nothing_is_no_picture(frames: int, columns: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        Envelope(AudioFormat(8000, 1, 16), frames, columns)
