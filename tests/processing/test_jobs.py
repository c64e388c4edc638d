"""The jobs of a finished take, and what a crash leaves: nothing lost, nothing adopted that does not hold."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.processing.takes import (
    RATE,
    TALK,
    TRIMS,
    after_crash,
    ending,
    finished,
    make,
    names,
    patience,
    sound_of,
    speech,
)
from tests.refusing import Refusing, refused
from tests.sound import wait_until
from tray_app.app import App
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.loading import load
from tray_app.processing.jobs import Jobs
from tray_app.processing.queue import JobQueue
from tray_app.take.facts import read_sidecar
from tray_app.take.take import Plan


def test_the_twin_made_while_recording_is_adopted_not_made_again(tmp_path: Path) -> None:
    take, facts = finished(tmp_path)
    trimmed = tmp_path / "take.wav"
    before = trimmed.stat()
    outcome = Jobs(Disk()).finish(take, facts)
    assert trimmed.stat().st_ino == before.st_ino
    assert trimmed.stat().st_mtime_ns == before.st_mtime_ns
    assert outcome.trimmed == trimmed
    assert len(sound_of(trimmed)) == facts.kept_frames
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]


def test_a_twin_that_does_not_hold_is_made_again_and_nothing_is_overwritten(tmp_path: Path) -> None:
    take, facts = finished(tmp_path)
    good = (tmp_path / "take.wav").read_bytes()
    (tmp_path / "take.wav").write_bytes(good[: len(good) // 2])
    outcome = Jobs(Disk()).finish(take, facts)
    assert outcome.trimmed == tmp_path / "take (2).wav"
    assert (tmp_path / "take (2).wav").read_bytes() == good
    assert (tmp_path / "take.wav").stat().st_size == len(good) // 2


def test_the_original_goes_only_after_the_trimmed_file_was_compared(tmp_path: Path) -> None:
    plan = Plan(CutRule(500, -40.0), keep_original=False)
    take, facts = finished(tmp_path / "good", plan)
    assert Jobs(Disk()).finish(take, facts).original is None
    assert names(tmp_path / "good") == ["originals/take.json", "take.wav"]
    noted = read_sidecar(Disk(), tmp_path / "good" / "originals" / "take.json")
    assert noted is not None
    assert (noted.original, noted.trimmed, noted.cuts) == ("", "../take.wav", facts.cuts), "the cut list stays"
    take, facts = finished(tmp_path / "bad", plan)
    trimmed = tmp_path / "bad" / "take.wav"
    damaged = bytearray(trimmed.read_bytes())
    damaged[5000] ^= 1
    trimmed.write_bytes(damaged)
    bus, problems = EventBus(), list[Problem]()
    bus.listen(Problem, problems.append)
    queue = JobQueue(Disk(), bus)
    queue.submit(take, facts)
    assert queue.wait(10)
    bus.deliver(0)
    assert "does not hold what the original does" in problems[0].text
    assert len(sound_of(tmp_path / "bad" / "originals" / "take.wav")) == len(TALK)


def test_nothing_heard_leaves_the_original_and_no_trimmed_file(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(CutRule(500, -40.0), keep_original=False), speech((2.0, 0.0)))
    outcome = Jobs(Disk()).finish(take, facts)
    assert (outcome.trimmed, outcome.heard) == (None, False)
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav"]
    assert len(sound_of(outcome.original)) == 2 * RATE


@pytest.mark.parametrize("held", [ending("take.wav"), ending("take.json"), ending("take.json", "take.wav")])
def test_what_is_open_elsewhere_at_stop_is_the_jobs_business(tmp_path: Path, held: Callable[[Path], bool]) -> None:
    disk = Refusing(9, held)
    making = make(tmp_path, disk=disk)
    facts = making.finish(len(TALK) / RATE, "", "")
    assert disk.times >= 7, "Stop does not wait"
    assert not (tmp_path / "take.wav").exists()
    waits, waited = patience()
    outcome = Jobs(disk, waits).finish(making.take, facts)
    assert outcome.trimmed == tmp_path / "take.wav"
    assert len(sound_of(outcome.trimmed)) == facts.kept_frames
    known = replace(facts, rule=TRIMS.rule, original="take.wav", trimmed="../take.wav")
    assert read_sidecar(Disk(), tmp_path / "originals" / "take.json") == known
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]
    assert 0 < sum(waited) < 10


def test_a_crash_before_the_job_had_the_sidecar_leaves_one_trimmed_file(tmp_path: Path) -> None:
    making = make(tmp_path, disk=Refusing(10**9, ending("take.json")))
    facts = making.finish(len(TALK) / RATE, "", "")
    making.take.release()
    (done,) = after_crash(tmp_path)
    assert isinstance(done, JobFinished)
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]
    assert len(sound_of(tmp_path / "take.wav")) == facts.kept_frames


def test_a_sidecar_that_cannot_be_written_at_all_does_not_hold_the_take(tmp_path: Path) -> None:
    disk = Refusing(10**9, ending("take.json"))
    making = make(tmp_path, disk=disk)
    facts = making.finish(len(TALK) / RATE, "", "")
    waits, waited = patience()
    assert Jobs(disk, waits).finish(making.take, facts).trimmed == tmp_path / "take.wav"
    assert 10 <= sum(waited) < 11
    assert len(sound_of(tmp_path / "take.wav")) == facts.kept_frames


def test_a_rename_that_is_refused_for_good_parks_the_take_until_the_next_start(tmp_path: Path) -> None:
    disk = Refusing(10**9, ending("take.wav"))
    making = make(tmp_path, disk=disk)
    facts = making.finish(len(TALK) / RATE, "", "")
    waits, waited = patience()
    bus, problems = EventBus(), list[Problem]()
    bus.listen(Problem, problems.append)
    queue = JobQueue(disk, bus, Jobs(disk, waits))
    queue.submit(making.take, facts)
    assert queue.wait(10)
    bus.deliver(0)
    assert "another program has it open" in problems[0].text
    assert "safe" in problems[0].text
    assert 10 <= sum(waited) < 11
    (again,) = after_crash(tmp_path)
    assert isinstance(again, JobFinished)
    assert len(sound_of(tmp_path / "take.wav")) == facts.kept_frames
    assert not (tmp_path / "originals" / "take.take").exists()


@pytest.mark.parametrize("held", ["take.wav", "take.json"])
def test_an_original_that_is_open_elsewhere_is_removed_with_patience(tmp_path: Path, held: str) -> None:
    take, facts = finished(tmp_path, Plan(CutRule(500, -40.0), keep_original=False))
    waits, waited = patience()
    outcome = Jobs(Refusing(3, lambda path: path.parent.name == "originals" and path.name == held), waits).finish(
        take, facts
    )
    assert outcome.original is None
    assert names(tmp_path) == ["originals/take.json", "take.wav"]
    assert 0 < sum(waited) < 10


class Playing(Disk):
    """The real disk, where a player has all sound open: it lets others read, but not write."""

    def open_update(self, path: Path) -> io.FileIO:
        if path.suffix == ".wav":
            raise refused(32)
        return super().open_update(path)


def test_who_plays_a_take_at_once_does_not_hold_its_job(tmp_path: Path) -> None:
    take, facts = finished(tmp_path)
    assert Jobs(Playing()).finish(take, facts).trimmed == tmp_path / "take.wav"
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]


def test_a_finished_take_is_notified_in_plain_words(tmp_path: Path) -> None:
    settings = load({"RECORDER_SAVE_FOLDER": str(tmp_path)}, {}, None)
    shown: list[tuple[str, str]] = []
    with App(settings, backends=[]) as app:
        app.notifier._find_sender = lambda: lambda title, text: shown.append((title, text))
        take, facts = finished(tmp_path)
        app.queue.submit(take, facts)
        assert app.queue.wait(10)
        app.bus.deliver(1)
        wait_until(lambda: shown)
    assert shown == [("Recording saved", "take.wav, 2.0 s without silence; 4.0 s were recorded, 2.0 s were silence.")]
