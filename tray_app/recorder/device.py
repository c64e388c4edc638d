"""An open device with what belongs to it, and the threads on which devices may hang without holding anybody."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tray_app.capture.base import Backend, OnChunk, OnLost, Source, Stream, Watch
from tray_app.errors import RecorderError, SourceError
from tray_app.sentences import sources as said

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Device:
    """A running stream, the watch over the list that it came from, and whether it plays muted."""

    stream: Stream
    watch: Watch | None
    muted: bool

    def close(self) -> None:
        """Close both. May hang where the device does."""
        # The watch first: it does not hang, and who has let go of a device must not hear from it.
        if self.watch is not None:
            self.watch.close()
        self.stream.close()


def open_device(
    backend: Backend, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost, changed: Callable[[], None]
) -> Device:
    """Open `source`. Raises `SourceError`; a watch or a mute state that cannot be had is only logged."""
    stream = backend.open(source, chunk_frames, on_chunk, on_lost)
    try:
        return Device(stream, backend.watch(changed), backend.muted(source))
    except SourceError as error:
        log.warning("the source runs, its list cannot be watched: %s (%s)", error, error.detail)
        return Device(stream, None, muted=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What work on a device's thread came to: `value`, or the `error` that ended it. `of` tells whose it is."""

    of: object
    value: object = None
    error: RecorderError | None = None


class Joinable(Protocol):
    """What work on a thread of its own can be waited for by."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until the work is done, or for `timeout` seconds."""


Apart = Callable[[Callable[[], object], Callable[[Outcome], None], object], Joinable]
"""Does work that may hang somewhere else; see `apart`."""


def apart(work: Callable[[], object], done: Callable[[Outcome], None], of: object) -> threading.Thread:
    """Do `work` on a daemon thread of its own and hand its `Outcome` to `done`, on that thread.

    The thread is a daemon so that a device that hangs for ever does not keep the program from ending.
    """
    thread = threading.Thread(target=lambda: done(outcome_of(work, of)), name="device", daemon=True)
    thread.start()
    return thread


def outcome_of(work: Callable[[], object], of: object) -> Outcome:
    """Do `work` here and return what it came to. Never raises."""
    try:
        return Outcome(of, work())
    except RecorderError as error:
        return Outcome(of, error=error)
    except Exception as error:
        log.exception("a device failed in a way that nobody expected")
        return Outcome(of, error=SourceError(said.FAILED, detail=repr(error)))
