"""PortAudio on Windows, patched for loopback (PyAudioWPatch): one for the process, whoever has streams open.

Three things about it decide what stands here. Its list of devices is made when the first `PyAudio` is, and stays as
it is until the last one is terminated; so there is a `PyAudio` only while something is open. Its calls must not
overlap; so they take turns. And stopping a stream whose device hangs may take for ever (PortAudio #919); so that is
done outside the turns, and nobody waits for it without a deadline.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from tray_app.capture.endpoints import Endpoint, Endpoints
from tray_app.capture.wasapi_errors import unlisted
from tray_app.com import com
from tray_app.errors import BackendUnavailableError, SourceError
from tray_app.sentences import sources as said

LOOPBACK_SUFFIX = " [Loopback]"
"""PyAudioWPatch adds an input device for every output, named so."""

TURN = 8.0
"""Seconds to wait for PortAudio's other callers; less than the recorder waits for a device."""
PATIENCE = 1.0
"""Seconds that an open waits for a stream that is being closed, so as to get a new list of devices."""

CONTINUE, ABORT = 0, 2
"""What a callback returns (portaudio.h)."""
INPUT_OVERFLOW = 2
"""A callback's status flag (portaudio.h)."""

OnBlock = Callable[[bytes, int, Mapping[str, float], int], tuple[None, int]]

log = logging.getLogger(__name__)


def _load() -> Any:
    try:
        import pyaudiowpatch  # late: it exists on Windows only
    except ImportError as error:
        raise BackendUnavailableError(said.NO_PYAUDIO, detail=repr(error)) from error
    return pyaudiowpatch


class PortAudio:
    """The process's PortAudio. `load` gives the module, `within` what its calls have to be made in, `patience` is in
    seconds. Any thread may call.
    """

    def __init__(
        self,
        load: Callable[[], Any] = _load,
        within: Callable[[], AbstractContextManager[None]] = com,
        patience: float = PATIENCE,
    ) -> None:
        self.load = load
        """Returns the module; raises `BackendUnavailableError` where it is missing."""
        self._within = within
        self._patience = patience
        self._turns = threading.Condition(threading.Lock())
        self._library: Any = None
        self._indices: dict[str, int] = {}
        self._streams: set[Any] = set()
        self._closing: set[Any] = set()

    def open(self, endpoint: Endpoint, endpoints: Endpoints, chunk_frames: int, on_block: OnBlock) -> Any:
        """Return a PyAudio stream of `endpoint` in float32, its rate and channels, that is yet to be started.

        Raises `OSError` with PortAudio's code when it refuses, `SourceError` when the device cannot be told from
        PortAudio's list, `BackendUnavailableError` without PortAudio.
        """
        module = self.load()
        with self._within(), self._turn():
            try:
                index = self._index(module, endpoint, endpoints)
                stream = self._library.open(
                    format=module.paFloat32,
                    rate=endpoint.rate,
                    channels=endpoint.channels,
                    input=True,
                    input_device_index=index,
                    frames_per_buffer=chunk_frames,
                    stream_callback=on_block,
                    start=False,
                )
                self._streams.add(stream)
            finally:
                self._end_when_idle()
        return stream

    def start(self, stream: Any) -> None:
        """Start what `open` returned. Raises `OSError`; then it still has to be closed."""
        with self._within():
            stream.start_stream()

    def close(self, stream: Any) -> None:
        """Stop and free a stream, once. May take for ever; then only this call does, and the stream counts as open."""
        self._closing.add(stream)
        with self._within():
            try:
                stream.stop_stream()
            except OSError as error:
                log.debug("PortAudio did not stop a stream: %r", error)
            try:
                with self._turn():
                    self._free(stream)
            except SourceError as error:
                log.warning("a stopped stream could not be freed: %s", error)
            finally:
                self._closing.discard(stream)

    def _free(self, stream: Any) -> None:
        stream.close()
        self._streams.discard(stream)
        self._closing.discard(stream)
        self._end_when_idle()
        self._turns.notify_all()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=TURN):
            raise SourceError(said.WINDOWS_HANGS)
        try:
            yield
        finally:
            self._turns.release()

    def _index(self, module: Any, endpoint: Endpoint, endpoints: Endpoints) -> int:
        """Return PortAudio's number of an endpoint, from a new list where one can be had."""
        if self._streams:
            self._turns.wait_for(lambda: self._settled(endpoint.id), self._patience)
        new = not self._streams
        if new:
            self._begin(module, endpoints)
        index = self._indices.get(endpoint.id, -1)
        # PortAudio does not check the number: a wrong one ends the process.
        if 0 <= index < self._library.get_device_count() and _key(self._info(index)) == _wanted(endpoint):
            return index
        if new:
            raise unlisted(endpoint.name, loopback=endpoint.output)
        raise SourceError(said.not_opened(endpoint.name), detail="it is not in PortAudio's list")

    def _settled(self, identity: str) -> bool:
        """Whether waiting gains nothing: the list can be made anew, or it has the endpoint and nothing is closing."""
        return not self._streams or (identity in self._indices and not self._closing)

    def _begin(self, module: Any, endpoints: Endpoints) -> None:
        """Start PortAudio, and note which of its devices is which endpoint."""
        try:
            self._library = module.PyAudio()
            host = self._library.get_host_api_info_by_type(module.paWASAPI)
        except OSError as error:
            raise BackendUnavailableError(said.NO_WASAPI, detail=str(error)) from error
        self._indices = paired(endpoints.active(), self._devices(host))

    def _devices(self, host: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        for number in range(host["deviceCount"]):
            # A device that failed while PortAudio listed it has no name, or one that is cut within a letter.
            with contextlib.suppress(OSError, ValueError):
                yield self._library.get_device_info_by_host_api_device_index(host["index"], number)

    def _info(self, index: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._library.get_device_info_by_index(index)
        return found

    def _end_when_idle(self) -> None:
        library = self._library
        if library is not None and not self._streams:
            self._library, self._indices = None, {}
            library.terminate()


def paired(endpoints: Iterable[Endpoint], devices: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return PortAudio's number for each endpoint's id, by name and direction.

    PortAudio does not tell ids. Several devices of one name are paired in order: PortAudio's list and ours are both
    the one of IMMDeviceEnumerator.EnumAudioEndpoints, with the loopbacks in the order of their outputs. Where one of
    the lists has more of a name than the other, nobody can tell which is which, and none is taken.
    """
    ids: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for endpoint in endpoints:
        ids[_wanted(endpoint)].append(endpoint.id)
    numbers: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for device in devices:
        if device["maxInputChannels"] > 0:
            numbers[_key(device)].append(device["index"])
    found: dict[str, int] = {}
    for key, named in ids.items():
        if len(named) == len(numbers[key]):
            found.update(zip(named, numbers[key], strict=True))
    return found


def _wanted(endpoint: Endpoint) -> tuple[str, bool]:
    return (endpoint.name + LOOPBACK_SUFFIX, True) if endpoint.output else (endpoint.name, False)


def _key(device: Mapping[str, Any]) -> tuple[str, bool]:
    return str(device["name"]), bool(device["isLoopbackDevice"])


SHARED = PortAudio()
"""PortAudio is one for the process, however many back ends there are."""
