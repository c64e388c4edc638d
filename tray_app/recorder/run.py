"""One take from start to stop: the thread that takes chunks and commands from its inbox and writes."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tray_app.audio.format import AudioFormat
from tray_app.capture.base import Backend, Chunk, Source
from tray_app.disk import Disk
from tray_app.errors import RecorderError, SourceLostError
from tray_app.events import EventBus, Gap, Level, Problem, StateChanged, TakeFinished
from tray_app.recorder.device import Device, Outcome, apart, open_device
from tray_app.recorder.follow import Follower, Step, target
from tray_app.recorder.inbox import Inbox
from tray_app.recorder.making import Making
from tray_app.recorder.quiet import Quiet
from tray_app.states import Command, State
from tray_app.take.facts import Facts
from tray_app.take.names import fill_template
from tray_app.take.take import Plan, Take, begin, begin_exactly

log = logging.getLogger(__name__)

POLL = 0.1
"""Seconds after which the thread looks up when nothing arrives."""
LEVEL_EVERY = 0.1
HARDLY_HEARD = -60.0
"""dBFS at most which nothing counts as heard where the take has no threshold of its own."""
OPEN_DEADLINE = 10.0
"""Seconds that the first opening of a device may take."""
CLOSE_DEADLINE = 0.15
"""Seconds that Stop waits for the device after the take is complete."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to record and how.

    `find` returns the back end and the source (it may block and raise `SourceError`); `follows` is True where the
    default is followed. `rate`, `channels` are None for the device's own; `bits` 16, 24 or 32. `name` is a template,
    or, when `exact`, a name that must be free. `limit` is the longest take in seconds of its clock, None for no limit.
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


@dataclass(frozen=True, slots=True)
class Told:
    """A command that has reached the thread, and when it was given."""

    command: Command
    at: float


@dataclass(frozen=True, slots=True)
class _Lost:
    of: object
    reason: str


@dataclass(frozen=True, slots=True)
class _First:
    """What the first opening found."""

    backend: Backend
    source: Source
    device: Device


class _Changed:
    """The system says that its sources have changed."""


class _Ended(Exception):  # noqa: N818 - it ends the loop, it is no error
    """The take is to end, at the time `at` of the monotonic clock."""

    def __init__(self, at: float, *, commanded: bool) -> None:
        super().__init__()
        self.at = at
        self.commanded = commanded


def _nobody(outcome: Outcome) -> None:
    """Nobody waits for this outcome."""
    del outcome


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
        self._token: object = object()
        self._early: list[Chunk] = []
        self._device: Device | None = None
        self._making: Making | None = None
        self._paused = False
        self._next_level = -math.inf
        self._quiet = Quiet(order.plan.silence[1] if order.plan.silence else HARDLY_HEARD)
        self._gone = False
        self._refusal = ""

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
        self._backend, self._source = self._first_open()
        self._follower = Follower(self._order.follows, self._device is not None and self._device.watch is not None)
        making = self._begin()
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

    # Opening

    def _first_open(self) -> tuple[Backend, Source]:
        """Find and open the source; a Stop or a device that hangs ends the wait."""

        def work() -> object:
            backend, source = self._order.find()
            self.inbox.begin(source.rate, source.channels)
            return _First(backend, source, self._open(backend, source, token))

        token = self._token
        later: list[object] = []
        apart(work, self._arrived, token)
        deadline = self._clock() + OPEN_DEADLINE
        while (left := deadline - self._clock()) > 0:
            message = self.inbox.get(min(left, POLL))
            if isinstance(message, Outcome):
                if message.error is not None:
                    raise message.error
                assert isinstance(message.value, _First)
                self._device = message.value.device
                for said in later:
                    self.inbox.post(said)
                return message.value.backend, message.value.source
            if isinstance(message, Told) and message.command is Command.STOP:
                raise RecorderError("Stopped before the device had opened.", safe="Nothing was recorded.")
            if isinstance(message, (_Lost, _Changed)):
                later.append(message)  # the take that begins will act on it
            self._before_opening(message)
        raise SourceLostError("The sound device does not answer.", todo="Try again, or choose another source.")

    def _before_opening(self, message: object) -> None:
        if isinstance(message, tuple) and message[0] is self._token:
            self._early.append(message[1])
        elif isinstance(message, Told):
            self._paused = message.command is Command.PAUSE

    def _open(self, backend: Backend, source: Source, token: object) -> Device:
        """Open a device; its chunks carry `token`. On the device's thread."""
        inbox = self.inbox
        return open_device(
            backend,
            source,
            self._order.chunk_frames,
            lambda chunk: inbox.offer(chunk, token),
            lambda reason: inbox.post(_Lost(token, reason)),
            lambda: inbox.post(_Changed()),
        )

    def _begin(self) -> Making:
        """Claim the take's name and files, and let in what has arrived."""
        order, stream = self._order, self._opened_device.stream
        self._began = self._wall()
        name = order.name if order.exact else fill_template(order.name, self._began)
        take = (begin_exactly if order.exact else begin)(self._disk, order.folder, name, order.plan)
        fmt = AudioFormat(order.rate or stream.source.rate, order.channels or stream.source.channels, order.bits)
        try:
            self._making = Making(self._disk, take, fmt, stream.started_at, stream.source.name, self._gap)
        except BaseException:
            take.done()
            raise
        self._running(self._making)
        if self._paused:
            self._making.timeline.pause(stream.started_at)
        return self._making

    @property
    def _opened_device(self) -> Device:
        assert self._device is not None
        return self._device

    def _running(self, making: Making) -> None:
        """Begin with the stream that has just opened."""
        device = self._opened_device
        source = device.stream.source
        log.info("recording %s (%s), %d Hz, %d channels", source.name, source.id, source.rate, source.channels)
        self._follower.opened(source, self._clock())
        making.opened(source.rate, source.channels)
        self._say_state(source.name)
        if device.muted:
            self._bus.post(Problem(f"{source.name} is muted, so nothing will be heard in the recording."))
        early, self._early = self._early, []
        for chunk in early:
            making.feed(chunk)

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
            self._chunk(making, *message)
        elif isinstance(message, Told):
            self._command(making, message)
        else:
            self._device_says(making, message)
        self._look_after(making)

    def _chunk(self, making: Making, token: object, chunk: Chunk) -> None:
        if token is not self._token:
            return
        if self._device is None:
            self._early.append(chunk)
        else:
            making.feed(chunk)

    def _command(self, making: Making, told: Told) -> None:
        if told.command is Command.STOP:
            raise _Ended(told.at, commanded=True)
        self._paused = told.command is Command.PAUSE
        (making.timeline.pause if self._paused else making.timeline.resume)(told.at)
        self._say_state(self._source.name)

    def _look_after(self, making: Making) -> None:
        """What is due by the clock: the level, a look at the sources."""
        now = self._clock()
        if now >= self._next_level:
            self._next_level = now + LEVEL_EVERY
            self._level(making, now)
        if self._follower.due(now) is Step.LOOK:
            apart(self._backend.sources, self._arrived, self._follower)

    def _level(self, making: Making, now: float) -> None:
        peak = making.take_peak()
        seconds = making.timeline.seconds_at(now)
        self._bus.post(Level(peak, seconds))
        if (unheard := self._quiet.hears(peak, seconds)) is not None:
            self._bus.post(unheard)

    # The device comes and goes

    def _device_says(self, making: Making, message: object) -> None:
        now = self._clock()
        if isinstance(message, _Changed):
            self._follower.changed(now)
        elif isinstance(message, _Lost) and message.of is self._token:
            self._lost(making, message.reason)
        elif isinstance(message, Outcome) and message.of is self._follower:
            self._looked(message)
        elif isinstance(message, Outcome):
            self._reopened(making, message)

    def _lost(self, making: Making, reason: str) -> None:
        log.warning("lost %s: %s", self._source.name, reason)
        self._let_go(making)
        self._follower.lost(self._clock())
        self._say_state(self._source.name)
        text = f"{self._source.name} is gone. The recording goes on and waits for it; until then it holds silence."
        self._bus.post(Problem(text))

    def _let_go(self, making: Making) -> None:
        """Part from the device that is open, without waiting for it."""
        device, self._device = self._device, None
        self._token = object()
        self._early = []
        making.lost()
        if device is not None:
            apart(device.close, _nobody, device)

    def _looked(self, outcome: Outcome) -> None:
        now = self._clock()
        if outcome.error is not None:
            self._follower.failed(now)
            return
        found = target(outcome.value, self._source, follows=self._order.follows)  # type: ignore[arg-type]
        if self._follower.found(found, now) is not Step.OPEN or found is None:
            return
        making = self._making
        assert making is not None
        if self._device is not None:
            self._let_go(making)
        self._follower.open_source = None
        source, token = found, self._token
        self.inbox.begin(source.rate, source.channels)
        apart(lambda: self._open(self._backend, source, token), self._arrived, token)

    def _reopened(self, making: Making, outcome: Outcome) -> None:
        if outcome.error is not None:
            # A device that another program holds is tried twice a second, for hours perhaps: said once.
            level = logging.DEBUG if str(outcome.error) == self._refusal else logging.WARNING
            log.log(level, "could not open again: %s (%s)", outcome.error, outcome.error.detail)
            self._refusal = str(outcome.error)
            self._follower.failed(self._clock())
            self._say_state(self._source.name)
            return
        device = outcome.value
        assert isinstance(device, Device)
        if outcome.of is not self._token:
            apart(device.close, _nobody, device)
            self._follower.failed(self._clock())
            return
        self._device, self._source, self._refusal = device, device.stream.source, ""
        self._running(making)

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

    def _arrived(self, outcome: Outcome) -> None:
        """Take in what a device's thread brings; once the take is over, nobody else would close what it opened."""
        self.inbox.post(outcome)
        if self._gone:
            self._close_latecomers()

    def _close_latecomers(self) -> None:
        while (message := self.inbox.get(0)) is not None:
            value = message.value if isinstance(message, Outcome) else None
            device = value.device if isinstance(value, _First) else value
            if isinstance(device, Device):
                apart(device.close, _nobody, device)

    def _leave(self) -> None:
        """Free every resource, on every path."""
        self._gone = True
        self._close_latecomers()
        making, self._making = self._making, None
        if making is not None:
            making.close()
            making.take.release()
        device, self._device = self._device, None
        self._token = object()
        if device is not None:
            apart(device.close, _nobody, device).join(CLOSE_DEADLINE)
        self.complete.set()
        self._ended()

    def _say_state(self, source: str) -> None:
        state = State.PAUSED if self._paused else State.RECORDING
        name = self._making.take.paths.name if self._making else ""
        self._bus.post(StateChanged(state, waiting=self._device is None, source=source, name=name))

    def _gap(self, start: int, frames: int, dropped: bool) -> None:
        log.log(logging.WARNING if dropped else logging.INFO, "gap at frame %d: %d frames", start, frames)
        self._bus.post(Gap(start, frames, dropped))
