"""Linux: PulseAudio, and PipeWire through its pulse server.

Every output's monitor is a loopback, every other source an input. A stream has the source's own rate and channels,
so that the server converts nothing, and may not be moved: when its source goes away it ends with an error instead of
going on with the microphone.
"""

from __future__ import annotations

import ctypes
import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from ctypes import byref
from typing import Any

import numpy as np

from tray_app.capture import libpulse
from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream, Watch
from tray_app.capture.libpulse import Connection
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError

RETRY = 2.0
"""Seconds between a watch's attempts to reach a server that is away; with a server it sleeps."""

_SAMPLE_BYTES = 4
_WATCHED = libpulse.SUBSCRIBE_SINK | libpulse.SUBSCRIBE_SOURCE | libpulse.SUBSCRIBE_SERVER
_log = logging.getLogger(__name__)


class PulseBackend(Backend):
    """The sound server that `PULSE_SERVER`, or libpulse's own search, finds. Never starts one.

    A source's id is the server's name for it, which is made of the device's and survives restarts.
    """

    name = "pulse"

    def sources(self) -> list[Source]:
        """Return the monitors of all outputs, then all inputs."""
        with Connection() as connection:
            default = connection.default_sink()
            outputs = {sink.name: sink.description for sink in connection.sinks()}
            devices = connection.sources()
        found = [_source(device, outputs, default) for device in devices]
        return sorted(found, key=lambda source: source.kind != "loopback")

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        """Open `source` as it is now: the stream's `source` has its present rate and channels."""
        return PulseStream(source, chunk_frames, on_chunk, on_lost)

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        """Watch outputs, sources and the default, and the server's own end and return."""
        try:
            libpulse.load()
        except BackendUnavailableError:
            return None
        return PulseWatch(changed)

    def muted(self, source: Source) -> bool:
        """Return whether the source, or the output that it is the monitor of, is muted or at volume zero."""
        with Connection() as connection:
            devices = connection.sinks() + connection.sources()
        return any(device.silent and source.id in (device.name, device.other) for device in devices)


def _source(device: libpulse.Device, outputs: dict[str, str], default: str) -> Source:
    return Source(
        id=device.name,
        name=outputs.get(device.other) or device.description or device.name,
        kind="loopback" if device.other else "input",
        backend=PulseBackend.name,
        rate=device.rate,
        channels=device.channels,
        default=bool(device.other) and device.other == default,
    )


class PulseStream(Stream):
    """One record stream on a connection of its own."""

    def __init__(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> None:
        """Open; errors as `Backend.open` says."""
        self._on_chunk, self._on_lost = on_chunk, on_lost
        self._state = 0
        self._crash: Exception | None = None
        self._closing = threading.Lock()
        self._stream: Any = None
        self._server = Connection()
        self._lib = self._server.lib
        try:
            self._open(source, chunk_frames)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Free stream, connection and thread. Not for libpulse's own thread, on which `on_lost` may run."""
        with self._closing:
            if self._stream is not None:
                with self._server.locked():
                    self._on_lost = lambda _reason: None
                    self._lib.pa_stream_disconnect(self._stream)
                    self._lib.pa_stream_unref(self._stream)
                self._stream = None
            self._server.close()

    def _open(self, source: Source, chunk_frames: int) -> None:
        device = next((device for device in self._server.sources() if device.name == source.id), None)
        if device is None:
            raise _gone(source, "not in the server's list")
        self.source = dataclasses.replace(source, rate=device.rate, channels=device.channels)
        self._connect(device, chunk_frames)
        self._server.wait_for(lambda: self._state >= libpulse.STREAM_READY)
        if not self.started_at:
            self._raise_refused()

    def _connect(self, device: libpulse.Device, chunk_frames: int) -> None:
        self.started_at = 0.0
        spec = libpulse.SampleSpec(libpulse.SAMPLE_FLOAT32LE, device.rate, device.channels)
        self._frame_bytes = device.channels * _SAMPLE_BYTES
        fragment = chunk_frames * self._frame_bytes
        buffer = libpulse.BufferAttributes(*[libpulse.SERVER_DEFAULT] * 4, fragment)
        on_state = self._server.keep(libpulse.NOTIFY(self._on_state))
        on_readable = self._server.keep(libpulse.READABLE(self._on_readable))
        flags = libpulse.STREAM_DONT_MOVE | libpulse.STREAM_ADJUST_LATENCY
        with self._server.locked() as context:
            stream = self._lib.pa_stream_new(context, b"Recording", spec, libpulse.wav_order(device.channel_map))
            if not stream:
                self._raise_refused()
            self._stream = stream
            self._lib.pa_stream_set_state_callback(stream, on_state, None)
            self._lib.pa_stream_set_read_callback(stream, on_readable, None)
            if self._lib.pa_stream_connect_record(stream, device.name.encode(), buffer, flags) < 0:
                self._raise_refused()

    def _raise_refused(self) -> None:
        detail = self._server.last_error()
        if self._server.errno() == libpulse.ERROR_NO_ENTITY:
            raise _gone(self.source, detail)
        raise SourceError(f"The sound server cannot record {self.source.name!r}.", detail=detail)

    def _on_state(self, stream: int, _data: int) -> None:
        """Runs on libpulse's thread."""
        was, self._state = self._state, self._lib.pa_stream_get_state(stream)
        if self._state == libpulse.STREAM_READY and not self.started_at:
            self.started_at = time.perf_counter()
            libpulse.keep_thread_state()
        self._server.tell()
        if was == libpulse.STREAM_READY and self._state in (libpulse.STREAM_FAILED, libpulse.STREAM_TERMINATED):
            self._on_lost(f"the sound server ended the stream: {self._server.last_error()}")

    def _on_readable(self, stream: int, waiting: int, _data: int) -> None:
        """Runs on libpulse's thread, into which nothing may be raised."""
        try:
            self._deliver(stream, waiting)
        except Exception as error:
            if self._crash is None:
                self._crash = error
                _log.exception("a chunk could not be handed over")

    def _deliver(self, stream: int, waiting: int) -> None:
        """Hand over the `waiting` bytes that are there. What waits behind a fragment was captured after it."""
        data, size = ctypes.c_void_p(), ctypes.c_size_t()
        while waiting > 0:
            captured = time.perf_counter() - waiting / self._frame_bytes / self.source.rate
            if self._lib.pa_stream_peek(stream, byref(data), byref(size)) < 0 or not size.value:
                return
            try:
                samples = _samples(data.value, size.value, self.source.channels)
            finally:
                self._lib.pa_stream_drop(stream)
            self._hand_over(samples, captured)
            waiting -= size.value

    def _hand_over(self, samples: Samples, captured: float) -> None:
        """Give the samples in chunks of a second at most: a hole may be as long as the machine was busy."""
        rate = self.source.rate
        for start in range(0, len(samples), rate):
            self._on_chunk(Chunk(samples[start : start + rate], captured + start / rate))


def _samples(address: int | None, size: int, channels: int) -> Samples:
    """Copy `size` bytes of float32; without an address they are a hole in the stream, which is silence."""
    data = ctypes.string_at(address, size) if address else bytes(size)
    return np.frombuffer(bytearray(data), np.float32).reshape(-1, channels)


def _gone(source: Source, detail: str) -> SourceNotFoundError:
    return SourceNotFoundError(
        f"{source.name!r} is not there any more.", todo="Plug it in, or choose another source.", detail=detail
    )


class PulseWatch(Watch):
    """Listens on a connection of its own, and reconnects when the server was restarted.

    `changed` is called on the watch's thread, once more than needed rather than once too few.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._closed = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch; `changed` is not called any more (unless this is called from within it)."""
        self._closed = True
        self._wake.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(libpulse.DEADLINE)

    def _run(self) -> None:
        while not self._closed:
            try:
                with Connection(broken=self._wake.set) as connection:
                    connection.subscribe(_WATCHED, self._wake.set)
                    self._wake.set()  # for what changed while nobody listened
                    self._listen(connection)
            except BackendUnavailableError as error:
                _log.debug("no sound server to watch: %s", error.detail)
                self._wake.wait(RETRY)

    def _listen(self, connection: Connection) -> None:
        """Pass events on, the connection's end included. Not on libpulse's thread, which nobody may hold."""
        while not connection.ended:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            self._changed()
