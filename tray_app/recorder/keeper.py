"""Sees to it that a take stays: has what was written forced to the disk, and looks at what is free there.

Both may take long, or hang, so they are done on threads of their own, through file handles of their own, one at a
time; the recorder's thread only takes in what comes of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from tray_app.disk import Disk, is_held, storage_error
from tray_app.recorder.device import Apart, Outcome
from tray_app.sentences import disk as said
from tray_app.take.take import Take

log = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between forcing the sound to the disk: a power cut costs about as much. It takes 0.3 to 30 ms there."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it: the bytes that are `free` (None where the disk does not say), and what is wrong, in words."""

    free: int | None
    trouble: str = ""


class Keeper:
    """Keeps one take. Belongs to the recorder's thread; `arrived` takes in outcomes, whose `of` is this keeper."""

    def __init__(self, disk: Disk, take: Take, apart: Apart, arrived: Callable[[Outcome], None]) -> None:
        self._disk, self._paths = disk, take.paths
        self._apart, self._arrived = apart, arrived
        self._next = 0.0
        self._busy = False
        self._written = -1
        self._named = False
        self._said = ""

    def due(self, now: float) -> bool:
        """Return whether the work is due at time `now` in seconds; while one hangs it is not."""
        return now >= self._next and not self._busy

    def begin(self, now: float, written: int) -> None:
        """Begin the work, unless nothing is new of `written` bytes: a disk that sleeps is left to sleep."""
        if written != self._written:
            self._busy, self._next, self._written = True, now + EVERY, written
            self._apart(self._work, self._arrived, self)

    def done(self, outcome: Outcome) -> Kept:
        """Take in what the work came to; trouble is in it only once."""
        self._busy = False
        kept = outcome.value if isinstance(outcome.value, Kept) else Kept(None)
        if kept.trouble == self._said:
            return Kept(kept.free)
        self._said = kept.trouble
        return kept

    def _work(self) -> Kept:
        """On a thread of its own."""
        free = None
        try:
            free = self._disk.free_bytes(self._paths.home)
            self._force()
        except OSError as error:
            if is_held(error):
                # Who has it open lets nobody else write; the system writes by itself, a little later.
                return Kept(free)
            log.warning("%s could not be forced to the disk: %r", self._paths.original, error)
            return Kept(free, str(storage_error(said.REACH, self._paths.original, error, safe=said.GOES_ON)))
        return Kept(free)

    def _force(self) -> None:
        with self._disk.open_update(self._paths.original) as file:
            self._disk.sync(file)
        if not self._named:
            # Without its marker nobody would finish the take, and without its name nobody would find it.
            with self._disk.open_update(self._paths.marker) as file:
                self._disk.sync(file)
            self._disk.sync_folder(self._paths.home)
            self._named = True
