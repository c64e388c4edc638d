"""PortAudio: how devices become sources, and real sound through ALSA's pulse plug-in.

PortAudio reads its environment once a process, so the tests with real sound run this file's `_child_...` functions in
a process of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.sound import SINK, PulseServer, Recording, frequency, level_dbfs, tone, wait_until
from tray_app.capture import portaudio
from tray_app.capture.base import Source
from tray_app.capture.portaudio import PortAudioBackend
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError

CORE_AUDIO = "Core Audio"


class PortAudioError(Exception):
    pass


class FakeStream:
    """Stands for `sounddevice.InputStream`; the test plays the device."""

    def __init__(self, library: FakeLibrary, options: dict[str, Any]) -> None:
        self.library, self.options = library, options

    def start(self) -> None:
        if self.library.refuses:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")

    def deliver(self, block: Any, overflow: bool = False) -> None:
        self.options["callback"](block, len(block), None, SimpleNamespace(input_overflow=overflow))

    def abort(self, ignore_errors: bool) -> None:
        self.options["finished_callback"]()

    def close(self, ignore_errors: bool) -> None:
        self.library.closed += 1


class FakeLibrary:
    """Stands for the module sounddevice."""

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.devices: list[dict[str, Any]] = []
        self.default_output = -1
        self.refuses = False
        self.started, self.closed, self._initialized = 0, 0, 1
        self.streams: list[FakeStream] = []

    def add(self, name: str, inputs: int, rate: float = 48_000.0) -> None:
        self.devices.append({"name": name, "hostapi": 0, "max_input_channels": inputs, "default_samplerate": rate})

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": CORE_AUDIO, "default_output_device": self.default_output}]

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def _terminate(self) -> None:
        self._initialized -= 1

    def _initialize(self) -> None:
        self._initialized += 1
        self.started += 1

    def InputStream(self, **options: Any) -> FakeStream:  # noqa: N802
        self.streams.append(FakeStream(self, options))
        return self.streams[-1]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def opened(recording: Recording, name: str, backend: PortAudioBackend | None = None) -> Any:
    backend = backend or PortAudioBackend()
    wanted = next(source for source in backend.sources() if source.name == name)
    return backend.open(wanted, 512, recording.on_chunk, recording.on_lost)


def test_every_input_is_a_source_and_no_output_is(library: FakeLibrary) -> None:
    library.add("Speakers", 0)
    library.add("Microphone", 1, 44_100.0)
    assert PortAudioBackend("linux").sources() == [
        Source("portaudio:Core Audio:Microphone", "Microphone", "input", "portaudio", 44_100, 1)
    ]


@pytest.mark.parametrize(("most", "channels"), [(1, 1), (2, 2), (6, 6), (8, 8), (9, 2), (32, 2), (128, 2)])
def test_devices_that_take_any_number_of_channels_are_stereo(library: FakeLibrary, most: int, channels: int) -> None:
    library.add("default", most)
    assert PortAudioBackend("linux").sources()[0].channels == channels


def test_on_macos_a_virtual_output_is_a_loopback_and_comes_first(library: FakeLibrary) -> None:
    for name in ("MacBook Microphone", "BlackHole 2ch", "Soundflower (2ch)", "VB-Cable", "Loopback Audio"):
        library.add(name, 2)
    library.default_output = 1
    sources = PortAudioBackend("darwin").sources()
    assert [(source.name, source.kind, source.default) for source in sources] == [
        ("BlackHole 2ch", "loopback", True),
        ("Soundflower (2ch)", "loopback", False),
        ("VB-Cable", "loopback", False),
        ("Loopback Audio", "loopback", False),
        ("MacBook Microphone", "input", False),
    ]
    assert all(source.kind == "input" and not source.default for source in PortAudioBackend("linux").sources())


def test_a_headset_that_is_the_default_output_is_no_loopback(library: FakeLibrary) -> None:
    library.add("USB Headset", 1)
    library.default_output = 0
    assert [(source.kind, source.default) for source in PortAudioBackend("darwin").sources()] == [("input", False)]


def test_two_devices_of_one_name_can_both_be_opened(library: FakeLibrary) -> None:
    library.add("USB Microphone", 1)
    library.add("USB Microphone", 1)
    backend, recording = PortAudioBackend(), Recording()
    ids = [source.id for source in backend.sources()]
    assert ids == ["portaudio:Core Audio:USB Microphone", "portaudio:Core Audio:USB Microphone (2)"]
    for source in backend.sources():
        backend.open(source, 512, recording.on_chunk, recording.on_lost).close()
    assert [stream.options["device"] for stream in library.streams] == [0, 1]


def test_a_device_is_found_again_by_its_name_and_in_its_present_format(library: FakeLibrary) -> None:
    library.add("Microphone", 1)
    backend, recording = PortAudioBackend(), Recording()
    (old,) = backend.sources()
    library.devices.clear()
    library.add("New device", 2)
    library.add("Microphone", 2, 96_000.0)
    stream = backend.open(old, 512, recording.on_chunk, recording.on_lost)
    assert library.streams[0].options["device"] == 1
    assert (stream.source.rate, stream.source.channels) == (96_000, 2)
    stream.close()


def test_the_list_is_made_anew_unless_a_stream_is_open(library: FakeLibrary) -> None:
    library.add("Microphone", 1)
    backend, recording = PortAudioBackend(), Recording()
    stream = opened(recording, "Microphone", backend)
    started = library.started
    backend.sources()
    assert library.started == started, "PortAudio was restarted under an open stream"
    stream.close()
    backend.sources()
    assert library.started == started + 1
    assert library._initialized == 1


def test_a_device_that_is_gone_is_named_and_no_number_reaches_portaudio(library: FakeLibrary) -> None:
    gone = Source("portaudio:Core Audio:Headset", "Headset", "input", "portaudio", 48_000, 1)
    with pytest.raises(SourceNotFoundError, match="Headset"):
        PortAudioBackend().open(gone, 512, lambda chunk: None, lambda reason: None)
    assert library.streams == []


def test_a_refusal_is_one_line_and_portaudios_words_are_for_the_log(library: FakeLibrary) -> None:
    library.add("Microphone", 1)
    library.refuses = True
    recording = Recording()
    with pytest.raises(SourceError, match="Microphone") as caught:
        opened(recording, "Microphone")
    assert "-9997" in caught.value.detail
    assert "-9997" not in str(caught.value)
    assert library.closed == 1
    assert recording.lost == []
    library.refuses = False
    started = library.started
    PortAudioBackend().sources()
    assert library.started == started + 1, "the refused stream counts as open"


def test_blocks_are_copied(library: FakeLibrary) -> None:
    library.add("Microphone", 1)
    recording = Recording()
    stream = opened(recording, "Microphone")
    block = np.ones((512, 1), np.float32)
    library.streams[0].deliver(block)
    block[:] = 9
    library.streams[0].deliver(block)
    stream.close()
    assert [chunk.samples[0, 0] for chunk in recording.chunks] == [1, 9]
    assert recording.chunks[0].time == pytest.approx(stream.started_at - 512 / 48_000, abs=1.0)


def test_lost_sound_is_logged_once_after_close(library: FakeLibrary, caplog: pytest.LogCaptureFixture) -> None:
    library.add("Microphone", 1)
    recording = Recording()
    stream = opened(recording, "Microphone")
    for _ in range(3):
        library.streams[0].deliver(np.zeros((512, 1), np.float32), overflow=True)
    assert caplog.messages == []
    stream.close()
    stream.close()
    assert caplog.messages == ["PortAudio lost sound 3 times; it does not say how much"]


def test_a_stream_that_stops_by_itself_is_lost_once(library: FakeLibrary) -> None:
    library.add("Microphone", 1)
    recording = Recording()
    stream = opened(recording, "Microphone")
    for _ in range(2):
        library.streams[0].options["finished_callback"]()
    stream.close()
    assert len(recording.lost) == 1


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(BackendUnavailableError, match="libportaudio2"):
        PortAudioBackend().sources()


@pytest.fixture
def server() -> Iterator[PulseServer]:
    """A server whose default source is what is played, and ALSA set to it."""
    with PulseServer() as running:
        (running.folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        running.pactl("set-default-source", f"{SINK}.monitor")
        yield running


def child(server: PulseServer, function: str) -> Any:
    """Run a function of this file in a process that finds `server` only; return what it printed."""
    code = f"from tests.capture import test_portaudio; test_portaudio.{function}()"
    done = subprocess.run([sys.executable, "-c", code], env=server.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _child_tone() -> None:
    recording = Recording()
    stream = opened(recording, "default")
    rate = stream.source.rate
    wait_until(lambda: recording.frames > 2 * rate)
    stream.close()
    frames = recording.frames
    stream.close()
    heard = recording.samples[rate:]
    spans = recording.chunks[-1].time - recording.chunks[0].time
    print(
        json.dumps(
            {
                "hz": frequency(heard, rate),
                "dbfs": level_dbfs(heard),
                "channels": heard.shape[1],
                "sizes": sorted({len(chunk.samples) for chunk in recording.chunks}),
                "late": spans - (frames - 512) / rate,
                "after": recording.frames - frames,
                "lost": recording.lost,
                "threads": threading.active_count(),
            }
        )
    )


def test_a_real_tone_arrives(server: PulseServer) -> None:
    server.play(tone(1000, -6, 30.0))
    wait_until(lambda: server.pactl("list", "short", "sink-inputs"), what="it plays")
    heard = child(server, "_child_tone")
    assert heard["hz"] == pytest.approx(1000, abs=1)
    assert heard["dbfs"] == pytest.approx(-6, abs=0.1)
    assert (heard["channels"], heard["sizes"], heard["after"], heard["lost"]) == (2, [512], 0, [])
    assert heard["late"] == pytest.approx(0, abs=0.2)


def _child_loss() -> None:
    """Tell the parent when it records, by a file; then wait for the loss."""
    recording = Recording()
    stream = opened(recording, "default")
    wait_until(lambda: len(recording.chunks) > 5)
    (Path.home() / "records").touch()
    wait_until(lambda: recording.lost, 5)
    stream.close()
    stream.close()
    print(json.dumps({"lost": recording.lost, "left": len(portaudio._streams)}))


def test_a_real_loss_is_told_once(server: PulseServer) -> None:
    def kill() -> None:
        wait_until(lambda: (server.folder / "records").exists(), 20)
        server.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    told = child(server, "_child_loss")
    killer.join(5)
    assert told == {"lost": ["PortAudio ended the stream"], "left": 0}
