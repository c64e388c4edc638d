"""A take of any length in a fraction of its time: `python -m tests.benchmarks.feed SECONDS`, a process to be measured.

The real recorder, thread and files included, is fed by a device whose clock runs as fast as the recorder follows.
Prints one JSON object: microseconds of CPU a chunk, MiB held while it grew, and the milliseconds from Stop to complete
files, and to the closed stream.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from tests.benchmarks.inputs import PLAIN, meeting
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Source, Stream
from tray_app.disk import Disk
from tray_app.events import EventBus
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.recorder.world import World
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

CHUNK = 512
AHEAD = 4 * PLAIN.rate
"""Frames that the device is ahead of the file at most; the recorder's queue holds 10 s."""


class FastBackend(Backend):
    """One output, whose time passes as fast as it is recorded. `now` is the time, `frames` what was delivered."""

    name = "fast"

    def __init__(self, folder: Path, seconds: int) -> None:
        self.source = Source("fast", "Fast", "loopback", "fast", PLAIN.rate, PLAIN.channels, default=True)
        self.now = 0.0
        self.frames = 0
        self.done = threading.Event()
        self.closed_at = 0.0
        self._folder, self._total = folder, seconds * PLAIN.rate
        sound = meeting(np.random.default_rng(1), 60 * PLAIN.rate, PLAIN.rate)
        self._minute = np.repeat(sound[:, np.newaxis], PLAIN.channels, axis=1)

    def sources(self) -> list[Source]:
        return [self.source]

    def clock(self) -> float:
        """Return the simulated time in seconds."""
        return self.now

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        return FastStream(self, chunk_frames, on_chunk)

    def pour(self, on_chunk: OnChunk, chunk_frames: int, closed: threading.Event) -> None:
        """Deliver everything, never more than `AHEAD` before what is in the file."""
        minute, written = self._minute, 0
        while self.frames < self._total and not closed.is_set():
            while self.frames - written > AHEAD:
                written = self.written()
                time.sleep(0.002)
            place = self.frames % (len(minute) - chunk_frames)
            at, self.frames = self.frames / PLAIN.rate, self.frames + chunk_frames
            self.now = self.frames / PLAIN.rate
            on_chunk(Chunk(minute[place : place + chunk_frames].copy(), at))
        self.done.set()

    def written(self) -> int:
        """Return how many frames are in the file."""
        files = list(self._folder.rglob("take.wav"))
        return files[0].stat().st_size // PLAIN.frame_bytes if files else 0


class FastStream(Stream):
    """Delivers on a thread of its own, as devices do."""

    def __init__(self, backend: FastBackend, chunk_frames: int, on_chunk: OnChunk) -> None:
        self.source, self.started_at = backend.source, 0.0
        self._backend, self._closed = backend, threading.Event()
        arguments = (on_chunk, chunk_frames, self._closed)
        self._thread = threading.Thread(target=backend.pour, args=arguments, name="fast-device", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._backend.closed_at = time.perf_counter()


def resident_mib() -> float:
    """Return what this process holds now, in MiB; Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def record(folder: Path, seconds: int) -> dict[str, float]:
    """Record `seconds` of sound and stop; return the figures."""
    backend = FastBackend(folder, seconds)
    takes: list[tuple[Take, Facts]] = []
    world = World(Disk(), EventBus(), backend.clock)
    recorder = Recorder(world.disk, world.bus, lambda take, facts: takes.append((take, facts)), world=world)
    grown = 0.0
    began = time.process_time()
    with recorder:
        recorder.start(Order(lambda: (backend, backend.source), True, folder, "take", Plan(CutRule(500, -40.0))))
        while not backend.done.wait(0.5):
            grown = max(grown, resident_mib())
        while backend.written() < backend.frames - CHUNK:
            time.sleep(0.01)
        cpu = time.process_time() - began
        grown = max(grown, resident_mib())
        stopped = time.perf_counter()
        recorder.stop()
        recorder.wait(30)
        complete = time.perf_counter() - stopped
        recorder.close()
    for take, facts in takes:
        assert facts.frames == backend.frames, (facts.frames, backend.frames)
        take.done()
    return {
        "cpu_us": 1e6 * cpu / (backend.frames / CHUNK),
        "mib": grown,
        "complete_ms": 1000 * complete,
        "closed_ms": 1000 * (backend.closed_at - stopped),
    }


def main() -> None:
    """Record as long as the first argument says, below the folder that the second one names."""
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as folder:
        print(json.dumps(record(Path(folder), int(sys.argv[1]))))


if __name__ == "__main__":
    main()
