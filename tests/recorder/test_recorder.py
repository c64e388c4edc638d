"""The recorder with devices that hang, vanish and come back, and disks that fail: states, files, threads."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.recorder.desk import RATE, Desk, FullDisk, SlowDisk, samples_of
from tests.recorder.fake import FakeBackend
from tests.sound import frequency, wait_until
from tray_app.capture.base import Chunk, Source
from tray_app.errors import SourceError
from tray_app.events import Problem
from tray_app.sentences.forms import Said
from tray_app.states import Command, State, transition


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "takes")
    with desk.recorder:
        yield desk
    desk.backend.hang_in_close.clear()
    for take, _ in desk.takes:
        take.release()


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
