"""The bounded queue between the device and the recorder's thread: who puts into it never waits."""

from __future__ import annotations

import contextlib
import queue
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from tray_app.capture.base import Chunk

MAX_SECONDS = 10
MAX_BYTES = 32 << 20
NAP = 0.046
"""Seconds that the recorder's thread sleeps through chunks. To wake costs as much as several chunks do, so they are
taken in by fours; whatever else comes wakes it at once. A chunk for which the stream is asked may seem to be captured
so much too late, which must stay below the timeline's `STEP`.
"""


def _nothing() -> None:
    """Nothing is open, or it delivers by itself."""


class Inbox:
    """Chunks, which are bounded, and all else that the recorder's thread is told; each in the order in which it came.

    What is told comes before the chunks that wait: whoever is told something that holds from a moment on takes the
    chunks `before` that moment first. So it does not matter who has put them there, and when.

    A chunk that finds the queue full (10 s of sound, at most 32 MiB) is dropped and counted; the next one that is
    taken in carries the count. Neither `offer` nor `post` ever waits: a deque's `append` and `SimpleQueue.put` take no
    Python lock. Of the streams only the last one that was begun is listened to.
    """

    def __init__(self) -> None:
        self._messages: deque[object] = deque()
        self._chunks: deque[tuple[object, Chunk]] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._collect: Callable[[], None] = _nothing
        self._offered = 0
        self._taken = 0
        self._dropped = 0
        self._taken_when_full = 0
        self._limit = MAX_BYTES // 8
        self._stream: object = None
        self.looks = 0
        """How often somebody has looked: it goes on changing while the recorder's thread is not held up."""

    def begin(self, rate: int, channels: int, stream: object) -> None:
        """Listen to `stream`, of this rate and channel count (float32 samples), and bound the queue for it."""
        self._limit = min(MAX_SECONDS * rate, MAX_BYTES // (4 * channels))
        self._stream, self._dropped = stream, 0

    def ask(self, collect: Callable[[], None] | None) -> None:
        """Have the stream that is open asked by `collect`, which has it offer what waits; None when none is open."""
        self._collect = collect or _nothing

    @property
    def dropped(self) -> int:
        """Frames of the stream that were dropped since its last chunk that was taken in."""
        return self._dropped

    def offer(self, chunk: Chunk, stream: object) -> None:
        """Take in a chunk of `stream` or count it as dropped. Called on one thread at a time."""
        if stream is not self._stream:
            return
        frames = len(chunk.samples)
        full = self._offered - self._taken + frames > self._limit
        if full or (self._dropped and self._taken == self._taken_when_full):
            # A shorter one may still fit: what is dropped is not to be cut into pieces by it.
            self._dropped, self._taken_when_full = self._dropped + frames + chunk.dropped, self._taken
            return
        if self._dropped:
            chunk, self._dropped = replace(chunk, dropped=chunk.dropped + self._dropped), 0
        self._offered += frames
        self._chunks.append((stream, chunk))

    def post(self, message: object) -> None:
        """Queue any other message."""
        self._messages.append(message)
        self._bell.put(None)

    def collect(self) -> None:
        """Have the stream offer what waits: on any thread, so that the count holds while the recorder's own hangs."""
        self._collect()

    def get(self, timeout: float) -> object | None:
        """Return the next message: what was posted, or a `(stream, Chunk)` pair; None when none came in time."""
        self.looks += 1
        while not self._messages and not self._chunks:
            if timeout <= 0:
                return None
            self.nap(min(timeout, NAP))
            timeout -= NAP
            self._collect()
        if not self._messages:
            return self._pop()
        # It may have been found without having been rung for; nobody is to wake up for it once more.
        with contextlib.suppress(queue.Empty):
            self._bell.get_nowait()
        return self._messages.popleft()

    def before(self, moment: float) -> Iterator[tuple[object, Chunk]]:
        """Ask the stream once more, then give every chunk that begins before `moment` (`perf_counter`), in order."""
        self._collect()
        while self._chunks and self._chunks[0][1].time < moment:
            yield self._pop()

    def put_back(self, taken: tuple[object, Chunk]) -> None:
        """Put back the chunk that `get` has just given."""
        self._chunks.appendleft(taken)
        self._taken -= len(taken[1].samples)

    def nap(self, seconds: float) -> None:
        """Sleep for so long, or until something is posted."""
        try:
            self._bell.get(timeout=seconds)
        except queue.Empty:
            return

    def _pop(self) -> tuple[object, Chunk]:
        stream, chunk = self._chunks.popleft()
        self._taken += len(chunk.samples)
        return stream, chunk
