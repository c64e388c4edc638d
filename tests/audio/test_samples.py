from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.audio.oracle import pack
from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import dbfs, from_pcm, map_channels, measure, to_pcm

Samples = NDArray[np.float32]


def samples(*frames: float | tuple[float, ...]) -> Samples:
    return np.array([frame if isinstance(frame, tuple) else (frame,) for frame in frames], np.float32)


def integers(pcm: bytes, bits: int) -> list[int]:
    size = bits // 8
    return [int.from_bytes(pcm[at : at + size], "little", signed=True) for at in range(0, len(pcm), size)]


@pytest.mark.parametrize("bits", [16, 24])
def test_every_value_survives_the_way_there_and_back(bits: int) -> None:
    half = 2 ** (bits - 1)
    fmt = AudioFormat(48000, 2, bits)
    for start in range(-half, half, 1 << 20):
        values = np.arange(start, min(start + (1 << 20), half))
        pcm = pack(values, bits)
        there = from_pcm(pcm, fmt)
        assert there.shape == (len(values) // 2, 2)
        assert there.dtype == np.float32
        assert (there.reshape(-1) == values / half).all()
        assert to_pcm(there, bits) == pcm


@pytest.mark.parametrize("wide", [24, 32])
def test_16_bits_are_exact_in_wider_files(wide: int) -> None:
    values = np.arange(-32768, 32768)
    there = from_pcm(pack(values, 16), AudioFormat(48000, 1, 16))
    assert integers(to_pcm(there, wide), wide) == (values << (wide - 16)).tolist()


def test_24_bits_are_exact_in_32() -> None:
    values = np.array([-(2**23), -(2**23) + 1, -1, 0, 1, 2**23 - 1, 83886])
    there = from_pcm(pack(values, 24), AudioFormat(48000, 1, 24))
    assert integers(to_pcm(there, 32), 32) == (values << 8).tolist()


def test_8_bits_are_unsigned() -> None:
    there = from_pcm(bytes(range(256)), AudioFormat(8000, 1, 8))
    assert there.reshape(-1).tolist() == [(value - 128) / 128 for value in range(256)]


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1))
def test_32_bits_become_the_nearest_float(values: list[int]) -> None:
    there = from_pcm(pack(np.array(values), 32), AudioFormat(48000, 1, 32))
    assert there.reshape(-1).tolist() == [float(np.float32(value / 2**31)) for value in values]


@settings(deadline=None)
@given(st.lists(st.floats(-1.5, 1.5, width=32), min_size=1), st.sampled_from([16, 24, 32]))
def test_rounds_to_the_nearest_and_clips(values: list[float], bits: int) -> None:
    """Against fractions, which do not round: no value is further off than half a step."""
    half = 2 ** (bits - 1)
    for value, got in zip(values, integers(to_pcm(samples(*values), bits), bits), strict=True):
        wanted = min(max(Fraction(value) * half, -half), half - 1)
        assert abs(got - wanted) <= Fraction(1, 2)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_what_is_no_number_or_too_large(bits: int) -> None:
    half = 2 ** (bits - 1)
    odd = samples((math.nan, 1.0), (math.inf, -math.inf), (3.4e38, -3.4e38), (-1.0, 0.25))
    before = odd.copy()
    assert integers(to_pcm(odd, bits), bits) == [0, half - 1, half - 1, -half, half - 1, -half, -half, half // 4]
    assert np.array_equal(odd, before, equal_nan=True)


def test_takes_views_and_nothing() -> None:
    whole: Samples = np.linspace(-1, 1, 12, dtype=np.float32).reshape(6, 2)
    assert to_pcm(whole[::2], 24) == to_pcm(whole[::2].copy(), 24)
    assert to_pcm(np.zeros((0, 2), np.float32), 24) == b""
    assert from_pcm(b"", AudioFormat(48000, 2, 24)).shape == (0, 2)
    assert from_pcm(memoryview(bytearray(6)), AudioFormat(48000, 2, 24)).tolist() == [[0, 0]]


def test_refuses_other_widths() -> None:
    with pytest.raises(ValueError, match="16, 24 or 32"):
        to_pcm(samples(0.0), 8)


def test_the_magnitude_is_that_of_the_largest_sample_above_or_below_zero() -> None:
    assert measure(samples((0.1, -0.5), (0.0, 0.2)))[1] == 0.5
    assert measure(samples(0.25, -0.125))[1] == 0.25
    assert measure(samples(2.0, -math.inf))[1] == math.inf
    assert dbfs(1.0) == 0
    assert dbfs(0.5) == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize("sound", [samples(0.0, -0.0), np.zeros((0, 2), np.float32), samples(math.nan, 0.0)])
def test_silence_has_no_level(sound: Samples) -> None:
    assert dbfs(measure(sound)[1]) == -math.inf


def test_a_sample_that_is_no_number_is_zero_and_does_not_hide_the_others() -> None:
    odd = samples((math.nan, 0.5), (-0.75, math.nan))
    clean, loudest = measure(odd)
    assert clean.tolist() == [[0, 0.5], [-0.75, 0]]
    assert loudest == 0.75
    assert math.isnan(odd[0, 0]), "what was handed in stays"
    assert measure(clean)[0] is clean


@settings(deadline=None)
@given(st.lists(st.floats(width=32), min_size=1), st.sampled_from([16, 24, 32]))
def test_who_knows_the_magnitude_gets_the_same_bytes(values: list[float], bits: int) -> None:
    sound = samples(*values)
    assert to_pcm(*_with_bits(sound, bits)) == to_pcm(sound, bits)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_what_rounds_to_full_scale_is_clipped(bits: int) -> None:
    """The largest numbers below 1.0 have no value of their own: rounded up they would be the most negative one."""
    below = float(np.nextafter(np.float32(1), np.float32(0)))
    for value in (below, 1.0, 1 - 2.0**-17, -1.0):
        assert integers(to_pcm(*_with_bits(samples(value), bits)), bits) == [
            min(round(value * 2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        ]


def _with_bits(sound: Samples, bits: int) -> tuple[Samples, int, float]:
    clean, loudest = measure(sound)
    return clean, bits, loudest


def test_the_same_number_of_channels_is_the_same_sound() -> None:
    sound = samples((0.1, 0.2))
    assert map_channels(sound, 2) is sound


def test_one_channel_goes_to_all() -> None:
    assert map_channels(samples(0.5, -0.25), 6).tolist() == [[0.5] * 6, [-0.25] * 6]


@pytest.mark.parametrize("channels", [2, 3, 4, 6])
def test_to_one_channel_is_the_mean(channels: int) -> None:
    sound = np.arange(2 * channels, dtype=np.float32).reshape(2, channels)
    assert map_channels(sound, 1).tolist() == [[float(np.mean(frame))] for frame in sound]


@pytest.mark.parametrize(
    ("speaker", "left", "right"),
    [(0, 1, 0), (1, 0, 1), (2, 0.70711, 0.70711), (3, 0, 0), (4, 0.70711, 0), (5, 0, 0.70711)],
)
def test_six_to_two_as_the_itu_has_it(speaker: int, left: float, right: float) -> None:
    sound = np.zeros((1, 6), np.float32)
    sound[0, speaker] = 1
    assert map_channels(sound, 2)[0].tolist() == pytest.approx([left / 2.41421, right / 2.41421], abs=1e-4)


def test_six_to_two_cannot_clip() -> None:
    assert np.abs(map_channels(np.ones((3, 6), np.float32), 2)).max() <= 1


def test_fewer_channels_share_out_the_inputs() -> None:
    sound = samples((1, 2, 4, 8, 16))
    assert map_channels(sound, 2).tolist() == [[7, 5]]
    assert map_channels(sound, 3).tolist() == [[4.5, 9, 4]]


def test_more_channels_get_silence() -> None:
    assert map_channels(samples((1, 2)), 4).tolist() == [[1, 2, 0, 0]]


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 5))
def test_channels_and_kind_are_as_asked(present: int, channels: int, frames: int) -> None:
    changed = map_channels(np.ones((frames, present), np.float32), channels)
    assert changed.shape == (frames, channels)
    assert changed.dtype == np.float32
    assert changed.flags.c_contiguous
