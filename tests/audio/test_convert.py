from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tray_app.audio.convert import Converter

Samples = NDArray[np.float32]

PAIRS = [(44100, 48000), (48000, 44100), (96000, 48000), (48000, 16000), (8000, 48000), (11025, 44100), (192000, 44100)]


def tone(rate: int, seconds: float, level: float = 0.5, start: float = 0.0) -> Samples:
    """1 kHz that sets in at `start` seconds, mono."""
    time = np.arange(int(rate * seconds)) / rate
    sound = np.where(time >= start, level * np.sin(2 * np.pi * 1000 * (time - start)), 0)
    return sound.astype(np.float32).reshape(-1, 1)


def rms_dbfs(sound: Samples) -> float:
    return float(10 * np.log10(np.mean(sound.astype(np.float64) ** 2)))


def convert(converter: Converter, sound: Samples, chunk: int = 512) -> Samples:
    parts = [converter.process(sound[at : at + chunk]) for at in range(0, len(sound), chunk)]
    return np.concatenate([*parts, converter.flush()])


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_tone_keeps_its_pitch_and_level(before: int, after: int) -> None:
    out = convert(Converter(before, 1, after, 1), tone(before, 2))
    middle = out[after // 2 : after // 2 + after]
    spectrum = np.abs(np.fft.rfft(middle[:, 0]))
    assert int(np.argmax(spectrum)) == 1000
    assert rms_dbfs(middle) == pytest.approx(rms_dbfs(tone(before, 1)), abs=0.05)
    others = np.delete(spectrum, 1000)
    assert 20 * np.log10(others.max() / spectrum[1000]) < -110


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_sound_sets_in_where_it_did_also_in_the_runs_after(before: int, after: int) -> None:
    converter = Converter(before, 1, after, 1)
    for start in (0.25, 0.1, 0.4003):
        out = convert(converter, tone(before, 0.5, start=start))
        onset = int(np.argmax(np.abs(out[:, 0]) > 0.1)) / after
        assert onset == pytest.approx(start, abs=0.001)


def test_a_run_after_flush_hears_nothing_of_the_run_before() -> None:
    used, fresh = Converter(44100, 2, 48000, 2), Converter(44100, 2, 48000, 2)
    rng = np.random.default_rng(1)
    convert(used, rng.uniform(-1, 1, (5000, 2)).astype(np.float32))
    sound = rng.uniform(-1, 1, (3000, 2)).astype(np.float32)
    assert np.array_equal(convert(used, sound), convert(fresh, sound))


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([*PAIRS, (7999, 48000), (48000, 7999), (44100, 44101), (48000, 48000), (1, 3), (3, 1)]),
    st.lists(st.lists(st.integers(0, 2000), max_size=12), min_size=1, max_size=3),
)
def test_every_run_has_exactly_the_length_it_should(pair: tuple[int, int], runs: list[list[int]]) -> None:
    converter = Converter(pair[0], 2, pair[1], 1)
    for chunks in runs:
        got = sum(len(converter.process(np.ones((n, 2), np.float32))) for n in chunks) + len(converter.flush())
        assert got == round(sum(chunks) * pair[1] / pair[0])


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 3000), max_size=10))
def test_chunks_make_no_difference(pair: tuple[int, int], chunks: list[int]) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, (8000, 1)).astype(np.float32)
    whole, parts = Converter(pair[0], 1, pair[1], 1), Converter(pair[0], 1, pair[1], 1)
    edges = [0, *np.minimum(np.cumsum(chunks, dtype=int), len(sound)).tolist(), len(sound)]
    out = [parts.process(sound[a:b]) for a, b in itertools.pairwise(edges)]
    together = convert(whole, sound, len(sound))
    assert np.allclose(np.concatenate([*out, parts.flush()]), together, atol=1e-6)


def test_identity_returns_what_it_got() -> None:
    converter = Converter(48000, 2, 48000, 2)
    sound = np.full((100, 2), np.nan, np.float32)
    assert converter.identity
    assert converter.process(sound) is sound
    assert converter.flush().shape == (0, 2)


@pytest.mark.parametrize("arguments", [(48000, 2, 44100, 2), (48000, 2, 48000, 1)])
def test_not_identity(arguments: tuple[int, int, int, int]) -> None:
    assert not Converter(*arguments).identity


def test_channels_alone_are_changed_at_once() -> None:
    converter = Converter(48000, 2, 48000, 1)
    assert converter.process(np.array([[0.5, 0.25]], np.float32)).tolist() == [[0.375]]
    assert converter.flush().shape == (0, 1)


@pytest.mark.parametrize(("present", "channels"), [(1, 2), (2, 1), (6, 2), (2, 6)])
def test_rate_and_channels_together(present: int, channels: int) -> None:
    sound = np.repeat(tone(44100, 1), present, axis=1)
    out = convert(Converter(44100, present, 48000, channels), sound)
    assert out.shape == (48000, channels)
    assert out.dtype == np.float32
    heard = rms_dbfs(out[4800:-4800, :1])
    assert heard == pytest.approx(rms_dbfs(tone(44100, 1)), abs=0.05)
    assert bool(out[:, 1:].any()) == ((present, channels) != (2, 1))


def test_soxr_is_loaded_only_where_a_rate_changes() -> None:
    program = (
        "import sys; from tray_app.audio.convert import Converter; Converter(48000, 2, 48000, 1);"
        "assert 'soxr' not in sys.modules; Converter(48000, 2, 44100, 1); assert 'soxr' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


class _Short:
    """A resampler that comes out three frames short at the end, as another version of soxr may."""

    def resample_chunk(self, samples: Samples, last: bool = False) -> Samples:
        return samples[:-3]

    def clear(self) -> None:
        pass


def test_a_resampler_that_comes_out_short_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soxr.ResampleStream", lambda *_args, **_kind: _Short())
    converter = Converter(44100, 2, 44101, 1)
    assert len(converter.process(np.ones((500, 2), np.float32))) == 497
    assert converter.flush().tolist() == [[0]] * 3
