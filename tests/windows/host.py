"""The Linux side of a run in the lab: `python -m tests.windows.host LAB RUN [pytest's arguments]`, in an enclosure.

Starts the screen, the sound server and the server of the stage, runs pytest in Windows' Python, passes on what it
says, and ends all of it.
"""

from __future__ import annotations

import codecs
import contextlib
import hmac
import json
import os
import secrets
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import ImageGrab

from tests.packing import release
from tests.sound import SINK, PulseServer
from tests.windows.enclosure import PYTHON, ROOT, Lab, unix_path, windows_path
from tests.windows.lab import fresh_prefix
from tests.windows.recipe import SCREEN
from tests.windows.stage import ADDRESS, PICTURES, LabStage

OTHER = "other"


class Outputs(PulseServer):
    """Two outputs: the default, which can be unplugged, and another one that is left then, or goes too."""

    def prepare(self) -> None:
        self._modules: dict[str, int] = {}
        self.plug()

    def plug(self) -> None:
        """Make those that are missing. The default comes first: what waits for an output takes the first one."""
        for name, label in ((SINK, LabStage.unpluggable), (OTHER, "Speakers")):
            if name not in self._modules:
                self._modules[name] = self.add_sink(name, properties=f"device.description={label}")
            self.set_default(SINK)

    def unplug(self, *, every: bool) -> None:
        """Take the first away, or every one."""
        for name in (SINK, OTHER) if every else (SINK,):
            if name in self._modules:
                self.unload(self._modules.pop(name))


class Host:
    """Does what the stage is asked for."""

    def __init__(self, outputs: Outputs, display: str, prefix: Path, end_session: Callable[[], None]) -> None:
        self._outputs, self._display, self._prefix, self._end_session = outputs, display, prefix, end_session
        self._playing: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def do(self, request: dict[str, Any], sound: bytes) -> object:
        """Do one thing; return the answer."""
        match request:
            case {"do": "wait", "number": number, "limit": limit}:
                return self._wait(self._playing[number], limit)
            case {"do": "play", "form": form, "channels": channels, "rate": rate}:
                with self._lock:
                    return self._play(np.frombuffer(sound, form).reshape(-1, channels), rate)
            case {"do": "stop"}:
                for player in self._playing:
                    player.kill()
            case {"do": "unplug", "every": every}:
                with self._lock:
                    self._outputs.unplug(every=every)
            case {"do": "plug"}:
                with self._lock:
                    self._outputs.plug()
            case {"do": "screenshot", "name": name}:
                PICTURES.mkdir(parents=True, exist_ok=True)
                ImageGrab.grab(xdisplay=self._display).save(PICTURES / f"{name}.png")
            case {"do": "make_installer", "folder": folder, "to": to, "version": version, "compressor": compressor}:
                # Debian's NSIS is a program of Linux.
                made = release.Release(unix_path(self._prefix, folder), version)
                return release.make_installer(made, unix_path(self._prefix, to), compressor).name
            case {"do": "end_session"}:
                self._end_session()
            case _:
                raise ValueError(f"{request.get('do')!r} is nothing that can be done")
        return None

    def _play(self, sound: np.ndarray[Any, Any], rate: int) -> int:
        sink = self._outputs.pactl("get-default-sink")
        self._playing.append(self._outputs.play(sound, rate, sink))
        return len(self._playing) - 1

    def _wait(self, player: subprocess.Popen[bytes], limit: float) -> bool:
        try:
            return player.wait(limit) is not None
        except subprocess.TimeoutExpired:
            return False


class StageServer(socketserver.ThreadingTCPServer):
    """Serves the stage on this machine's own address, to those who know the token."""

    daemon_threads = True

    def __init__(self, host: Host) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.host, self.token = host, secrets.token_hex(16)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """What `ADDRESS` is to say."""
        return f"{self.server_address[1]} {self.token}"


class _Request(socketserver.StreamRequestHandler):
    server: StageServer

    def handle(self) -> None:
        try:
            request = json.loads(self.rfile.readline(4096))
            if not hmac.compare_digest(str(request.pop("token", "")), self.server.token):
                raise PermissionError("wrong token")
            answer = {"done": self.server.host.do(request, self.rfile.read(request.get("bytes", 0)))}
        except Exception as error:  # whatever it is, the test that asked is to show it
            answer = {"error": f"{type(error).__name__}: {error}"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """Give the display of an X server of our own.

    No lock files: they hold process ids, which mean nothing outside the enclosure. The sockets' names keep two servers
    apart.
    """
    read, write = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-nolock"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(10)


def pass_on(source: BinaryIO) -> None:
    """Write what comes as it comes, with Linux' line ends; a pipe of Windows' Python speaks cp1252."""
    decoder = codecs.getincrementaldecoder("cp1252")("replace")
    while data := source.read(1 << 16):
        sys.stdout.write(decoder.decode(data).replace("\r\n", "\n"))
        sys.stdout.flush()


def run_pytest(lab: Lab, environment: dict[str, str], arguments: list[str]) -> int:
    """Run pytest in Windows' Python; return its exit status.

    It gets pipes, not a terminal, on which Wine would draw a console. A child that it leaves behind may hold the pipe
    open, so the pipe's end is not waited for.
    """
    command = lab.wine(PYTHON, "-u", "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    reader = threading.Thread(target=pass_on, args=(process.stdout,), daemon=True)
    reader.start()
    status = process.wait()
    reader.join(2)
    return status


def main(lab_folder: str, run_folder: str, *arguments: str) -> int:
    """Run the tests; return pytest's exit status."""
    lab, run = Lab(Path(lab_folder)), Path(run_folder)
    prefix = fresh_prefix(lab, run)
    # What is kept for the next run, since this one's Windows is not.
    kept = {"PYTHONPYCACHEPREFIX": "bytecode", "RECORDER_WINDOWS_BUILDS": "builds"}
    shared = {name: windows_path(lab.folder / folder) for name, folder in kept.items()}
    shared["PYTHONPATH"] = windows_path(ROOT)
    with screen() as display, Outputs() as outputs:
        sound = {"PULSE_SERVER": outputs.env["PULSE_SERVER"], "PULSE_COOKIE": outputs.env["PULSE_COOKIE"]}
        environment = lab.environment(prefix, {"DISPLAY": display, **sound, **shared})

        def wine(*command: str) -> None:
            subprocess.run(lab.wine(*command), cwd=ROOT, env=environment, timeout=30, stdin=subprocess.DEVNULL)

        with StageServer(Host(outputs, display, prefix, lambda: wine("wineboot", "--end-session"))) as server:
            try:
                return run_pytest(lab, environment | {ADDRESS: server.address}, list(arguments))
            finally:
                wine("wineserver", "-k")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(*sys.argv[1:]))
    sys.exit(130)
