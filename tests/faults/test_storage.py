"""Drives that hiccup, hang, go away, refuse to be closed: the take goes on as far as that goes, and it is said."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.faults.disks import BusyDisk, WatchedDisk
from tests.faults.short import RATE, TRIMS, Start, all_of_it, assert_finished, names, record, sound_of, talk
from tests.faults.simulated import OUTPUT, Studio, Time
from tests.recorder.desk import Desk
from tray_app.disk import Disk
from tray_app.events import Unheard
from tray_app.recorder import stuck
from tray_app.recorder.stuck import LOOKS, Stuck
from tray_app.states import Command, State
from tray_app.take.take import Plan

ERRORS = [errno.EIO, errno.EACCES, errno.ENODEV, errno.ENOSPC, errno.EROFS]


class Refusing(WatchedDisk):
    """Refuses what `refuses` says, with the error `number`."""

    def __init__(self, number: int, refuses: Callable[[str, Path], bool]) -> None:
        self.number, self.refuses = number, refuses

    def operation(self, what: str, path: Path) -> None:
        if self.refuses(what, path):
            raise OSError(self.number, os.strerror(self.number), str(path))


def in_originals(path: Path) -> bool:
    return path.parent.name == "originals" and path.suffix == ".wav"


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
def test_a_drive_that_refuses_at_the_beginning_leaves_nothing(tmp_path: Path, number: int) -> None:
    disk = Refusing(number, lambda what, path: what == "create" and in_originals(path))
    studio = record(tmp_path / "takes", disk)
    (problem,) = studio.problems
    assert "Nothing was recorded" in problem.text
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ENODEV], ids=lambda number: errno.errorcode[number])
def test_a_drive_that_hiccups_costs_nothing(tmp_path: Path, number: int) -> None:
    bad = False
    disk = Refusing(number, lambda what, path: bad and what == "write" and in_originals(path))

    def turn(on: bool) -> None:
        nonlocal bad
        bad = on

    studio = Studio(tmp_path, talk, disk, plan=TRIMS)
    studio.after(3.0, lambda: turn(True))
    studio.after(4.5, lambda: turn(False))
    studio.stop_at(8.0)
    studio.run()
    assert studio.problems == []
    facts = studio.facts()
    assert facts.frames == pytest.approx(8.0 * RATE, abs=300)
    assert (facts.gaps, facts.dropped) == ((), ())
    Start(Disk(), tmp_path, studio=studio)
    assert_finished(tmp_path, facts.frames)


@pytest.mark.parametrize("number", ERRORS, ids=lambda number: errno.errorcode[number])
def test_a_drive_that_fails_in_the_middle_ends_the_take_with_all_that_it_took(tmp_path: Path, number: int) -> None:
    bad = False
    disk = Refusing(number, lambda what, path: bad and what == "write" and in_originals(path))

    def fail() -> None:
        nonlocal bad
        bad = True

    studio = Studio(tmp_path, talk, disk, plan=TRIMS)
    studio.after(3.0, fail)
    studio.stop_at(60.0)
    studio.run()
    last = studio.problems[-1]
    assert last.fatal
    # At 3.0 s some of it was still waiting to be taken in.
    assert any(f"The first {seconds} s are safe." in last.text for seconds in (2.9, 3.0))
    # Not even its header can be written: the queue has it, and so has the next start.
    assert (studio.takes, len(studio.broken)) == ([], 1)
    first = Start(disk, tmp_path, studio=studio)
    bad = False
    assert len(first.finished) + len(Start(Disk(), tmp_path).finished) == 1
    assert_finished(tmp_path, round(2.85 * RATE))


def test_a_drive_that_refuses_only_the_last_header_is_tried_again_by_the_queue(tmp_path: Path) -> None:
    stopped = False
    disk = Refusing(errno.EIO, lambda what, path: stopped and what in ("write", "close") and in_originals(path))
    studio = Studio(tmp_path, talk, disk, plan=TRIMS)

    def stop() -> None:
        nonlocal stopped
        stopped = True
        studio.tell(Command.STOP)

    studio.after(3.0, stop)
    studio.run()
    stopped = False
    done = Start(disk, tmp_path, studio=studio)
    assert [event.recovered for event in done.finished] == [False]
    assert_finished(tmp_path, round(2.85 * RATE))


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


@pytest.mark.posix("Windows lets nobody rename a folder in which a file is open")
def test_a_save_folder_that_goes_away_is_said_once_and_its_return_ends_it_well(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "takes", talk, plan=TRIMS)
    studio.after(5.0, lambda: move(tmp_path / "takes", tmp_path / "away"))
    studio.after(25.0, lambda: move(tmp_path / "away", tmp_path / "takes"))
    studio.stop_at(30.0)
    studio.run()
    (problem,) = studio.problems
    assert "is not there" in problem.text
    assert "The recording goes on." in problem.text
    assert not problem.fatal
    Start(Disk(), tmp_path / "takes", studio=studio)
    assert_finished(tmp_path / "takes", round(29.9 * RATE))


@pytest.mark.posix("Windows lets nobody rename a folder in which a file is open")
def test_a_save_folder_that_does_not_come_back_keeps_its_take_for_the_next_start(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "takes", talk, plan=TRIMS)
    studio.after(5.0, lambda: move(tmp_path / "takes", tmp_path / "away"))
    studio.stop_at(10.0)
    studio.run()
    assert Start(Disk(), tmp_path / "takes", studio=studio).problems
    assert len(Start(Disk(), tmp_path / "away").finished) == 1
    assert_finished(tmp_path / "away", round(9.9 * RATE))


class Hanging(Disk):
    """What `where` names hangs until `free` is set: "create" or "write" of an original, "sync", or "free" space."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.hangs = threading.Event()
        self.free = threading.Event()

    def hang(self, what: str) -> None:
        if what == self.where and not self.free.is_set():
            self.hangs.set()
            self.free.wait(60)

    def create(self, path: Path) -> io.FileIO:
        if path.suffix == ".wav":
            self.hang("create")
        return super().create(path)

    def sync(self, file: io.FileIO) -> None:
        self.hang("sync")
        super().sync(file)

    def free_bytes(self, folder: Path) -> int:
        self.hang("free")
        return super().free_bytes(folder)


@pytest.mark.parametrize("where", ["sync", "free"])
def test_forcing_to_the_disk_never_holds_the_capture(tmp_path: Path, where: str) -> None:
    disk = Hanging(where)
    desk = Desk(tmp_path / "takes", disk)
    with desk.recorder:
        desk.start(Plan(None))
        assert disk.hangs.wait(10)
        desk.record(1.0)
        facts = desk.stop()
        assert not disk.free.is_set()
        disk.free.set()
    assert facts.frames > 0.9 * 48_000
    assert facts.dropped == facts.gaps == ()
    heard = soundfile.read(desk.takes[0][0].paths.original, dtype="float32")[0][:, 0]
    wave = 0.5 * np.sin(2 * np.pi * 1000 / 48_000 * np.arange(len(heard)))
    assert np.abs(heard - wave).max() < 1e-4
    desk.takes[0][0].release()


def test_a_disk_that_hangs_is_said_while_it_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stuck, "LOOK", 0.05)
    disk = Hanging("create")
    desk = Desk(tmp_path / "takes", disk)
    with desk.recorder:
        desk.start(Plan(None))
        assert disk.hangs.wait(10)
        desk.hear(lambda: desk.problems)
        (problem,) = desk.problems
        assert f"The disk with {tmp_path / 'takes'} does not answer." in problem.text
        assert not problem.fatal
        began = time.perf_counter()
        assert desk.recorder.stop().state is State.IDLE
        assert desk.recorder.start(desk.order()).state is State.RECORDING, "another take is not held up"
        assert not disk.free.is_set(), f"commands do not wait ({time.perf_counter() - began:.3f} s)"
        desk.recorder.stop()
        disk.free.set()
    assert len([problem for problem in desk.say() if "does not answer" in problem.text]) <= 2
    for take, _ in desk.takes:
        take.release()


def test_one_sign_of_life_is_enough_and_every_new_silence_is_told() -> None:
    over = threading.Event()
    beats, told = [0], list[int]()
    thread = threading.Thread(target=over.wait, daemon=True)

    looks = iter([*[0] * (LOOKS + 1), 1, *[0] * (LOOKS - 1), 1, *[0] * (LOOKS + 20), 1, *[0] * (LOOKS + 3)])

    def beat() -> int:
        step = next(looks, None)
        if step is None:
            over.set()
            thread.join()
            return beats[0]
        beats[0] += step
        return beats[0]

    thread.start()
    watcher = Stuck(thread, beat, lambda: None, lambda: told.append(beats[0]))
    before, stuck.LOOK = stuck.LOOK, 0.0
    try:
        watcher.run()
    finally:
        stuck.LOOK = before
    assert told == [0, 2, 3]


@pytest.mark.parametrize("keeps", [False, True], ids=["delivers", "keeps"])
def test_what_is_told_while_the_disk_hangs_holds_from_its_moment(tmp_path: Path, keeps: bool) -> None:
    time = Time()
    disk = BusyDisk(lambda seconds: time.run(time.now + seconds))
    studio = Studio(tmp_path, talk, disk, time=time, keeps=keeps)
    studio.after(3.005, lambda: setattr(disk, "busy", 4.0))
    studio.after(4.203, lambda: studio.tell(Command.PAUSE))
    studio.after(5.107, lambda: studio.tell(Command.RESUME))
    studio.stop_at(6.311)
    studio.run()
    studio.release()
    facts = studio.facts()
    assert (facts.gaps, facts.dropped) == ((), ())
    ((paused, seconds),) = facts.pauses
    assert seconds == pytest.approx(0.904)
    chunk = 80
    began = studio.device.streams[0].started_at - studio.device.origin
    assert paused == pytest.approx((4.203 - began) * RATE, abs=chunk)
    assert facts.frames == pytest.approx((6.311 - began - 0.904) * RATE, abs=2 * chunk)
    heard, sounded = sound_of(tmp_path / "take.wav"), all_of_it(7 * RATE)
    assert (heard[:paused] == sounded[:paused]).all()
    out = round(0.904 * RATE)
    shifts = [n for n in range(-chunk, chunk + 1) if _same(heard[paused:], sounded[paused + out + n :])]
    assert len(shifts) == 1, "what sounded in the pause is missing, and no more"


def _same(heard: NDArray[np.int16], sounded: NDArray[np.int16]) -> bool:
    return np.array_equal(heard, sounded[: len(heard)])


@pytest.mark.parametrize("keeps", [False, True], ids=["delivers", "keeps"])
def test_what_was_dropped_last_is_listed_as_dropped(tmp_path: Path, keeps: bool) -> None:
    """The disk hangs for 14 s, and Stop comes in the middle of that: no chunk tells what was dropped."""
    time = Time()
    disk = BusyDisk(lambda seconds: time.run(time.now + seconds))
    studio = Studio(tmp_path, talk, disk, time=time, keeps=keeps)
    studio.after(3.0, lambda: setattr(disk, "busy", 14.0))
    studio.stop_at(16.5)
    studio.run()
    facts = studio.facts()
    assert facts.gaps == ()
    ((start, frames),) = facts.dropped
    assert start + frames == facts.frames == pytest.approx(16.5 * RATE, abs=300)
    assert frames / RATE == pytest.approx(3.5, abs=0.3)
    assert [problem for problem in studio.problems if "The disk was too slow. 3." in problem.text]
    heard = sound_of(tmp_path / "take.wav")
    assert (heard[:start] == all_of_it(start)).all()
    assert not heard[start:].any()
    studio.release()


def test_a_muted_device_is_said_once_however_often_it_comes_back(tmp_path: Path) -> None:
    studio = Studio(tmp_path, lambda seconds, source, frames: np.zeros((frames, source.channels), np.float32))
    studio.device.mutes = True
    for at in range(5, 60, 10):
        studio.after(at, studio.device.vanish)
        studio.after(at + 2, lambda: studio.device.appear(OUTPUT))
    studio.stop_at(70.0)
    studio.run()
    assert sum("is muted" in problem.text for problem in studio.problems) == 1
    assert not [problem for problem in studio.problems if "Nothing has been heard" in problem.text], "nor said again"
    studio.release()


def test_a_device_that_is_silent_by_mistake_is_said_once(tmp_path: Path) -> None:
    studio = Studio(tmp_path, lambda seconds, source, frames: np.zeros((frames, source.channels), np.float32))
    studio.stop_at(120.0)
    studio.run()
    assert studio.problems == []
    assert [event for event in studio.events if isinstance(event, Unheard)] == [Unheard(15.0, from_start=True)]
    studio.release()


def test_a_device_that_is_away_for_20_minutes_goes_on_in_place(tmp_path: Path) -> None:
    studio = Studio(tmp_path, talk)
    studio.after(10.0, studio.device.vanish)
    studio.after(10.0 + 1200.0, lambda: studio.device.appear(OUTPUT))
    studio.stop_at(1230.0)
    studio.run()
    facts = studio.facts()
    ((start, frames),) = facts.gaps
    assert frames / RATE == pytest.approx(1200.4, abs=0.5)
    heard, expected = sound_of(tmp_path / "take.wav"), all_of_it(facts.frames + 80)
    assert (heard[:start] == expected[:start]).all()
    after = start + frames
    late = [n for n in range(-80, 81) if np.array_equal(heard[after:-80], expected[after + n : len(heard) - 80 + n])]
    assert len(late) == 1, "within a chunk of where it sounded"
    studio.release()
