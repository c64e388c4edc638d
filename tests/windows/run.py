#!/usr/bin/env python3
"""Runs the tests in Windows' Python.

    python3 tests/windows/run.py [pytest's own arguments, such as tests/windows or -k unplug]
    python3 tests/windows/run.py --prepare      only makes what the tests need

On a Windows PC that is this very Python (`pip install -e .[test]` first). On Debian, as root, Windows is Wine with a
genuine Windows Python, screen and sound included: the *lab*, made at the first time (2.3 GB, about two minutes) in
$RECORDER_WINDOWS_LAB, else in the user's cache folder, and kept. Without arguments what needs a Windows and what only
runs there too have a Windows each, side by side. Ends with pytest's exit status.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import IO

ROOT = Path(__file__).resolve().parents[2]

DEADLINE = 1500
"""Seconds after which a run is ended, whatever it does."""

PREPARE = "--prepare"

GRACE = 15
"""Seconds that a run has to clean up."""

SIDES = (["tests/windows"], ["tests", "--ignore=tests/windows"])
"""The first waits for sound and windows, the second computes: together they take little more than the first alone."""

PATIENTLY = ("nice", "-n", "19")
"""What computes lets sound go first: a processor that comes late is a hole in what is recorded."""

NEEDED = "import hypothesis, numpy, PIL, pytest, soxr"
"""What the Linux side of a run needs of a Python."""


def run_here(arguments: list[str]) -> int:
    """Run pytest in this Python, on a Windows PC, where there is nothing to prepare."""
    if arguments == [PREPARE]:
        return 0
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


def run_in_lab(arguments: list[str]) -> int:
    """Run pytest in the lab."""
    from tests.windows import lab

    try:
        with lab.ensure() as made, contextlib.ExitStack() as stack:
            if arguments == [PREPARE]:
                return 0
            runs: list[tuple[subprocess.Popen[bytes], IO[bytes] | None]] = []
            for side in [arguments] if arguments else SIDES:
                folder = stack.enter_context(lab.run_folder(made))
                host = [python(), "-m", "tests.windows.host", str(made.folder), str(folder)]
                # Only one can be watched; what the other says comes in one piece.
                out = stack.enter_context(tempfile.TemporaryFile()) if runs else None
                way = PATIENTLY if runs else ()
                runs.append((begin([*way, *made.enclosed(*host, *side)], out), out))
            return supervise(runs)
    except lab.LabError as error:
        print(f"FAILED: {error}", flush=True)
        return 1


def python() -> str:
    """Return a Python with what the tests need: this one, or the project's, which is made where it is missing."""
    from tests import run as project

    own = project.python_of(ROOT / ".venv")
    for candidate in (sys.executable, str(own)):
        if not project.subprocess_fails([candidate, "-c", NEEDED]):
            return candidate
    try:
        project.install_packages()
        return str(project.make_venv(ROOT / ".venv"))
    except project.StepError as error:
        from tests.windows.lab import LabError

        raise LabError(str(error)) from error


def begin(command: list[str], out: IO[bytes] | None) -> subprocess.Popen[bytes]:
    """Start an enclosure; what it says goes into `out`, or where our own words go."""
    err = None if out is None else subprocess.STDOUT
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)


def supervise(runs: list[tuple[subprocess.Popen[bytes], IO[bytes] | None]]) -> int:
    """Run enclosures to their end; end them at the deadline, and when this program is told to end."""
    signal.signal(signal.SIGTERM, _interrupt)
    deadline = time.monotonic() + DEADLINE
    try:
        return max([wait(process, out, deadline) for process, out in runs])
    except subprocess.TimeoutExpired:
        print(f"FAILED: not done within {DEADLINE} s.", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for process, out in runs:
            if process.poll() is None:
                stop(process)
                tell(out)
            process.kill()
            process.wait()


def wait(process: subprocess.Popen[bytes], out: IO[bytes] | None, deadline: float) -> int:
    """Wait for an enclosure's end, pass on what it said, and return its status. Raises `TimeoutExpired`."""
    status = process.wait(max(0, deadline - time.monotonic()))
    tell(out)
    return abs(status)


def tell(out: IO[bytes] | None) -> None:
    """Pass on what was said into a file."""
    if out is not None:
        out.seek(0)
        print(out.read().decode(errors="replace"), flush=True)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Have an enclosure clean up and end."""
    os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path[0] = str(ROOT)  # and not this folder, whose modules are `tests.windows`'
    sys.exit(run_here(sys.argv[1:]) if sys.platform == "win32" else run_in_lab(sys.argv[1:]))
