"""Where the commands of the documents are run: a user's home with an output that plays, and recordings to trim."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
import soundfile

from tests.documents.markdown import ROOT
from tests.sound import PulseServer, tone, wait_until
from tests.terminal.program import clean_env, run
from tray_app.capture.base import Samples

RATE = 48_000
OUTPUT = "Speakers"

HOMES = ("/home/you", "C:\\Users\\you")
"""What documents call the home folder."""


def spoken(spans: tuple[tuple[float, bool], ...], rate: int = RATE, channels: int = 2) -> Samples:
    """Return sound that stands for speech and its pauses: spans of so many seconds, loud or digital silence.

    The tone has whole periods in a millisecond, so that each of them is as loud as the other.
    """
    parts = [tone(1000, -12 if loud else -np.inf, seconds, rate, channels) for seconds, loud in spans]
    return np.concatenate(parts)


MEETING = ((3.0, True), (2.0, False), (3.0, True), (1.994, False), (0.006, True))
MONDAY = ((1.5, True), (2.0, False), (1.5, True))
TUESDAY = ((2.0, True), (2.0, False), (1.0, True))
PLAYED = ((3.0, True), (2.0, False)) * 24


def make_recordings(folder: Path) -> None:
    """Make the files that the documents work on."""
    (folder / "talks").mkdir()
    for name, spans in (("meeting", MEETING), ("talks/monday", MONDAY), ("talks/tuesday", TUESDAY)):
        soundfile.write(folder / f"{name}.wav", spoken(spans), RATE, "PCM_24")


_KILLED = re.compile(r"bash: line \d+: +\d+ Killed\b")
"""What the shell itself says of a process that was killed."""


class Scene:
    """A context manager; leaving it ends all that was begun. The commands are run in the folder `here`."""

    def __init__(self, folder: Path) -> None:
        self.env = clean_env(folder)
        self.home = Path(self.env["HOME"])
        self.here = self.home / "Music"
        self._folder = folder
        self._commands = 0
        self._left = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as left:
            self._prepare(left)
            self._left = left.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    def _prepare(self, left: contextlib.ExitStack) -> None:
        self.here.mkdir()
        make_recordings(self.here)
        server = left.enter_context(PulseServer())
        server.add_sink(OUTPUT, properties=f"device.description={OUTPUT}")
        server.set_default(OUTPUT)
        server.unload(server.sink_module)
        server.play(spoken(PLAYED), sink=OUTPUT)
        # As where it was installed: the program is a command, and neither this folder nor a setting is in its way.
        for name in ("RECORDER_SAVE_FOLDER", "PYTHONPATH"):
            del self.env[name]
        self.env |= {name: server.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"
        self._shell = left.enter_context(_ended(["bash", "--norc", "--noprofile"], self.env, self.here))

    def show_tray(self) -> None:
        """Start the program in the tray, with all that it has but the icon."""
        command = [sys.executable, "-m", "tests.terminal.no_tray"]
        self._left.enter_context(_ended(command, self.env, ROOT))
        wait_until(lambda: run("status", env=self.env).returncode == 0, 30, "the program in the tray answers")

    def run(self, command: str, seconds: float = 60) -> list[str]:
        """Run a command in the shell; return the lines that it printed, with its places as the documents call them."""
        self._commands += 1
        out, over = (self._folder / f"{self._commands}.{kind}" for kind in ("out", "over"))
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null >{out} 2>&1\n: >{over}\n".encode())
        self._shell.stdin.flush()
        wait_until(over.exists, seconds, f"the end of: {command}")
        lines = out.read_text(encoding="utf-8").splitlines()
        return [self.place(line) for line in lines if not _KILLED.match(line)]

    def place(self, line: str) -> str:
        """Return a line, shown or printed, with the paths in it from the current folder on."""
        for home in HOMES:
            if home in line:
                line = line.replace(home, str(self.home)).replace("\\", "/")
        return line.replace(f"{self.here}/", "").replace(str(self.home), "~")


@contextlib.contextmanager
def _ended(command: list[str], env: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process, and end it with all that it started."""
    process = subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
