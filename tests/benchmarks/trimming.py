"""Trimming files: this program and its peers in turn, over lengths, kinds of sound, worst cases, and many files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from tests.benchmarks import peers
from tests.benchmarks.inputs import PLAIN, make
from tests.benchmarks.peers import COPY, OURS, PEERS, PYDUB, Peer
from tests.benchmarks.process import Runs, in_turn, measure
from tests.benchmarks.report import Table, length, ratio, seconds, spread
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader

PEERS_UP_TO = 3600
"""Seconds. Longer input is RF64, which not all read, and pydub would need 14 GB of memory for it."""

KINDS = ("speech", "music", "nothing", "room")


@dataclass(slots=True)
class Workshop:
    """Where inputs and outputs lie, and how often everything is run."""

    folder: Path
    rounds: int = 5
    say: Callable[[str], None] = print
    verdicts: dict[str, str] = field(default_factory=dict)
    """By the input's name, whether our last output and pydub's are the same."""
    _warm: bytearray = field(default_factory=lambda: bytearray(4 << 20))

    def input(self, kind: str, length_s: int, fmt: AudioFormat = PLAIN) -> Path:
        """Return an input, which is made where it is missing."""
        return make(self.folder, kind, length_s, fmt)

    def warm(self, size: int) -> None:
        """Write and remove a file of `size` bytes, so that every run finds memory that the machine has.

        A virtual machine gives memory that is free for two seconds back to its host, and the first to write into it
        again pays ten times as much: without this, that would be all that is measured.
        """
        path = self.folder / "warm.tmp"
        with path.open("wb", buffering=0) as file:
            for _ in range(0, size, len(self._warm)):
                file.write(self._warm)
        path.unlink()

    def race(self, source: Path, runners: Sequence[Peer]) -> dict[str, Runs]:
        """Run programs on one file in turn, and compare what we and pydub made of it."""
        size = source.stat().st_size
        commands = {peer.name: peer.command(source, self.folder / _target(peer)) for peer in runners}
        slow = {peer.name for peer in runners if peer.slow and size > 500_000_000}
        rounds = {name: 1 if name in slow else self.rounds for name in commands}

        targets = {peer.name: self.folder / _target(peer) for peer in runners}
        kept = {OURS, PYDUB} if {OURS, PYDUB} <= set(targets) else set()

        def before(name: str) -> None:
            targets[name].unlink(missing_ok=True)
            self.warm(size)

        def after(name: str) -> None:
            if name not in kept:
                targets[name].unlink()

        self.say(f"  {source.name}: {', '.join(commands)}")
        found = in_turn(commands, rounds, before, after)
        if kept:
            self.verdicts[source.name] = compare(targets[OURS], targets[PYDUB])
            for name in kept:
                targets[name].unlink()
        return found

    def alone(self, commands: Mapping[str, Sequence[str]], size: int, after: Callable[[], None]) -> dict[str, Runs]:
        """Run any commands in turn."""
        rounds = dict.fromkeys(commands, self.rounds)
        return in_turn(commands, rounds, lambda _: self.warm(size), lambda _: after())


def _target(peer: Peer) -> str:
    return f"out-{peer.name.split()[0].strip(',')}-{peers.PEERS.index(peer)}.wav"


@dataclass(frozen=True, slots=True)
class Point:
    """One program at one length of sound: for the plot."""

    name: str
    seconds_of_sound: int
    took: float


def start_up(shop: Workshop) -> dict[str, Runs]:
    """Measure what every run of ours takes before its first block, and a bare Python with numpy."""
    source = shop.input("meeting", 1)
    ours = next(peer for peer in PEERS if peer.name == OURS)
    target = shop.folder / _target(ours)
    commands = {OURS: ours.command(source, target), "python with numpy": [sys.executable, "-c", "import numpy"]}
    return shop.alone(commands, 0, lambda: target.unlink(missing_ok=True))


def lengths(shop: Workshop, all_seconds: Sequence[int], runners: Sequence[Peer]) -> tuple[list[Table], list[Point]]:
    """Return the tables of all programs over lengths of the same mixture of sound, and of linearity, and the points."""
    base = start_up(shop)
    bare, begin = base["python with numpy"].peak_mib, base[OURS].cpu
    tables, points = [], []
    linear = Table(
        "Cost per frame",
        f"CPU time of a whole run, which other work on the machine disturbs least, above the {seconds(begin)} that one "
        f"second of sound takes. Memory is above the {bare:.0f} MiB of a bare Python with numpy.",
        ("length", "ns a frame", "of 1 h", "peak memory"),
    )
    costs: dict[int, tuple[float, float]] = {}
    for number in all_seconds:
        source = shop.input("meeting", number)
        racing = [peer for peer in runners if number <= PEERS_UP_TO or peer.name in (OURS, COPY)]
        found = shop.race(source, racing)
        points += [Point(name, number, runs.seconds) for name, runs in found.items()]
        tables.append(_length_table(source, number, found, bare))
        ours = found[OURS]
        costs[number] = (1e9 * (ours.cpu - begin) / (number * PLAIN.rate), ours.peak_mib - bare)
        if number > PEERS_UP_TO:
            source.unlink()
    hour = costs.get(3600, next(iter(costs.values())))[0]
    for number, (cost, peak) in costs.items():
        linear.rows.append((length(number), f"{cost:.2f}", f"{100 * cost / hour:.0f} %", f"{peak:.0f} MiB"))
    return [*tables, linear], points


def _length_table(source: Path, number: int, found: Mapping[str, Runs], bare: float) -> Table:
    ours, rules = found[OURS], {peer.name: peer.rule for peer in PEERS}
    size = source.stat().st_size
    table = Table(
        f"{length(number)} of 24-bit stereo at 48 kHz ({size / 1e6:.0f} MB)",
        f"A mixture of speech, music, digital silence and a quiet room; "
        f"{100 * kept_part(source):.0f} % is kept. Whole processes, in turn; medians, with the shortest and longest.",
        ("program", "runs", "time", "of ours", "CPU", "peak above numpy", "its rule"),
    )
    for name, runs in found.items():
        table.rows.append(
            (
                name,
                str(runs.count),
                spread(runs.seconds, runs.least_and_most, runs.count),
                ratio(runs.seconds / ours.seconds),
                seconds(runs.cpu),
                f"{max(0, runs.peak_mib - bare):.0f} MiB",
                rules[name],
            )
        )
    return table


def facts(source: Path) -> dict[str, object]:
    """Return what `trim --dry-run --json` says of a file."""
    command = [sys.executable, "-m", "tray_app", "trim", str(source), "--dry-run", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found[0]


def kept_part(source: Path) -> float:
    """Return which part of a file trimming keeps."""
    found = facts(source)
    return float(str(found["kept_frames"])) / float(str(found["frames"]))


def identity(shop: Workshop, cases: Sequence[tuple[str, int]]) -> Table:
    """Compare our output with pydub's, byte for byte in the file's own width."""
    table = Table(
        "The same as pydub",
        "The trimmed file of pydub 0.25.1 at seek_step=1, cut to the 24 bits that its 32 were made of, against ours.",
        ("sound", "length", "kept", "compared"),
    )
    ours, theirs = (next(peer for peer in PEERS if peer.name == name) for name in (OURS, PYDUB))
    for kind, number in cases:
        source = shop.input(kind, number)
        one, other = shop.folder / _target(ours), shop.folder / _target(theirs)
        if source.name not in shop.verdicts:
            shop.say(f"  {source.name}: comparing")
            measure(ours.command(source, one))
            measure(theirs.command(source, other))
            shop.verdicts[source.name] = compare(one, other)
            one.unlink()
            other.unlink()
        table.rows.append((kind, length(number), f"{100 * kept_part(source):.0f} %", shop.verdicts[source.name]))
    return table


def compare(ours: Path, theirs: Path) -> str:
    """Say whether a 24-bit file holds what a 32-bit file of pydub's holds."""
    with ours.open("rb") as file:
        frames = WavReader(file).frames
    their_frames = soundfile.info(theirs).frames if frames else 0
    if frames != their_frames:
        return f"{frames} frames, pydub {their_frames}"
    if not frames:
        return "both are empty"
    blocks = (soundfile.blocks(path, 1 << 18, dtype="int32") for path in (ours, theirs))
    for number, (one, other) in enumerate(zip(*blocks, strict=True)):
        if not np.array_equal(one >> 8, other >> 8):
            return f"differ in block {number}"
    return "identical"


def kinds(shop: Workshop, number: int) -> Table:
    """Measure every kind of sound by itself."""
    table = Table(
        f"Kinds of sound, {length(number)} each",
        "What there is to measure exactly, and to write, differs.",
        ("sound", "kept", "time", "of cp"),
    )
    runners = [peer for peer in PEERS if peer.name in (OURS, COPY)]
    for kind in KINDS:
        source = shop.input(kind, number)
        found = shop.race(source, runners)
        ours = found[OURS]
        part = f"{100 * kept_part(source):.0f} %"
        time = spread(ours.seconds, ours.least_and_most, ours.count)
        table.rows.append((kind, part, time, ratio(ours.seconds / found[COPY].seconds)))
    return table


WORST: tuple[tuple[str, str, AudioFormat, float], ...] = (
    ("plain: the mixture, 48 kHz, 24-bit stereo", "meeting", PLAIN, 1),
    ("a sine of −40.000 dBFS, at the threshold", "threshold", PLAIN, 1),
    ("loud and silent milliseconds in turn", "alternating", PLAIN, 1),
    ("6 channels", "meeting", AudioFormat(48_000, 6, 24), 1 / 3),
    ("192 kHz", "meeting", AudioFormat(192_000, 2, 24), 1 / 4),
    ("44.1 kHz", "meeting", AudioFormat(44_100, 2, 24), 48 / 44.1),
    ("11 025 Hz", "meeting", AudioFormat(11_025, 2, 24), 48_000 / 11_025),
    ("16 bits", "meeting", AudioFormat(48_000, 2, 16), 1),
    ("32 bits", "meeting", AudioFormat(48_000, 2, 32), 1),
)
"""What it is, the sound, its format, and how much longer it has to be to hold as many samples."""


def worst(shop: Workshop, number: int) -> Table:
    """Measure what is hardest, per sample."""
    table = Table(
        f"Worst cases, as many samples as {length(number)} of the plain case",
        "CPU time: ns a sample of one channel beyond start-up, and how much of the plain case that is.",
        ("sound", "time", "ns a sample", "of plain"),
    )
    begin = start_up(shop)[OURS].cpu
    ours = next(peer for peer in PEERS if peer.name == OURS)
    plain = 0.0
    for name, kind, fmt, longer in WORST:
        long = max(2, round(number * longer))
        runs = shop.race(shop.input(kind, long, fmt), [ours])[OURS]
        cost = 1e9 * (runs.cpu - begin) / (long * fmt.rate * fmt.channels)
        plain = plain or cost
        time = spread(runs.seconds, runs.least_and_most, runs.count)
        table.rows.append((name, time, f"{cost:.2f}", ratio(cost / plain)))
    return table


def many(shop: Workshop, count: int, number: int) -> Table:
    """Trim a folder of files with one core and with all."""
    folder, target = shop.folder / "many", shop.folder / "many-out"
    folder.mkdir(exist_ok=True)
    size = 0
    for index in range(count):
        path = folder / f"{index}.wav"
        if not path.exists():
            shutil.copy(shop.input("meeting", number), path)
        size += path.stat().st_size
    command = [sys.executable, "-m", "tray_app", "trim", str(folder), "--output", f"{target}/"]
    copying = ["cp", "-r", "--reflink=never", str(folder), str(target)]
    commands = {"all cores": command, "one core": ["taskset", "-c", "0", *command], "cp -r": copying}
    found = shop.alone(commands, size, lambda: shutil.rmtree(target, ignore_errors=True))
    shutil.rmtree(folder)
    cores = os.cpu_count()
    table = Table(
        f"A folder of {count} files of {length(number)}",
        f"One command; this machine has {cores} cores.",
        ("program", "time", "of all cores", "CPU", "peak memory"),
    )
    for name, runs in found.items():
        time = spread(runs.seconds, runs.least_and_most, runs.count)
        part = ratio(runs.seconds / found["all cores"].seconds)
        table.rows.append((name, time, part, seconds(runs.cpu), f"{runs.peak_mib:.0f} MiB"))
    return table


def present(say: Callable[[str], None]) -> list[Peer]:
    """Return the programs that are installed, and say which are not."""
    for peer in PEERS:
        if not peer.there:
            say(f"{peer.name} is left out: {peer.needs} is not installed.")
    return [peer for peer in PEERS if peer.there]
