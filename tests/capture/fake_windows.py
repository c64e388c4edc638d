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
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.capture.fake_portaudio import FakePyAudio, FakeStream
from tests.sound import Recording
from tray_app.capture.base import Samples, Stream
from tray_app.capture.endpoints import Endpoint
from tray_app.capture.wasapi import WasapiBackend
from tray_app.capture.wasapi_portaudio import PortAudio
from tray_app.errors import BackendUnavailableError
from tray_app.sentences.forms import Said

POLL = 0.005
"""Seconds between a watchdog's looks in tests."""


class Killed(BaseException):
    """What would have ended the process."""


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
            raise BackendUnavailableError(Said("Windows' sound system does not answer."), detail="HRESULT 0x80004005")
        self.listeners.append(changed)
        return lambda: self.listeners.remove(changed) if changed in self.listeners else None

    def _answer(self) -> None:
        if not self.answers:
            raise BackendUnavailableError(Said("Windows' sound system does not answer."), detail="HRESULT 0x80004005")

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


def opened(backend: WasapiBackend, identity: str, recording: Recording) -> Stream:
    """Open the source with that id."""
    wanted = next(source for source in backend.sources() if source.id == identity)
    return backend.open(wanted, 512, recording.on_chunk, recording.on_lost)


def apart(work: Callable[[], object]) -> threading.Thread:
    """Do `work` on a thread of its own, as the recorder does with devices."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
