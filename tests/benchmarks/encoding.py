"""Making other formats of a WAV: this program and ffmpeg in turn on the same file, at settings that mean the same."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import soundfile

from tests.benchmarks.process import Runs, in_turn
from tests.benchmarks.report import Table, length, ratio, spread
from tests.benchmarks.trimming import Workshop, start_up

FORMATS = {
    "flac": ["-c:a", "flac", "-compression_level", "5"],
    "mp3": ["-c:a", "libmp3lame", "-q:a", "2"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "5"],
    "opus": ["-c:a", "libopus", "-b:a", "128k"],
    "m4a": ["-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"],
}
"""What ffmpeg is told, for what this program writes by default."""


PROGRAM = (sys.executable, "-m", "tray_app")


def ours(source: Path, target: Path, program: Sequence[str] = PROGRAM) -> list[str]:
    """Keep all of it: no silence is as long and as soft. It is looked for, and the output read back, all the same."""
    silence = ["--min-silence-len", "60000", "--silence-thresh=-120"]
    return [*program, "trim", str(source), "--output", str(target), "--force", *silence]


def ffmpeg(source: Path, target: Path, options: Sequence[str], program: str = "ffmpeg") -> list[str]:
    """Encode, and nothing else."""
    return [program, "-nostdin", "-v", "error", "-y", "-i", str(source), *options, str(target)]


def libsndfile() -> str:
    """Say which one soundfile has found: that of its wheels for Linux was compiled without optimisation."""
    whose = "the system's" if find_spec("_soundfile_data") is None else "that of soundfile's wheel"
    return f"libsndfile {soundfile.__libsndfile_version__}, {whose}."


def encoding(shop: Workshop, lengths: Sequence[int]) -> Table:
    """Measure every format at every length."""
    table = Table(
        "Saving in another format",
        "48 kHz, 24-bit stereo: the whole command `trim`, which looks for silence, encodes, reads back and compares, "
        f"beside ffmpeg, which encodes. Peak memory of ours above a bare Python with numpy. {libsndfile()}",
        ("format, length", "ours", "times real time", "ffmpeg", "of ffmpeg", "size", "of ffmpeg's", "peak memory"),
    )
    bare = start_up(shop)["python with numpy"].peak_mib
    for number in lengths:
        source = shop.input("meeting", number)
        for name, options in FORMATS.items():
            found, sizes = _race(shop, source, name, options)
            one, other = found["ours"], found["ffmpeg"]
            table.rows.append(
                (
                    f"{name}, {length(number)}",
                    spread(one.seconds, one.least_and_most, one.count),
                    ratio(number / one.seconds),
                    spread(other.seconds, other.least_and_most, other.count),
                    ratio(one.seconds / other.seconds),
                    f"{sizes['ours'] / 1e6:.2f} MB",
                    ratio(sizes["ours"] / sizes["ffmpeg"]),
                    f"{max(0.0, one.peak_mib - bare):.0f} MiB",
                )
            )
    return table


def _race(shop: Workshop, source: Path, name: str, options: Sequence[str]) -> tuple[dict[str, Runs], dict[str, int]]:
    """Run both in turn; return what they took, and how large their files are."""
    targets = {who: shop.folder / f"{who}.{name}" for who in ("ours", "ffmpeg")}
    commands = {"ours": ours(source, targets["ours"]), "ffmpeg": ffmpeg(source, targets["ffmpeg"], options)}
    sizes: dict[str, int] = {}

    def before(who: str) -> None:
        targets[who].unlink(missing_ok=True)
        shop.warm(source.stat().st_size)

    def after(who: str) -> None:
        sizes[who] = targets[who].stat().st_size
        targets[who].unlink()

    shop.say(f"  {source.name}: {name}")
    found = in_turn(commands, dict.fromkeys(commands, shop.rounds), before, after)
    targets["ours"].with_suffix(".json").unlink()
    return found, sizes
