"""From the start of the program to its icon, on Windows.

`python tests/windows/run.py tests/benchmarks/start_on_windows.py -s` prints it.

A run of pytest, since that is what the lab runs in Windows' Python; no test, for nothing is asserted of the time. The
icon counts as there when its window is (under Wine), or when the taskbar knows its box.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.windows.build import build
from tests.windows.program import User
from tests.windows.tray_driver import TrayDriver

ROUNDS = 7


def until_icon(user: User, command: Sequence[str]) -> float:
    """Start a program, and end it; return the seconds until its icon was there."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=user.env, stdin=subprocess.DEVNULL)
    driver = TrayDriver(process.pid)
    try:
        driver.wait_for_icon()
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait(30)
        driver.forget_icon()


def test_print_how_long_the_icon_takes(tmp_path: Path) -> None:
    """Print medians of the Python program and of the exe."""
    user = User(tmp_path)
    programs = {"python -m tray_app": [sys.executable, "-m", "tray_app"], "the exe": [str(build().windowed)]}
    for name, command in programs.items():
        first, *others = (until_icon(user, command) for _ in range(ROUNDS + 1))
        spread = f"{statistics.median(others):.2f} s ({min(others):.2f} to {max(others):.2f})"
        print(f"\n{name}: {spread}, first {first:.2f} s", flush=True)
