"""The program as a user runs it: `python -m tray_app …` in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAM = [sys.executable, "-m", "tray_app"]
ROOT = Path(__file__).resolve().parents[2]


def clean_env(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which the program finds nothing of the user's: no server, no settings, no notifications."""
    dropped = ("RECORDER_", "PULSE_", "XDG_", "DBUS_", "DISPLAY")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "RECORDER_NOTIFY": "false", "PYTHONPATH": str(ROOT)}
    return env | own | {"RECORDER_SAVE_FOLDER": str(folder / "takes")} | dict(extra or {})


def run(
    *arguments: str | Path, env: Mapping[str, str], cwd: Path | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with no input."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Record:
    """A running `record --json`: send it words, read what it says, get its JSON at the end. A context manager."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [*PROGRAM, "record", "--json", *map(str, arguments)],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.put(line.rstrip("\n"))

    def hear(self, part: str, seconds: float = 20) -> str:
        """Wait until it has said a line with `part`; return that line."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                break
            self.said.append(line)
            if part in line:
                return line
        raise AssertionError(f"{part!r} was not said; it said {self.said}")

    def tell(self, *words: str) -> None:
        """Write words to its standard input, a line each."""
        assert self._process.stdin is not None
        for word in words:
            self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def end_input(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def result(self, seconds: float = 30) -> dict[str, Any]:
        """Wait for its end, which must be a good one; return its JSON."""
        status, out = self.end(seconds)
        assert status == 0, self.said
        found: dict[str, Any] = json.loads(out)
        return found

    def end(self, seconds: float = 30) -> tuple[int, str]:
        """Wait for its end; return its exit status and what it printed."""
        assert self._process.stdout is not None
        out = self._process.stdout.read()
        status = self._process.wait(seconds)
        self._reader.join(5)
        while not self._lines.empty():
            self.said.append(self._lines.get())
        return status, out
