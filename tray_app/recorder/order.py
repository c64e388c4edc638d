"""What the recorder is told: what to record and how, and the commands while it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tray_app.capture.base import Backend, Source
from tray_app.states import Command
from tray_app.take.take import Plan

LIVE_LEVEL = 0.2
"""Seconds between levels for whoever looks at them in a terminal."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to record and how.

    `find` returns the back end and the source (it may block and raise `SourceError`); `follows` is True where the
    default is followed. `rate`, `channels` are None for the device's own; `bits` 16, 24 or 32. `name` is a template,
    or, when `exact`, a name that must be free. `limit` is the longest take in seconds of its clock, None for no limit.
    `least_free` are the bytes that must stay free on the disk; 0 for all that there is. `level_every` are the seconds
    between levels, each of which wakes who shows it.
    """

    find: Callable[[], tuple[Backend, Source]]
    follows: bool
    folder: Path
    name: str
    plan: Plan
    bits: int = 24
    rate: int | None = None
    channels: int | None = None
    chunk_frames: int = 512
    exact: bool = False
    limit: float | None = None
    least_free: int = 0
    level_every: float = LIVE_LEVEL


@dataclass(frozen=True, slots=True)
class Told:
    """A command that has reached the thread, and when it was given."""

    command: Command
    at: float
