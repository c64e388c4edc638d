"""A take that becomes another format: where its files are, what is said, and what is left when it cannot be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.processing.sounds import default, probed
from tests.processing.takes import FORMAT, RATE, TALK, TRIMS, after_crash, finished, names, speech
from tests.processing.test_trimming import FullDisk
from tests.sound import wait_until
from tray_app.audio.wav_header import header_length
from tray_app.disk import Disk
from tray_app.events import EventBus, JobFinished, JobProgress, Problem
from tray_app.outputs import Output
from tray_app.processing.jobs import Jobs, Outcome
from tray_app.processing.queue import JobQueue
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take, claim

FLAC = default("flac")


def become(folder: Path, plan: Plan, disk: Disk | None = None) -> Outcome:
    """Record the talk, and do all jobs."""
    take, facts = finished(folder, plan)
    return Jobs(disk or Disk()).finish(take, facts)


def exact(path: Path) -> NDArray[np.int32]:
    found: NDArray[np.int32] = soundfile.read(path, dtype="int32")[0]
    return found


def trimmed_talk(folder: Path) -> NDArray[np.int32]:
    """What the trimmed WAV of the talk holds."""
    outcome = become(folder, TRIMS)
    assert outcome.trimmed is not None
    return exact(outcome.trimmed)


def test_the_trimmed_file_becomes_flac_and_its_wav_goes(tmp_path: Path) -> None:
    outcome = become(tmp_path / "flac", Plan(TRIMS.rule, True, FLAC))
    assert outcome.saved == outcome.trimmed == tmp_path / "flac" / "take.flac"
    assert outcome.original == tmp_path / "flac" / "originals" / "take.wav"
    assert names(tmp_path / "flac") == ["originals/take.json", "originals/take.wav", "take.flac"]
    assert np.array_equal(exact(tmp_path / "flac" / "take.flac"), trimmed_talk(tmp_path / "wav"))
    assert soundfile.info(outcome.saved).subtype == "PCM_24"


def test_without_the_original_there_is_one_file(tmp_path: Path) -> None:
    outcome = become(tmp_path / "flac", Plan(TRIMS.rule, False, FLAC))
    assert (outcome.saved, outcome.original) == (tmp_path / "flac" / "take.flac", None)
    assert names(tmp_path / "flac") == ["originals/take.json", "take.flac"]
    assert np.array_equal(exact(tmp_path / "flac" / "take.flac"), trimmed_talk(tmp_path / "wav"))


@pytest.mark.parametrize("keep", [True, False])
def test_with_its_silence_too_it_is_born_beside_and_saved(tmp_path: Path, keep: bool) -> None:
    outcome = become(tmp_path, Plan(None, keep, FLAC))
    original = tmp_path / "originals" / "take.wav"
    assert (outcome.saved, outcome.trimmed) == (tmp_path / "take.flac", None)
    assert outcome.original == (original if keep else None)
    assert names(tmp_path) == ["originals/take.json", *(["originals/take.wav"] if keep else []), "take.flac"]
    assert len(exact(tmp_path / "take.flac")) == len(TALK)


@pytest.mark.parametrize("rule", [TRIMS.rule, None])
def test_another_width_takes_the_name_of_the_wav(tmp_path: Path, rule: object) -> None:
    outcome = become(tmp_path, Plan(rule, True, Output("wav16")))  # type: ignore[arg-type]
    assert outcome.saved == tmp_path / "take.wav"
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav", "take.wav"]
    assert soundfile.info(tmp_path / "take.wav").subtype == "PCM_16"
    assert soundfile.info(tmp_path / "originals" / "take.wav").subtype == "PCM_24"


def test_where_nothing_was_heard_there_is_nothing_to_save(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, False, FLAC), speech((2.0, 0.0)))
    outcome = Jobs(Disk()).finish(take, facts)
    assert (outcome.saved, outcome.trouble) == (None, "")
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav"]


@pytest.mark.parametrize("plan", [Plan(TRIMS.rule, True, FLAC), Plan(None, True, FLAC)])
def test_a_name_that_somebody_took_is_left_to_them(tmp_path: Path, plan: Plan) -> None:
    take, facts = finished(tmp_path, plan)
    (tmp_path / "take.flac").write_bytes(b"precious")
    outcome = Jobs(Disk()).finish(take, facts)
    assert outcome.saved == tmp_path / "take (2).flac"
    assert len(exact(outcome.saved)) > RATE
    assert (tmp_path / "take.flac").read_bytes() == b"precious"


def test_the_trimmed_wav_can_be_played_meanwhile_and_progress_is_told(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, True, FLAC))
    seen: list[float] = []

    def progress(done: float) -> None:
        seen.append(done)
        if done < 0.75:
            assert soundfile.info(tmp_path / "take.wav").frames == facts.kept_frames
            assert "take.flac" not in names(tmp_path)

    Jobs(Disk()).finish(take, facts, progress)
    assert seen == sorted(seen)
    assert len(seen) >= 2
    assert seen[-1] == pytest.approx(1.0)


class Ended:
    """What a queue says of a take that it was given."""

    def __init__(self, take: Take, facts: Facts | None, disk: Disk | None = None) -> None:
        bus = EventBus()
        self.said: list[JobFinished | Problem] = []
        bus.listen(JobFinished, self.said.append)
        bus.listen(Problem, self.said.append)
        queue = JobQueue(disk or Disk(), bus, waits=(0.0, 0.0))
        queue.submit(take, facts)
        assert queue.wait(30)
        bus.deliver(0)


@pytest.mark.parametrize("rule", [TRIMS.rule, None])
def test_without_ffmpeg_it_stays_a_wav_and_that_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: object
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    take, facts = finished(tmp_path, Plan(rule, False, default("m4a")))  # type: ignore[arg-type]
    problem, done = Ended(take, facts).said
    assert isinstance(problem, Problem)
    assert isinstance(done, JobFinished)
    assert not problem.fatal
    assert problem.text == (
        "take could not be saved as M4A: ffmpeg, which M4A needs, is missing. It is kept as take.wav. "
        "Install ffmpeg for the next one."
    )
    assert done.saved == (tmp_path / "take.wav" if rule else tmp_path / "originals" / "take.wav")
    assert len(exact(done.saved)) >= 2 * RATE
    assert after_crash(tmp_path) == []


@pytest.mark.posix("needs ffmpeg")
def test_m4a_is_made_by_ffmpeg(tmp_path: Path) -> None:
    outcome = become(tmp_path, Plan(TRIMS.rule, False, default("m4a")))
    assert names(tmp_path) == ["originals/take.json", "take.m4a"]
    assert outcome.saved is not None
    found = probed(outcome.saved)
    assert found["tags"]["title"] == "take"
    assert "a device" in found["tags"]["comment"]


class Flipping(Disk):
    """The real disk, which forgets the middle of every file that is forced to it under a temporary name."""

    def __init__(self, forget: Callable[[Path], None]) -> None:
        self._forget = forget

    def sync(self, file: object) -> None:
        name = getattr(file, "name", "")
        if str(name).endswith(".part"):
            self._forget(Path(str(name)))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 64):
        content[at] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "forget"),
    # Of MP3 64 bytes are one frame, which may sound like anything.
    [("mp3", cut), *((name, how) for name in ("flac", "wav16", "wavfloat", "ogg", "opus") for how in (cut, flip))],
)
def test_what_does_not_read_back_is_not_relied_on(tmp_path: Path, name: str, forget: Callable[[Path], None]) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, False, default(name)))
    problem, done = Ended(take, facts, Flipping(forget)).said
    assert isinstance(problem, Problem)
    assert isinstance(done, JobFinished)
    assert "take could not be saved as" in problem.text
    assert "It is kept as take.wav." in problem.text
    assert problem.text.count("\n") == 0
    assert names(tmp_path) == ["originals/take.json", "take.wav"]
    assert np.array_equal(exact(tmp_path / "take.wav"), trimmed_talk(tmp_path / "oracle"))


@pytest.mark.parametrize("room", [0, 100, 5000])
@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "opus", "wav16", "wavfloat"])
def test_a_full_disk_leaves_the_wav_until_there_is_room(tmp_path: Path, name: str, room: int) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, False, default(name)))
    (problem,) = Ended(take, facts, FullDisk(room)).said
    assert isinstance(problem, Problem)
    assert "the disk is full" in problem.text
    assert f"safe at {tmp_path / 'take.wav'}." in problem.text
    assert names(tmp_path) == ["originals/take.json", "originals/take.take", "take.wav"]
    (done,) = after_crash(tmp_path)
    assert isinstance(done, JobFinished)
    assert names(tmp_path) == ["originals/take.json", f"take.{default(name).format.ending}"]
    assert done.kept_seconds == pytest.approx(facts.format.seconds(facts.kept_frames or 0))


def test_the_program_may_end_in_the_middle(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, False, FLAC), np.tile(TALK, (60, 1)))
    bus = EventBus()
    moved: list[JobProgress] = []
    bus.listen(JobProgress, moved.append)
    queue = JobQueue(Disk(), bus)
    queue.submit(take, facts)
    wait_until(lambda: bus.deliver(0.01) and moved and moved[-1].done >= 0.2, 10, "it is being encoded")
    queue.close(0)
    again = claim(Disk(), take.paths.marker)
    if again is None:
        assert names(tmp_path) == ["originals/take.json", "take.flac"], "it was quicker"
        return
    assert (again.memory.attempts, again.memory.sound) == (0, "take.wav")
    assert not take.paths.part.exists()
    again.release()
    (done,) = after_crash(tmp_path)
    assert isinstance(done, JobFinished)
    assert names(tmp_path) == ["originals/take.json", "take.flac"]
    assert len(exact(tmp_path / "take.flac")) == facts.kept_frames


def test_a_trimmed_file_that_its_user_moved_is_made_again(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(TRIMS.rule, True, FLAC))
    Ended(take, facts, FullDisk(100))
    (tmp_path / "take.wav").rename(tmp_path / "mine.wav")
    (done,) = after_crash(tmp_path)
    assert isinstance(done, JobFinished)
    assert names(tmp_path) == ["mine.wav", "originals/take.json", "originals/take.wav", "take.flac"]
    assert np.array_equal(exact(tmp_path / "take.flac"), exact(tmp_path / "mine.wav"))


def test_of_an_original_that_a_power_cut_shortened_what_is_left_is_saved(tmp_path: Path) -> None:
    take, facts = finished(tmp_path, Plan(None, True, FLAC))
    with take.paths.original.open("r+b") as file:
        file.truncate(header_length(FORMAT) + 3000 * 3)
    (done,) = Ended(take, facts).said
    assert isinstance(done, JobFinished)
    assert done.saved is not None
    assert len(exact(done.saved)) == 3000, "what is left of it is saved"
