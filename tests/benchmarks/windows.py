"""How long Stop and a new default take with Windows' back end: `python -m tests.benchmarks.windows`.

PortAudio and the endpoints are fakes (`tests.capture.fake_windows`), so these are the times of the program, not of
a driver. Prints medians of several takes: milliseconds from Stop to the complete file and to the free recorder, while
nothing plays and Windows delivers nothing; and from the choice of another default output, which Windows tells, and from
the loss of the one that is recorded, to the first sound of the next.
"""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.recorder.windows_desk import Desk
from tests.sound import wait_until

ROUNDS = 7
SECONDS = 0.7


def stop(folder: Path, *, stuck: bool) -> tuple[float, float]:
    """Stop in silence; return the milliseconds to the complete file and to the end of the recorder's thread."""
    desk = Desk(folder)
    with desk.recorder, desk.player:
        desk.start()
        time.sleep(SECONDS)
        desk.player.sounding.clear()
        time.sleep(SECONDS)
        if stuck:
            desk.windows.hang_in_stop.shut()
        began = time.perf_counter()
        desk.recorder.stop()
        desk.recorder.wait(10)
        complete = time.perf_counter() - began
        desk.recorder.close()
        free = time.perf_counter() - began
        desk.windows.hang_in_stop.open()
    desk.takes[0][0].done()
    return 1000 * complete, 1000 * free


def follow(folder: Path, change: Callable[[Desk], None]) -> float:
    """Change the default; return the milliseconds until the other output's sound is taken in."""
    desk = Desk(folder)
    with desk.recorder, desk.player:
        desk.start()
        time.sleep(SECONDS)
        began = time.perf_counter()
        change(desk)
        wait_until(lambda: len(desk.windows.streams) == 2 and desk.windows.streams[1].delivered)
        took = time.perf_counter() - began
    desk.takes[0][0].done()
    return 1000 * took


def spread(values: list[float]) -> str:
    """Return median, least and most."""
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> None:
    """Print the figures."""
    logging.disable(logging.WARNING)  # devices are lost on purpose
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'Stop in silence':<24}  {'complete (ms)':>24}  {'thread ended (ms)':>24}")
        for stuck in (False, True):
            rounds = [stop(folder, stuck=stuck) for _ in range(ROUNDS)]
            device = "stuck stream" if stuck else "closes at once"
            complete, free = (spread([one[column] for one in rounds]) for column in (0, 1))
            print(f"{device:<24}  {complete:>24}  {free:>24}")
        print(f"\n{'Sound of the next output':<24}  {'after (ms)':>24}")
        changes: dict[str, Callable[[Desk], None]] = {
            "another default": lambda desk: desk.windows.choose(desk.headset),
            "unplugged": lambda desk: desk.windows.remove(desk.speakers),
        }
        for what, change in changes.items():
            print(f"{what:<24}  {spread([follow(folder, change) for _ in range(ROUNDS)]):>24}")


if __name__ == "__main__":
    main()
