"""One take from start to stop: the thread that takes chunks and commands from its inbox and writes."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from tray_app.audio.format import AudioFormat
from tray_app.capture.base import Stream
from tray_app.disk import Disk
from tray_app.errors import RecorderError
from tray_app.events import EventBus, Gap, Level, Problem, StateChanged, TakeFinished
from tray_app.recorder.inbox import Inbox
from tray_app.recorder.link import POLL, Link
from tray_app.recorder.making import Making
from tray_app.recorder.order import Order, Told
from tray_app.states import Command, State
from tray_app.take.facts import Facts
from tray_app.take.names import fill_template
from tray_app.take.take import Take, begin, begin_exactly

log = logging.getLogger(__name__)

LEVEL_EVERY = 0.1
NOTHING_HEARD = 15.0
"""Seconds of digital silence from the start after which the user is told once."""


class _Ended(Exception):  # noqa: N818 - it ends the loop, it is no error
    """The take is to end, at the time `at` of the monotonic clock."""

    def __init__(self, at: float, *, commanded: bool) -> None:
        super().__init__()
        self.at = at
        self.commanded = commanded


class Run(threading.Thread):
    """Makes one take. `clock` is the monotonic clock of the capture times, `wall` the clock on the wall.

    `finished` is called on this thread with the take, still locked, and its facts once the take is complete; `ended`
    when everything is over, whatever happened.
    """

    def __init__(
        self,
        order: Order,
        disk: Disk,
        bus: EventBus,
        clock: Callable[[], float],
        wall: Callable[[], datetime],
        finished: Callable[[Take, Facts], None],
        ended: Callable[[], None],
    ) -> None:
        super().__init__(name="recorder", daemon=True)
        self.inbox = Inbox()
        self.complete = threading.Event()
        self._order, self._disk, self._bus = order, disk, bus
        self._clock, self._wall = clock, wall
        self._finished, self._ended = finished, ended
        self._link = Link(order, self.inbox, bus, clock, self._say_state)
        self._making: Making | None = None
        self._paused = False
        self._next_level = -math.inf
        self._heard = False

    def run(self) -> None:
        """Open, record until the end, complete the take, free everything."""
        try:
            self._record()
        except RecorderError as error:
            log.error("the take ended: %s (%s)", error, error.detail)
            self._bus.post(Problem(str(error), fatal=True))
        except Exception:
            log.exception("the recorder failed in a way that nobody expected")
            text = "The recording ended because of an error in the program. What was recorded is safe; see the log."
            self._bus.post(Problem(text, fatal=True))
        finally:
            self._leave()

    def _record(self) -> None:
        making = self._begin(self._link.open_first(self._told_early))
        failure: RecorderError | None = None
        try:
            while True:
                self._step(making)
        except _Ended as end:
            at, commanded = end.at, end.commanded
        except RecorderError as error:
            at, commanded, failure = self._clock(), False, error
        self._complete(making, at, commanded=commanded)
        if failure is not None:
            raise failure

    def _told_early(self, told: Told) -> None:
        """Obey a command that comes before the device has opened."""
        if told.command is Command.STOP:
            raise RecorderError("Stopped before the device had opened.", safe="Nothing was recorded.")
        self._paused = told.command is Command.PAUSE

    def _begin(self, stream: Stream) -> Making:
        """Claim the take's name and files, and let in what has arrived."""
        order = self._order
        self._began = self._wall()
        name = order.name if order.exact else fill_template(order.name, self._began)
        take = (begin_exactly if order.exact else begin)(self._disk, order.folder, name, order.plan)
        fmt = AudioFormat(order.rate or stream.source.rate, order.channels or stream.source.channels, order.bits)
        try:
            self._making = Making(self._disk, take, fmt, stream.started_at, stream.source.name, self._gap)
        except BaseException:
            take.done()
            raise
        self._link.running(self._making)
        if self._paused:
            self._making.timeline.pause(stream.started_at)
        return self._making

    # Recording

    def _step(self, making: Making) -> None:
        """Take in one message, or see to what time asks for."""
        now = self._clock()
        limit = self._order.limit
        left = POLL if limit is None else min(POLL, limit - making.timeline.seconds_at(now))
        if left <= 0 and not self._paused:
            raise _Ended(now + left, commanded=False)
        message = self.inbox.get(max(left, 0.001))
        if message is None:
            making.tick(self._clock())
        elif isinstance(message, tuple):
            self._link.chunk(making, *message)
        elif isinstance(message, Told):
            self._command(making, message)
        else:
            self._link.says(making, message)
        self._look_after(making)

    def _command(self, making: Making, told: Told) -> None:
        if told.command is Command.STOP:
            raise _Ended(told.at, commanded=True)
        self._paused = told.command is Command.PAUSE
        (making.timeline.pause if self._paused else making.timeline.resume)(told.at)
        self._say_state()

    def _look_after(self, making: Making) -> None:
        """What is due by the clock: the level, a look at the sources."""
        now = self._clock()
        if now >= self._next_level:
            self._next_level = now + LEVEL_EVERY
            self._level(making, now)
        self._link.look_after(now)

    def _level(self, making: Making, now: float) -> None:
        peak = making.take_peak()
        seconds = making.timeline.seconds_at(now)
        self._bus.post(Level(peak, seconds))
        if not self._heard and peak == -math.inf and seconds >= NOTHING_HEARD:
            self._bus.post(Problem("Nothing has been heard yet. Is this the source that plays?"))
        self._heard = self._heard or peak > -math.inf or seconds >= NOTHING_HEARD

    # Ending

    def _complete(self, making: Making, at: float, *, commanded: bool) -> None:
        """Complete the files first: the device may take its time, the take does not wait for it."""
        stopped = self._wall()
        facts = making.finish(at, self._began.isoformat(), stopped.isoformat())
        if commanded:
            facts = replace(facts, stop_ms=1000 * (self._clock() - at))
        self._making = None
        self._bus.post(TakeFinished(making.take.paths.original, facts.seconds))
        # Its jobs are queued before it counts as complete, so that nobody finds neither a take nor its jobs.
        self._finished(making.take, facts)
        self.complete.set()

    def _leave(self) -> None:
        """Free every resource, on every path."""
        self._link.close_latecomers()
        making, self._making = self._making, None
        if making is not None:
            making.close()
            making.take.release()
        self._link.leave()
        self.complete.set()
        self._ended()

    def _say_state(self) -> None:
        state = State.PAUSED if self._paused else State.RECORDING
        self._bus.post(StateChanged(state, waiting=self._link.waiting, source=self._link.source.name))

    def _gap(self, start: int, frames: int, dropped: bool) -> None:
        log.log(logging.WARNING if dropped else logging.INFO, "gap at frame %d: %d frames", start, frames)
        self._bus.post(Gap(start, frames, dropped))
