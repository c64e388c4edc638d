"""How long Stop takes: `python -m tests.benchmarks.stop`.

Prints milliseconds from the Stop command to the complete, named files, and to the free recorder, as medians of
several takes: with a device that closes at once and with one that hangs in close for a minute.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.recorder.fake import FakeBackend
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.events import EventBus
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

ROUNDS = 7
SECONDS = (1, 10)


def measure(folder: Path, seconds: float, *, hangs: bool) -> tuple[float, float]:
    """Record for `seconds`, stop, and return (ms to complete, ms until the recorder's thread has ended)."""
    backend = FakeBackend()
    takes: list[tuple[Take, Facts]] = []
    with Recorder(Disk(), EventBus(), lambda take, facts: takes.append((take, facts))) as recorder:
        recorder.start(Order(lambda: (backend, backend.present[0]), True, folder, "take", Plan(CutRule(500, -40.0))))
        time.sleep(seconds)
        if hangs:
            backend.hang_in_close.set()
        began = time.perf_counter()
        recorder.stop()
        recorder.wait(10)
        complete = time.perf_counter() - began
        recorder.close()
        free = time.perf_counter() - began
    backend.hang_in_close.clear()
    for take, _ in takes:
        take.done()
    return 1000 * complete, 1000 * free


def main() -> None:
    """Print the table."""
    print(f"{'take':>6}  {'device':<14}  {'complete (ms)':>22}  {'thread ended (ms)':>18}")
    with tempfile.TemporaryDirectory() as folder:
        for seconds in SECONDS:
            for hangs in (False, True):
                rounds = [measure(Path(folder), seconds, hangs=hangs) for _ in range(ROUNDS)]
                complete = sorted(first for first, _ in rounds)
                free = statistics.median(second for _, second in rounds)
                spread = f"{statistics.median(complete):.1f} ({complete[0]:.1f} to {complete[-1]:.1f})"
                device = "hangs in close" if hangs else "closes at once"
                print(f"{seconds:>4} s  {device:<14}  {spread:>22}  {free:>18.1f}")


if __name__ == "__main__":
    main()
