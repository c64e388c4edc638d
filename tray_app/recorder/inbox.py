"""The bounded queue between the device's thread and the recorder's: the callback never waits."""

from __future__ import annotations

import queue
from dataclasses import replace

from tray_app.capture.base import Chunk

MAX_SECONDS = 10
MAX_BYTES = 32 << 20


class Inbox:
    """Messages for the recorder's thread in the order in which they came; chunks are bounded, the rest is not.

    A chunk that finds the queue full (10 s of sound, at most 32 MiB) is dropped and counted; the next one that is
    taken in carries the count. Neither `offer` nor `post` ever waits: `SimpleQueue.put` takes no Python lock. Of the
    streams only the last one that was begun is listened to.
    """

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._offered = 0
        self._taken = 0
        self._dropped = 0
        self._limit = MAX_BYTES // 8
        self._stream: object = None
        self.looks = 0
        """How often somebody has looked: it goes on changing while the recorder's thread is not held up."""

    def begin(self, rate: int, channels: int, stream: object) -> None:
        """Listen to `stream`, of this rate and channel count (float32 samples), and bound the queue for it."""
        self._limit = min(MAX_SECONDS * rate, MAX_BYTES // (4 * channels))
        self._stream, self._dropped = stream, 0

    @property
    def dropped(self) -> int:
        """Frames of the stream that were dropped since its last chunk that was taken in."""
        return self._dropped

    def offer(self, chunk: Chunk, stream: object) -> None:
        """Take in a chunk of `stream` or count it as dropped. Called on the device's thread."""
        if stream is not self._stream:
            return
        frames = len(chunk.samples)
        if self._offered - self._taken + frames > self._limit:
            self._dropped += frames + chunk.dropped
            return
        if self._dropped:
            chunk, self._dropped = replace(chunk, dropped=chunk.dropped + self._dropped), 0
        self._offered += frames
        self._queue.put((stream, chunk))

    def post(self, message: object) -> None:
        """Queue any other message."""
        self._queue.put(message)

    def get(self, timeout: float) -> object | None:
        """Return the next message, a `(stream, Chunk)` pair or what was posted; None when none came in time."""
        self.looks += 1
        try:
            message = self._queue.get(timeout=timeout) if timeout > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None
        if isinstance(message, tuple):
            self._taken += len(message[1].samples)
        return message
