"""Linux: PulseAudio, and PipeWire through its pulse server.

Every output's monitor is a loopback, every other source an input. A stream has the source's own rate and channels,
so that the server converts nothing, and may not be moved: when its source goes away it ends with an error instead of
going on with the microphone.

libpulse's thread takes what the server sends and keeps it, without waking Python, until `collect` asks: a call for
every fragment, 94 a second, cost more than all the rest of recording.
"""

from __future__ import annotations

import ctypes
import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from ctypes import byref

import numpy as np

from tray_app.capture import libpulse
from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream, Watch
from tray_app.capture.pulse_connection import DEADLINE, Connection, Device
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError
from tray_app.sentences import sources as said

RETRY = 2.0
"""Seconds between a watch's attempts to reach a server that is away; with a server it sleeps."""

MOST_IN_ONE = 0.1
"""Seconds of sound up to which what waits is one chunk."""

_SAMPLE_BYTES = 4
_WATCHED = libpulse.SUBSCRIBE_SINK | libpulse.SUBSCRIBE_SOURCE | libpulse.SUBSCRIBE_SERVER
log = logging.getLogger(__name__)


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


def _source(device: Device, outputs: dict[str, str], default: str) -> Source:
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
        self._chunk_frames, self._on_chunk, self._on_lost = chunk_frames, on_chunk, on_lost
        self._state = 0
        self._collecting = threading.Lock()
        self._closing = threading.Lock()
        self._stream: int | None = None
        self._fragment, self._size = ctypes.c_void_p(), ctypes.c_size_t()
        self._fragment_there, self._size_there = byref(self._fragment), byref(self._size)
        self._server = Connection()
        self._lib = self._server.lib
        try:
            self._open(source)
        except BaseException:
            self.close()
            raise

    def collect(self) -> None:
        """Hand over what libpulse's thread has kept: up to 4 MiB, what is longer is lost.

        Waits for nothing but libpulse's own short work and another thread that collects. What was kept when a stream
        fails cannot be had any more.
        """
        with self._collecting:
            if self._stream is not None and self._state == libpulse.STREAM_READY:
                self._server.lock()
                try:
                    now = time.perf_counter()
                    data = self._take()
                finally:
                    self._server.unlock()
                self._hand_over(data, now)

    def close(self) -> None:
        """Free stream, connection and thread. Not for libpulse's own thread, on which `on_lost` may run."""
        with self._closing:
            with self._collecting:
                stream, self._stream = self._stream, None
            if stream is not None:
                with self._server.locked():
                    self._on_lost = lambda _reason: None
                    self._lib.pa_stream_disconnect(stream)
                    self._lib.pa_stream_unref(stream)
            self._server.close()

    def _open(self, source: Source) -> None:
        device = next((device for device in self._server.sources() if device.name == source.id), None)
        if device is None:
            raise _gone(source, "not in the server's list")
        self.source = dataclasses.replace(source, rate=device.rate, channels=device.channels)
        self._connect(device)
        self._server.wait_for(lambda: self._state >= libpulse.STREAM_READY)
        if not self.started_at:
            self._raise_refused()

    def _connect(self, device: Device) -> None:
        self.started_at = 0.0
        spec = libpulse.SampleSpec(libpulse.SAMPLE_FLOAT32LE, device.rate, device.channels)
        self._frame_bytes = device.channels * _SAMPLE_BYTES
        # Of what it keeps, `maxlength`, the server's default is the most that it allows.
        fragment = self._chunk_frames * self._frame_bytes
        buffer = libpulse.BufferAttributes(*[libpulse.SERVER_DEFAULT] * 4, fragment)
        on_state = self._server.keep(libpulse.NOTIFY(self._on_state))
        flags = libpulse.STREAM_DONT_MOVE | libpulse.STREAM_ADJUST_LATENCY
        with self._server.locked() as context:
            stream = self._lib.pa_stream_new(context, b"Recording", spec, libpulse.wav_order(device.channel_map))
            if not stream:
                self._raise_refused()
            self._stream = stream
            self._lib.pa_stream_set_state_callback(stream, on_state, None)
            if self._lib.pa_stream_connect_record(stream, device.name.encode(), buffer, flags) < 0:
                self._raise_refused()

    def _raise_refused(self) -> None:
        detail = self._server.last_error()
        if self._server.errno() == libpulse.ERROR_NO_ENTITY:
            raise _gone(self.source, detail)
        raise SourceError(said.not_recorded(self.source.name), detail=detail)

    def _on_state(self, stream: int, _data: int) -> None:
        """Runs on libpulse's thread, which holds the mainloop's lock: nothing here may wait."""
        was, self._state = self._state, self._lib.pa_stream_get_state(stream)
        if self._state == libpulse.STREAM_READY and not self.started_at:
            self.started_at = time.perf_counter()
        self._server.tell()
        if was == libpulse.STREAM_READY and self._state in (libpulse.STREAM_FAILED, libpulse.STREAM_TERMINATED):
            self._on_lost(f"the sound server ended the stream: {self._server.last_error()}")

    def _take(self) -> bytearray:
        """Take all that is there, with the mainloop locked. What has no address is a hole, which is silence."""
        waiting = self._lib.pa_stream_readable_size(self._stream)
        if self._state != libpulse.STREAM_READY or waiting == libpulse.FAILED_SIZE:
            return bytearray()
        data = bytearray(waiting)
        address = ctypes.addressof(ctypes.c_char.from_buffer(data)) if waiting else 0
        fragment, size, stream, lib = self._fragment, self._size, self._stream, self._lib
        taken = 0
        while taken < waiting:
            if lib.pa_stream_peek(stream, self._fragment_there, self._size_there) < 0 or not size.value:
                break
            if fragment.value:
                ctypes.memmove(address + taken, fragment, min(size.value, waiting - taken))
            lib.pa_stream_drop(stream)
            taken += size.value
        return data[:taken] if taken < waiting else data

    def _hand_over(self, data: bytearray, now: float) -> None:
        """Give what there was at `now`: the last of it had just been captured.

        It is one chunk where it is no more than comes between two looks. More, since nobody has looked for a while,
        comes in chunks as they were asked for: what was said meanwhile, Pause or Stop, lies between two of them.
        """
        samples: Samples = np.frombuffer(data, np.float32).reshape(-1, self.source.channels)
        rate, frames = self.source.rate, len(samples)
        step = frames if frames <= MOST_IN_ONE * rate else self._chunk_frames
        for start in range(0, frames, step or 1):
            chunk = samples[start : start + step] if step < frames else samples
            self._on_chunk(Chunk(chunk, now - (frames - start) / rate))


def _gone(source: Source, detail: str) -> SourceNotFoundError:
    return SourceNotFoundError(said.gone(source.name), detail=detail)


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
            self._thread.join(DEADLINE)

    def _run(self) -> None:
        while not self._closed:
            try:
                with Connection(broken=self._wake.set) as connection:
                    connection.subscribe(_WATCHED, self._wake.set)
                    self._wake.set()  # for what changed while nobody listened
                    self._listen(connection)
            except BackendUnavailableError as error:
                log.debug("no sound server to watch: %s", error.detail)
                self._wake.wait(RETRY)

    def _listen(self, connection: Connection) -> None:
        """Pass events on, the connection's end included. Not on libpulse's thread, which nobody may hold."""
        while not connection.ended:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            self._changed()
