"""The lower envelope of capture times: what a device's clock does between gaps, and what is held after a stall."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tray_app.capture.base import Chunk

BLOCK = 10.0
"""Seconds over which the envelope's minimum is taken to learn the drift."""


@dataclass(slots=True)
class Stretch:
    """An undisturbed stretch between gaps: minima of the envelope per block, for drift."""

    base: float
    block_began: float = math.nan
    block_min: float = math.inf
    first_began: float = math.nan
    first_min: float = math.nan
    last_began: float = math.nan
    last_min: float = math.nan

    def add(self, time: float, offset: float) -> bool:
        """Take in a chunk's offset. Return True when that closed a block after the first."""
        if math.isnan(self.block_began):
            self.block_began = time
        if time - self.block_began < BLOCK:
            self.block_min = min(self.block_min, offset)
            return False
        first = math.isnan(self.first_min)
        if first:
            self.first_began, self.first_min = self.block_began, self.block_min
        self.last_began, self.last_min = self.block_began, self.block_min
        self.block_began, self.block_min = time, offset
        return not first

    @property
    def creep(self) -> tuple[float, float]:
        """How far the envelope crept, and over how long: (seconds, seconds)."""
        if math.isnan(self.first_min):
            return 0.0, 0.0
        return self.last_min - self.first_min, self.last_began - self.first_began


@dataclass(slots=True)
class Hold:
    """Chunks held after a stall: `least` is the lowest offset, of chunk `least_at`; `frames` are the device's."""

    until: float = math.inf
    chunks: list[Chunk] = field(default_factory=list)
    frames: int = 0
    least: float = math.inf
    least_at: int = 0

    def add(self, chunk: Chunk, offset: float) -> None:
        """Take in a chunk; of equal offsets the last one counts."""
        if offset <= self.least:
            self.least, self.least_at = offset, len(self.chunks)
        self.chunks.append(chunk)
        self.frames += chunk.dropped + len(chunk.samples)
