"""The way to the device: opens the first one, sees it go, looks for it, opens it again.

All of it on the recorder's thread, which calls no device itself: what may hang has threads of its own.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tray_app.capture.base import Backend, Chunk, Source, Stream
from tray_app.errors import SourceLostError
from tray_app.events import EventBus, Problem
from tray_app.recorder.device import Apart, Device, Outcome, open_device
from tray_app.recorder.follow import Follower, Step, target
from tray_app.recorder.inbox import Inbox
from tray_app.recorder.order import Order, Told
from tray_app.sentences import sources as said

if TYPE_CHECKING:
    from tray_app.recorder.making import Making

log = logging.getLogger(__name__)

POLL = 0.1
"""Seconds after which the thread looks up when nothing arrives."""
OPEN_DEADLINE = 10.0
"""Seconds that the first opening of a device may take."""
CLOSE_DEADLINE = 0.15
"""Seconds that Stop waits for the device after the take is complete."""


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


def _nobody(outcome: Outcome) -> None:
    """Nobody waits for this outcome."""
    del outcome


class Link:
    """Holds what is open. `said` is called when `source` or `waiting` may have changed."""

    def __init__(
        self,
        order: Order,
        inbox: Inbox,
        bus: EventBus,
        clock: Callable[[], float],
        apart: Apart,
        said: Callable[[], None],
    ) -> None:
        self._order, self._inbox, self._bus, self._clock, self._said = order, inbox, bus, clock, said
        self._apart = apart
        self._muted: set[str] = set()
        self._token: object = object()
        self._early: list[Chunk] = []
        self._device: Device | None = None
        self._gone = False
        self._refusal = ""

    @property
    def source(self) -> Source:
        """What is recorded, or was last. Only after `open_first`."""
        return self._source

    @property
    def waiting(self) -> bool:
        """Whether no device is open."""
        return self._device is None

    @property
    def muted(self) -> bool:
        """Whether it was said that a source is muted: that it is silent is then no news."""
        return bool(self._muted)

    # Opening

    def open_first(self, told: Callable[[Told], None]) -> Stream:
        """Find and open the source. Commands that come meanwhile go to `told`, which ends the wait by raising.

        Raises what finding and opening raise, and `SourceLostError` for a device that hangs.
        """

        def work() -> object:
            backend, source = self._order.find()
            self._inbox.begin(source.rate, source.channels, token)
            return _First(backend, source, self._open(backend, source, token))

        token = self._token
        later: list[object] = []
        self._apart(work, self._arrived, token)
        deadline = self._clock() + OPEN_DEADLINE
        while (left := deadline - self._clock()) > 0:
            message = self._inbox.get(min(left, POLL))
            if isinstance(message, Outcome):
                if message.error is not None:
                    raise message.error
                assert isinstance(message.value, _First)
                for early in later:
                    self._inbox.post(early)
                return self._hold(message.value)
            if isinstance(message, (_Lost, _Changed)):
                later.append(message)  # the take that begins will act on it
            elif isinstance(message, tuple) and message[0] is self._token:
                self._early.append(message[1])
            elif isinstance(message, Told):
                told(message)
        raise SourceLostError(said.SILENT)

    def _hold(self, first: _First) -> Stream:
        self._backend, self._source, self._device = first.backend, first.source, first.device
        self._inbox.ask(first.device.stream.collect)
        self._follower = Follower(self._order.follows, first.device.watch is not None)
        return first.device.stream

    def _open(self, backend: Backend, source: Source, token: object) -> Device:
        """Open a device; its chunks carry `token`. On the device's thread."""
        inbox = self._inbox
        return open_device(
            backend,
            source,
            self._order.chunk_frames,
            lambda chunk: inbox.offer(chunk, token),
            lambda reason: inbox.post(_Lost(token, reason)),
            lambda: inbox.post(_Changed()),
        )

    def running(self, making: Making) -> None:
        """Begin with the stream that has just opened, and let in what has arrived."""
        device = self._device
        assert device is not None
        source = device.stream.source
        log.info("recording %s (%s), %d Hz, %d channels", source.name, source.id, source.rate, source.channels)
        self._follower.opened(source, self._clock())
        making.opened(source.rate, source.channels, self._order.chunk_frames)
        self._said()
        if device.muted and source.id not in self._muted:
            self._muted.add(source.id)
            self._bus.post(Problem(said.is_muted(source.name)))
        early, self._early = self._early, []
        for chunk in early:
            making.feed(chunk)

    # Recording

    def chunk(self, making: Making, token: object, chunk: Chunk) -> None:
        """Take in a chunk of the stream that `token` stands for."""
        if token is not self._token:
            return
        if self._device is None:
            self._early.append(chunk)
        else:
            making.feed(chunk)

    def take_in(self, making: Making, before: float) -> None:
        """Take in all sound that there is from before that moment: something is told that holds from then on."""
        for token, chunk in self._inbox.before(before):
            self.chunk(making, token, chunk)

    def look_after(self, now: float) -> None:
        """Look at the sources when that is due."""
        if self._follower.due(now) is Step.LOOK:
            self._apart(self._backend.sources, self._arrived, self._follower)

    def says(self, making: Making, message: object) -> None:
        """Take in what devices and their threads say."""
        now = self._clock()
        if isinstance(message, _Changed):
            self._follower.changed(now)
        elif isinstance(message, _Lost) and message.of is self._token:
            self._lost(making, message.reason)
        elif isinstance(message, Outcome) and message.of is self._follower:
            self._looked(making, message)
        elif isinstance(message, Outcome):
            self._reopened(making, message)

    def _lost(self, making: Making, reason: str) -> None:
        log.warning("lost %s: %s", self._source.name, reason)
        self._let_go(making)
        self._follower.lost(self._clock())
        self._said()
        self._bus.post(Problem(said.is_gone(self._source.name)))

    def _let_go(self, making: Making) -> None:
        """Part from the device that is open, without waiting for it; what it has delivered stays."""
        self.take_in(making, math.inf)
        self._inbox.ask(None)
        device, self._device = self._device, None
        self._token = object()
        self._early = []
        making.lost(self._inbox.dropped)
        if device is not None:
            self._apart(device.close, _nobody, device)

    def _looked(self, making: Making, outcome: Outcome) -> None:
        now = self._clock()
        if outcome.error is not None:
            self._follower.failed(now)
            return
        found = target(outcome.value, self._source, follows=self._order.follows)  # type: ignore[arg-type]
        if self._follower.found(found, now) is not Step.OPEN or found is None:
            return
        if self._device is not None:
            self._let_go(making)
        self._follower.open_source = None
        source, token = found, self._token
        self._inbox.begin(source.rate, source.channels, token)
        self._apart(lambda: self._open(self._backend, source, token), self._arrived, token)

    def _reopened(self, making: Making, outcome: Outcome) -> None:
        if outcome.error is not None:
            # A device that another program holds is tried twice a second, for hours perhaps: said once.
            level = logging.DEBUG if str(outcome.error) == self._refusal else logging.WARNING
            log.log(level, "could not open again: %s (%s)", outcome.error, outcome.error.detail)
            self._refusal = str(outcome.error)
            self._follower.failed(self._clock())
            self._said()
            return
        device = outcome.value
        assert isinstance(device, Device)
        if outcome.of is not self._token:
            self._apart(device.close, _nobody, device)
            self._follower.failed(self._clock())
            return
        self._device, self._source, self._refusal = device, device.stream.source, ""
        self._inbox.ask(device.stream.collect)
        self.running(making)

    # Ending

    def leave(self) -> None:
        """Take in no more, and close what is open, waiting a moment for it."""
        self._inbox.ask(None)
        device, self._device = self._device, None
        self._token = object()
        if device is not None:
            self._apart(device.close, _nobody, device).join(CLOSE_DEADLINE)

    def close_latecomers(self) -> None:
        """Close what still opens: from now on nobody else would."""
        self._gone = True
        self._close_latecomers()

    def _arrived(self, outcome: Outcome) -> None:
        """Take in what a device's thread brings; once the take is over, nobody else would close what it opened."""
        self._inbox.post(outcome)
        if self._gone:
            self._close_latecomers()

    def _close_latecomers(self) -> None:
        while (message := self._inbox.get(0)) is not None:
            value = message.value if isinstance(message, Outcome) else None
            device = value.device if isinstance(value, _First) else value
            if isinstance(device, Device):
                self._apart(device.close, _nobody, device)
