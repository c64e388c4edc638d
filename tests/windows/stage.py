"""What the tests play to and look at, the lab and a real Windows PC behind one interface.

In the lab the outputs are null sinks of a sound server on the Linux side, which `host.py` serves: they are exact to
the sample, and can be unplugged. On a PC it is the real default output, and what cannot be done to that a test asks for
first.
"""

from __future__ import annotations

import abc
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.packing import release
from tests.sound import pack24

ADDRESS = "TRAY_RECORDER_STAGE"
"""The environment's variable with `port token` of the lab's server; without it this is a real PC."""

PICTURES = Path(__file__).resolve().parents[1] / "out" / "windows"
"""Where a run's pictures are kept."""

Sound = NDArray[Any]


class Player(abc.ABC):
    """Something that is being played."""

    @abc.abstractmethod
    def wait(self, seconds: float = 60) -> None:
        """Return when it has been played to its end; raises `TimeoutError` after `seconds`."""


class Stage(abc.ABC):
    """The outputs, the screen and the end of the session. Leave it by `reset`, ready for the next test."""

    source = "default"
    """What to record to hear what `play` plays."""

    exact: bool
    """Whether every sample that is played comes out of the loopback as it was."""

    can_unplug: bool
    can_end_session: bool

    unpluggable = ""
    """The name of the output that `unplug` takes away; empty where it cannot."""

    @abc.abstractmethod
    def play(self, sound: Sound, rate: int = 48_000) -> Player:
        """Play to the default output: float32 samples or int32 samples of 24 bits, shape (frames, channels)."""

    @abc.abstractmethod
    def stop_playing(self) -> None:
        """Stop all that is being played."""

    @abc.abstractmethod
    def unplug(self, *, every: bool = False) -> None:
        """Take the default output away; another one is left to be the default, except where `every` one goes."""

    @abc.abstractmethod
    def plug(self) -> None:
        """Bring back what was taken away, as the default that it was."""

    @abc.abstractmethod
    def screenshot(self, name: str) -> Path:
        """Keep a picture of the screen as `PICTURES/NAME.png`; return its path."""

    @abc.abstractmethod
    def end_session(self) -> None:
        """End the session as Windows does when it shuts down; returns when all programs were asked."""

    @abc.abstractmethod
    def forbidden_folder(self, folder: Path) -> Path:
        """Return a folder in which nobody may make anything, in `folder` where such a one can be made."""

    @abc.abstractmethod
    def make_installer(self, folder: Path, to: Path, version: str, compressor: str = "") -> Path:
        """Pack the programs in `folder` as `packaging/release.py` does; return the installer, in the folder `to`.

        `compressor` is for a test that cannot wait: NSIS' own words, such as `zlib`.
        """

    def reset(self) -> None:
        """Stop playing and plug in what was unplugged."""
        self.stop_playing()
        self.plug()


def find_stage() -> Stage:
    """Return the stage of this run."""
    address = os.environ.get(ADDRESS)
    return LabStage(*address.split()) if address else DeskStage()


class LabStage(Stage):
    """The lab, by its server: one connection for one request, a line of JSON there (and sound behind it) and back."""

    exact = can_unplug = can_end_session = True
    unpluggable = "Headset"

    def __init__(self, port: str, token: str) -> None:
        self._port, self._token = int(port), token

    def ask(self, do: str, sound: bytes = b"", seconds: float = 60, **more: object) -> Any:
        """Have the server do something; return its answer. Raises `RuntimeError` with its words when it cannot."""
        line = json.dumps({"do": do, "token": self._token, "bytes": len(sound), **more}).encode() + b"\n"
        with socket.create_connection(("127.0.0.1", self._port), timeout=seconds) as connection:
            connection.sendall(line + sound)
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline())
        if "error" in answer:
            raise RuntimeError(f"the stage cannot {do}: {answer['error']}")
        return answer["done"]

    def play(self, sound: Sound, rate: int = 48_000) -> Player:
        form = "<f4" if sound.dtype.kind == "f" else "<i4"
        number = self.ask("play", sound.astype(form).tobytes(), form=form, channels=sound.shape[1], rate=rate)
        return _LabPlayer(self, number)

    def stop_playing(self) -> None:
        self.ask("stop")

    def unplug(self, *, every: bool = False) -> None:
        self.ask("unplug", every=every)

    def plug(self) -> None:
        self.ask("plug")

    def screenshot(self, name: str) -> Path:
        self.ask("screenshot", name=_plain(name))
        return PICTURES / f"{name}.png"

    def end_session(self) -> None:
        self.ask("end_session")

    def forbidden_folder(self, folder: Path) -> Path:
        """Root may write everywhere, but nobody can make a file in Linux' /sys."""
        return Path("Z:/sys/kernel")

    def make_installer(self, folder: Path, to: Path, version: str, compressor: str = "") -> Path:
        told: dict[str, Any] = {"folder": str(folder), "to": str(to), "version": version, "compressor": compressor}
        name: str = self.ask("make_installer", seconds=600, **told)
        return to / name


class _LabPlayer(Player):
    def __init__(self, stage: LabStage, number: int) -> None:
        self._stage, self._number = stage, number

    def wait(self, seconds: float = 60) -> None:
        if not self._stage.ask("wait", seconds=seconds + 10, number=self._number, limit=seconds):
            raise TimeoutError(f"it is still being played after {seconds} s")


class DeskStage(Stage):
    """A real PC: its default output, its screen."""

    exact = can_unplug = can_end_session = False

    def __init__(self) -> None:
        self._playing: list[_DeskPlayer] = []

    def play(self, sound: Sound, rate: int = 48_000) -> Player:
        player = _DeskPlayer(sound, rate)
        self._playing.append(player)
        return player

    def stop_playing(self) -> None:
        for player in self._playing:
            player.stop()
        self._playing.clear()

    def unplug(self, *, every: bool = False) -> None:
        raise NotImplementedError("nobody can unplug a real output here")

    def plug(self) -> None:
        pass

    def end_session(self) -> None:
        raise NotImplementedError("the session is the user's")

    def screenshot(self, name: str) -> Path:
        from PIL import ImageGrab

        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{_plain(name)}.png"
        ImageGrab.grab(all_screens=True).save(path)
        return path

    def forbidden_folder(self, folder: Path) -> Path:
        made = folder / "forbidden"
        made.mkdir()
        # Everybody is denied to add files and folders, and nothing else: the folder can be looked at, and removed.
        rule = "*S-1-1-0:(OI)(CI)(WD,AD)"
        subprocess.run(["icacls", str(made), "/deny", rule], check=True, stdout=subprocess.DEVNULL)
        return made

    def make_installer(self, folder: Path, to: Path, version: str, compressor: str = "") -> Path:
        return release.make_installer(release.Release(folder, version), to, compressor)


class _DeskPlayer(Player):
    """Windows' own PlaySound, which knows nothing but files, on a thread of its own."""

    def __init__(self, sound: Sound, rate: int) -> None:
        whole = np.rint(sound * np.float64(2**23)).astype(np.int32) if sound.dtype.kind == "f" else sound
        handle, self._path = tempfile.mkstemp(suffix=".wav")
        with open(handle, "wb") as file, wave.open(file, "wb") as out:  # noqa: PTH123 - it is open already
            out.setparams((sound.shape[1], 3, rate, len(sound), "NONE", ""))
            out.writeframes(pack24(whole))
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(self._path, winsound.SND_FILENAME | winsound.SND_NODEFAULT)
        Path(self._path).unlink()

    def wait(self, seconds: float = 60) -> None:
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError(f"it is still being played after {seconds} s")

    def stop(self) -> None:
        """Stop it, and free its file."""
        if sys.platform == "win32" and self._thread.is_alive():
            import winsound

            winsound.PlaySound(None, winsound.SND_PURGE)
        self._thread.join(10)


def _plain(name: str) -> str:
    assert re.fullmatch(r"[\w-]+", name, re.ASCII), f"no name for a picture: {name}"
    return name
