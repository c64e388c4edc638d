"""What a crash left: made whole by the next start, whatever the moment, and nothing twice."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.processing.takes import RATE, TALK, after_crash, crash, ending, make, names, patience, sound_of
from tests.refusing import Refusing, refused
from tray_app.app import App
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.loading import load
from tray_app.processing.jobs import Jobs
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import find
from tray_app.recorder.making import Making
from tray_app.take.take import Plan, Stage


def test_a_crashed_take_that_is_open_elsewhere_is_repaired_with_patience(tmp_path: Path) -> None:
    crash(make(tmp_path))
    disk = Refusing(5, ending("take.part", "take.json"))
    waits, waited = patience()
    bus, done = EventBus(), list[JobFinished]()
    bus.listen(JobFinished, done.append)
    queue = JobQueue(disk, bus, Jobs(disk, waits))
    for take in find(disk, tmp_path).takes:
        queue.submit(take, recovered=True)
    assert queue.wait(20)
    bus.deliver(0)
    assert len(done) == 1
    assert 0 < sum(waited) < 10
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]


class Locked(Disk):
    """The real disk, where somebody has the marker of one take open and lets nobody else at it."""

    def open_update(self, path: Path) -> io.FileIO:
        if path.name == "take.take":
            raise refused(32)
        return super().open_update(path)


def test_a_marker_that_is_open_elsewhere_does_not_hide_the_others(tmp_path: Path) -> None:
    crash(make(tmp_path))
    crash(make(tmp_path))
    found = find(Locked(), tmp_path)
    assert [take.paths.name for take in found.takes] == ["take (2)"]
    assert [marker.name for marker in found.running] == ["take.take"]
    found.takes[0].release()


def test_a_take_that_was_being_recorded_is_finished_by_the_next_start(tmp_path: Path) -> None:
    crash(make(tmp_path))
    assert names(tmp_path) == ["originals/take.part", "originals/take.take", "originals/take.wav"]
    (done,) = after_crash(tmp_path)
    assert isinstance(done, JobFinished)
    assert done.recovered
    whole = sound_of(tmp_path / "originals" / "take.wav")
    assert len(TALK) - len(whole) <= 0.1 * RATE
    assert np.abs(whole - TALK[: len(whole)]).max() <= 2**-23
    assert 1.8 * RATE <= len(sound_of(tmp_path / "take.wav")) <= 2.1 * RATE
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]
    assert after_crash(tmp_path) == []


def test_ten_crashed_takes_are_finished_and_a_crash_in_recovery_too(tmp_path: Path) -> None:
    for _ in range(10):
        crash(make(tmp_path))
    found = find(Disk(), tmp_path)
    assert len(found.takes) == 10
    # Recovery dies after it has made the first whole, and in the middle of trimming the second.
    found.takes[0].remember(stage=Stage.FINISHING)
    found.takes[1].paths.part.write_bytes(b"half a twin")
    for take in found.takes:
        take.release()
    done = after_crash(tmp_path)
    assert len([event for event in done if isinstance(event, JobFinished)]) == 10
    assert len([name for name in names(tmp_path) if name.endswith(".wav")]) == 20
    assert not [name for name in names(tmp_path) if name.endswith((".part", ".take"))]


def stop_before_naming(making: Making) -> None:
    assert making._twin is not None
    making._twin.name = lambda: None  # type: ignore[method-assign]
    making.finish(len(TALK) / RATE, "", "")
    making.take.release()


def without_file(making: Making) -> None:
    crash(making)
    making.take.paths.original.unlink()


def finished_and_removed(making: Making) -> None:
    making.finish(len(TALK) / RATE, "", "")
    making.take.release()
    making.take.paths.original.unlink()


def empty_file(making: Making) -> None:
    crash(making)
    making.take.paths.original.write_bytes(b"")


def foreign_file(making: Making) -> None:
    crash(making)
    making.take.paths.original.write_bytes(b"RIFF" + struct.pack("<I", 36) + b"WAVEnot ours at all")


@pytest.mark.parametrize(
    ("how", "left"),
    [
        (stop_before_naming, ["originals/take.json", "originals/take.wav", "take.wav"]),
        (without_file, []),
        (finished_and_removed, ["originals/take.json", "take.wav"]),
        (empty_file, []),
        (foreign_file, ["originals/take.take", "originals/take.wav"]),
    ],
)
def test_crashes_at_odd_moments(tmp_path: Path, how: Callable[[Making], None], left: list[str]) -> None:
    making = make(tmp_path)
    how(making)
    before = making.take.paths.original.read_bytes() if making.take.paths.original.exists() else b""
    said = after_crash(tmp_path)
    assert names(tmp_path) == left
    if how in (without_file, finished_and_removed, empty_file):
        assert said == []
    if how is foreign_file:
        assert isinstance(said[0], Problem)
        assert making.take.paths.original.read_bytes() == before, "a file that is not ours is left as it is"
    if how is stop_before_naming:
        assert len(sound_of(tmp_path / "take.wav")) == 2 * RATE + (len(TALK) - 4 * RATE)


def test_a_file_without_a_marker_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    (tmp_path / "originals" / "mine.wav").write_bytes(b"anything")
    (tmp_path / "originals" / "mine.part").write_bytes(b"anything")
    assert after_crash(tmp_path) == []
    assert names(tmp_path) == ["originals/mine.part", "originals/mine.wav"]


def test_what_a_start_of_the_tray_does_first_leaves_a_running_take_alone(tmp_path: Path) -> None:
    making = make(tmp_path)
    before = [(path, path.read_bytes()) for path in sorted(tmp_path.rglob("*.wav"))]
    settings = load({"RECORDER_SAVE_FOLDER": str(tmp_path), "RECORDER_NOTIFY": "no"}, {}, None)
    with App(settings, backends=[]) as app:
        found = app.recover()
        assert (found.takes, len(found.running)) == ([], 1)
    assert [(path, path.read_bytes()) for path in sorted(tmp_path.rglob("*.wav"))] == before
    facts = making.finish(len(TALK) / RATE, "", "")
    assert facts.frames == len(TALK)
    assert facts.kept_frames == len(sound_of(tmp_path / "take.wav"))
    making.take.release()


@pytest.mark.parametrize("keep", [True, False])
def test_an_original_that_a_power_cut_shortened_costs_neither_its_twin_nor_what_is_left_of_it(
    tmp_path: Path, keep: bool
) -> None:
    making = make(tmp_path, Plan(CutRule(500, -40.0), keep_original=keep))
    facts = making.finish(len(TALK) / RATE, "", "")
    making.take.release()
    original = tmp_path / "originals" / "take.wav"
    whole = (tmp_path / "take.wav").read_bytes()
    original.write_bytes(original.read_bytes()[: original.stat().st_size // 2])
    said = after_crash(tmp_path)
    assert (tmp_path / "take.wav").read_bytes() == whole, "the trimmed file, which was complete, is the one"
    assert not (tmp_path / "take (2).wav").exists()
    assert 0.45 * facts.frames < len(sound_of(original)) < 0.55 * facts.frames, "what is left of the original stays"
    if keep:
        (done,) = said
        assert isinstance(done, JobFinished)
        assert done.kept_seconds == pytest.approx((facts.kept_frames or 0) / RATE)
    else:
        (problem,) = said
        assert isinstance(problem, Problem)
        assert "does not hold what the original does" in problem.text
