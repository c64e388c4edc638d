"""Noise in a circle, and somebody who listens to it all the time: at any moment it is known which frame sounds."""

from __future__ import annotations

import bisect
import os
import threading
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.sound import as_float, noise24
from tray_app.capture.base import Backend, Chunk, Samples, Source, Stream

ROOT = Path(__file__).resolve().parents[2]

RATE = 48_000
ROUND = 5
"""Seconds after which the noise begins again."""


class Circle:
    """The noise, and where in it something is. Samples of 24 bits; no two frames next to each other occur twice."""

    def __init__(self, seed: int = 11) -> None:
        self.noise = noise24(ROUND, seed)
        self.samples = as_float(self.noise)
        self._places = {self.samples[at : at + 2].tobytes(): at for at in range(len(self.samples) - 1)}

    def find(self, samples: Samples) -> int | None:
        """Where the first two frames of `samples` are; None where they are not of the noise."""
        return self._places.get(np.ascontiguousarray(samples[:2]).tobytes())

    def holds(self, samples: Samples) -> bool:
        """Whether `samples` are the noise, sample for sample, round and round."""
        start = self.find(samples)
        if start is None:
            return False
        return np.array_equal(samples, self.samples[(start + np.arange(len(samples))) % len(self.samples)])

    def strange(self, samples: Samples) -> tuple[int, int]:
        """How many frames are neither the noise nor zero, and how often the noise goes on somewhere else.

        Where a machine is too busy its sound system makes holes; what it gives is the noise all the same.
        """
        strange, runs, at = 0, 0, 0
        while at < len(samples) - 1:
            start = self.find(samples[at:])
            if start is None:
                strange += bool(samples[at].any())
                at += 1
                continue
            expected = self.samples[(start + np.arange(len(samples) - at)) % len(self.samples)]
            differs = np.flatnonzero((samples[at:] != expected).any(axis=1))
            at += int(differs[0]) if len(differs) else len(samples) - at
            runs += 1
        return strange, max(0, runs - 1)

    def where_strange(self, samples: Samples) -> list[int]:
        """The first places at which the noise does not simply go on."""
        start = self.find(samples)
        if start is None:
            return [0]
        expected = self.samples[(start + np.arange(len(samples))) % len(self.samples)]
        return [int(at) for at in np.flatnonzero((samples != expected).any(axis=1))[:20]]

    def between(self, earlier: int, later: float) -> float:
        """Frames from one place to another, forward; within half a round of 0."""
        half = len(self.samples) / 2
        return (later - earlier + half) % len(self.samples) - half


class Listener:
    """Listens to a source as the recorder does, and looks more often, for its times to be close to the truth.

    Call `frame_at` soon after the moment that it is asked for.
    """

    def __init__(self, backend: Backend, source: Source, circle: Circle) -> None:
        self._circle = circle
        self._chunks: list[Chunk] = []
        self._stream: Stream = backend.open(source, 480, self._hear, lambda reason: None)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._closed.wait(0.005):
            self._stream.collect()

    def _hear(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        del self._chunks[:-2000]

    @property
    def heard(self) -> float:
        """The time up to which it has heard, in seconds of the capture clock; 0 before the first chunk."""
        last = self._chunks[-1:]
        return last[0].time + len(last[0].samples) / RATE if last else 0.0

    def frame_at(self, time: float) -> float:
        """Which frame of the noise sounded at `time`."""
        chunks = list(self._chunks)
        at = max(0, bisect.bisect([chunk.time for chunk in chunks], time) - 1)
        place = self._circle.find(chunks[at].samples)
        assert place is not None, "what is heard is not the noise"
        return place + (time - chunks[at].time) * RATE

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._stream.close()


def sound_in(path: Path) -> Samples:
    """What a file holds, as float32, shape (frames, channels)."""
    found: Samples = soundfile.read(path, dtype="float32", always_2d=True)[0]
    return found


class Table:
    """Frames that were lost, as a table."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._lost: list[float] = []
        self.unreadable = 0
        self.empty = 0

    def add(self, frames: float) -> None:
        self._lost.append(frames)

    def worst_ms(self) -> float:
        return 1000 * max(self._lost) / RATE

    def __str__(self) -> str:
        lost: NDArray[np.float64] = np.array(self._lost) * 1000 / RATE
        figures = f"median {np.median(lost):.0f} ms, worst {lost.max():.0f} ms" if len(lost) else "none"
        return (
            f"{self._title}: {len(lost)} kills, {self.unreadable} unreadable files, lost: {figures}"
            f" ({self.empty} died before their first 100 ms)"
        )

    def tell(self) -> None:
        """Print it, and add it to the file that `RECORDER_TESTS_TABLE` names, from the project's folder on."""
        print(self)
        file = os.environ.get("RECORDER_TESTS_TABLE")
        if file:
            with (ROOT / file).open("a", encoding="utf-8") as out:
                out.write(f"{self}\n")
