"""The recorder on a disk that fills up or hangs: nothing is lost that it took, and what is dropped is listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.recorder.desk import RATE, Desk, FullDisk, SlowDisk, samples_of
from tests.sound import frequency, wait_until
from tray_app.disk import Disk
from tray_app.states import State
from tray_app.take.take import Plan


def test_a_full_disk_ends_the_take_with_all_that_it_took(tmp_path: Path) -> None:
    room = 300_000
    desk = Desk(tmp_path / "takes", FullDisk(room, ".wav"))
    with desk.recorder:
        desk.start(Plan(None))
        desk.hear(lambda: desk.problems)
        wait_until(lambda: desk.takes)
    assert "the disk is full" in desk.problems[-1].text
    assert "are safe" in desk.problems[-1].text
    take, facts = desk.takes[0]
    info = soundfile.info(take.paths.original)
    assert info.frames == facts.frames == (room - 104) // 6
    assert frequency(samples_of(take.paths.original), RATE) == pytest.approx(1000, abs=1)
    assert desk.recorder.state is State.IDLE
    assert desk.finish().original == take.paths.original


def test_a_disk_that_is_full_from_the_start_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", FullDisk(50, ".wav"))
    with desk.recorder:
        desk.start()
        desk.hear(lambda: desk.problems)
    assert "the disk is full" in desk.problems[0].text
    assert "Nothing was recorded" in desk.problems[0].text
    assert not [path for path in (tmp_path / "takes").rglob("*") if path.is_file()]


def test_a_twin_that_cannot_be_written_leaves_the_original_and_is_made_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", FullDisk(100_000, ".part"))
    with desk.recorder:
        desk.start()
        desk.hear(lambda: desk.states)
        desk.record(1.0)
        facts = desk.stop()
    assert desk.problems == []
    assert facts.kept_frames is None
    desk.disk = Disk()
    outcome = desk.finish()
    assert outcome.trimmed is not None
    assert soundfile.info(outcome.trimmed).frames == outcome.facts.kept_frames == facts.frames


def test_frames_that_a_hanging_disk_made_us_drop_are_zeros_and_listed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", SlowDisk())
    disk = desk.disk
    assert isinstance(disk, SlowDisk)
    with desk.recorder:
        desk.start(Plan(None))
        desk.hear(lambda: desk.states)
        desk.record(0.3)
        run = desk.recorder._run
        assert run is not None
        run.inbox._limit = RATE // 2
        disk.hang.set()
        assert disk.hanging.wait(5)
        desk.record(1.5)
        disk.hang.clear()
        disk.free.set()
        desk.record(0.5)
        facts = desk.stop()
    assert facts.gaps == ()
    assert len(facts.dropped) == 1
    start, frames = facts.dropped[0]
    assert frames / RATE == pytest.approx(1.0, abs=0.2)
    heard = samples_of(desk.takes[0][0].paths.original)
    assert not np.any(heard[start : start + frames])
    # The sine goes on in the phase in which it would be: the zeros are exactly as many as were dropped.
    wave = 0.5 * np.sin(2 * np.pi * 1000 / RATE * np.arange(len(heard)))
    assert np.abs(heard[:start, 0] - wave[:start]).max() < 1e-4
    assert np.abs(heard[start + frames :, 0] - wave[start + frames :]).max() < 1e-4
