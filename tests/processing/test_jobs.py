"""The jobs of a finished take, and what a crash leaves: nothing lost, nothing adopted that does not hold."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.refusing import Refusing, refused
from tests.sound import wait_until
from tray_app.app import App
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Chunk, Samples
from tray_app.disk import Disk, Patience
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.processing.jobs import Jobs
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import find
from tray_app.recorder.making import Making
from tray_app.loading import load
from tray_app.take.facts import Facts, read_sidecar
from tray_app.take.take import Plan, Stage, Take, begin

RATE = 8000
FORMAT = AudioFormat(RATE, 1, 24)
TRIMS = Plan(CutRule(500, -40.0))


def speech(*parts: tuple[float, float]) -> Samples:
    """Noise of (seconds, amplitude) parts, one channel."""
    noise = np.random.default_rng(5)
    sound = [amplitude * noise.uniform(-1, 1, round(seconds * RATE)) for seconds, amplitude in parts]
    return np.concatenate(sound).astype(np.float32)[:, np.newaxis]


TALK = speech((1.0, 0.5), (2.0, 0.0), (1.0, 0.5))


def make(folder: Path, plan: Plan = TRIMS, sound: Samples = TALK, disk: Disk | None = None) -> Making:
    """A take in the making, with all of `sound` fed in."""
    disk = disk or Disk()
    making = Making(disk, begin(disk, folder, "take", plan), FORMAT, 0.0, "a device", lambda *_: None)
    making.opened(RATE, 1)
    for at in range(0, len(sound), 400):
        making.feed(Chunk(np.ascontiguousarray(sound[at : at + 400]), at / RATE))
    return making


def finished(folder: Path, plan: Plan = TRIMS, sound: Samples = TALK) -> tuple[Take, Facts]:
    making = make(folder, plan, sound)
    facts = making.finish(len(sound) / RATE, "", "")
    return making.take, facts


def crash(making: Making) -> None:
    """Leave everything as a process does that is killed."""
    making._file.close()
    twin = making._twin
    if twin is not None and twin._file is not None:
        twin._file.close()
        twin._file = None
    making.take.release()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def sound_of(path: Path | None) -> Samples:
    assert path is not None
    found: Samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return found


def after_crash(folder: Path) -> list[JobFinished | Problem]:
    """What the next start does with a folder, and says of it."""
    bus, said = EventBus(), list[JobFinished | Problem]()
    bus.listen(JobFinished, said.append)
    bus.listen(Problem, said.append)
    queue = JobQueue(Disk(), bus)
    for take in find(Disk(), folder).takes:
        queue.submit(take, recovered=True)
    assert queue.wait(20)
    bus.deliver(0)
    return said


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


def patience() -> tuple[Patience, list[float]]:
    """Patience in simulated time, and how long it waits each time."""
    waited: list[float] = []
    return Patience(waited.append, lambda: sum(waited)), waited


def ending(*endings: str) -> Callable[[Path], bool]:
    return lambda path: path.name.endswith(endings)


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
