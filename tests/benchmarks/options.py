"""What the options of silence removal cost: the same file with each preset, and with what costs most."""

from __future__ import annotations

import sys

from tests.benchmarks.report import Table, length, ratio, seconds, spread
from tests.benchmarks.trimming import Workshop
from tray_app.presets import NAMES

EXACT = "--preset exact"
OPTIONS = (
    *(f"--preset {name}" for name in NAMES),
    "--silence-thresh auto",
    "--longest-pause 400",
    "--fade 10",
    "--edges-only --fade 10 --silence-thresh auto",
)


def options(shop: Workshop, number: int) -> Table:
    """Measure `trim` with each of the options, in turn, on the mixture of sound."""
    source = shop.input("meeting", number)
    target = shop.folder / "out-options.wav"
    start = [sys.executable, "-m", "tray_app", "trim", str(source), "--output", str(target)]
    commands = {option: [*start, *option.split()] for option in OPTIONS}
    found = shop.alone(commands, source.stat().st_size, lambda: target.unlink(missing_ok=True))
    table = Table(
        f"What options cost, {length(number)}",
        "Rules that only the sound's end decides, and a threshold that is found, read the file twice.",
        ("options", "time", "of exact", "CPU", "peak memory"),
    )
    for option, runs in found.items():
        time = spread(runs.seconds, runs.least_and_most, runs.count)
        part = ratio(runs.seconds / found[EXACT].seconds)
        table.rows.append((option, time, part, seconds(runs.cpu), f"{runs.peak_mib:.0f} MiB"))
    return table
