"""How soon a menu's handler returns, and what an icon's change costs: `python -m tests.benchmarks.tray`.

Every action of the menu is picked while nothing works as it should: with a device that hangs in open, with one that
hangs in close, and with a disk on which every file that is made takes 5 s. Prints the worst of the rounds, in
milliseconds.
The second table is about pictures: drawing one, writing the temporary .ico that pystray writes for every change, and
the same change with our pictures, which are drawn once and kept.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from tests.resident.desk import Desk
from tray_app.disk import Disk
from tray_app.tray.icon import picture
from tray_app.tray.view import LEVELS, Action, Look

ROUNDS = 5
SLOW = 5.0

VALUES = {
    Action.CHOOSE: "RECORDER_BIT_DEPTH=16",
    Action.RECYCLE_ORIGINALS: "7",
    Action.OPEN_FILE: "a.wav",
    Action.SHOW_FILE: "a.wav",
    Action.COPY_PATH: "a.wav",
    Action.SHOW_CUTS: "a.wav",
    Action.TRIM_AGAIN: "originals/a.wav",
}


class SlowDisk(Disk):
    """The real disk, which takes 5 s to make a file while `slow` is set."""

    slow = False

    def create(self, path: Path) -> io.FileIO:
        if self.slow:
            time.sleep(SLOW)
        return super().create(path)


def picked(desk: Desk, action: Action) -> float:
    """Pick an action from the menu; return the milliseconds until the handler returned."""
    began = time.perf_counter()
    desk.tray.pick(action, VALUES.get(action, ""))
    return 1000 * (time.perf_counter() - began)


def actions(trouble: str) -> dict[Action, float]:
    """Return how long each handler took at worst, in milliseconds."""
    worst: dict[Action, float] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            disk = SlowDisk()
            desk = Desk(Path(folder) / "takes", disk=disk)
            desk.start()
            if trouble == "hangs in open":
                desk.backend.hang_in_open.set()
            elif trouble == "hangs in close":
                desk.record(0.2)
                desk.backend.hang_in_close.set()
            disk.slow = trouble == "slow disk"
            order = [action for action in Action if action is not Action.EXIT]
            for action in [*order, Action.STOP, Action.EXIT]:
                worst[action] = max(worst.get(action, 0.0), picked(desk, action))
            for hang in (desk.backend.hang_in_open, desk.backend.hang_in_close):
                hang.clear()
            disk.slow = False
            desk.ended()
    return worst


def pictures(size: int) -> tuple[float, float, float]:
    """Return the milliseconds to draw a picture, to write it as pystray does, and to have one that was drawn."""
    looks = list(itertools.product(Look, (False, True), range(LEVELS + 1)))
    picture.cache_clear()
    drawn, written, kept = [], [], []
    for look, light, level in looks:
        began = time.perf_counter()
        made = picture(look, size, light, level)
        drawn.append(time.perf_counter() - began)
        began = time.perf_counter()
        with tempfile.NamedTemporaryFile(suffix=".ico") as file:
            made.save(file, "ICO")
        written.append(time.perf_counter() - began)
        began = time.perf_counter()
        picture(look, size, light, level)
        kept.append(time.perf_counter() - began)
    return tuple(1000 * statistics.median(times) for times in (drawn, written, kept))  # type: ignore[return-value]


def main() -> None:
    """Print both tables."""
    troubles = ("hangs in open", "hangs in close", "slow disk")
    # Signals are the main thread's, and the program's main loop is on another one here.
    with patch("tray_app.resident.Ending", lambda end: contextlib.nullcontext()):
        tables = {trouble: actions(trouble) for trouble in troubles}
    print(f"{'action (ms until its handler returned)':<40}" + "".join(f"{trouble:>16}" for trouble in troubles))
    for action in Action:
        print(f"{action:<40}" + "".join(f"{tables[trouble][action]:>16.2f}" for trouble in troubles))
    print(f"{'the worst of all':<40}" + "".join(f"{max(tables[trouble].values()):>16.2f}" for trouble in troubles))
    print(f"\n{'picture (ms, median)':<24}{'drawn':>10}{'as pystray, a file':>22}{'kept':>10}")
    for size in (16, 32, 64):
        drawn, written, kept = pictures(size)
        print(f"{size:>4} px{'':<17}{drawn:>10.2f}{written:>22.2f}{kept:>10.4f}")


if __name__ == "__main__":
    main()
