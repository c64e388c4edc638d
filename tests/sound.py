"""Real sound servers for tests, private to each test run, and the sound to play and to look for.

`PulseServer` is a PulseAudio with a null sink whose monitor is sample-exact (`norewinds=1`: without it about two
seconds of what is played are lost). `PipeWireServer` is PipeWire with its pulse server and a session manager. Neither
sees, nor is seen by, the user's own server.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

from tray_app.capture.base import Chunk, Samples, Stream

SINK = "testsink"
MICROPHONE = "testmic"
MICROPHONE_HZ = 440

Sound = NDArray[Any]


def wait_until(condition: Callable[[], object], seconds: float = 10.0, what: str = "") -> None:
    """Return when `condition()` is true; fail after `seconds`.

    Windows refuses a file that another thread is just renaming: there that counts as not yet.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.01)


class SoundServer:
    """A sound server in a private folder; a context manager. Subclasses say how it is started."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="snd", dir="/tmp"))  # a socket's path has room for 107 characters
        self._process: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    @property
    def socket(self) -> Path:
        return self.folder / "pulse" / "native"

    @property
    def env(self) -> dict[str, str]:
        """What a child needs to find this server and nothing of the user's."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("PULSE_", "XDG_", "DBUS_"))}
        return keep | {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "PULSE_SERVER": f"unix:{self.socket}",
            "PULSE_COOKIE": str(self.folder / "cookie"),
        }

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make this process, too, find this server and nothing of the user's."""
        for name in ("PULSE_SERVER", "PULSE_COOKIE", "XDG_RUNTIME_DIR", "HOME"):
            monkeypatch.setenv(name, self.env[name])

    def halt(self, on: bool = True) -> None:
        """Stop the server in its tracks as a hang would, or let it go on."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP if on else signal.SIGCONT)

    def command(self) -> list[str]:
        raise NotImplementedError

    def prepare(self) -> None:
        """Make what `command` could not."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        for player in self._players:
            player.kill()
            player.communicate()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            self.command(), env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(lambda: self._pactl("info").returncode == 0, 15, "sound server is up")
        self.prepare()

    def kill(self) -> None:
        """End the server as a crash would, with all that it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def _pactl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pactl", *arguments], env=self.env, capture_output=True, text=True, timeout=10)

    def pactl(self, *arguments: str) -> str:
        done = self._pactl(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def load(self, module: str, *arguments: str) -> int:
        """Load a module, e.g. `load("module-null-sink", "sink_name=x")`; return its number."""
        return int(self.pactl("load-module", module, *arguments))

    def unload(self, index: int) -> None:
        self.pactl("unload-module", str(index))

    def add_sink(self, name: str, rate: int = 48_000, channels: int = 2, properties: str = "") -> int:
        """Make another null sink; return the number of its module."""
        settings = [f"rate={rate}", f"channels={channels}", "format=float32le", "norewinds=1"]
        settings += [f"sink_properties={properties}"] if properties else []
        index = self.load("module-null-sink", f"sink_name={name}", *settings)
        wait_until(lambda: name in self.pactl("list", "short", "sinks"), 5, f"sink {name} is there")
        return index

    def set_default(self, sink: str) -> None:
        self.pactl("set-default-sink", sink)

    def mute(self, sink: str, on: bool = True) -> None:
        self.pactl("set-sink-mute", sink, "1" if on else "0")

    def volume(self, sink: str, percent: int) -> None:
        self.pactl("set-sink-volume", sink, f"{percent}%")

    def play(
        self, sound: Sound, rate: int = 48_000, sink: str = SINK, channel_map: str = ""
    ) -> subprocess.Popen[bytes]:
        """Play float32 samples or int32 samples of 24 bits, shape (frames, channels); the process ends with the sound.

        The whole of it is in a file, and half a second with the server, so that a busy machine makes no hole.
        """
        form, data = (
            ("float32le", sound.astype("<f4").tobytes()) if sound.dtype.kind == "f" else ("s24le", pack24(sound))
        )
        raw = self.folder / f"play{len(self._players)}.raw"
        raw.write_bytes(data)
        shape = [f"--format={form}", f"--rate={rate}", f"--channels={sound.shape[1]}"]
        shape += [f"--channel-map={channel_map}"] if channel_map else []
        return self._play("pacat", "--raw", *shape, sink=sink, path=raw)

    def play_file(self, path: Path, sink: str = SINK) -> subprocess.Popen[bytes]:
        """Play a file that libsndfile reads."""
        return self._play("paplay", sink=sink, path=path)

    def _play(self, *command: str, sink: str, path: Path) -> subprocess.Popen[bytes]:
        player = subprocess.Popen([*command, f"--device={sink}", "--latency-msec=500", str(path)], env=self.env)
        self._players.append(player)
        return player


class PulseServer(SoundServer):
    """PulseAudio with the null sink `testsink`, its default.

    `second` names one more null sink. `microphone` adds the source `testmic`, the default source: a loud 440 Hz sine
    that is nobody's monitor. With `shares_memory` it hands sound over in memory, as on a desktop; without, by its
    socket, so that a server that is killed leaves nothing in `/dev/shm`.
    """

    def __init__(
        self,
        rate: int = 48_000,
        channels: int = 2,
        form: str = "float32le",
        second: str = "",
        microphone: bool = False,
        channel_map: str = "",
        shares_memory: bool = False,
    ) -> None:
        super().__init__()
        self._shares_memory = shares_memory
        self._sink = [f"rate={rate}", f"channels={channels}", f"format={form}", "norewinds=1"]
        self._sink += [f"channel_map={channel_map}"] if channel_map else []
        self._second, self._microphone = second, microphone
        self.sink_module = -1
        """The number of the module that makes `testsink`: unload it, and the output is unplugged."""

    def command(self) -> list[str]:
        socket = "no" if self._shares_memory else "yes"
        options = ("-n", "--daemonize=no", "--exit-idle-time=-1", f"--disable-shm={socket}", "--use-pid-file=no")
        native = f"module-native-protocol-unix socket={self.socket} auth-anonymous=1"
        return ["pulseaudio", *options, "--log-target=stderr", "-L", native]

    def prepare(self) -> None:
        self.sink_module = self.load("module-null-sink", f"sink_name={SINK}", *self._sink)
        if self._second:
            self.add_sink(self._second)
        self.set_default(SINK)
        if self._microphone:
            self.load("module-sine-source", f"source_name={MICROPHONE}", "rate=48000", f"frequency={MICROPHONE_HZ}")
            self.pactl("set-default-source", MICROPHONE)


class PipeWireServer(SoundServer):
    """PipeWire, its session manager and its pulse server on a D-Bus of their own, with the null sink `testsink`.

    It turns over 4096 frames at a time: without real-time rights it misses its turn now and then on a busy machine
    when it has 10 ms, and then puts silence into what is played.
    """

    _CONTEXT = "context.properties = { default.clock.quantum = 4096 default.clock.min-quantum = 4096 }"

    _START = (
        "pipewire & n=0; while [ ! -S $XDG_RUNTIME_DIR/pipewire-0 ] && [ $n -lt 250 ]; "
        "do sleep 0.02; n=$((n+1)); done; "
        "wireplumber & pipewire-pulse & wait"
    )

    def command(self) -> list[str]:
        # The session manager looks for Bluetooth by way of systemd, and ends where there is none.
        for name, text in (
            ("pipewire/pipewire.conf.d/quantum.conf", self._CONTEXT),
            ("wireplumber/bluetooth.lua.d/51-off.lua", "bluez_monitor.enabled = false"),
        ):
            file = self.folder / "config" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return ["dbus-run-session", "--", "sh", "-c", self._START]

    def prepare(self) -> None:
        self.sink_module = self.add_sink(SINK)
        # The default is the session manager's business, and it is up later than the rest.
        wait_until(lambda: self._pactl("set-default-sink", SINK).returncode == 0, 10, "session manager is up")
        wait_until(lambda: f"Default Sink: {SINK}\n" in self.pactl("info"), 10, "testsink is the default")


class Recording:
    """Gathers what a stream hands over; give `on_chunk` and `on_lost` to `Backend.open`, and the `stream` to this.

    The stream is asked for what it has whenever somebody looks.
    """

    def __init__(self) -> None:
        self.stream: Stream | None = None
        self.lost: list[str] = []
        self._chunks: list[Chunk] = []

    def on_chunk(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)

    @property
    def chunks(self) -> list[Chunk]:
        if self.stream is not None:
            self.stream.collect()
        return self._chunks

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)

    @property
    def frames(self) -> int:
        return sum(len(chunk.samples) for chunk in self.chunks)

    @property
    def samples(self) -> Samples:
        """All of it, shape (frames, channels)."""
        return np.concatenate([chunk.samples for chunk in self.chunks])


def tone(hz: float, dbfs_peak: float, seconds: float, rate: int = 48_000, channels: int = 2) -> Samples:
    """A sine of that peak level in every channel, from phase 0."""
    wave = 10 ** (dbfs_peak / 20) * np.sin(2 * np.pi * hz / rate * np.arange(round(seconds * rate)))
    return np.repeat(wave.astype(np.float32)[:, np.newaxis], channels, axis=1)


def noise24(seconds: float, seed: int, rate: int = 48_000, channels: int = 2) -> NDArray[np.int32]:
    """White noise of all 24 bits, reproducible; no frame is silent."""
    numbers = np.random.default_rng(seed).integers(-(2**23), 2**23, (round(seconds * rate), channels), np.int32)
    return np.where(numbers == 0, np.int32(1), numbers)


def as_float(sound: NDArray[np.int32]) -> Samples:
    """24-bit integers as the float32 samples that they are, exactly."""
    return (sound / np.float64(2**23)).astype(np.float32)


def pack24(sound: NDArray[np.int32]) -> bytes:
    """24-bit integers as packed little-endian bytes."""
    return np.ascontiguousarray(sound.astype("<i4")).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def frequency(samples: Samples, rate: int) -> float:
    """The strongest frequency of the first channel, to better than 0.1 Hz from half a second of a steady tone on."""
    wave = samples[:, 0] * np.hanning(len(samples))
    size = 1 << (len(wave) * 4 - 1).bit_length()
    power = np.log(np.abs(np.fft.rfft(wave, size)) + 1e-30)
    peak = int(np.argmax(power[1:-1])) + 1
    left, middle, right = power[peak - 1 : peak + 2]
    return float((peak + 0.5 * (left - right) / (left - 2 * middle + right)) * rate / size)


def usual_frequency(samples: Samples, rate: int) -> float:
    """The median of the frequencies of all half seconds: a hole that a busy machine leaves in one does not move it."""
    half = rate // 2
    return float(
        np.median([frequency(samples[at : at + half], rate) for at in range(0, len(samples) - half, half // 2)])
    )


def level_dbfs(samples: Samples) -> float:
    """The peak of all channels in dBFS; −inf for digital silence."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return float(20 * np.log10(peak)) if peak else -np.inf


def find_in(haystack: Samples, needle: Samples) -> int | None:
    """The frame at which `needle` lies in `haystack`, every sample equal; None when it does not."""
    last = len(haystack) - len(needle)
    starts = np.flatnonzero((haystack[: last + 1] == needle[0]).all(axis=1)) if last >= 0 else ()
    return next((int(at) for at in starts if np.array_equal(haystack[at : at + len(needle)], needle)), None)


def onsets(samples: Samples, rate: int, thresh: float, quiet: float = 0.05) -> list[int]:
    """The frames at which sound of at least `thresh` (0 to 1) begins after `quiet` seconds or more below it."""
    loud = np.flatnonzero((np.abs(samples) >= thresh).any(axis=1))
    return [int(at) for at, gap in zip(loud, np.diff(loud, prepend=-rate), strict=True) if gap > quiet * rate]
