"""A sound device in simulated time, as strict as Windows' loopback: in silence it delivers nothing at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tray_app.capture.base import Chunk, Samples


@dataclass
class Device:
    """Delivers `chunk` frames at a time; its own clock runs `ppm` parts per million fast.

    `gaps` are (begin, end) in seconds of true time in which nothing is delivered and the frames do not exist.
    `stalls` are (begin, end) in which delivery stops and everything follows in a burst at the end. Every chunk comes
    up to `late` seconds late. Each frame holds its own true time in its first channel, in seconds.
    """

    rate: int = 48000
    chunk: int = 512
    ppm: float = 0.0
    late: float = 0.0
    seed: int = 1
    start: float = 1000.0
    latency: float = 0.0
    gaps: list[tuple[float, float]] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)

    def arrivals(self, seconds: float) -> Iterator[tuple[float, Chunk]]:
        """Yield (arrival, chunk) in order of delivery for `seconds` of true time since the start."""
        random_source = random.Random(self.seed)
        step = self.chunk / (self.rate * (1 + self.ppm * 1e-6))
        last = 0.0
        for begin, end in self._sounding(seconds):
            at = begin
            while at + step <= end + 1e-12:
                done = at + step
                arrival = done + self.latency + random_source.uniform(0.0, self.late)
                for stall_begin, stall_end in self.stalls:
                    if stall_begin < arrival < stall_end:
                        arrival = stall_end
                last = arrival = max(arrival, last)
                yield self.start + arrival, self._chunk(at, arrival)
                at = done

    def _sounding(self, seconds: float) -> Iterator[tuple[float, float]]:
        at = 0.0
        for begin, end in self.gaps:
            yield at, begin
            at = end
        yield at, seconds

    def _chunk(self, at: float, arrival: float) -> Chunk:
        times = at + np.arange(self.chunk) / (self.rate * (1 + self.ppm * 1e-6))
        samples: Samples = np.stack([times, times], axis=1).astype(np.float32)
        return Chunk(samples, self.start + arrival - self.chunk / self.rate)
