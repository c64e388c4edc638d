"""The recorder with devices that hang, vanish and come back, and disks that fail: states, files, threads."""

from __future__ import annotations

import errno
import gc
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.recorder.fake import FakeBackend
from tests.sound import frequency, wait_until
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Chunk, Source
from tray_app.disk import Disk
from tray_app.errors import SourceError
from tray_app.events import EventBus, Problem, StateChanged
from tray_app.processing.jobs import Jobs, Outcome
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.sentences.forms import Said
from tray_app.states import Command, State, transition
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


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "takes")
    with desk.recorder:
        yield desk
    desk.backend.hang_in_close.clear()
    for take, _ in desk.takes:
        take.release()


def samples_of(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    found, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == RATE
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("command", [Command.START, Command.PAUSE, Command.RESUME, Command.STOP])
def test_every_command_in_every_state_does_what_the_table_says(desk: Desk, state: State, command: Command) -> None:
    if state is not State.IDLE:
        desk.start()
    if state is State.PAUSED:
        desk.recorder.pause()
    assert desk.recorder.state is state
    calls = {
        Command.START: lambda: desk.recorder.start(desk.order()),
        Command.PAUSE: desk.recorder.pause,
        Command.RESUME: desk.recorder.resume,
        Command.STOP: desk.recorder.stop,
    }
    expected = transition(state, command)
    assert calls[command]() == expected
    assert desk.recorder.state is expected.state


def test_a_device_that_hangs_in_stop_holds_neither_the_take_nor_the_command(desk: Desk) -> None:
    desk.backend.hang_in_close.set()
    desk.start()
    desk.hear(lambda: desk.states)
    desk.record(0.6)
    facts = desk.stop()
    assert desk.recorder.close(5)
    assert desk.backend.hang_in_close.entered.wait(5)
    take, _ = desk.takes[0]
    assert soundfile.info(take.paths.trimmed).frames == facts.kept_frames
    assert soundfile.info(take.paths.original).frames == facts.frames > 0.5 * RATE
    assert desk.recorder.state is State.IDLE
    desk.takes.clear()
    desk.start()
    desk.record(0.3)
    assert desk.stop().frames > 0.1 * RATE, "the next take does not wait for the device either"


def test_a_device_that_hangs_in_open_can_be_given_up(desk: Desk) -> None:
    desk.backend.hang_in_open.set()
    desk.start()
    assert desk.backend.hang_in_open.entered.wait(5)
    desk.recorder.stop()
    assert desk.recorder.close(5)
    assert "Nothing was recorded" in desk.say()[0].text
    assert not desk.folder.exists()
    desk.backend.hang_in_open.clear()
    wait_until(lambda: desk.backend.streams and desk.backend.streams[0].closed.is_set(), what="the latecomer is closed")


def test_a_device_that_cannot_be_opened_is_said_and_leaves_no_file(desk: Desk) -> None:
    desk.backend.refuses = SourceError(Said("The device is in use by another program.", todo="Close that program."))
    desk.start()
    desk.hear(lambda: desk.problems)
    assert desk.problems[0] == Problem("The device is in use by another program. Close that program.", fatal=True)
    wait_until(lambda: desk.recorder.state is State.IDLE)
    assert not desk.folder.exists()


@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 2), (16000, 1), (96000, 6)])
def test_a_device_that_comes_back_otherwise_goes_on_in_the_takes_format(desk: Desk, rate: int, channels: int) -> None:
    desk.start()
    desk.hear(lambda: desk.states)
    desk.record(0.5)
    desk.backend.vanish()
    desk.hear(lambda: desk.states[-1].waiting)
    desk.record(0.5)
    late = np.full((4800, 2), 0.9, np.float32)
    desk.backend.streams[0]._on_chunk(Chunk(late, time.perf_counter()))
    desk.backend.hz = 2000.0
    desk.backend.appear(rate, channels)
    desk.hear(lambda: not desk.states[-1].waiting)
    desk.record(0.8)
    facts = desk.stop()
    assert (facts.format.rate, facts.format.channels, facts.format.bits) == (48000, 2, 24)
    heard = samples_of(desk.takes[0][0].paths.original)
    assert len(facts.gaps) == 1
    start, frames = facts.gaps[0]
    assert frames > 0.5 * RATE
    assert not np.any(heard[start : start + frames])
    assert frequency(heard[: start - 960], RATE) == pytest.approx(1000, abs=2)
    assert frequency(heard[start + frames + 2400 : -2400], RATE) == pytest.approx(2000, abs=2)
    assert sum("is gone" in problem.text for problem in desk.problems) == 1


def test_a_pinned_device_is_waited_for_and_never_replaced(desk: Desk) -> None:
    desk.start(follows=False)
    desk.hear(lambda: desk.states)
    desk.record(0.3)
    desk.backend.vanish()
    desk.backend.appear(source=Source("mic", "Microphone", "input", "fake", 48000, 2, default=True))
    desk.record(1.0)
    desk.say()
    assert desk.states[-1].waiting
    assert len(desk.backend.streams) == 1
    desk.backend.appear()
    desk.hear(lambda: not desk.states[-1].waiting)
    assert desk.backend.streams[-1].source.id == "out"


def test_the_default_is_followed_once_when_a_system_reports_one_change_many_times(desk: Desk) -> None:
    other = Source("usb", "Headset", "loopback", "fake", 48000, 2, default=True)
    desk.start()
    desk.hear(lambda: desk.states)
    desk.backend.present = [other]
    for _ in range(20):
        desk.backend.say_changed()
    desk.hear(lambda: desk.states[-1].source == "Headset")
    desk.record(0.6)
    desk.backend.say_changed()
    desk.record(0.6)
    assert [stream.source.id for stream in desk.backend.streams] == ["out", "usb"]


def test_without_reports_the_default_is_looked_at_from_time_to_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "takes", backend=FakeBackend(watches=False))
    with desk.recorder:
        desk.start()
        desk.hear(lambda: desk.states)
        desk.backend.present = [Source("usb", "Headset", "loopback", "fake", 48000, 2, default=True)]
        desk.hear(lambda: desk.states[-1].source == "Headset")


def test_a_time_limit_ends_the_take_by_itself(desk: Desk) -> None:
    desk.start(limit=1.0)
    wait_until(lambda: desk.takes)
    assert desk.takes[0][1].frames / RATE == pytest.approx(1.0, abs=0.1)
    wait_until(lambda: desk.recorder.state is State.IDLE)


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


def open_files() -> int:
    """Descriptors of this process, on every system."""
    return sum(1 for number in range(1024) if is_open(number))


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("how", ["stop", "refused", "lost", "full", "leave"])
def test_every_path_frees_threads_and_files(tmp_path: Path, how: str) -> None:
    gc.collect()
    files = open_files()
    desk = Desk(tmp_path / "takes", FullDisk(100_000, ".wav") if how == "full" else None)
    if how == "refused":
        desk.backend.refuses = SourceError(Said("no"))
    with desk.recorder:
        desk.start()
        if how in ("refused", "full"):
            desk.hear(lambda: desk.problems)
        else:
            desk.hear(lambda: desk.states)
            desk.record(0.2)
        if how == "lost":
            desk.backend.vanish()
        if how == "stop":
            desk.stop()
    for take, _ in desk.takes:
        take.release()
    names = ("recorder", "device", "fake-device")
    wait_until(lambda: not [t for t in threading.enumerate() if t.name in names], what="threads end")
    assert desk.backend.watches == []
    gc.collect()
    assert open_files() == files


def test_commands_return_at_once_while_device_and_disk_hang(tmp_path: Path) -> None:
    """No limit in time is asserted: the calls must return while what they would wait for still hangs."""
    desk = Desk(tmp_path / "takes", SlowDisk())
    disk = desk.disk
    assert isinstance(disk, SlowDisk)
    desk.backend.hang_in_close.set()
    desk.start()
    desk.hear(lambda: desk.states)
    disk.hang.set()
    assert disk.hanging.wait(5)
    assert desk.recorder.pause().state is State.PAUSED
    assert desk.recorder.resume().state is State.RECORDING
    assert desk.recorder.stop().state is State.IDLE
    assert not desk.recorder.wait(0)
    disk.free.set()
    disk.hang.clear()
    assert desk.recorder.wait(10)
    desk.backend.hang_in_close.clear()
    assert desk.recorder.close(5)
