"""Windows and PyAudioWPatch for what no real machine does on command. As strict as the real ones.

- PortAudio's list of devices is that of the moment of the first `PyAudio`, until the last one is terminated.
- A number that is no device's, two calls at a time, and a stream that is used while it is freed end the process.
- A callback runs on the stream's own thread. What it raises is raised again in the thread that opened the stream.
- A loopback delivers nothing while nothing plays. Of what plays, what does not fill a buffer is held back, and comes
  with the first that plays next.
- A stream that loses its device becomes inactive, and nothing else happens.
- Windows' endpoints are right at any time; PortAudio's error is "invalid device" for nearly everything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tray_app.capture.base import Samples
from tray_app.capture.endpoints import Endpoint
from tray_app.capture.wasapi_portaudio import PortAudio
from tray_app.errors import BackendUnavailableError

PACKET = 480
"""Frames that Windows mixes at a time: 10 ms of 48 kHz."""


class Killed(BaseException):
    """What would have ended the process."""


def tones(hz: float, first: int, frames: int, rate: int, channels: int) -> Samples:
    """A sine of −6 dBFS in every channel that goes on from frame `first`."""
    wave = (0.5 * np.sin(2 * np.pi * hz / rate * np.arange(first, first + frames))).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


class FakeWindows:
    """The system's endpoints, the module PyAudioWPatch of a process, and what a user does to both."""

    paFloat32 = 1  # noqa: N815
    paWASAPI = 13  # noqa: N815

    def __init__(self) -> None:
        self.endpoints: list[Endpoint] = []
        self.default = ""
        self.muted: set[str] = set()
        self.answers = True
        self.tells = True
        self.has_wasapi = True
        self.refusals: dict[str, int] = {}
        """HRESULTs by which Windows refuses an endpoint."""
        self.codes: dict[str, int] = {}
        """PortAudio's codes for an endpoint that it does not open, else "invalid device"."""
        self.start_code = self.stop_code = 0
        self.numbered_wrong = False
        self.nameless: set[str] = set()
        self.listeners: list[Callable[[], None]] = []
        self.initialised = 0
        self.lists_made = 0
        self.frozen: list[dict[str, Any]] = []
        self.streams: list[FakeStream] = []
        self.hang_in_stop = Gate()
        self.hang_in_open = Gate()
        self.hang_in_is_active = Gate()
        self.killed: list[str] = []
        self.raised: list[BaseException] = []
        self._inside = threading.Lock()

    def portaudio(self, patience: float = 0.3) -> PortAudio:
        """A process's PortAudio, with this module in it."""
        return PortAudio(lambda: self, contextlib.nullcontext, patience)

    # The user

    def add(self, name: str, *, output: bool = True, rate: int = 48000, channels: int = 2, identity: str = "") -> str:
        """Plug in a device; return its id."""
        identity = identity or f"{{0.0.{0 if output else 1}}}.{{{name}-{len(self.endpoints)}}}"
        self.endpoints.append(Endpoint(identity, name, output, rate, channels))
        if output and not self.default:
            self.default = identity
        self.tell()
        return identity

    def remove(self, identity: str, *, portaudio_notices: bool = True) -> None:
        """Pull a device out; the next output, if there is one, becomes the default."""
        self.endpoints = [one for one in self.endpoints if one.id != identity]
        if self.default == identity:
            self.default = next((one.id for one in self.endpoints if one.output), "")
        if portaudio_notices:
            self._end_streams(identity)
        self.tell()

    def choose(self, identity: str) -> None:
        """Make an output the default. Windows tells so for each of its three roles."""
        self.default = identity
        for _ in range(3):
            self.tell()

    def reformat(self, identity: str, rate: int, channels: int) -> None:
        """Set another format: streams in the old one end."""
        self.endpoints = [
            dataclasses.replace(one, rate=rate, channels=channels) if one.id == identity else one
            for one in self.endpoints
        ]
        self._end_streams(identity)
        self.tell()

    def tell(self) -> None:
        for listener in list(self.listeners):
            listener()

    def play(self, identity: str, samples: Samples) -> None:
        """Play sound to an output, or into an input; returns when all streams of it have handed over what is due."""
        for stream in list(self.streams):
            if stream.identity == identity:
                stream.play(samples)

    def of(self, identity: str) -> Endpoint:
        return next(one for one in self.endpoints if one.id == identity)

    def _end_streams(self, identity: str) -> None:
        for stream in self.streams:
            if stream.identity == identity:
                stream.lose()

    # What the system says: `tray_app.capture.endpoints.Endpoints`

    def active(self) -> list[Endpoint]:
        self._answer()
        marked = [dataclasses.replace(one, default=one.id == self.default) for one in self.endpoints]
        return sorted(marked, key=lambda one: not one.output)

    def is_active(self, identity: str) -> bool:
        self._answer()
        return any(one.id == identity for one in self.endpoints)

    def silent(self, identity: str) -> bool:
        self._answer()
        return identity in self.muted

    def refusal(self, identity: str, *, loopback: bool) -> int | None:
        return self.refusals.get(identity)

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        if not self.tells:
            raise BackendUnavailableError("Windows' sound system does not answer.", detail="HRESULT 0x80004005")
        self.listeners.append(changed)
        return lambda: self.listeners.remove(changed) if changed in self.listeners else None

    def _answer(self) -> None:
        if not self.answers:
            raise BackendUnavailableError("Windows' sound system does not answer.", detail="HRESULT 0x80004005")

    # The module

    def PyAudio(self) -> FakePyAudio:  # noqa: N802
        with self.alone("PyAudio"):
            if not self.initialised:
                self.lists_made += 1
                self.frozen = list(self._devices())
            self.initialised += 1
            return FakePyAudio(self)

    @contextlib.contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """PortAudio in a call that must not overlap with another one."""
        if not self._inside.acquire(blocking=False):
            self.kill(f"{what} while another thread was in PortAudio")
        try:
            yield
        finally:
            self._inside.release()

    def kill(self, what: str) -> None:
        self.killed.append(what)
        raise Killed(what)

    def _devices(self) -> Iterator[dict[str, Any]]:
        """As PyAudioWPatch lists them: other host interfaces first, loopbacks last."""
        outputs = [one for one in self.endpoints if one.output]
        inputs = [one for one in self.endpoints if not one.output]
        rows = [(one.name[:31], False, 0, one) for one in inputs]
        rows += [(one.name, False, 1, one) for one in outputs + inputs]
        rows += [(f"{one.name} [Loopback]", True, 1, one) for one in outputs]
        for index, (name, loopback, host, one) in enumerate(rows):
            yield {
                "index": index,
                "name": "" if one.id in self.nameless else name,
                "hostApi": host,
                "maxInputChannels": one.channels if loopback or not one.output else 0,
                "isLoopbackDevice": loopback,
                "endpoint": one.id,
            }


class FakePyAudio:
    """One `PyAudio`: a claim on the process's PortAudio."""

    def __init__(self, windows: FakeWindows) -> None:
        self._windows = windows
        self._ended = False

    def terminate(self) -> None:
        with self._windows.alone("terminate"):
            if self._ended:
                self._windows.kill("terminated twice")
            self._ended = True
            self._windows.initialised -= 1
            if not self._windows.initialised and any(not stream.freed for stream in self._windows.streams):
                self._windows.kill("terminated under an open stream")

    def get_host_api_info_by_type(self, kind: int) -> dict[str, Any]:
        self._check()
        if not self._windows.has_wasapi:
            raise OSError(-9979, "Host API not found")
        assert kind == self._windows.paWASAPI
        return {"index": 1, "type": kind, "deviceCount": len(self._wasapi())}

    def get_device_info_by_host_api_device_index(self, host: int, number: int) -> dict[str, Any]:
        self._check()
        assert host == 1
        found = dict(self._wasapi()[number])
        if not found["name"]:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        if self._windows.numbered_wrong:
            found["index"] = 999
        return found

    def get_device_info_by_index(self, index: int) -> dict[str, Any]:
        self._check()
        if not 0 <= index < len(self._windows.frozen):
            raise OSError(-9996, "Invalid device info")
        return dict(self._windows.frozen[index])

    def get_device_count(self) -> int:
        self._check()
        return len(self._windows.frozen)

    def open(self, *, input_device_index: int, start: bool = True, **options: Any) -> FakeStream:
        self._check()
        with self._windows.alone("open"):
            if not 0 <= input_device_index < len(self._windows.frozen):
                self._windows.kill(f"device {input_device_index} was opened")
            self._windows.hang_in_open.wait_while_shut()
            device = self._windows.frozen[input_device_index]
            self._refuse(device, options)
            stream = FakeStream(self._windows, device, options)
            self._windows.streams.append(stream)
        if start:
            stream.start_stream()
        return stream

    def _refuse(self, device: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        now = next((one for one in self._windows.endpoints if one.id == device["endpoint"]), None)
        if now is None or now.id in self._windows.refusals:
            raise OSError(self._windows.codes.get(device["endpoint"], -9996), "Invalid device")
        if options["channels"] > device["maxInputChannels"]:
            raise OSError(-9998, "Invalid number of channels")
        if options["rate"] != now.rate or options["channels"] != now.channels:
            raise OSError(-9997, "Invalid sample rate")
        if now.id in self._windows.codes:
            raise OSError(self._windows.codes[now.id], "what PortAudio says")

    def _wasapi(self) -> list[dict[str, Any]]:
        return [one for one in self._windows.frozen if one["hostApi"] == 1]

    def _check(self) -> None:
        if self._ended:
            self._windows.kill("used after terminate")


class FakeStream:
    """One stream in callback mode."""

    def __init__(self, windows: FakeWindows, device: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        assert options["format"] == windows.paFloat32
        assert options["input"]
        self.identity: str = device["endpoint"]
        self.loopback: bool = device["isLoopbackDevice"]
        self.rate: int = options["rate"]
        self.channels: int = options["channels"]
        self.buffer: int = options["frames_per_buffer"]
        self.overflow = False
        self.delivered = 0
        """Callbacks so far."""
        self.freed = False
        self._windows = windows
        self._callback = options["stream_callback"]
        self._held = np.zeros((0, self.channels), np.float32)
        self._blocks: queue.SimpleQueue[Samples | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._running = False
        self._used = threading.Lock()
        self._thread: threading.Thread | None = None

    # What PyAudio offers

    def start_stream(self) -> None:
        if self._windows.start_code:
            self.freed = True
            raise OSError(self._windows.start_code, "Unanticipated host error")
        self._running = True
        self._thread = threading.Thread(target=self._run, name="portaudio", daemon=True)
        self._thread.start()

    def is_active(self) -> bool:
        if self.freed:
            raise OSError("Stream not open")
        with self._in_use("asked while it was freed"):
            self._windows.hang_in_is_active.wait_while_shut()
            return self._running

    def stop_stream(self) -> None:
        if self._thread is None:
            return
        if self.freed:
            raise OSError("Stream not open")
        self._windows.hang_in_stop.wait_while_shut()
        if self._windows.stop_code:
            raise OSError(self._windows.stop_code, "Internal PortAudio error")
        self._end()

    def close(self) -> None:
        with self._windows.alone("close"), self._in_use("freed while it was asked"):
            self._end()
            self.freed = True

    @contextlib.contextmanager
    def _in_use(self, what: str) -> Iterator[None]:
        if not self._used.acquire(blocking=False):
            self._windows.kill(f"a stream was {what}")
        try:
            yield
        finally:
            self._used.release()

    # What the device does

    def play(self, samples: Samples) -> None:
        """Deliver what fills buffers, on the stream's thread; wait until that is done."""
        if self._running:
            self._blocks.put(samples)
            self._done.get(timeout=10)

    def lose(self) -> None:
        """The device is gone: no word of it."""
        self._end()

    def _end(self) -> None:
        if self._running:
            self._running = False
            self._blocks.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)

    def _run(self) -> None:
        while self._running and (samples := self._blocks.get()) is not None:
            self._held = np.concatenate([self._held, samples])
            while self._running and len(self._held) >= self.buffer:
                block, self._held = self._held[: self.buffer], self._held[self.buffer :]
                self._call(block)
            self._done.put(None)
        self._done.put(None)

    def _call(self, block: Samples) -> None:
        status = 2 if self.overflow else 0
        times = {"input_buffer_adc_time": 0.0, "current_time": 0.0, "output_buffer_dac_time": 0.0}
        try:
            data, flag = self._callback(np.ascontiguousarray(block).tobytes(), len(block), times, status)
            assert data is None
            assert flag in (0, 1, 2)
        except BaseException as error:  # as PyAudio does
            self._windows.raised.append(error)
            flag = 2
        self.delivered += 1
        if flag:
            self._running = False


class Gate:
    """Something that hangs while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self.waiting = threading.Event()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def wait_while_shut(self) -> None:
        if not self._open.is_set():
            self.waiting.set()
            self._open.wait(60)


@dataclass
class Player:
    """Plays a sine to outputs in real time, a packet at a time as Windows mixes; a context manager.

    `sounding` has the frequency in Hz for each id. Every stream hears the sine from the moment at which the player
    began, so that what it records tells where it stood.
    """

    windows: FakeWindows
    sounding: dict[str, float]

    def __enter__(self) -> Player:
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="player", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end.set()
        self._thread.join(10)

    def _run(self) -> None:
        began, packets = time.perf_counter(), 0
        while not self._end.is_set():
            due = began + (packets + 1) * 0.01
            if self._end.wait(max(0.0, due - time.perf_counter())):
                return
            for identity, hz in list(self.sounding.items()):
                for stream in [one for one in self.windows.streams if one.identity == identity]:
                    frames = stream.rate // 100
                    stream.play(tones(hz, packets * frames, frames, stream.rate, stream.channels))
            packets += 1
