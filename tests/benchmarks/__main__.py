"""How fast this program is, beside others, in one run: `python -m tests.benchmarks`.

Makes its inputs below the system's temporary folder, runs this program and its peers in turn on the same files, prints
tables, and writes them to `speed.md`, and a plot to `speed.png`. All of it takes half an hour, 8 GB of disk, and for
pydub at one hour of sound 4 GB of memory. Linux; `tests.benchmarks.windows` has what is Windows' own.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks import encoding, plot, recording, starting, trimming
from tests.benchmarks import options as cut_options
from tests.benchmarks.peers import PYDUB
from tests.benchmarks.report import Table
from tests.benchmarks.trimming import KINDS, Point, Workshop

PARTS = ("start", "record", "trim", "encode")
LENGTHS = (60, 600, 3600)
ENCODED_UP_TO = 600
"""Seconds: an hour of MP3 takes minutes, and costs what six times ten minutes do."""
RF64 = 15_120
"""4.2 h: more than the 4 GiB at which a WAV becomes RF64."""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    assert __doc__
    arguments = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="parts to run (default: all)")
    arguments.add_argument("--rounds", type=int, default=5, help="runs of everything; pydub runs once on an hour")
    arguments.add_argument(
        "--lengths", type=int, nargs="+", default=LENGTHS, metavar="S", help="seconds of sound (default: 60 600 3600)"
    )
    arguments.add_argument("--rf64", action="store_true", help="4.2 h too, where a WAV becomes RF64; 9 GB of disk")
    arguments.add_argument("--no-pydub", action="store_true", help="leave pydub out, which takes most of the time")
    arguments.add_argument("--seconds", type=float, default=30, help="seconds that live recording is watched")
    arguments.add_argument("--minutes", type=int, nargs="+", default=(1, 10, 60), help="minutes of the simulated takes")
    arguments.add_argument("--keep", action="store_true", help="keep the inputs for the next run")
    arguments.add_argument("--output", type=Path, help="folder for speed.md and speed.png (default: beside the inputs)")
    arguments.add_argument("--folder", type=Path, help="folder for inputs and outputs")
    return arguments


def run(options: argparse.Namespace, say: Callable[[str], None] = print) -> list[Table]:
    """Measure what is asked for; print and write it."""
    folder = options.folder or Path(tempfile.gettempdir()) / "tray-recorder-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    output = options.output or folder
    output.mkdir(parents=True, exist_ok=True)
    # Without them the program would be compiled anew at every run, which no user's is.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    shop = Workshop(folder, options.rounds, say)
    tables: list[Table] = []
    points: list[Point] = []
    try:
        for table in _measured(options, shop, points):
            tables.append(table)
            say(f"\n{table.screen()}\n")
    finally:
        if not options.keep:
            shutil.rmtree(folder if not options.folder else folder / "many", ignore_errors=True)
            for path in (*folder.glob("*.wav"), *folder.glob("out-*.json")):
                path.unlink()
    output.mkdir(parents=True, exist_ok=True)
    (output / "speed.md").write_text(_document(tables), encoding="utf-8")
    if points:
        plot.draw(points, output / "speed.png")
    say(f"Written: {output / 'speed.md'}")
    return tables


def _measured(options: argparse.Namespace, shop: Workshop, points: list[Point]) -> Iterator[Table]:
    if "start" in options.only:
        try:
            yield starting.start(max(5, options.rounds))
        except starting.CannotShowError as error:
            shop.say(f"The time to the icon is not measured: {error}.")
    if "record" in options.only:
        yield recording.live(shop, options.seconds)
        yield recording.to_disk(shop, options.seconds / 2)
        yield recording.simulated(shop, tuple(options.minutes))
    if "trim" in options.only:
        yield from _trimmed(options, shop, points)
    if "encode" in options.only:
        yield encoding.encoding(shop, [number for number in options.lengths if number <= ENCODED_UP_TO])


def _trimmed(options: argparse.Namespace, shop: Workshop, points: list[Point]) -> Iterator[Table]:
    runners = [peer for peer in trimming.present(shop.say) if not (options.no_pydub and peer.slow)]
    lengths = sorted({*options.lengths, *([RF64] if options.rf64 else [])})
    tables, found = trimming.lengths(shop, lengths, runners)
    points += found
    yield from tables
    middle = lengths[min(1, len(lengths) - 1)]
    yield trimming.kinds(shop, middle)
    yield trimming.worst(shop, middle)
    yield trimming.many(shop, 8, middle)
    yield cut_options.options(shop, middle)
    if not options.no_pydub and any(peer.name == PYDUB for peer in runners):
        cases: list[tuple[str, int]] = [(kind, number) for number in lengths[:2] for kind in ("meeting", *KINDS)]
        cases += [("meeting", number) for number in lengths[2:] if number <= trimming.PEERS_UP_TO]
        yield trimming.identity(shop, cases)


def _document(tables: Sequence[Table]) -> str:
    """Return the page with all tables."""
    head = f"Measured by `{command(sys.argv[1:])}`.\n\n{machine()}"
    return "\n\n".join(["# Speed: figures", head, *(table.markdown() for table in tables)]) + "\n"


def command(arguments: Sequence[str]) -> str:
    """Return what to type to measure the same: without the folders, which are somebody's own."""
    shown, left = [], iter(arguments)
    for argument in left:
        if argument in ("--folder", "--output"):
            next(left, None)
        elif argument != "--keep":
            shown.append(argument)
    return " ".join(["python -m tests.benchmarks", *shown])


def machine() -> str:
    """Say what it was measured on: what is the same for all programs, and nothing of whose machine it is."""
    name = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    import numpy as np

    ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    version = " ".join(ffmpeg.split()[:3])
    return (
        f"{os.cpu_count()} cores ({name}), {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, {version}."
    )


if __name__ == "__main__":
    run(parser().parse_args())
