"""The program as a user of Windows runs it: `python -m tray_app …` in a process of its own, in folders of its own."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "tray_app")


class User:
    """A user whose folders all lie in `folder`, with nothing in them: no settings, no takes, no log.

    `takes` is the save folder, `home` the profile, `env` the environment of what this user starts; tests may change
    it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.takes = folder / "takes"
        self.home = folder / "home"
        roaming, local, music = self.home / "Roaming", self.home / "Local", self.home / "Music"
        for made in (roaming, local, music):
            made.mkdir(parents=True)
        shell = {"APPDATA": roaming, "LOCAL_APPDATA": local, "MYMUSIC": music, "PERSONAL": self.home}
        own = {"USERPROFILE": self.home, "APPDATA": roaming, "LOCALAPPDATA": local}
        # platformdirs asks the shell, which knows only the real user, unless it is told by variables of its own.
        folders = own | {f"WIN_PD_OVERRIDE_{name}": path for name, path in shell.items()}
        env = {name: value for name, value in os.environ.items() if not name.startswith("RECORDER_")}
        env |= {"PYTHONPATH": str(ROOT)} | {name: str(path) for name, path in folders.items()}
        self.env = env | no_settings() | {"RECORDER_SAVE_FOLDER": str(self.takes), "RECORDER_NOTIFY": "false"}

    def run(
        self, *arguments: str | Path, program: Sequence[str | Path] = PROGRAM, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with no input. What it prints must be UTF-8."""
        return subprocess.run(
            [*map(str, program), *map(str, arguments)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str | Path, program: Sequence[str | Path] = PROGRAM) -> Running:
        """Start a command that goes on."""
        return Running([*map(str, program), *map(str, arguments)], self.env)

    def record(self, *arguments: str | Path) -> Running:
        """Start `record --json` and return when it records."""
        running = self.start("record", "--json", *arguments)
        running.hear("Recording")
        return running


def no_settings() -> dict[str, str]:
    """Return every variable of the settings as an empty one, which is the default: stronger than any `.env`."""
    names = re.findall(r"^#(RECORDER_\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    return dict.fromkeys(names, "")


class Running:
    """A program that runs: send it words, wait for what it says, get its JSON at the end. A context manager."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=dict(env), stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", bufsize=1
        )
        self.said: list[str] = []
        """What it said on standard error so far, as far as it was listened to."""
        self._out: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        readers = ((self.process.stderr, self._lines.put), (self.process.stdout, self._out.append))
        self._readers = [threading.Thread(target=_read, args=reader, daemon=True) for reader in readers]
        for thread in self._readers:
            thread.start()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)

    def hear(self, part: str, seconds: float = 60) -> str:
        """Wait until it has said a line with `part` on standard error; return that line."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self.said.append(self._lines.get(timeout=left))
            except queue.Empty:
                break
            if part in self.said[-1]:
                return self.said[-1]
        raise AssertionError(f"{part!r} was not said; it said {self.said}")

    def tell(self, *words: str) -> None:
        """Write words to its standard input, a line each."""
        assert self.process.stdin is not None
        for word in words:
            self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def end(self, seconds: float = 60) -> tuple[int, str]:
        """Wait for its end; return its exit status and what it printed."""
        status = self.process.wait(seconds)
        for thread in self._readers:
            thread.join(10)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return status, "\n".join(self._out)

    def result(self, seconds: float = 60) -> dict[str, Any]:
        """Wait for its end, which must be a good one; return its JSON."""
        status, out = self.end(seconds)
        assert status == 0, self.said
        found: dict[str, Any] = json.loads(out)
        return found


def _read(stream: TextIO, take: Any) -> None:
    for line in stream:
        take(line.rstrip("\n"))
