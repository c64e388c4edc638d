"""A back end for what no real device does on command: hang, vanish, come back otherwise, fail.

As strict as the real ones: nothing is delivered before `open` or after `close`, `on_lost` comes once at the most and
never after `close`, chunks are delivered on another thread than the recorder's, in real time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream, Watch
from tray_app.errors import SourceError, SourceNotFoundError
from tray_app.sentences.forms import Said

OUTPUT = Source("out", "Output", "loopback", "fake", 48000, 2, default=True)


def sine(hz: float, rate: int, channels: int, first: int, frames: int) -> Samples:
    """A sine of −6 dBFS that goes on from frame `first`."""
    wave = (0.5 * np.sin(2 * np.pi * hz / rate * np.arange(first, first + frames))).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


class FakeStream(Stream):
    """Delivers a sine in real time until closed, lost or held."""

    def __init__(self, backend: FakeBackend, source: Source, chunk: int, on_chunk: OnChunk, on_lost: OnLost) -> None:
        self.source = source
        self.started_at = time.perf_counter()
        self.closed = threading.Event()
        self.held = threading.Event()
        self._backend, self._chunk, self._on_chunk, self._on_lost = backend, chunk, on_chunk, on_lost
        self._thread = threading.Thread(target=self._deliver, name="fake-device", daemon=True)
        self._thread.start()

    def _deliver(self) -> None:
        first = 0
        while not self.closed.is_set():
            due = self.started_at + (first + self._chunk) / self.source.rate
            if self.closed.wait(max(0.0, due - time.perf_counter())):
                return
            if not self.held.is_set():
                samples = sine(self._backend.hz, self.source.rate, self.source.channels, first, self._chunk)
                self._on_chunk(Chunk(samples, time.perf_counter() - self._chunk / self.source.rate))
            first += self._chunk

    def lose(self) -> None:
        """End as a device does that is pulled out."""
        if not self.closed.is_set():
            self.closed.set()
            self._on_lost("pulled out")

    def close(self) -> None:
        self.closed.set()
        self._backend.hang_in_close.wait_while_set()


class Hang:
    """Something that hangs while it is set."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self.entered = threading.Event()

    def set(self) -> None:
        self._free.clear()

    def clear(self) -> None:
        self._free.set()

    def wait_while_set(self) -> None:
        if not self._free.is_set():
            self.entered.set()
            self._free.wait(60)


class FakeWatch(Watch):
    def __init__(self, backend: FakeBackend, changed: Callable[[], None]) -> None:
        self.changed, self._backend = changed, backend

    def close(self) -> None:
        if self in self._backend.watches:
            self._backend.watches.remove(self)


class FakeBackend(Backend):
    """What there is, is in `present`; change it and call `say_changed` as a system would."""

    name = "fake"

    def __init__(self, *, watches: bool = True) -> None:
        self.present = [OUTPUT]
        self.hz = 1000.0
        self.streams: list[FakeStream] = []
        self.watches: list[FakeWatch] = []
        self.hang_in_close = Hang()
        self.hang_in_open = Hang()
        self.refuses: SourceError | None = None
        self._watches = watches

    def sources(self) -> list[Source]:
        return list(self.present)

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        self.hang_in_open.wait_while_set()
        if self.refuses is not None:
            raise self.refuses
        if source not in self.present:
            raise SourceNotFoundError(Said(f"{source.name} is not there."))
        stream = FakeStream(self, source, chunk_frames, on_chunk, on_lost)
        self.streams.append(stream)
        return stream

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        if not self._watches:
            return None
        watch = FakeWatch(self, changed)
        self.watches.append(watch)
        return watch

    def say_changed(self) -> None:
        for watch in list(self.watches):
            watch.changed()

    def vanish(self) -> None:
        """The device that plays is pulled out."""
        self.present = []
        self.streams[-1].lose()
        self.say_changed()

    def appear(self, rate: int = 48000, channels: int = 2, source: Source = OUTPUT) -> None:
        """A device is plugged in."""
        self.present = [replace(source, rate=rate, channels=channels)]
        self.say_changed()
