"""Five minutes saved in other formats by the exe, beside ffmpeg.exe, on Windows.

`python tests/windows/run.py tests/benchmarks/encode_on_windows.py -s` prints it.

A run of pytest, since that is what the lab runs in Windows' Python; no test, for nothing is asserted of the time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.benchmarks import encoding, inputs
from tests.benchmarks.report import Table, length, ratio, spread
from tests.windows.build import build
from tests.windows.program import User
from tests.windows.test_ffmpeg import put

SECONDS = 300
ROUNDS = 3


def took(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Run a program to its end; return the seconds."""
    began = time.perf_counter()
    subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.perf_counter() - began


@pytest.mark.timeout(1200)
def test_print_how_long_formats_take(tmp_path: Path) -> None:
    """Print medians of the exe and of ffmpeg, by turns."""
    exe, ffmpeg = build().terminal, put(tmp_path / "bin")
    env = User(tmp_path).env | {"PATH": os.pathsep.join([str(ffmpeg.parent), os.environ["PATH"]])}
    source = inputs.make(tmp_path, "meeting", SECONDS)
    table = Table(
        "Saving in another format, on Windows",
        f"{length(SECONDS)} of 48 kHz, 24-bit stereo: the whole command `trim` of the exe beside ffmpeg.exe.",
        ("format", "ours", "ffmpeg", "of ffmpeg"),
    )
    for name, options in encoding.FORMATS.items():
        target = tmp_path / f"made.{name}"
        commands = [
            encoding.ours(source, target, [str(exe)]),
            encoding.ffmpeg(source, target, options, str(ffmpeg)),
        ]
        rounds = [[took(command, env) for command in commands] for _ in range(ROUNDS)]
        ours, theirs = zip(*rounds, strict=True)
        medians = statistics.median(ours), statistics.median(theirs)
        texts = [spread(median, (min(of), max(of)), ROUNDS) for median, of in zip(medians, (ours, theirs), strict=True)]
        table.rows.append((name, *texts, ratio(medians[0] / medians[1])))
        target.unlink()
    print(f"\n{table.markdown()}", flush=True)
