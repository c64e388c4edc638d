"""Takes in the making, finished and crashed, of one channel of noise, and what is looked at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Chunk, Samples
from tray_app.disk import Disk, Patience
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import find
from tray_app.recorder.making import Making
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take, begin

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


def patience() -> tuple[Patience, list[float]]:
    """Patience in simulated time, and how long it waits each time."""
    waited: list[float] = []
    return Patience(waited.append, lambda: sum(waited)), waited


def ending(*endings: str) -> Callable[[Path], bool]:
    return lambda path: path.name.endswith(endings)
