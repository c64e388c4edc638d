"""A take that becomes another format: any operation on the disk fails, or is the last one; then the next start.

At every moment there is a file that holds the whole sound; in the end there is the one that was asked for, once.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.effort import WHOLE, effort
from tests.faults.disks import KILLED, DyingDisk, FailingDisk
from tests.faults.short import SILENCE, Start, all_of_it, copies, in_a_child, names, record
from tray_app.disk import Disk
from tray_app.outputs import Output
from tray_app.take.take import Plan

FLAC = Output("flac", 5.0)
PLANS = {
    "trimmed, flac": Plan(SILENCE, True, FLAC),
    "trimmed, flac only": Plan(SILENCE, False, FLAC),
    "whole, flac": Plan(None, True, FLAC),
    "whole, flac only": Plan(None, False, FLAC),
    "trimmed, 24 bits": Plan(SILENCE, True, Output("wav24")),
    "trimmed, 24 bits only": Plan(SILENCE, False, Output("wav24")),
    "whole, 24 bits only": Plan(None, False, Output("wav24")),
}
STEP = 1 if WHOLE else effort(3, 12)


@pytest.fixture(params=PLANS)
def recorded(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Plan]:
    """A take that was stopped, and nothing else was done with it."""
    plan = PLANS[request.param]
    studio = record(tmp_path / "recorded", Disk(), plan=plan)
    for take, _ in studio.takes:
        take.release()
    return tmp_path / "recorded", plan


def expected(plan: Plan) -> NDArray[np.int16]:
    """What the file that was asked for holds, as 16 bits."""
    whole = all_of_it(round(2.2 * 8000))
    if plan.rule is None:
        return whole
    # The first silence goes. The second had lasted for 0.2 s when the take ended.
    return np.concatenate([whole[:4800], whole[11_200:]])


def made(folder: Path, plan: Plan) -> NDArray[np.int16]:
    return as_16(folder / f"take.{plan.output.format.ending}")


def as_16(path: Path) -> NDArray[np.int16]:
    found: NDArray[np.int16] = soundfile.read(path, dtype="int16")[0]
    return found


def assert_all_is_there(folder: Path, plan: Plan) -> None:
    """Some file holds it: the original, the trimmed one, or the output."""
    there = [path for path in folder.rglob("take.*") if path.suffix in (".wav", ".flac")]
    assert there
    wanted, whole = expected(plan), all_of_it(round(2.2 * 8000))
    assert any(same(as_16(path), wanted) or same(as_16(path), whole) for path in there)
    for path in there:
        heard = as_16(path)
        assert same(heard, wanted) or same(heard, whole), f"{path} under its name, and not whole"


def same(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Alike, but for what the timeline leaves open at the end."""
    length = min(len(one), len(other))
    return abs(len(one) - len(other)) < 300 and np.array_equal(one[:length], other[:length])


def assert_done(folder: Path, plan: Plan) -> None:
    output = f"take.{plan.output.format.ending}"
    left = ["originals/take.json", *(["originals/take.wav"] if plan.keep_original else [])]
    assert names(folder) == sorted([*left, output])
    assert same(made(folder, plan), expected(plan))
    assert soundfile.info(folder / output).subtype == ("PCM_24" if plan.output.name == "wav24" else "PCM_16")


@pytest.mark.posix("forks")
def test_the_process_may_die_at_any_operation(recorded: tuple[Path, Plan], tmp_path: Path) -> None:
    source, plan = recorded
    nth, ended = 0, False
    while not ended:
        nth += STEP
        folder = copies(source, tmp_path, nth)
        status = in_a_child(lambda: Start(DyingDisk(nth), folder))  # noqa: B023
        ended = status == 0
        try:
            assert status in (0, KILLED)
            assert_all_is_there(folder, plan)
            in_a_child(lambda: Start(DyingDisk(1 + nth * 7 % 40), folder))  # noqa: B023
            assert_all_is_there(folder, plan)
            Start(Disk(), folder, asked=True)
            assert_done(folder, plan)
        except BaseException as error:
            error.add_note(f"died at operation {nth}: {names(folder)}")
            raise
        shutil.rmtree(folder)
    assert nth > 30


@pytest.mark.parametrize("times", [1, 10**9], ids=["once", "for ever"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_any_operation_may_fail(recorded: tuple[Path, Plan], tmp_path: Path, number: int, times: int) -> None:
    source, plan = recorded
    nth, over = 0, False
    while not over:
        nth += 2 * STEP + 1
        folder = copies(source, tmp_path, nth)
        disk = FailingDisk(nth, number, times)
        try:
            told = start(lambda: Start(disk, folder))  # noqa: B023
            over = not disk.refused
            assert_all_is_there(folder, plan)
            for problem in told.problems if told else []:
                assert len(problem.text.splitlines()) == 1
                assert "safe" in problem.text
                assert "Traceback" not in problem.text
                assert "recorded is safe at" not in problem.text or safe_path(problem.text).exists()
            Start(Disk(), folder, asked=True)
            if disk.refused and "take.json" in disk.refused[0]:
                # Without its facts a take is trimmed anew; and facts that cannot be removed harm nobody.
                assert same(made(folder, plan), expected(plan))
            else:
                assert_done(folder, plan)
        except BaseException as error:
            error.add_note(f"operation {nth}, {disk.refused[:3]}: {names(folder)}")
            raise
        shutil.rmtree(folder)
    assert nth > 30


def start(begin: Callable[[], Start]) -> Start | None:
    """Start, where the folder itself may not be read: then nothing was begun."""
    from tray_app.errors import StorageError

    try:
        return begin()
    except StorageError:
        return None


def safe_path(text: str) -> Path:
    return Path(text.split("recorded is safe at ")[1].split(". It is tried")[0])
