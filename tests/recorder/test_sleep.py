"""Sleep of the machine, in clocks that count it and in clocks that do not; and what is no sleep."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.short import RATE, Start, all_of_it, record, sound_of, talk
from tests.faults.simulated import Studio, Time
from tray_app import awake
from tray_app.awake import Awake
from tray_app.disk import Disk
from tray_app.recorder.sleep import Sleep, SleepMeter
from tray_app.states import Command
from tray_app.take.facts import read_sidecar
from tray_app.take.take import Plan

NIGHT = 8 * 3600.0


class Clocks:
    def __init__(self, *, counts: bool) -> None:
        self.now, self.slept, self._counts = 100.0, 0.0, counts

    def clock(self) -> float:
        return self.now + (self.slept if self._counts else 0.0)

    def awake(self) -> Awake:
        return Awake(self.now, self.slept)


@pytest.mark.parametrize("counts", [False, True])
def test_a_sleep_is_told_once_with_what_the_clock_made_of_it(counts: bool) -> None:
    clocks = Clocks(counts=counts)
    meter = SleepMeter(clocks.clock, clocks.awake)
    assert meter.look() is None
    clocks.now += 0.1
    clocks.slept += NIGHT
    assert meter.look() == Sleep(100.0, NIGHT, NIGHT if counts else 0.0)
    assert meter.look() is None


def test_a_program_that_stands_still_has_not_slept() -> None:
    clocks = Clocks(counts=True)
    meter = SleepMeter(clocks.clock, clocks.awake)
    clocks.now += 3600
    clocks.slept += 0.02
    assert meter.look() is None


def test_this_machine_tells_how_long_it_has_been_awake() -> None:
    before, began = awake.read(), time.perf_counter()
    time.sleep(0.3)  # what is measured
    after, over = awake.read(), time.perf_counter()
    assert after.awake - before.awake == pytest.approx(over - began, abs=0.1)
    assert after.slept - before.slept == pytest.approx(0.0, abs=0.1)


def slept_take(folder: Path, *, counts: bool, seconds: float = NIGHT) -> Studio:
    time = Time()
    time.counts_sleep = counts
    studio = Studio(folder, talk, plan=Plan(None), time=time)
    studio.after(10.0, lambda: time.sleep(seconds))
    studio.stop_at(20.0)
    return studio


@pytest.mark.parametrize("counts", [False, True], ids=["the wall clock jumps", "every clock jumps"])
def test_time_asleep_is_not_in_the_file_and_listed_with_its_wall_times(tmp_path: Path, counts: bool) -> None:
    studio = slept_take(tmp_path, counts=counts)
    began = studio.time.wall()
    studio.run()
    facts = studio.facts()
    assert facts.frames == pytest.approx(20.0 * RATE, abs=300)
    assert (facts.gaps, facts.pauses) == ((), ())
    ((frame, seconds, since, until),) = facts.sleeps
    assert frame == pytest.approx(10.0 * RATE, abs=300)
    assert seconds == NIGHT
    assert datetime.fromisoformat(since) - began == pytest.approx(timedelta(seconds=10), abs=timedelta(seconds=0.2))
    assert datetime.fromisoformat(until) - datetime.fromisoformat(since) == timedelta(seconds=NIGHT)
    assert (sound_of(tmp_path / "take.wav") == all_of_it(facts.frames)).all(), "not a sample is lost or put in"
    assert read_sidecar(Disk(), tmp_path / "take.json") == replace(facts, stop_ms=None)
    studio.release()


@pytest.mark.parametrize("counts", [False, True])
def test_sleep_in_a_pause_is_listed_and_no_part_of_the_pauses_length(tmp_path: Path, counts: bool) -> None:
    studio = slept_take(tmp_path, counts=counts)
    studio.after(9.0, lambda: studio.tell(Command.PAUSE))
    # What is to happen waits while the machine sleeps: the pause ends 5 s after it woke up.
    studio.after(15.0, lambda: studio.tell(Command.RESUME))
    studio.run()
    ((_, seconds),) = studio.facts().pauses
    assert seconds == pytest.approx(6.0, abs=0.1)
    assert [sleep[1] for sleep in studio.facts().sleeps] == [NIGHT]
    assert studio.facts().frames == pytest.approx(14.0 * RATE, abs=300)
    studio.release()


@pytest.mark.parametrize("counts", [False, True])
def test_a_limit_does_not_count_sleep(tmp_path: Path, counts: bool) -> None:
    time = Time()
    time.counts_sleep = counts
    studio = Studio(tmp_path, talk, plan=Plan(None), time=time, limit=30.0)
    studio.after(10.0, lambda: time.sleep(NIGHT))
    studio.run()
    assert studio.facts().frames == pytest.approx(30.0 * RATE, abs=200)
    studio.release()


def test_a_wall_clock_that_is_set_is_no_sleep(tmp_path: Path) -> None:
    time = Time()
    studio = Studio(tmp_path, talk, plan=Plan(None), time=time)
    studio.after(3.0, lambda: time.jump(-3600.0))
    studio.after(6.0, lambda: time.jump(7200.0))
    studio.stop_at(10.0)
    studio.run()
    assert studio.facts().sleeps == ()
    assert (sound_of(tmp_path / "take.wav") == all_of_it(studio.facts().frames)).all()
    studio.release()


def test_a_device_that_is_lost_in_the_sleep_is_found_again(tmp_path: Path) -> None:
    """As Windows does it: every clock jumps, and the stream has died."""
    time = Time()
    time.counts_sleep = True
    studio = Studio(tmp_path, talk, plan=Plan(None), time=time)
    output = studio.device.present[0]

    def sleep_and_lose() -> None:
        time.sleep(NIGHT)
        studio.device.vanish()
        time.at(time.now + 1.0, lambda: studio.device.appear(output))

    studio.after(10.0, sleep_and_lose)
    studio.stop_at(20.0)
    studio.run()
    facts = studio.facts()
    assert facts.frames == pytest.approx(20.0 * RATE, abs=300)
    assert len(facts.sleeps) == 1
    ((start, frames),) = facts.gaps
    assert start == pytest.approx(10.0 * RATE, abs=300)
    assert 1.0 <= frames / RATE <= 2.0
    heard, expected = sound_of(tmp_path / "take.wav"), all_of_it(facts.frames)
    assert (heard[: start - 80] == expected[: start - 80]).all()
    studio.release()


def test_a_sidecar_of_before_there_was_sleep_is_read(tmp_path: Path) -> None:
    studio = record(tmp_path, Disk(), plan=Plan(None))
    Start(Disk(), tmp_path, studio=studio)
    path = tmp_path / "take.json"
    found = json.loads(path.read_text())
    del found["sleeps"]
    path.write_text(json.dumps(found))
    assert read_sidecar(Disk(), path) == replace(studio.facts(), original="take.wav")
