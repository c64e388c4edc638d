#!/usr/bin/env python3
"""Runs the tests in Windows' Python.

    python3 tests/windows/run.py [pytest's own arguments, such as tests/windows or -k unplug]

On a Windows PC that is this very Python (`pip install -e .[test]` first). On Debian, as root, Windows is Wine with a
genuine Windows Python, screen and sound included: the *lab*, made at the first time (2.3 GB, about two minutes) in
$RECORDER_WINDOWS_LAB, else in the user's cache folder, and kept. Ends with pytest's exit status.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]

DEADLINE = 1500
"""Seconds after which a run is ended, whatever it does."""

GRACE = 15
"""Seconds that a run has to clean up."""

NEEDED = "import hypothesis, numpy, PIL, pytest, soxr"
"""What the Linux side of a run needs of a Python."""


def run_here(arguments: list[str]) -> int:
    """Run pytest in this Python, on a Windows PC."""
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode


def run_in_lab(arguments: list[str]) -> int:
    """Run pytest in the lab."""
    from tests.windows import lab

    try:
        with lab.ensure() as made, lab.run_folder(made) as folder:
            host = [python(), "-m", "tests.windows.host", str(made.folder), str(folder)]
            return supervise(made.enclosed(*host, *arguments))
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


def supervise(command: list[str]) -> int:
    """Run an enclosure to its end; end it at the deadline, and when this program is told to end."""
    signal.signal(signal.SIGTERM, _interrupt)
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        return process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        print(f"FAILED: not done within {DEADLINE} s.", flush=True)
        stop(process)
        return 1
    except KeyboardInterrupt:
        stop(process)
        return 130
    finally:
        process.kill()
        process.wait()


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
