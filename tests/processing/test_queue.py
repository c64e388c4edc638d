"""Jobs that fail are tried again, then parked; a job that ends the program does not end it at every start."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from tests.faults.disks import WatchedDisk
from tests.faults.short import Start, assert_finished, names, record
from tests.sound import wait_until
from tray_app.disk import Disk
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.processing import queue as queue_module
from tray_app.processing.queue import MOST_ATTEMPTS, JobQueue
from tray_app.processing.recovery import find


class Refusing(WatchedDisk):
    """Refuses to read originals, so many times."""

    def __init__(self, times: int, number: int = errno.EIO) -> None:
        self.times, self.number = times, number

    def operation(self, what: str, path: Path) -> None:
        if what == "open" and path.parent.name == "originals" and path.suffix == ".wav" and self.times:
            self.times -= 1
            raise OSError(self.number, os.strerror(self.number), str(path))


def finish(folder: Path, disk: Disk, waits: tuple[float, ...] = (0.01, 0.01)) -> list[JobFinished | Problem]:
    studio = record(folder, Disk())
    said: list[JobFinished | Problem] = []
    bus = EventBus()
    bus.listen(JobFinished, said.append)
    bus.listen(Problem, said.append)
    queue = JobQueue(disk, bus, waits=waits)
    for take, facts in studio.takes:
        queue.submit(take, facts)
    assert queue.wait(20)
    bus.deliver(0)
    return said


def test_what_passes_is_waited_for(tmp_path: Path) -> None:
    (done,) = finish(tmp_path, Refusing(2))
    assert isinstance(done, JobFinished)
    assert_finished(tmp_path, 1)


def test_what_does_not_pass_is_parked_with_a_plain_reason_and_said_once(tmp_path: Path) -> None:
    (problem,) = finish(tmp_path, Refusing(10**9))
    assert isinstance(problem, Problem)
    assert "the disk reported an error" in problem.text
    assert "What was recorded is safe at" in problem.text
    assert "`tray-recorder recover`" in problem.text
    found = json.loads((tmp_path / "originals" / "take.take").read_text())
    assert (found["stage"], found["attempts"]) == ("parked", 0)
    assert "the disk reported an error" in found["reason"]
    assert Start(Refusing(10**9), tmp_path).said == [], "the same again is no news"
    assert Start(Refusing(10**9, errno.EACCES), tmp_path).problems, "something else is"
    assert Start(Refusing(10**9, errno.EACCES), tmp_path, asked=True).problems, "and so is what was asked for"
    assert len(Start(Disk(), tmp_path).finished) == 1
    assert_finished(tmp_path, 1)


def test_others_have_their_turn_while_one_waits(tmp_path: Path) -> None:
    disk = Refusing(1)
    bus, done = EventBus(), list[JobFinished]()
    bus.listen(JobFinished, done.append)
    queue = JobQueue(disk, bus, waits=(3600.0,))
    for name in ("one", "two"):
        for take, facts in record(tmp_path / name, Disk()).takes:
            queue.submit(take, facts)

    def finished() -> bool:
        bus.deliver(0)
        return bool(done)

    wait_until(finished, what="the second is done")
    assert str(done[0].trimmed) == str(tmp_path / "two" / "take.wav")
    queue.close(0)
    assert find(Disk(), tmp_path / "one").takes, "the first is left to the next start"


def crash(folder: Path) -> None:
    """A program that dies in the middle of a take's jobs, as one does that its jobs kill."""
    for take in find(Disk(), folder).takes:
        queue_module._remember(take, attempts=take.memory.attempts + 1)
        take.release()


def test_a_job_that_ends_the_program_does_not_end_it_at_every_start(tmp_path: Path) -> None:
    record(tmp_path, Disk()).release()
    for _ in range(MOST_ATTEMPTS):
        crash(tmp_path)
    (problem,) = Start(Disk(), tmp_path).problems
    assert "The program ended 3 times while it finished take" in problem.text
    assert "It is tried again by `tray-recorder recover`" in problem.text
    assert Start(Disk(), tmp_path).said == [], "said once"
    assert "originals/take.take" in names(tmp_path)
    assert len(Start(Disk(), tmp_path, asked=True).finished) == 1
    assert_finished(tmp_path, 1)


def test_fewer_crashes_are_none_of_the_jobs_doing(tmp_path: Path) -> None:
    record(tmp_path, Disk()).release()
    for _ in range(MOST_ATTEMPTS - 1):
        crash(tmp_path)
    assert len(Start(Disk(), tmp_path).finished) == 1


def test_a_program_that_is_left_in_the_middle_of_a_job_gives_it_up_in_order(tmp_path: Path) -> None:
    class Slow(WatchedDisk):
        closed = False

        def operation(self, what: str, path: Path) -> None:
            if what == "create" and path.suffix == ".part" and not self.closed:
                self.closed = True
                # As soon as it trims, the program is to end.
                queue._closed = True

    studio = record(tmp_path, Disk())
    for take, _ in studio.takes:
        take.remember(live=False)
    queue = JobQueue(Slow(), EventBus())
    for take, facts in studio.takes:
        queue.submit(take, facts)
    assert queue.wait(20)
    found = json.loads((tmp_path / "originals" / "take.take").read_text())
    assert found["attempts"] == 0
    assert not list(tmp_path.rglob("*.part"))
    (tmp_path / "take.wav").unlink()
    assert len(Start(Disk(), tmp_path).finished) == 1
    assert_finished(tmp_path, 1)


@pytest.mark.parametrize("count", [2, 10])
def test_many_crashed_takes_are_finished_with_one_notification_each(tmp_path: Path, count: int) -> None:
    for _ in range(count):
        record(tmp_path, Disk()).release()
    assert len(Start(Disk(), tmp_path).finished) == count
    assert Start(Disk(), tmp_path).said == []


def test_a_drive_that_is_away_for_a_moment_is_no_reason_to_forget_a_take(tmp_path: Path) -> None:
    class Away(WatchedDisk):
        def operation(self, what: str, path: Path) -> None:
            if what == "size" and path.suffix == ".wav":
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    record(tmp_path, Disk()).release()
    (problem,) = Start(Away(), tmp_path).problems
    assert "the disk reported an error" in problem.text
    assert "originals/take.take" in names(tmp_path)
    assert len(Start(Disk(), tmp_path).finished) == 1
    assert_finished(tmp_path, 1)
