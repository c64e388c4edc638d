"""`record` through WASAPI loopback: what was played is in the files, at its place, its level, bit for bit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.sound import as_float, find_in, frequency, level_dbfs, noise24, onsets, tone
from tests.windows.program import User
from tests.windows.stage import Sound, Stage

RATE = 48_000
CHUNK = 512
HOLE = 0.2
HEARD = 0.01
"""What is louder, of 1, is no silence of the stage."""


def read(path: str | None) -> Sound:
    assert path is not None
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == RATE
    found: Sound = samples
    return found


def share_of(samples: Sound, rate: int, hz: float) -> float:
    """How much of all that sounds has that frequency, from 0 to 1."""
    power = np.abs(np.fft.rfft(samples[:, 0])) ** 2
    at = round(hz * len(samples) / rate)
    return float(power[at - 5 : at + 6].sum() / power.sum())


def test_a_tone_arrives_at_its_frequency(stage: Stage, user: User) -> None:
    with user.record("--source", stage.source, "--seconds", "5") as record:
        stage.play(tone(1000, -12, 3))
        found = record.result()
    info = soundfile.info(found["original"])
    assert info.subtype == "PCM_24"
    assert found["format"] == {"rate": info.samplerate, "channels": info.channels, "bits": 24}
    samples, rate = soundfile.read(found["original"], dtype="float32", always_2d=True)
    start = onsets(samples, rate, HEARD)[0]
    assert frequency(samples[start + rate // 10 : start + 2 * rate], rate) == pytest.approx(1000, abs=1)
    assert soundfile.info(found["trimmed"]).duration == pytest.approx(3, abs=0.2)


def test_a_tone_keeps_its_level(stage: Stage, user: User) -> None:
    if not stage.exact:
        pytest.skip("a real mixer has volumes")
    with user.record("--seconds", "4") as record:
        stage.play(tone(1000, -12, 2))
        found = record.result()
    heard = read(found["original"])
    start = onsets(heard, RATE, HEARD)[0]
    assert level_dbfs(heard[start + 4800 : start + RATE]) == pytest.approx(-12, abs=0.1)


def test_noise_of_24_bits_arrives_sample_for_sample(stage: Stage, user: User) -> None:
    if not stage.exact:
        pytest.skip("a real mixer changes samples")
    played = noise24(2.5, seed=7)
    with user.record("--seconds", "5") as record:
        stage.play(played)
        found = record.result()
    heard = read(found["original"])
    at = find_in(heard, as_float(played))
    assert at is not None
    assert not np.any(heard[:at]), "something is before it"
    assert not np.any(heard[at + len(played) :]), "something is behind it"
    assert found["dropped"] == []


def test_pause_takes_out_what_was_played_meanwhile_and_nothing_else(stage: Stage, user: User) -> None:
    """Noise runs on while it is paused for 2 s: exactly that stretch of the noise is missing."""
    if not stage.exact:
        pytest.skip("a real mixer changes samples")
    noise = noise24(9, seed=3)
    with user.record() as record:
        stage.play(noise)
        time.sleep(2)  # sound to be recorded: its length is what the test is about
        record.tell("pause")
        record.hear("paused")
        time.sleep(2)
        record.tell("Resume")
        record.hear("resumed")
        time.sleep(1.5)
        record.tell("STOP")
        found = record.result()
    ((edge, seconds),) = found["pauses"]
    assert seconds == pytest.approx(2, abs=0.5)
    heard, played = read(found["original"]), as_float(noise)
    before, after = heard[edge - 4800 : edge - CHUNK], heard[edge + CHUNK : edge + 4800]
    at_before, at_after = find_in(played, before), find_in(played, after)
    assert at_before is not None
    assert at_after is not None
    missing = at_after - at_before - (edge + CHUNK - (edge - 4800))
    assert abs(missing - seconds * RATE) <= CHUNK
    start = onsets(heard, RATE, 0.001)[0]
    assert np.all(np.any(heard[start + 10 :] != 0, axis=1)), "a zero was put in"


def test_what_is_played_in_a_pause_is_not_in_the_file(stage: Stage, user: User) -> None:
    with user.record("--source", stage.source) as record:
        stage.play(tone(1000, -12, 1)).wait()
        record.tell("PAUSE")
        record.hear("paused")
        stage.play(tone(440, -12, 2)).wait()
        record.tell("RESUME")
        record.hear("resumed")
        stage.play(tone(2000, -12, 1)).wait()
        record.tell("STOP")
        found = record.result()
    heard, rate = soundfile.read(found["original"], dtype="float32", always_2d=True)
    assert share_of(heard, rate, 1000) > 0.1
    assert share_of(heard, rate, 2000) > 0.1
    assert share_of(heard, rate, 440) < 0.01


def timed_tone(stage: Stage, hz: float, seconds: float) -> float:
    """Play a tone to its end; return when it began."""
    player = stage.play(tone(hz, -12, seconds))
    began = time.perf_counter()
    player.wait()
    return began


def assert_one_gap_between(found: dict[str, Any], began: float, later: float, *, shortest: float) -> None:
    """1000 Hz began at `began`, 2000 Hz at `later`: so far apart they are in the file, and between them is one gap.

    Holes shorter than `HOLE` do not count: a machine that is too busy makes them, under Wine more than elsewhere.
    """
    heard = read(found["original"])
    starts = onsets(heard, RATE, HEARD, quiet=HOLE)
    assert len(starts) == 2, (starts, found["gaps"])
    first, second = starts
    assert (second - first) / RATE == pytest.approx(later - began, abs=0.1)
    assert frequency(heard[first + 4800 : first + RATE // 2], RATE) == pytest.approx(1000, abs=1)
    assert frequency(heard[second + 4800 : second + RATE // 2], RATE) == pytest.approx(2000, abs=1)
    ((at, frames),) = [(at, frames) for at, frames in found["gaps"] if frames >= HOLE * RATE]
    assert first < at < at + frames <= second
    assert frames / RATE >= shortest
    assert not np.any(heard[at : at + frames])


def test_every_output_unplugged_leaves_one_gap_as_long_as_it_was(stage: Stage, user: User) -> None:
    if not stage.can_unplug:
        pytest.skip("only a hand can unplug a real output")
    with user.record() as record:
        began = timed_tone(stage, 1000, 1.5)
        stage.unplug(every=True)
        record.hear("is gone. The recording goes on and waits for it")
        time.sleep(3)
        stage.plug()
        record.hear("again.")
        later = timed_tone(stage, 2000, 1.5)
        record.tell("STOP")
        found = record.result()
    assert_one_gap_between(found, began, later, shortest=3)
    assert sum("is gone" in line for line in record.said) == 1


def test_the_default_unplugged_goes_on_with_the_output_that_is_left(stage: Stage, user: User) -> None:
    if not stage.can_unplug:
        pytest.skip("only a hand can unplug a real output")
    with user.record() as record:
        began = timed_tone(stage, 1000, 1.5)
        stage.unplug()
        record.hear("again.")
        later = timed_tone(stage, 2000, 1.5)
        record.tell("STOP")
        found = record.result()
    assert_one_gap_between(found, began, later, shortest=HOLE)


def test_a_pinned_output_is_waited_for_and_never_replaced(stage: Stage, user: User) -> None:
    if not stage.can_unplug:
        pytest.skip("only a hand can unplug a real output")
    with user.record("--source", stage.unpluggable) as record:
        began = timed_tone(stage, 1000, 1.5)
        stage.unplug()
        record.hear(f"{stage.unpluggable} is gone")
        timed_tone(stage, 440, 3)  # by the output that is left
        stage.plug()
        record.hear(f"Recording {stage.unpluggable} again.")
        later = timed_tone(stage, 2000, 1.5)
        record.tell("STOP")
        found = record.result()
    assert found["source"] == stage.unpluggable
    assert_one_gap_between(found, began, later, shortest=3)
    assert share_of(read(found["original"]), RATE, 440) < 1e-3


def test_the_facts_beside_the_original_are_those_that_were_printed(stage: Stage, user: User) -> None:
    with user.record("--source", stage.source, "--seconds", "2") as record:
        found = record.result()
    beside = json.loads(Path(found["original"]).with_suffix(".json").read_text(encoding="utf-8"))
    assert {name: beside[name] for name in ("frames", "source", "gaps")} == {
        name: found[name] for name in ("frames", "source", "gaps")
    }
    assert found["frames"] / found["format"]["rate"] == pytest.approx(2, abs=0.1)
