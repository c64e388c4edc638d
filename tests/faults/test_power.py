"""A power cut: what was forced to the disk is there, of the rest any sectors in any order, and 5 s at most are lost."""

from __future__ import annotations

import itertools
import random
import shutil
from pathlib import Path

import pytest

from tests.effort import tenth
from tests.faults.disks import PowerDisk
from tests.faults.short import RATE, TRIMS, Start, all_of_it, sound_of, talk
from tests.faults.simulated import Studio
from tray_app.disk import Disk

LONGEST = 40.0


class Cut(BaseException):
    """The machine is off: no code of ours runs any more."""


@pytest.mark.parametrize("seed", range(tenth(200)))
def test_a_power_cut_at_any_moment_costs_5_s_at_most(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    moment = chance.uniform(0.1, LONGEST)
    disk, folder, left = PowerDisk(), tmp_path / "running", tmp_path / "left"
    studio = Studio(folder, talk, disk, plan=TRIMS)
    forced = 0

    def cut() -> None:
        nonlocal forced
        forced = (len(disk.forced.get(folder / "originals" / "take.wav", b"")) - 80) // 2
        disk.cut(chance, folder, left)
        raise Cut

    studio.after(moment, cut)
    with pytest.raises(Cut):
        studio.run()
    assert forced / RATE >= moment - 5.0
    done = Start(Disk(), left)
    if moment < 0.5 and not done.said:
        return  # not a tenth of a second was written yet
    assert len(done.finished) == 1
    heard = sound_of(left / "originals" / "take.wav")
    # What the header states less what it did then, and no frame before that is another one.
    certain = max(0, forced - RATE // 10)
    assert len(heard) >= certain
    assert (heard[:certain] == all_of_it(len(heard))[:certain]).all()
    assert (left / "take.wav").exists()
    shutil.rmtree(tmp_path)


def test_data_is_forced_while_recording_and_not_while_paused(tmp_path: Path) -> None:
    from tray_app.states import Command

    syncs: list[float] = []

    class Counting(PowerDisk):
        def sync(self, file: object) -> None:
            super().sync(file)  # type: ignore[arg-type]
            syncs.append(studio.time.now - studio.device.origin)

    studio = Studio(tmp_path, talk, Counting(), plan=TRIMS)
    studio.after(20.0, lambda: studio.tell(Command.PAUSE))
    studio.after(60.0, lambda: studio.tell(Command.RESUME))
    studio.stop_at(80.0)
    studio.run()
    studio.release()
    recording = [at for at in syncs if at < 20.0]
    assert max(later - earlier for earlier, later in itertools.pairwise(recording)) <= 3.0
    assert len([at for at in syncs if 25.0 < at < 60.0]) <= 1, "nothing is new, so the disk may sleep"
    assert [at for at in syncs if at > 60.0]
