"""The interface that every way to capture sound stands behind: list, open, close, report. No policy.

A back end says what there is and hands over what it gets. When to open, wait or open again is decided by
`tray_app.recorder.follow`, one rule for all systems.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    # Not at run time: the tray knows this module, and its icon is not to wait for numpy.
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""Sound as the devices hand it over: shape (frames, channels), C-contiguous, −1.0 to 1.0 (louder is possible)."""

SourceKind = Literal["loopback", "input", "signal"]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing that can be recorded.

    `id` survives restarts, is what a settings file holds, and no other source's (nor "default"); `name` is for people;
    `backend` is its `Backend.name`; `rate` in Hz and `channels` are the device's own; `default` is True for the
    loopback of the default output. The menu shows a `kind` "loopback" as an output, "input" as an input, "signal" not.
    """

    id: str
    name: str
    kind: SourceKind
    backend: str
    rate: int
    channels: int
    default: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one device read delivers.

    `samples` are the chunk's own (never a view into a buffer that the device writes again). `time` is the capture
    time of its first frame in seconds of `time.perf_counter()`: the server's timing where there is one, else arrival
    less the chunk's length. `dropped` counts the frames that were delivered directly before this chunk and could not
    be kept.
    """

    samples: Samples
    time: float
    dropped: int = 0


OnChunk = Callable[[Chunk], None]
"""Called for every chunk, in order: on the device's own thread, or on that which calls `Stream.collect`.

It returns at once: it must not wait, log or touch a file.
"""

OnLost = Callable[[str], None]
"""Called once, on any thread, when the stream delivers nothing any more; says why in words for the log."""


class Stream(abc.ABC):
    """An open source that delivers chunks until it is closed or lost: by itself, or when `collect` asks for them.

    `source` is what was opened (its rate and channels are those of the chunks), `started_at` the
    `time.perf_counter()` at which the device began to run: the zero of its time line.
    """

    source: Source
    started_at: float

    def collect(self) -> None:  # noqa: B027 - most have nothing to do here
        """Hand over what has arrived and waits, on the calling thread. Any thread may call, also after `close`.

        For back ends whose system keeps what nobody has taken yet: to look there from time to time costs less than to
        be woken for every chunk. Who has opened a stream must call this several times a second. Never waits for a
        device. Those that deliver by themselves have nothing to do here.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Stop delivering and free the device. May be called twice, and after a loss; never raises.

        May take long where a device hangs: call it on a thread that nobody waits for without a deadline.
        After it returns, no chunk is handed over any more.
        """


class Watch(abc.ABC):
    """A running watch over the list of sources and the default; ends with `close`."""

    @abc.abstractmethod
    def close(self) -> None:
        """End the watch. May be called twice; never raises."""


class Backend(abc.ABC):
    """A way to capture sound on one operating system. Any thread may call any method, several at once."""

    name: str

    @abc.abstractmethod
    def sources(self) -> list[Source]:
        """Return every source there is now, loopbacks first.

        Raises `BackendUnavailableError` where sound cannot be captured at all (no server, library missing); where
        there is merely nothing to list it returns none. `devices` prints the first such error, even where another back
        end has sources. Any other error hides what the other back ends have.
        """

    @abc.abstractmethod
    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        """Open `source` and begin to deliver, asking the device for `chunk_frames` frames a chunk.

        The stream can never be moved to another source by the system. Raises `SourceNotFoundError` when the source
        is gone, `SourceError` when it cannot be opened, `BackendUnavailableError` as `sources` does.
        """

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        """Call `changed` (on any thread) when sources or the default may have changed; None where unsupported.

        Where it is None, callers ask the `sources` of all back ends from time to time.
        """
        del changed
        return None

    def muted(self, source: Source) -> bool:
        """Return whether the system plays `source` muted or at volume zero, so that nothing will be heard."""
        del source
        return False
