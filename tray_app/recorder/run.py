"""One take from start to stop: the thread that takes chunks and commands from its inbox and writes."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from tray_app.audio.format import AudioFormat
from tray_app.capture.base import Stream
from tray_app.disk import storage_error
from tray_app.errors import RecorderError, StorageError
from tray_app.events import DiskLow, Gap, Level, Problem, StateChanged
from tray_app.ffmpeg import find_ffmpeg
from tray_app.outputs import AS_RECORDED, refusal
from tray_app.recorder.device import Outcome
from tray_app.recorder.inbox import Inbox
from tray_app.recorder.keeper import Keeper
from tray_app.recorder.link import POLL, Link
from tray_app.recorder.order import Order, Told
from tray_app.recorder.quiet import Quiet
from tray_app.recorder.sleep import Sleep, SleepMeter
from tray_app.recorder.space import Space
from tray_app.recorder.world import World
from tray_app.sentences import disk as disk_said
from tray_app.sentences import files as files_said
from tray_app.sentences import recording as said
from tray_app.states import Command, State
from tray_app.take.facts import Facts
from tray_app.take.names import fill_template
from tray_app.take.take import Plan, Take, begin, begin_exactly

if TYPE_CHECKING:
    from tray_app.recorder.making import Making

log = logging.getLogger(__name__)

MB = 1_000_000
HARDLY_HEARD = -60.0
"""dBFS at most which nothing counts as heard where the take has no threshold of its own."""


class _Ended(Exception):  # noqa: N818 - it ends the loop, it is no error
    """The take is to end, at the time `at` of the monotonic clock; `why` is for the user, where there is a reason."""

    def __init__(self, at: float, *, commanded: bool = False, why: StorageError | None = None) -> None:
        super().__init__()
        self.at = at
        self.commanded = commanded
        self.why = why


class Run(threading.Thread):
    """Makes one take.

    `finished` is called on this thread with the take, still locked, and its facts once the take is complete;
    `unfinished` with the take, still locked, where the disk kept it from that; `ended` when everything is over,
    whatever happened.
    """

    def __init__(
        self,
        order: Order,
        world: World,
        finished: Callable[[Take, Facts], None],
        unfinished: Callable[[Take], None],
        ended: Callable[[], None],
        inbox: Inbox | None = None,
    ) -> None:
        super().__init__(name="recorder", daemon=True)
        self.inbox = inbox or Inbox()
        self.complete = threading.Event()
        self._order, self._disk, self._bus = order, world.disk, world.bus
        self._clock, self._wall, self._apart, self._wait = world.clock, world.wall, world.apart, world.wait
        self._finished, self._unfinished, self._ended = finished, unfinished, ended
        self._link = Link(order, self.inbox, world.bus, world.clock, world.apart, self._say_state)
        self._meter = SleepMeter(world.clock, world.awake)
        self._making: Making | None = None
        self._paused = False
        self._next_level = -math.inf
        rule = order.plan.rule
        # A threshold that is found in the take is not known before it ends.
        self._quiet = Quiet(HARDLY_HEARD if rule is None or rule.silence_thresh is None else rule.silence_thresh)

    def run(self) -> None:
        """Open, record until the end, complete the take, free everything."""
        try:
            self._record()
        except RecorderError as error:
            log.error("the take ended: %s (%s)", error, error.detail)
            self._bus.post(Problem(str(error), fatal=True))
        except Exception:
            log.exception("the recorder failed in a way that nobody expected")
            self._bus.post(Problem(said.PROGRAM_FAILED, fatal=True))
        finally:
            self._leave()

    def _record(self) -> None:
        # Before the device opens: a folder of PATH may lie on a drive that takes its time.
        self._no_ffmpeg = self._order.plan.output.format.by_ffmpeg and find_ffmpeg() is None
        making = self._begin(self._link.open_first(self._told_early))
        failure: RecorderError | None = None
        try:
            while True:
                self._step(making)
        except _Ended as end:
            at, commanded, failure = end.at, end.commanded, end.why
        except RecorderError as error:
            at, commanded, failure = self._clock(), False, error
        self._complete(making, at, commanded=commanded)
        if failure is not None:
            raise failure

    def _told_early(self, told: Told) -> None:
        """Obey a command that comes before the device has opened."""
        if told.command is Command.STOP:
            raise RecorderError(said.STOPPED_EARLY)
        self._paused = told.command is Command.PAUSE

    def _begin(self, stream: Stream) -> Making:
        """Claim the take's name and files, and let in what has arrived."""
        # Here and not above: it needs numpy, for which the tray's icon does not wait.
        from tray_app.recorder.making import Making

        order = self._order
        self._began = self._wall()
        self._check_space()
        name = order.name if order.exact else fill_template(order.name, self._began)
        fmt = AudioFormat(order.rate or stream.source.rate, order.channels or stream.source.channels, order.bits)
        plan = self._plan(fmt, stream.source.name)
        take = (begin_exactly if order.exact else begin)(self._disk, order.folder, name, plan)
        self._keeper = Keeper(self._disk, take, self._apart, self.inbox.post)
        self._space = Space(order.least_free, fmt.byte_rate * (1 if order.plan.rule is None else 2))
        try:
            name = stream.source.name
            self._making = Making(self._disk, take, fmt, stream.started_at, name, self._gap, self._wait)
        except BaseException:
            take.done()
            raise
        self._link.running(self._making)
        if self._paused:
            self._making.timeline.pause(stream.started_at)
        return self._making

    def _plan(self, fmt: AudioFormat, source: str) -> Plan:
        """Return what is to become of the take: a WAV where its output cannot be had here, which is said."""
        plan = self._order.plan
        found = plan.output.format
        lacking = refusal(found, fmt.bits, fmt.rate, fmt.channels)
        if lacking:
            lacking = files_said.source_gives(lacking, source, fmt.channels, fmt.rate / 1000)
        elif self._no_ffmpeg:
            lacking = files_said.lacks_ffmpeg(found.label)
        if not lacking:
            return plan
        self._bus.post(Problem(said.saved_as_wav(lacking)))
        return replace(plan, output=AS_RECORDED)

    def _check_space(self) -> None:
        """Refuse to begin where the take would have to end at once."""
        folder, least = self._order.folder, self._order.least_free
        there = next((place for place in (folder, *folder.parents) if self._disk.is_folder(place)), folder)
        try:
            free = self._disk.free_bytes(there) if least else 0
        except OSError as error:
            raise storage_error(disk_said.RECORD_INTO, folder, error, safe=disk_said.NOTHING_RECORDED) from error
        if free < least:
            raise StorageError(disk_said.too_full_to_begin(folder, free // MB, least // MB))

    # Recording

    def _step(self, making: Making) -> None:
        """Take in one message, or see to what time asks for."""
        now = self._clock()
        limit = self._order.limit
        left = POLL if limit is None else min(POLL, limit - making.timeline.seconds_at(now))
        if left <= 0 and not self._paused:
            self._end(making, now + left)
        message = self.inbox.get(max(left, 0.001))
        slept = self._meter.look()
        if slept is not None:
            if isinstance(message, tuple):
                self.inbox.put_back(message)
                message = None
            self._slept(making, slept)
        if message is None:
            making.tick(self._clock())
        elif isinstance(message, tuple):
            self._link.chunk(making, *message)
        elif isinstance(message, Told):
            self._command(making, message)
        elif isinstance(message, Outcome) and message.of is self._keeper:
            self._kept(making, message)
        else:
            self._link.says(making, message)
        self._look_after(making)

    def _command(self, making: Making, told: Told) -> None:
        if told.command is Command.STOP:
            self._end(making, told.at, commanded=True)
        self._link.take_in(making, told.at)
        self._paused = told.command is Command.PAUSE
        (making.timeline.pause if self._paused else making.timeline.resume)(told.at)
        self._say_state()

    def _look_after(self, making: Making) -> None:
        """What is due by the clock: the level, a look at the sources, forcing to the disk."""
        now = self._clock()
        if now >= self._next_level:
            self._next_level = now + self._order.level_every
            self._level(making, now)
        self._link.look_after(now)
        if self._keeper.due(now):
            self._keeper.begin(now, making.written)

    def _slept(self, making: Making, sleep: Sleep) -> None:
        """Take out what the machine slept, as a pause is.

        It fell asleep after what was captured in this thread's last nap: that comes first.
        """
        self._link.take_in(making, self._clock() - sleep.counted)
        until = self._wall()
        since = until - timedelta(seconds=sleep.seconds)
        log.info("the machine slept for %.1f s, of which the clock counted %.1f s", sleep.seconds, sleep.counted)
        making.slept(sleep, since.isoformat(), until.isoformat())

    def _kept(self, making: Making, outcome: Outcome) -> None:
        """Take in what the disk said: trouble, and what is free."""
        kept = self._keeper.done(outcome)
        if kept.trouble:
            self._bus.post(Problem(kept.trouble))
        if kept.free is None:
            return
        look = self._space.look(self._clock(), kept.free, making.written)
        if look.low:
            self._bus.post(DiskLow(look.minutes, look.free // MB))
        if look.over:
            self._end(making, self._clock(), why=self._no_space(look.free))

    def _no_space(self, free: int) -> StorageError:
        return StorageError(disk_said.too_full_to_go_on(self._order.folder, free // MB))

    def _level(self, making: Making, now: float) -> None:
        peak = making.take_peak()
        seconds = making.timeline.seconds_at(now)
        self._bus.post(Level(peak, seconds))
        unheard = self._quiet.hears(peak, seconds)
        # Of one that is muted the user was told already.
        if unheard is not None and not (unheard.from_start and self._link.muted):
            self._bus.post(unheard)

    # Ending

    def _end(self, making: Making, at: float, *, commanded: bool = False, why: StorageError | None = None) -> NoReturn:
        """End the take at time `at`, with all that sounded before it."""
        self._link.take_in(making, at)
        raise _Ended(at, commanded=commanded, why=why)

    def _complete(self, making: Making, at: float, *, commanded: bool) -> None:
        """Complete the files first: the device may take its time, the take does not wait for it."""
        stopped = self._wall()
        try:
            facts = making.finish(at, self._began.isoformat(), stopped.isoformat(), self.inbox.dropped)
        except StorageError:
            # Not even its header could be written: the queue goes on with it as with one that a crash left.
            self._making = None
            making.close()
            self._unfinished(making.take)
            raise
        if commanded:
            facts = replace(facts, stop_ms=1000 * (self._clock() - at))
        self._making = None
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
        name = self._making.take.paths.name if self._making else ""
        self._bus.post(StateChanged(state, waiting=self._link.waiting, source=self._link.source.name, name=name))

    def _gap(self, start: int, frames: int, dropped: bool) -> None:
        log.log(logging.WARNING if dropped else logging.INFO, "gap at frame %d: %d frames", start, frames)
        self._bus.post(Gap(start, frames, dropped))
        if dropped and self._making is not None:
            seconds = self._making.format.seconds(frames)
            self._bus.post(Problem(disk_said.too_slow(seconds)))
