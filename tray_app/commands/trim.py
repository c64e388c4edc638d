"""`tray-recorder trim`: removes the silence from files that exist."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tray_app.disk import Disk
from tray_app.errors import RecorderError, SettingError
from tray_app.processing.trimming import Progress, trim_file
from tray_app.settings import Settings
from tray_app.take.facts import Facts
from tray_app.words import clock_time

log = logging.getLogger(__name__)

ABOUT: tuple[str, ...] = (
    "Remove the silence from files that exist.",
    "Writes NAME_trimmed.wav beside each file, or what --output says. Inputs are never changed. A WAV keeps its\n"
    "format, and what is kept of it is copied bit for bit; other formats need ffmpeg and become WAV.",
)
OVERRIDES = {"min_silence_len": "RECORDER_MIN_SILENCE_LEN", "silence_thresh": "RECORDER_SILENCE_THRESH"}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a sound file")
    parser.add_argument("--output", metavar="FILE-or-FOLDER", help="where to write; a file only for a single input")
    add_silence(parser)
    parser.add_argument("--dry-run", action="store_true", help="write nothing, only tell what would be cut")
    parser.add_argument("--force", action="store_true", help="replace an existing output; trim a WAV that is cut short")
    parser.add_argument("--json", action="store_true", help="print a JSON list with the cuts of every file")


def add_silence(parser: argparse.ArgumentParser) -> None:
    """Describe the two arguments that say what silence is."""
    parser.add_argument("--min-silence-len", metavar="MS", help="the shortest silence that is removed, in milliseconds")
    parser.add_argument(
        "--silence-thresh", metavar="DBFS", help="what is at most this loud is silence, for example -40"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Trim file after file; one that fails is said and does not keep the others from being trimmed."""
    files = args.files
    if sys.platform == "win32":
        # Other systems' shells have done it.
        files = [match for path in files for match in matching(path)]
    if args.output and len(files) > 1 and not _is_folder(args.output):
        raise SettingError("--output names one file, but there are several inputs.", todo="Name a folder.")
    silence = (settings.min_silence_len, settings.silence_thresh)
    results: list[dict[str, Any]] = []
    failed = False
    for source in files:
        target = None if args.dry_run else target_of(source, args.output)
        try:
            with progress_bar(source.name) as progress:
                facts = trim_file(Disk(), source, target, silence, force=args.force, progress=progress)
        except RecorderError as error:
            log.error("%s (%s)", error, error.detail)
            print(f"tray-recorder: {error}", file=sys.stderr)
            failed = True
            continue
        results.append(_result(source, target, facts))
        if not args.json:
            print(_line(source, target, facts))
    if args.json:
        print(json.dumps(results, ensure_ascii=False))
    return 1 if failed else 0


def matching(path: Path) -> list[Path]:
    """Return the files whose names fit a path with `*` or `?` in its name; the path itself where none does."""
    if not set("*?") & set(path.name):
        return [path]
    return sorted(file for file in path.parent.glob(path.name.replace("[", "[[]")) if file.is_file()) or [path]


def target_of(source: Path, output: str | None) -> Path:
    """Return where the trimmed file of `source` goes."""
    if output is None:
        return source.with_name(f"{source.stem}_trimmed.wav")
    return Path(output) / f"{source.stem}.wav" if _is_folder(output) else Path(output)


def _is_folder(output: str) -> bool:
    """Whether an output names a folder: one that is there, one with a slash behind, or one with no extension."""
    return Path(output).is_dir() or output.endswith(("/", "\\")) or not Path(output).suffix


def _result(source: Path, target: Path | None, facts: Facts) -> dict[str, Any]:
    found = facts.as_json()
    for unknown in ("stop_ms", "started", "stopped", "source"):
        del found[unknown]
    return {"trimmed": None if target is None else str(target), "original": str(source), **found}


def _line(source: Path, target: Path | None, facts: Facts) -> str:
    kept = facts.format.seconds(facts.kept_frames or 0)
    told = f"{clock_time(facts.seconds)}, {clock_time(kept)} without silence, {len(facts.cuts)} cuts"
    if target is None:
        cuts = "".join(f"\n  {start / 1000:10.3f} s to {end / 1000:10.3f} s" for start, end in facts.cuts)
        return f"{source}: {told}{cuts}"
    return f"{target}: {told}"


@contextlib.contextmanager
def progress_bar(name: str) -> Iterator[Progress | None]:
    """Show a bar on standard error while a terminal looks; give the function that moves it, None where none does."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {remaining}"
    # Every step is drawn: there is one for 2 MiB, and a short file has a single one.
    with tqdm(total=100, desc=name, leave=False, bar_format=form, mininterval=0, miniters=0) as bar:
        yield _moving(bar.update, lambda: float(bar.n))


def _moving(update: Callable[[float], object], now: Callable[[], float]) -> Progress:
    return lambda done: (update(100 * done - now()), None)[1]
