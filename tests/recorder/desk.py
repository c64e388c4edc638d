"""A recorder on a fake device, and disks that fill up or hang while it writes."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from tests.recorder.fake import FakeBackend
from tests.sound import wait_until
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Source
from tray_app.disk import Disk
from tray_app.errors import SourceError
from tray_app.events import EventBus, Problem, StateChanged
from tray_app.processing.jobs import Jobs, Outcome
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.sentences.forms import Said
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

RATE = 48000


class Desk:
    """A recorder on a fake device with all that it says and gives."""

    def __init__(self, folder: Path, disk: Disk | None = None, backend: FakeBackend | None = None) -> None:
        self.folder = folder
        self.disk = disk or Disk()
        self.backend = backend or FakeBackend()
        self.bus = EventBus()
        self.takes: list[tuple[Take, Facts]] = []
        self.problems: list[Problem] = []
        self.states: list[StateChanged] = []
        self.bus.listen(Problem, self.problems.append)
        self.bus.listen(StateChanged, self.states.append)
        self.recorder = Recorder(self.disk, self.bus, lambda take, facts: self.takes.append((take, facts)))

    def order(self, plan: Plan | None = None, follows: bool = True, limit: float | None = None) -> Order:
        return Order(
            find=lambda: (self.backend, self._first()),
            follows=follows,
            folder=self.folder,
            name="take",
            plan=plan or Plan(CutRule(500, -40.0)),
            limit=limit,
        )

    def _first(self) -> Source:
        if not self.backend.present:
            raise SourceError(Said("There is no default output to record."))
        return self.backend.present[0]

    def start(self, plan: Plan | None = None, follows: bool = True, limit: float | None = None) -> None:
        self.recorder.start(self.order(plan, follows, limit))

    def record(self, seconds: float) -> None:
        """Let `seconds` of sound be recorded."""
        time.sleep(seconds)

    def stop(self) -> Facts:
        self.recorder.stop()
        wait_until(lambda: self.takes, what="the take is complete")
        self.say()
        return self.takes[-1][1]

    def say(self) -> list[Problem]:
        while self.bus.deliver(0):
            pass
        return self.problems

    def hear(self, condition: Callable[[], object]) -> None:
        wait_until(lambda: (self.say(), condition())[1])

    def finish(self) -> Outcome:
        take, facts = self.takes[-1]
        return Jobs(self.disk).finish(take, facts)


def samples_of(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    found, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == RATE
    return found  # type: ignore[no-any-return]


class FullDisk(Disk):
    """Takes `room` bytes into files whose name fits, then reports ENOSPC: short writes first, as disks do."""

    def __init__(self, room: int, suffix: str) -> None:
        self.room, self.suffix = room, suffix

    def create(self, path: Path) -> io.FileIO:
        file = super().create(path)
        return self._limited(file) if path.name.endswith(self.suffix) else file

    def _limited(self, file: io.FileIO) -> io.FileIO:
        disk = self

        class Limited(io.FileIO):
            def write(self, data: object, /) -> int:
                view = memoryview(data).cast("B")  # type: ignore[arg-type]
                if self.tell() + len(view) > disk.room:
                    view = view[: max(0, disk.room - self.tell())]
                    if not view:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(view)

        return _reopen(file, Limited)


def _reopen(file: io.FileIO, kind: type[io.FileIO]) -> io.FileIO:
    number = os.dup(file.fileno())
    file.close()
    return kind(number, "r+b")


class SlowDisk(Disk):
    """A disk on which writing into `.wav` files hangs while it is told to."""

    def __init__(self) -> None:
        self.hang = threading.Event()
        self.hanging = threading.Event()
        self.free = threading.Event()

    def create(self, path: Path) -> io.FileIO:
        file = super().create(path)
        if not path.name.endswith(".wav"):
            return file
        disk = self

        class Slow(io.FileIO):
            def write(self, data: object, /) -> int:
                if disk.hang.is_set():
                    disk.hanging.set()
                    disk.free.wait(60)
                return super().write(data)  # type: ignore[arg-type]

        return _reopen(file, Slow)
