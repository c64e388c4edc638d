"""A disk that fills up under a take: all that it took is in the original, the message is right, and room ends it well.

50 fill levels on a real small disk (a tmpfs), in simulated time; and the whole program on one, in real time.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.faults.short import RATE, SILENCE, TRIMS, Start, all_of_it, names, record, sound_of
from tests.faults.small_disk import PAGE, SmallDisk, small_disk
from tests.sound import level_dbfs
from tests.terminal.program import Record, clean_env, run
from tray_app.disk import Disk
from tray_app.events import DiskLow
from tray_app.processing.trimming import trim_into
from tray_app.take.take import Plan

pytestmark = pytest.mark.posix("mounts a small disk")

MB = 1_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 16 * MB) as made:
        yield made


LEVELS = [random.Random(3).randrange(0, 80) * PAGE + 5 * PAGE for _ in range(25)]


@pytest.mark.parametrize("left", [*LEVELS, *range(0, 25 * PAGE, PAGE)])
def test_what_the_disk_took_is_there(disk: SmallDisk, left: int) -> None:
    folder = disk.folder / "takes"
    plan = TRIMS if left % (2 * PAGE) else Plan(None)
    disk.fill(left)
    studio = record(folder, Disk(), 3600.0, plan)
    (problem,) = studio.problems
    assert "the disk is full" in problem.text
    if not studio.takes:
        assert "Nothing was recorded" in problem.text
        assert names(folder) == []
        return
    take, facts = studio.takes[0]
    heard = sound_of(take.paths.original)
    assert len(heard) == facts.frames
    assert soundfile.info(take.paths.original).frames == facts.frames
    assert (heard == all_of_it(len(heard))).all()
    said = re.search(r"The first ([\d.]+) s are safe|Nothing was recorded", problem.text)
    assert said
    assert float(said[1] or 0) == pytest.approx(facts.seconds, abs=0.06)
    assert disk.free() < PAGE or take.paths.trimmed, "nothing that would have fitted was left out"
    Start(Disk(), folder, studio=studio)
    disk.make_room()
    Start(Disk(), folder)
    assert not [name for name in names(folder) if name.endswith((".part", ".take"))]
    assert (sound_of(take.paths.original) == heard).all()
    if take.paths.trimmed and len(heard):
        oracle = disk.folder / "oracle.wav"
        trim_into(Disk(), take.paths.original, oracle, SILENCE)
        assert (folder / "take.wav").read_bytes() == oracle.read_bytes()


def test_a_take_is_ended_before_less_than_the_least_is_left(disk: SmallDisk) -> None:
    disk.fill(3 * MB)
    studio = record(disk.folder / "takes", Disk(), 3600.0, TRIMS, least_free=MB)
    assert MB <= disk.free() <= MB + 10 * 2 * 2 * RATE
    (problem,) = studio.problems
    assert problem.fatal
    assert "The recording was ended, since only 1 MB are free" in problem.text
    low = [event for event in studio.events if isinstance(event, DiskLow)]
    assert len(low) == 1, "said once"
    # Half of the time is silence, which only the original gets.
    assert low[0].minutes == pytest.approx(2 * MB / (2 * 2 * RATE) / 60, rel=0.3)
    done = Start(Disk(), disk.folder / "takes", studio=studio)
    assert len(done.finished) == 1
    assert done.problems == []
    facts = studio.facts()
    assert sound_of(disk.folder / "takes" / "originals" / "take.wav").size == facts.frames
    assert sound_of(disk.folder / "takes" / "take.wav").size == facts.kept_frames


def test_a_take_for_which_there_is_no_room_is_not_begun(disk: SmallDisk) -> None:
    disk.fill(MB)
    studio = record(disk.folder / "takes", Disk(), 10.0, TRIMS, least_free=2 * MB)
    (problem,) = studio.problems
    assert "MB are free there, and 2 MB are to stay free. Nothing was recorded." in problem.text
    assert not (disk.folder / "takes").exists()


def test_the_program_ends_a_take_on_a_disk_that_fills_up(disk: SmallDisk, tmp_path: Path) -> None:
    env = clean_env(tmp_path) | {"RECORDER_MIN_FREE_MB": "5", "RECORDER_SAVE_FOLDER": str(disk.folder / "takes")}
    disk.fill(10 * MB)
    with Record("--source", "signal", env=env) as take:
        take.hear("There is room for less than")
        take.hear("The recording was ended, since only ", 60)
        found = take.result()
    assert disk.free() >= 5 * MB
    assert soundfile.info(found["original"]).frames == found["frames"] > 48_000
    assert soundfile.info(found["trimmed"]).frames == found["kept_frames"]
    assert level_dbfs(soundfile.read(found["trimmed"], dtype="float32", always_2d=True)[0]) > -13
    disk.fill(4 * MB)
    refused = run("record", "--source", "signal", "--seconds", "1", env=env)
    assert refused.returncode == 1
    assert "MB are free there, and 5 MB are to stay free" in refused.stderr
