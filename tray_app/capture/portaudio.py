"""macOS, and any input that PortAudio knows, by the package sounddevice.

PortAudio's list of devices is frozen when it is initialised, so it is made anew whenever no stream is open, and a
device is found again by its name: numbers move when something is plugged in.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from typing import Any

from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError
from tray_app.sentences import sources as said

MOST_CHANNELS = 8
"""Above this a device is a virtual one that takes any number (ALSA's plug-ins say 32 to 128, BlackHole 16 or 64) or
a studio's interface; then the first `FEWER_CHANNELS` are recorded, on which such devices carry stereo."""
FEWER_CHANNELS = 2

_VIRTUAL = ("blackhole", "soundflower", "loopback audio", "vb-cable")
"""Virtual outputs of macOS whose input is what was played to them."""

log = logging.getLogger(__name__)

_lock = threading.Lock()
_streams: set[PortAudioStream] = set()
"""What is open, in this process and not in a back end: initialising PortAudio anew would end them all."""


class PortAudioBackend(Backend):
    """Every input device. A source's id is `portaudio:HOST API:NAME`; a second one of that name ends in ` (2)`."""

    name = "portaudio"

    def __init__(self, system: str = sys.platform) -> None:
        """Take `system` as `sys.platform` has it: loopback devices are known, by name, on `darwin` only."""
        self._system = system

    def sources(self) -> list[Source]:
        """Return the devices as they are now; while a stream is open, as they were before it."""
        with _lock:
            found = [source for _, source in _listed(_refreshed(), self._system)]
        return sorted(found, key=lambda source: source.kind != "loopback")

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        """Open `source` at its device's default rate. Raises `SourceNotFoundError` where it is gone."""
        with _lock:
            library = _refreshed()
            for index, now in _listed(library, self._system):
                if now.id == source.id:
                    return PortAudioStream(library, index, now, chunk_frames, on_chunk, on_lost)
        raise SourceNotFoundError(said.gone(source.name))


def _refreshed() -> Any:
    """Return the module sounddevice, its list of devices made anew where nothing is open."""
    try:
        import sounddevice  # late: it needs libportaudio, and starts it
    except (ImportError, OSError) as error:
        raise BackendUnavailableError(said.NO_PORTAUDIO, detail=repr(error)) from error
    if not _streams:
        try:
            if sounddevice._initialized:
                sounddevice._terminate()
            sounddevice._initialize()
        except sounddevice.PortAudioError as error:
            raise BackendUnavailableError(said.PORTAUDIO_FAILS, detail=str(error)) from error
    return sounddevice


def _listed(library: Any, system: str) -> list[tuple[int, Source]]:
    """Return every device that can be recorded, with its number."""
    hosts = library.query_hostapis()
    outputs = {host["default_output_device"] for host in hosts}
    seen: Counter[str] = Counter()
    found = []
    for index, device in enumerate(library.query_devices()):
        if device["max_input_channels"] < 1:
            continue
        name = str(device["name"])
        base = f"{PortAudioBackend.name}:{hosts[device['hostapi']]['name']}:{name}"
        seen[base] += 1
        loopback = system == "darwin" and name.lower().startswith(_VIRTUAL)
        source = Source(
            id=base if seen[base] == 1 else f"{base} ({seen[base]})",
            name=name,
            kind="loopback" if loopback else "input",
            backend=PortAudioBackend.name,
            rate=round(device["default_samplerate"]),
            channels=_channels(device["max_input_channels"]),
            default=loopback and index in outputs,
        )
        found.append((index, source))
    return found


def _channels(most: int) -> int:
    return most if most <= MOST_CHANNELS else FEWER_CHANNELS


class PortAudioStream(Stream):
    """One input stream in callback mode, float32."""

    def __init__(
        self, library: Any, index: int, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost
    ) -> None:
        """Open device `index`, which must be from the present list; call with `_lock` held."""
        self.source = source
        self._on_chunk, self._on_lost = on_chunk, on_lost
        self._ended = False
        self._overflows = 0
        self._closing = threading.Lock()
        self._stream: Any = None
        try:
            self._stream = library.InputStream(
                device=index,
                samplerate=source.rate,
                channels=source.channels,
                dtype="float32",
                blocksize=chunk_frames,
                callback=self._on_block,
                finished_callback=self._on_finished,
            )
            self._stream.start()
        except library.PortAudioError as error:
            self._ended = True
            if self._stream is not None:
                self._stream.close(ignore_errors=True)
            raise SourceError(said.not_recorded(source.name), detail=str(error)) from error
        self.started_at = time.perf_counter()
        _streams.add(self)

    def close(self) -> None:
        """Abort and free the stream. Not for PortAudio's own thread, on which `on_lost` may run."""
        with self._closing:
            self._ended = True
            if self._stream is None:
                return
            # Closing alone hangs on some systems while the callback runs.
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
            self._stream = None
            with _lock:
                _streams.discard(self)
            if self._overflows:
                log.warning("PortAudio lost sound %d times; it does not say how much", self._overflows)

    def _on_block(self, indata: Samples, frames: int, _time: Any, status: Any) -> None:
        """Runs on PortAudio's thread. The block is PortAudio's again afterwards, so it is copied."""
        captured = time.perf_counter() - frames / self.source.rate
        self._overflows += bool(status.input_overflow)
        self._on_chunk(Chunk(indata.copy(), captured))

    def _on_finished(self) -> None:
        """Runs on PortAudio's thread when the stream is inactive, whoever ended it."""
        if not self._ended:
            self._ended = True
            self._on_lost("PortAudio ended the stream")
