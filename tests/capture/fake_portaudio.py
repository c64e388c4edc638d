"""PyAudioWPatch's `PyAudio` and its streams; `fake_windows` says how strict they are."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tray_app.capture.base import Samples

if TYPE_CHECKING:
    from tests.capture.fake_windows import FakeWindows

PACKET = 480
"""Frames that Windows mixes at a time: 10 ms of 48 kHz."""


def tones(hz: float, first: int, frames: int, rate: int, channels: int) -> Samples:
    """A sine of −6 dBFS in every channel that goes on from frame `first`."""
    wave = (0.5 * np.sin(2 * np.pi * hz / rate * np.arange(first, first + frames))).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


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
