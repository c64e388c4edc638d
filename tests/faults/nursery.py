"""Starts the program many times, quickly: one process has imported it, and each start is a fork of that. Linux only.

    python -m tests.faults.nursery

reads a start a line from standard input, a JSON list of the program's arguments with the file for what it says before
them, and prints its process id. A start is the program's own, but for the second that Python takes to import it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

assert sys.platform != "win32"


class Nursery:
    """The process that forks the program, as a context manager; `env` is the environment of all that it starts."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(self, said: Path, *arguments: str | Path) -> int:
        """Start the program with `arguments`; what it says goes to the file `said`. Return its process id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(said), *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


def lives(process: int) -> bool:
    """Return whether a started program still runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Fork a program for each line."""
    from tray_app import app, cli  # noqa: F401
    from tray_app.audio import silence  # noqa: F401
    from tray_app.capture import pulse  # noqa: F401

    # And no more: libpulse does not work in a fork of a process that has used it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        said, *arguments = json.loads(line)
        process = os.fork()
        if process == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(out, 1)
            os.dup2(out, 2)
            status = 1
            try:
                status = cli.run(arguments)
            finally:
                os._exit(status)
        print(process, flush=True)


if __name__ == "__main__":
    main()
