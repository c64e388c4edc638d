"""Windows: what outputs play, by WASAPI loopback, and every input, through PyAudioWPatch.

What there is and what is the default comes from the system. PortAudio only captures: in the rate and channels of the
endpoint's mix, float32, in callback mode, since reading would wait for ever while nothing plays. A loopback delivers
*nothing* then, which is no loss; the recorder's timeline knows it by the clock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Source, Stream, Watch
from tray_app.capture.endpoints import Endpoint, Endpoints, SystemEndpoints
from tray_app.capture.wasapi_errors import gone, refused
from tray_app.capture.wasapi_portaudio import ABORT, CONTINUE, INPUT_OVERFLOW, SHARED, PortAudio
from tray_app.errors import BackendUnavailableError

POLL = 0.1
"""Seconds between looks at a stream: one that loses its device ends without a word."""
QUIET_LOOKS = 10
"""After so many looks without a chunk the system is asked whether the endpoint is still there, and again after each."""

log = logging.getLogger(__name__)


class WasapiBackend(Backend):
    """The endpoints of this Windows. A source's id is the endpoint's, its name the one in Windows' settings."""

    name = "wasapi"

    def __init__(
        self,
        endpoints: Endpoints | None = None,
        portaudio: PortAudio = SHARED,
        clock: Callable[[], float] = time.perf_counter,
        poll: float = POLL,
    ) -> None:
        """Take what knows the endpoints (the system by default), what captures, the clock of capture times in seconds,
        and the seconds between looks at a stream.
        """
        self.endpoints: Endpoints = endpoints or SystemEndpoints()
        self.portaudio = portaudio
        self.clock = clock
        self.poll = poll

    def sources(self) -> list[Source]:
        """Return the loopbacks of all active outputs, then the active inputs."""
        self.portaudio.load()
        found = [_source(endpoint) for endpoint in self.endpoints.active()]
        return sorted(found, key=lambda source: source.kind != "loopback")

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        """Open `source` as it is now: the stream's `source` has its present rate and channels."""
        endpoint = next((one for one in self.endpoints.active() if one.id == source.id), None)
        if endpoint is None:
            raise gone(source.name)
        try:
            return WasapiStream(self, endpoint, chunk_frames, on_chunk, on_lost)
        except OSError as error:
            reason = self.endpoints.refusal(endpoint.id, loopback=endpoint.output)
            raise refused(endpoint.name, error, reason) from error

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        """Watch endpoints, the default output and formats; None where Windows does not tell of them."""
        try:
            return WasapiWatch(self.endpoints, changed)
        except BackendUnavailableError as error:
            log.warning("Windows does not tell of changed devices: %s", error.detail)
            return None

    def muted(self, source: Source) -> bool:
        """Return whether an input is muted or at volume zero.

        Never for a loopback: with most drivers it is taken before the output's volume and mute.
        """
        if source.kind != "input":
            return False
        try:
            return self.endpoints.silent(source.id)
        except BackendUnavailableError as error:
            log.debug("whether %s is muted cannot be told: %s", source.name, error.detail)
            return False


def _source(endpoint: Endpoint) -> Source:
    return Source(
        id=endpoint.id,
        name=endpoint.name,
        kind="loopback" if endpoint.output else "input",
        backend=WasapiBackend.name,
        rate=endpoint.rate,
        channels=endpoint.channels,
        default=endpoint.default,
    )


class WasapiStream(Stream):
    """One open endpoint, and the thread that sees when it ends: PortAudio does not tell."""

    def __init__(
        self, backend: WasapiBackend, endpoint: Endpoint, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost
    ) -> None:
        """Open; raises `OSError` where PortAudio refuses, else as `PortAudio.open` does."""
        self.source = _source(endpoint)
        self._backend = backend
        self._on_chunk, self._on_lost = on_chunk, on_lost
        self._closed = threading.Event()
        self._using = threading.Lock()
        self._crash: Exception | None = None
        self._chunks = self._overflows = 0
        self._seen = self._looks = 0
        self._stream: Any = backend.portaudio.open(endpoint, backend.endpoints, chunk_frames, self._on_block)
        try:
            backend.portaudio.start(self._stream)
        except OSError:
            self.close()
            raise
        self.started_at = backend.clock()
        threading.Thread(target=self._look_after, name="wasapi-watchdog", daemon=True).start()

    def close(self) -> None:
        """Stop and free the stream. A second call returns at once, even while the first one hangs."""
        self._closed.set()
        with self._using:
            stream, self._stream = self._stream, None
        if stream is None:
            return
        self._backend.portaudio.close(stream)
        if self._overflows:
            log.warning("PortAudio lost sound %d times; it does not say how much", self._overflows)

    def _on_block(self, data: bytes, frames: int, _time: Mapping[str, float], status: int) -> tuple[None, int]:
        """Runs on PortAudio's thread. PyAudio would raise an exception again in the thread that opened the stream."""
        arrived = self._backend.clock()
        if self._closed.is_set():
            return None, ABORT
        try:
            samples = np.frombuffer(bytearray(data), np.float32).reshape(frames, self.source.channels)
            self._overflows += bool(status & INPUT_OVERFLOW)
            self._on_chunk(Chunk(samples, arrived - frames / self.source.rate))
        except Exception as error:  # whatever it is, the watchdog tells it, and this thread must not
            self._crash = error
            return None, ABORT
        self._chunks += 1
        return None, CONTINUE

    def _look_after(self) -> None:
        """Report the stream's end, once. Silence is none: nothing is delivered then, but the endpoint is there."""
        reason = ""
        while not reason and not self._closed.wait(self._backend.poll):
            reason = self._trouble()
        if not self._closed.is_set():
            self._on_lost(reason)

    def _trouble(self) -> str:
        """Return why the stream has ended, empty while it goes on."""
        if not self._active():
            if self._crash is None:
                return "PortAudio's stream has ended"
            log.error("a chunk could not be handed over", exc_info=self._crash)
            return f"a chunk could not be handed over: {self._crash!r}"
        self._looks = self._looks + 1 if self._chunks == self._seen else 0
        self._seen = self._chunks
        asks = self._looks and self._looks % QUIET_LOOKS == 0
        return "Windows says that the endpoint is not active" if asks and not self._there() else ""

    def _active(self) -> bool:
        """Ask PortAudio, which must not be asked about a stream that is being freed."""
        with self._using:
            try:
                return self._stream is None or bool(self._stream.is_active())
            except OSError:
                return False

    def _there(self) -> bool:
        """Ask the system; where it does not answer, the endpoint counts as there."""
        try:
            return self._backend.endpoints.is_active(self.source.id)
        except BackendUnavailableError as error:
            log.debug("whether %s is there cannot be told: %s", self.source.name, error.detail)
            return True


class WasapiWatch(Watch):
    """Listens to Windows until it is closed."""

    def __init__(self, endpoints: Endpoints, changed: Callable[[], None]) -> None:
        """Raises `BackendUnavailableError` where Windows does not tell."""
        self._changed: Callable[[], None] | None = changed
        self._end = endpoints.listen(self._pass_on)

    def close(self) -> None:
        """End the watch; `changed` is not called any more."""
        self._changed = None
        self._end()

    def _pass_on(self) -> None:
        """On Windows' thread."""
        changed = self._changed
        if changed is not None:
            changed()
