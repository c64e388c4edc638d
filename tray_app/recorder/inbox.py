"""The bounded queue between the device's thread and the recorder's: the callback never waits."""

from __future__ import annotations

import contextlib
import queue
from collections import deque
from dataclasses import replace

from tray_app.capture.base import Chunk

MAX_SECONDS = 10
MAX_BYTES = 32 << 20
NAP = 0.04
"""Seconds that the recorder's thread sleeps through chunks. To wake costs as much as several chunks do, so they are
taken in by fours; whatever else comes wakes it at once.
"""


class Inbox:
    """Messages for the recorder's thread in the order in which they came; chunks are bounded, the rest is not.

    A chunk that finds the queue full (10 s of sound, at most 32 MiB) is dropped and counted; the next one that is
    taken in carries the count. Neither `offer` nor `post` ever waits: a deque's `append` and `SimpleQueue.put` take no
    Python lock. Of the streams only the last one that was begun is listened to.
    """

    def __init__(self) -> None:
        self._messages: deque[object] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
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
        self._messages.append((stream, chunk))

    def post(self, message: object) -> None:
        """Queue any other message."""
        self._messages.append(message)
        self._bell.put(None)

    def get(self, timeout: float) -> object | None:
        """Return the next message, a `(stream, Chunk)` pair or what was posted; None when none came in time."""
        self.looks += 1
        while not self._messages:
            if timeout <= 0:
                return None
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=min(timeout, NAP))
            timeout -= NAP
        message = self._messages.popleft()
        if isinstance(message, tuple):
            self._taken += len(message[1].samples)
        else:
            # It was found without having been rung for; nobody is to wake up for it once more.
            with contextlib.suppress(queue.Empty):
                self._bell.get_nowait()
        return message
