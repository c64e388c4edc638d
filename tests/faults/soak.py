"""A long recording of noise from PulseAudio, with the processor busy beside it, and what it cost.

    python -m tests.faults.soak [--minutes 30]

Prints frames dropped, gaps, drift, what is not the noise, and memory, threads and files of the process at the start
and at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from tests.faults.reference import RATE, Circle
from tests.sound import PulseServer, pack24, wait_until
from tests.terminal.program import PROGRAM, clean_env

SETTLED = 20.0
"""Seconds after which a process has what it needs."""


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Have so many processes compute, giving way to whoever needs the processor."""
    code = "import os\nos.nice(15)\nwhile True: pass"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@contextlib.contextmanager
def noise(server: PulseServer, circle: Circle) -> Iterator[None]:
    """Play the noise, round and round."""
    player = subprocess.Popen(
        ["pacat", "--raw", "--format=s24le", "--rate=48000", "--channels=2", "--latency-msec=2000"],
        env=server.env,
        stdin=subprocess.PIPE,
    )

    def feed() -> None:
        assert player.stdin is not None
        with contextlib.suppress(OSError):
            while True:
                player.stdin.write(pack24(circle.noise))

    threading.Thread(target=feed, daemon=True).start()
    try:
        yield
    finally:
        player.kill()
        player.communicate()


def figures(process: int) -> dict[str, float]:
    """Memory in MiB, threads and open files of a process, and the seconds of processor that it has used."""
    proc = Path(f"/proc/{process}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    ticks = (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return {
        "MiB": round(int(status["VmRSS"].split()[0]) / 1024, 1),
        "threads": int(status["Threads"]),
        "files": len(list((proc / "fd").iterdir())),
        "cpu": sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
    }


def wrong_frames(path: Path, circle: Circle) -> tuple[int, int]:
    """How many frames of a file are not the noise, and how often the noise begins anew somewhere else."""
    wrong, jumps, place = 0, -1, -1
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(RATE, dtype="float32", always_2d=True):
            expected = circle.samples[(place + np.arange(len(block))) % len(circle.samples)]
            if place >= 0 and np.array_equal(block, expected):
                place += len(block)
                continue
            for first in range(0, len(block), 480):
                part = block[first : first + 480]
                expected = circle.samples[(place + np.arange(len(part))) % len(circle.samples)]
                if place < 0 or not np.array_equal(part, expected):
                    found = circle.find(part)
                    wrong += len(part) if found is None else 0
                    jumps += found is not None
                    place = -1 if found is None else found
                place += len(part) if place >= 0 else 0
    return wrong, max(0, jumps)


def main() -> None:
    """Record, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    circle = Circle()
    with tempfile.TemporaryDirectory() as folder, PulseServer() as server, noise(server, circle), busy(2):
        env = clean_env(Path(folder)) | server.env
        record = subprocess.Popen([*PROGRAM, "record", "--json"], env=env, stdout=subprocess.PIPE, text=True)
        originals = Path(folder) / "takes" / "originals"
        wait_until(lambda: list(originals.glob("*.wav")), 30, "it records")
        time.sleep(SETTLED)
        before, began = figures(record.pid), time.monotonic()
        time.sleep(max(0.0, minutes * 60 - SETTLED))
        after, over = figures(record.pid), time.monotonic()
        load = os.getloadavg()[1]
        record.send_signal(signal.SIGINT)
        assert record.stdout is not None
        found = json.loads(record.stdout.read())
        assert record.wait() == 0
        wrong, jumps = wrong_frames(Path(found["original"]), circle)
    dropped = sum(frames for _, frames in found["dropped"])
    share = 100 * (after["cpu"] - before["cpu"]) / (over - began)
    print(
        f"{found['seconds']:.1f} s recorded, load of the machine {load:.1f}; the process used {share:.2f} % of a core"
    )
    print(f"dropped {dropped} frames, {len(found['gaps'])} gaps, drift {found['drift_ppm']} ppm")
    print(f"{wrong} frames are not the noise, which begins anew {jumps} times")
    for name in ("MiB", "threads", "files"):
        print(f"{name}: {before[name]} after {SETTLED:.0f} s, {after[name]} at the end")


if __name__ == "__main__":
    main()
