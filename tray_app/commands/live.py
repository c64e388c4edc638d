"""The live line of `record`: elapsed time, level and gaps, in place on a terminal, as plain lines elsewhere."""

from __future__ import annotations

import math
import shutil
import threading
from typing import TextIO

from tray_app.events import EventBus, Gap, JobProgress, Level, StateChanged
from tray_app.sentences import terminal as said
from tray_app.states import State
from tray_app.words import clock_time

_BAR = 20
_FLOOR = -60.0
"""dBFS at the left end of the level bar."""


class LiveLine:
    """Writes to `out`. On a terminal one line is drawn over and over; elsewhere only what is said is written."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._lock = threading.Lock()
        self._shown = 0
        self._state = StateChanged(State.IDLE)
        self._gaps = 0

    def listen(self, bus: EventBus) -> None:
        """Show what the bus delivers."""
        bus.listen(Level, self._level)
        bus.listen(Gap, self._gap)
        bus.listen(JobProgress, self._progress)

    def state(self, change: StateChanged) -> None:
        """Take in a new state; the first one of a take says what is recorded."""
        if self._state.state is State.IDLE and change.state is not State.IDLE:
            self.say(said.records(change.source))
        elif change.state is not State.IDLE and not change.waiting:
            if self._state.source != change.source:
                self.say(said.records_now(change.source))
            elif self._state.waiting:
                self.say(said.records_again(change.source))
        self._state = change

    def say(self, text: str, *, error: bool = False) -> None:
        """Write a line of its own."""
        with self._lock:
            self._wipe()
            self._out.write(f"{'tray-recorder: ' if error else ''}{text}\n")
            self._out.flush()

    def close(self) -> None:
        """Take the live line away."""
        with self._lock:
            self._wipe()
            self._out.flush()

    def _level(self, level: Level) -> None:
        if self._state.state is State.IDLE:
            return
        mark = said.PAUSED if self._state.state is State.PAUSED else said.RECORDING
        mark = said.WAITING if self._state.waiting else mark
        gaps = f"  {said.gaps(self._gaps)}" if self._gaps else ""
        peak = f"  {said.SILENCE}" if level.peak == -math.inf else f"{level.peak:6.1f} dBFS"
        self._draw(f"{mark:>7}  {clock_time(level.seconds):>8}  [{_bar(level.peak)}] {peak}{gaps}")

    def _gap(self, gap: Gap) -> None:
        del gap
        self._gaps += 1

    def _progress(self, progress: JobProgress) -> None:
        self._draw(said.finishing(100 * progress.done))

    def _draw(self, text: str) -> None:
        if not self._live:
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        with self._lock:
            self._out.write("\r" + text.ljust(self._shown))
            self._out.flush()
            self._shown = len(text)

    def _wipe(self) -> None:
        if self._shown:
            self._out.write("\r" + " " * self._shown + "\r")
            self._shown = 0


def _bar(peak: float) -> str:
    part = 0.0 if peak == -math.inf else min(1.0, max(0.0, 1 - peak / _FLOOR))
    return ("#" * round(part * _BAR)).ljust(_BAR)
