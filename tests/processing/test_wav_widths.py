"""A WAV of another width: the nearest value, with dither where bits are lost to 16, and nothing touched that fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.sound import frequency
from tray_app.processing.feed import left_justified
from tray_app.processing.wav_widths import narrowed

RATE = 48_000


def values(pcm: bytes, bits: int) -> NDArray[np.int64]:
    """PCM read one sample at a time."""
    size = bits // 8
    found = [int.from_bytes(pcm[at : at + size], "little", signed=True) for at in range(0, len(pcm), size)]
    return np.array(found, np.int64)


whole_numbers = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=50)


@given(whole_numbers, st.integers(0, 1000))
def test_24_bits_are_the_nearest_and_32_the_same(numbers: list[int], seed: int) -> None:
    block = np.array(numbers, np.int32).reshape(-1, 1)
    assert values(narrowed(block, 32, seed), 32).tolist() == numbers
    nearest = [min((number + 128) // 256, 2**23 - 1) for number in numbers]
    assert values(narrowed(block, 24, seed), 24).tolist() == nearest


@given(whole_numbers, st.integers(0, 1000))
def test_16_bits_are_near_and_the_same_at_every_time(numbers: list[int], seed: int) -> None:
    block = np.array(numbers, np.int32).reshape(-1, 1)
    found = values(narrowed(block, 16, seed), 16)
    assert np.abs(found - np.array(numbers) / 65_536).max() <= 1.5
    assert narrowed(block, 16, seed) == narrowed(block, 16, seed)


@given(st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=50), st.integers(0, 1000))
def test_what_fits_is_not_touched(numbers: list[int], seed: int) -> None:
    block = (np.array(numbers, np.int32) << 16).reshape(-1, 1)
    assert values(narrowed(block, 16, seed), 16).tolist() == numbers


@given(st.sampled_from([8, 16, 24, 32]), st.binary(min_size=12, max_size=120))
def test_left_justified_is_each_value_shifted(bits: int, junk: bytes) -> None:
    pcm = junk[: len(junk) // 12 * 12]
    exact = [byte - 128 for byte in pcm] if bits == 8 else values(pcm, bits).tolist()
    assert left_justified(pcm, bits).tolist() == [value << (32 - bits) for value in exact]


def test_a_tone_below_the_last_bit_is_still_there() -> None:
    """Rounded alone it would be digital silence."""
    wave = 0.4 * 65_536 * np.sin(2 * np.pi * 1000 / RATE * np.arange(4 * RATE))
    block = np.round(wave).astype(np.int32).reshape(-1, 1)
    assert not np.round(wave / 65_536).any()
    found = np.frombuffer(narrowed(block, 16, 1), "<i2").astype(np.float64).reshape(-1, 1)
    assert frequency(found[: 2 * RATE], RATE) == pytest.approx(1000, abs=0.1)  # type: ignore[arg-type]
    assert 2 * np.abs(np.fft.rfft(found[:RATE, 0])[1000]) / RATE == pytest.approx(0.4, abs=0.05)


def test_the_noise_is_even_and_faint() -> None:
    """TPDF: with the rounding a mean square of a quarter of a step, whatever the sound (its variance is 1/6 + 1/12)."""
    for offset in (1, 10_000, 32_768, 50_000):
        block = np.full((200_000, 1), offset, np.int32)
        error = np.frombuffer(narrowed(block, 16, 5), "<i2") - offset / 65_536
        assert error.mean() == pytest.approx(0, abs=0.01)
        assert (error**2).mean() == pytest.approx(0.25, abs=0.01)
