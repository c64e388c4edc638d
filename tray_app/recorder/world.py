"""What a take needs of the world outside: disk, bus, clocks, threads. Handed in, so that tests can have them fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tray_app import awake
from tray_app.awake import Awake
from tray_app.disk import Disk
from tray_app.events import EventBus
from tray_app.recorder.device import Apart, apart


def _wall() -> datetime:
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class World:
    """`clock` must be the clock of the chunks' capture times, `wall` the clock on the wall, with its offset.

    `awake` tells of the machine's sleep, `apart` does what may hang on another thread, `wait` lets seconds pass.
    """

    disk: Disk
    bus: EventBus
    clock: Callable[[], float] = time.perf_counter
    wall: Callable[[], datetime] = _wall
    awake: Callable[[], Awake] = awake.read
    apart: Apart = apart
    wait: Callable[[float], None] = time.sleep
