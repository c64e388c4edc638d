"""The threshold that is found in a recording: between its noise and its sound, and where there is no noise, nowhere."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.in_memory import MemoryReader, Sink
from tests.audio.oracle import pack
from tests.effort import effort
from tests.speech import RATE, Sound, room
from tray_app.audio.floor import NO_FLOOR, FloorFinder
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.trim import trim

FMT = AudioFormat(RATE, 1, 24)
SECONDS = 30
TIME = np.arange(SECONDS * RATE) / RATE
AUTO = CutRule(silence_thresh=None, auto=True)


def pcm(sound: Sound, bits: int = 24) -> bytes:
    return pack(np.rint(np.clip(sound, -1, 1) * (2 ** (bits - 1) - 1)).astype(np.int64)[:, np.newaxis], bits)


def found(sound: Sound, fmt: AudioFormat = FMT) -> tuple[float, float]:
    """The threshold, and the part of the sound that is cut by it."""
    result = trim(MemoryReader(fmt, pcm(sound, fmt.bits)), Sink().write, AUTO)
    assert result.rule.auto
    return result.rule.threshold, 1 - result.kept_frames / len(sound)


def at(level: float) -> float:
    """The amplitude of a level in dBFS."""
    return float(10 ** (level / 20))


def bursts(level: float, every: float = 4.0, lasts: float = 1.5) -> Sound:
    """Noise of that RMS by turns with nothing."""
    sound: Sound = room("white", level, SECONDS, seed=3) * (TIME % every < lasts)
    return sound


def chords(least: float, most: float, seed: int = 3) -> Sound:
    """Chords that die away, each 0.15 to 0.9 s long and between two levels loud, without a rest."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(len(TIME))
    begin = 0
    while begin < len(sound):
        part = sound[begin : begin + int(RATE * rng.uniform(0.15, 0.9))]
        time, hertz = np.arange(len(part)) / RATE, rng.uniform(100, 800)
        wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in (1, 1.5, 2, 3))
        part += at(rng.uniform(least, most)) * wave * np.exp(-time * rng.uniform(1, 4))
        begin += len(part)
    return sound


@pytest.mark.parametrize("kind", ["white", "pink", "fan", "hum"])
@pytest.mark.parametrize(("loud", "noise"), [(-10, -30), (-20, -45), (-30, -60), (-40, -75), (-12, -70)])
def test_it_lies_between_the_noise_and_the_sound(kind: str, loud: float, noise: float) -> None:
    threshold, cut = found(bursts(loud) + room(kind, noise, SECONDS))
    assert noise + 2 < threshold <= max((noise + loud) / 2, NO_FLOOR)
    assert cut == pytest.approx(2.5 / 4, abs=0.05)


NOTHING_TO_CUT: dict[str, Callable[[], Sound]] = {
    "noise": lambda: room("white", -50, SECONDS),
    "a fan": lambda: room("fan", -45, SECONDS),
    "a fan whose speed goes up and down": lambda: room("fan", -45, SECONDS) * 10 ** (0.2 * np.sin(TIME)),
    "a tone": lambda: at(-20) * np.sin(2 * np.pi * 440 * TIME),
    "a tone that swells": lambda: at(-35) * np.sin(2 * np.pi * 440 * TIME) * 10 ** (0.75 * np.sin(TIME / 2)),
    "a crescendo": lambda: np.sin(2 * np.pi * 440 * TIME) * 10 ** (-3 + TIME / 12),
    "music": lambda: chords(-30, -20),
    "music from soft to loud": lambda: chords(-50, -20),
    "music with a soft beginning": lambda: chords(-30, -20) * np.where(TIME < 10, at(-25), 1),
}


@pytest.mark.parametrize("name", NOTHING_TO_CUT)
def test_without_a_noise_between_sounds_nothing_is_cut(name: str) -> None:
    assert found(NOTHING_TO_CUT[name]()) == (NO_FLOOR, 0.0)


def piece(seed: int) -> Sound:
    """Music without a rest: chords, some of them softer for a while or swelling, or a cluster of tones that swells."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        tones = sum(np.sin(2 * np.pi * hertz * TIME) for hertz in rng.uniform(150, 600, 5)) / 5
        swelling: Sound = tones * 10 ** ((12 * np.sin(TIME * rng.uniform(0.1, 1.5)) - 25) / 20)
        return swelling
    sound = chords((-25, -30, -35, -45, -60)[seed % 5], -20, seed)
    if seed % 3 == 0:
        sound *= 10 ** (np.interp(TIME, [8, 12], [-1, 0]))
    return sound * 10 ** (0.5 * np.sin(TIME / 3)) if seed % 4 == 0 else sound


def test_music_is_seldom_taken_for_noise() -> None:
    finders = [FloorFinder(FMT) for _ in range(40)]
    for seed, finder in enumerate(finders):
        finder.feed(pcm(piece(seed)))
    assert sum(finder.threshold() != NO_FLOOR for finder in finders) <= 1


def test_digital_silence_is_cut_whatever_else_there_is() -> None:
    tone = at(-20) * np.sin(2 * np.pi * 440 * TIME)
    gated = np.where(TIME % 4 < 2, tone, 0)
    assert found(gated)[0] == NO_FLOOR
    assert found(gated)[1] == pytest.approx(14 / 30, abs=0.001)
    dither = np.random.default_rng(1).uniform(-1, 1, len(TIME)) * 2**-15
    assert found(gated + dither)[0] == NO_FLOOR
    assert found(gated + dither)[1] == pytest.approx(14 / 30, abs=0.001)
    assert found(np.zeros(RATE * 3)) == (NO_FLOOR, 1.0)


def test_gaps_in_a_noisy_take_do_not_hide_its_noise() -> None:
    """Zeros for half of the time, then speech in a room."""
    sound = np.where(TIME < SECONDS / 2, 0, bursts(-20) + room("pink", -55, SECONDS))
    threshold, cut = found(sound)
    assert -53 < threshold < -40
    assert cut > 0.5 + 0.25


def test_one_second_of_sound_in_minutes_of_noise_is_heard() -> None:
    noise = room("fan", -58, 180)
    noise[RATE * 100 : RATE * 101] += room("white", -20, 1)
    threshold, cut = found(noise)
    assert -56 < threshold < -45
    assert cut == pytest.approx(179 / 180, abs=0.003)


@pytest.mark.parametrize("frames", [0, 1, 700, RATE // 3])
def test_what_is_too_short_to_tell_is_kept(frames: int) -> None:
    assert found(room("white", -50, 1)[:frames] if frames else np.zeros(1))[0] == NO_FLOOR


@pytest.mark.parametrize(("rate", "bits"), [(8000, 8), (11_025, 16), (44_100, 32), (192_000, 24), (50, 16)])
def test_any_format_gives_the_same(rate: int, bits: int) -> None:
    """Loud and quiet by turns; 8 bits cannot be quieter than −42 dBFS."""
    rng = np.random.default_rng(2)
    time = np.arange(20 * rate) / rate
    sound = rng.uniform(-1, 1, len(time)) * np.where(time % 4 < 2, 0.5, 0.02)
    threshold, cut = found(sound, AudioFormat(rate, 1, bits))
    if rate > 50:
        assert -37 < threshold < -24
        assert cut == pytest.approx(0.5, abs=0.02)


@settings(deadline=None, max_examples=effort(40, 15))
@given(st.lists(st.integers(0, 60_000), max_size=30), st.sampled_from([8000, 44_100]))
def test_portions_make_no_difference(portions: list[int], rate: int) -> None:
    fmt = AudioFormat(rate, 2, 16)
    rng = np.random.default_rng(4)
    loud = np.arange(6 * rate)[:, np.newaxis] % (2 * rate) < rate
    data = pack(np.rint(rng.uniform(-1, 1, (6 * rate, 2)) * np.where(loud, 9000, 60)).astype(np.int64), 16)
    whole, parts = FloorFinder(fmt), FloorFinder(fmt)
    whole.feed(data)
    place = 0
    for frames in [*portions, 6 * rate]:
        parts.feed(data[place : place + frames * 4])
        place += frames * 4
    assert parts.threshold() == whole.threshold() != NO_FLOOR


def test_an_hour_takes_no_more_memory_than_a_minute() -> None:
    fmt = AudioFormat(8000, 1, 16)
    finder = FloorFinder(fmt)
    second = pcm(room("white", -50, 1)[:8000], 16)

    def grown(seconds: int) -> int:
        for _ in range(seconds):
            finder.feed(second)
        return tracemalloc.get_traced_memory()[0]

    grown(60)
    tracemalloc.start()
    try:
        first = grown(60)
        assert grown(effort(3600, 600)) - first < 10_000
    finally:
        tracemalloc.stop()


def test_progress_and_the_end_of_patience_hold_while_it_looks() -> None:
    sound = bursts(-20) + room("white", -60, SECONDS)
    seen: list[float] = []
    result = trim(MemoryReader(FMT, pcm(sound), 50_000), Sink().write, AUTO, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert 0.45 < seen[len(seen) // 2] < 0.55
    again = trim(MemoryReader(FMT, pcm(sound)), Sink().write, CutRule(silence_thresh=result.rule.threshold))
    assert (again.cuts, again.kept_frames) == (result.cuts, result.kept_frames)
