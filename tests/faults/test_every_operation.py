"""Every single operation on the disk fails, or is the last one of its process: at any of them nothing is lost.

A short take is recorded, trimmed and finished; the n-th operation is refused, for every n, once or for ever, or the
process dies there. `python -m tests.faults` tries every error for every n, an ordinary run one of them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import WHOLE, effort
from tests.faults.disks import KILLED, DyingDisk, FailingDisk
from tests.faults.short import RATE, SECONDS, Start, assert_finished, assert_nothing_is_lost, in_a_child, names, record
from tray_app.disk import Disk

ERRORS = [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS]
FOR_EVER = 10**9
STEP = 1 if WHOLE else effort(3, 10)
DEATHS = 1 if WHOLE else 11


def operations() -> int:
    """A few more than a take needs."""
    return 350


def cases() -> Iterator[tuple[int, int]]:
    for nth in range(1, operations(), STEP):
        for number in ERRORS if WHOLE else [ERRORS[nth % len(ERRORS)]]:
            yield nth, number


def take_place(folder: Path, disk: FailingDisk) -> None:
    studio = record(folder, disk)
    told = Start(disk, folder, studio=studio)
    problems = [*studio.problems, *told.problems]
    if not studio.takes:
        assert problems, "a take that did not come about is said"
    for problem in problems:
        assert len(problem.text.splitlines()) == 1
        assert "Traceback" not in problem.text
        assert "error in the program" not in problem.text
    studio.release()


def test_the_operations_that_are_tried_are_all_there_are(tmp_path: Path) -> None:
    disk = FailingDisk(FOR_EVER)
    take_place(tmp_path, disk)
    assert disk.count <= operations() <= 1.5 * disk.count
    assert_finished(tmp_path, int(SECONDS * RATE) - 200)


@pytest.mark.parametrize("times", [1, FOR_EVER], ids=["once", "for ever"])
def test_any_operation_may_fail(place: Path, times: int) -> None:
    for nth, number in cases():
        folder = place / f"{nth} {number}"
        disk = FailingDisk(nth, number, times)
        try:
            take_place(folder, disk)
            assert_nothing_is_lost(folder)
            assert_next_start_finishes(folder)
        except BaseException as error:
            error.add_note(f"operation {nth}, {disk.refused[:3]}, {os.strerror(number)}")
            raise


def assert_next_start_finishes(folder: Path) -> None:
    """The next start finishes what holds a frame, and throws away what does not."""
    sound = any(path.stat().st_size > 84 for path in folder.rglob("originals/*.wav"))
    Start(Disk(), folder, asked=True)
    if sound:
        assert_finished(folder, 0)
    else:
        assert not [name for name in names(folder) if name.endswith((".take", ".part"))]


@pytest.mark.posix("forks")
def test_the_process_may_die_at_any_operation_and_in_the_recovery_of_that(place: Path) -> None:
    nth, ended = 0, 0
    while ended == 0:
        nth += DEATHS
        folder = place / str(nth)
        status = in_a_child(lambda: Start(disk := DyingDisk(nth), folder, studio=record(folder, disk)))  # noqa: B023
        assert status in (0, KILLED), f"at operation {nth}"
        ended = int(status == 0)
        try:
            assert_nothing_is_lost(folder)
            # The recovery dies as well, twice, each time a little later.
            for again in range(2):
                in_a_child(lambda: Start(DyingDisk(1 + (nth * 7 + again * 5) % 40), folder))  # noqa: B023
                assert_nothing_is_lost(folder)
            assert_next_start_finishes(folder)
        except BaseException as error:
            error.add_note(f"died at operation {nth}")
            raise
    assert nth > 60
