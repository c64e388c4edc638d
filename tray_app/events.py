"""The closed set of things that parts tell each other, and the one bus that carries them.

Any thread posts; one loop delivers. A slow listener therefore never holds the recorder, and listeners need no locks.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tray_app.errors import RecorderError
from tray_app.states import State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The recorder went to `state`; `waiting` is True while its device is lost and waited for.

    `name` is the take's, without ending; empty where there is none.
    """

    state: State
    waiting: bool = False
    source: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Level:
    """How loud it is: `peak` in dBFS (−inf for digital silence), with the take's length so far in seconds."""

    peak: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Gap:
    """The device delivered nothing for `frames` frames from frame `start` of the take; zeros stand there."""

    start: int
    frames: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job has done `done` (0.0 to 1.0) of the take `name`."""

    name: str
    done: float


@dataclass(frozen=True, slots=True)
class JobFinished:
    """All jobs of a take ended well. `trimmed` or `original` is None where there is no such file (any more).

    `saved` is the file that was asked for, in the format that was asked for: the trimmed one, or, where silence is not
    removed, all of it; None where nothing was heard.
    `heard` is False where all of it was silent; `seconds` is the original's length, `kept_seconds` the trimmed
    one's; `facts` is what the terminal prints as JSON.
    """

    name: str
    trimmed: Path | None
    original: Path | None
    recovered: bool = False
    heard: bool = True
    seconds: float = 0.0
    kept_seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    saved: Path | None = None

    @property
    def file(self) -> Path | None:
        """The file to look at."""
        return self.saved or self.trimmed or self.original


@dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong that the user should know: one plain line. `fatal` when it ended the take or the job."""

    text: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Unheard:
    """Nothing was heard for `seconds` of the take, `from_start` where nothing was at all. 0 when sound is back."""

    seconds: float
    from_start: bool = False


@dataclass(frozen=True, slots=True)
class DiskLow:
    """The disk fills up: about `minutes` of recording are left before the take is ended; `free_mb` MB are free."""

    minutes: float
    free_mb: int


@dataclass(frozen=True, slots=True)
class TakeDiscarded:
    """A take's files are in the recycle bin, as its user wished."""

    name: str


Event = StateChanged | Level | Gap | TakeDiscarded | JobProgress | JobFinished | Problem | Unheard | DiskLow
_E = TypeVar("_E", bound=Event)


class EventBus:
    """A queue of events with one delivering loop.

    `post` may be called from any thread and never waits for a listener. A `Level` or `JobProgress` that was not
    delivered yet is replaced by the next one, so a loop that is away does not let memory grow.
    """

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._ready = threading.Condition()
        self._listeners: list[tuple[type, Callable[..., None]]] = []
        self._woken = False

    def listen(self, kind: type[_E], listener: Callable[[_E], None]) -> None:
        """Call `listener` for every event of `kind`, on the delivering loop's thread."""
        self._listeners.append((kind, listener))

    def post(self, event: Event) -> None:
        """Queue an event. Never blocks beyond the moment that another thread takes to do the same."""
        with self._ready:
            if isinstance(event, Level | JobProgress):
                self._forget(event)
            self._events.append(event)
            self._ready.notify()

    def _forget(self, newer: Level | JobProgress) -> None:
        """Take out what `newer` replaces: there is one such event at the most."""
        for index, event in enumerate(self._events):
            if type(event) is type(newer) and getattr(event, "name", "") == getattr(newer, "name", ""):
                del self._events[index]
                return

    def wake(self) -> None:
        """Let `deliver` return, though there is nothing to deliver."""
        with self._ready:
            self._woken = True
            self._ready.notify()

    def deliver(self, timeout: float | None) -> bool:
        """Deliver what is queued. Return whether there was any.

        Waits for the first up to `timeout` seconds, with None as long as it takes, unless `wake` is called.
        """
        with self._ready:
            self._ready.wait_for(lambda: self._events or self._woken, timeout)
            self._woken = False
            batch = list(self._events)
            self._events.clear()
        for event in batch:
            for kind, listener in self._listeners:
                if isinstance(event, kind):
                    listener(event)
        return bool(batch)


def post_trouble(bus: EventBus, error: RecorderError) -> None:
    """Tell what went wrong with something that the user has asked for, and log it with its detail."""
    log.warning("%s (%s)", error, error.detail)
    bus.post(Problem(str(error)))
