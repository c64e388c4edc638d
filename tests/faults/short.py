"""A short take with a silence in it, what comes after it, and what must be true of its files at any time."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.faults.simulated import Studio, Time
from tray_app.audio.rule import CutRule
from tray_app.audio.wav import WavReader
from tray_app.capture.base import Samples, Source
from tray_app.disk import Disk
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import find
from tray_app.processing.trimming import trim_into
from tray_app.take.take import Plan

RATE = 8000
LOUD, SILENT = 0.6, 0.8
SECONDS = 2.2
SILENCE = CutRule(500, -40.0)
TRIMS = Plan(SILENCE)


def talk(seconds: float, source: Source, frames: int) -> Samples:
    """0.6 s of sound, 0.8 s of silence, and so on. No frame of sound is like another within 2 s."""
    at = np.round((seconds + np.arange(frames) / source.rate) * source.rate).astype(np.int64)
    period = round((LOUD + SILENT) * RATE)
    values = np.where(at % period < LOUD * RATE, 8000 + at % 16_000, 0) / 32768
    return np.repeat(values.astype(np.float32)[:, np.newaxis], source.channels, axis=1)


def all_of_it(frames: int) -> NDArray[np.int16]:
    """What a file of `frames` frames must hold."""
    source = Source("", "", "signal", "", RATE, 1)
    return np.round(talk(0.0, source, frames)[:, 0] * 32768).astype(np.int16)


def record(
    folder: Path,
    disk: Disk,
    seconds: float = SECONDS,
    plan: Plan = TRIMS,
    *,
    least_free: int = 0,
    time: Time | None = None,
) -> Studio:
    """Record `seconds` of the talk, as the recorder does, up to where its jobs would begin."""
    studio = Studio(folder, talk, disk, plan=plan, least_free=least_free, time=time)
    studio.stop_at(seconds)
    studio.run()
    return studio


def sound_of(path: Path) -> NDArray[np.int16]:
    """What our own reader makes of a file, as it lies."""
    reader = WavReader(io.BytesIO(path.read_bytes()))
    return np.frombuffer(reader.read(reader.frames), "<i2")


class Start:
    """A start of the program: recovers what lies there, does all jobs, and ends. `said` is what the user is told."""

    def __init__(self, disk: Disk, folder: Path, *, asked: bool = False, studio: Studio | None = None) -> None:
        self.said: list[JobFinished | Problem] = []
        bus = EventBus()
        bus.listen(JobFinished, self.said.append)
        bus.listen(Problem, self.said.append)
        queue = JobQueue(disk, bus, waits=(0.0, 0.0))
        if studio is not None:
            for take, facts in studio.takes:
                queue.submit(take, facts)
            for take in studio.broken:
                queue.submit(take)
        else:
            for take in find(disk, folder).takes:
                queue.submit(take, recovered=True, asked=asked)
        assert queue.close(60)
        bus.deliver(0)

    @property
    def finished(self) -> list[JobFinished]:
        return [said for said in self.said if isinstance(said, JobFinished)]

    @property
    def problems(self) -> list[Problem]:
        return [said for said in self.said if isinstance(said, Problem)]


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_sound(path: Path, least: int = 0) -> int:
    """The file opens as it lies, for us and for libsndfile, and holds the talk from its first frame.

    Return how much of it. A header that states nothing yet is no news to libsndfile; we know better.
    """
    by_others: NDArray[np.int16] = soundfile.read(path, dtype="int16")[0]
    heard = sound_of(path)
    assert len(by_others) in (0, len(heard))
    assert len(by_others) or len(heard) <= RATE / 8
    assert np.array_equal(heard, all_of_it(len(heard)))
    assert len(heard) >= least
    return len(heard)


def assert_nothing_is_lost(folder: Path) -> None:
    """As it lies: every original opens, and whatever is unfinished has a marker."""
    for original in folder.rglob("originals/*.wav"):
        marked, sound = original.with_suffix(".take").exists(), 0
        if original.stat().st_size < 80:
            assert marked, "an empty file of ours has a marker, by which it goes"
        else:
            sound = assert_sound(original)
        if sound and not (folder / original.name).exists():
            assert marked, f"{original.name} is not finished, and nobody will finish it"
    for left in [*folder.rglob("*.part"), *folder.rglob("*.json.part")]:
        home, name = left.parent, left.name.removesuffix(".part").removesuffix(".json")
        assert (home / f"{name}.take").exists(), f"{left.name} is nobody's"


def assert_finished(folder: Path, least: int) -> None:
    """A whole take of at least `least` frames, its sidecar, and the trimmed file that its silence settings give."""
    assert names(folder) == ["originals/take.json", "originals/take.wav", "take.wav"]
    assert_sound(folder / "originals" / "take.wav", least)
    oracle = folder / "oracle.wav"
    trim_into(Disk(), folder / "originals" / "take.wav", oracle, SILENCE)
    assert (folder / "take.wav").read_bytes() == oracle.read_bytes()


def copies(recorded: Path, folder: Path, name: object) -> Path:
    return Path(shutil.copytree(recorded, folder / str(name)))


def in_a_child(work: Callable[[], object]) -> int:
    """Do `work` in a process of its own; return its exit status, 0 where it was done."""
    assert sys.platform != "win32"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
