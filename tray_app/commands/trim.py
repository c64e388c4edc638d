"""`tray-recorder trim`: removes the silence from files that exist."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tray_app.audio.rule import CutRule, rule_of
from tray_app.commands import cut_options
from tray_app.commands.bar import Bar, progress_bar
from tray_app.commands.formats import QUALITIES, add_format, format_of, known_format
from tray_app.commands.output import is_folder
from tray_app.disk import Disk, storage_error
from tray_app.errors import AudioFileError, OutputExistsError, RecorderError, SettingError
from tray_app.outputs import AS_RECORDED, Output
from tray_app.processing.listed import Listed, Target, again, beside, trim_listed
from tray_app.processing.many import at_once
from tray_app.processing.progress import Cancelled
from tray_app.sentences import disk as disk_said
from tray_app.sentences import files as files_said
from tray_app.sentences import terminal as said
from tray_app.settings import Settings

log = logging.getLogger(__name__)

ABOUT: tuple[str, ...] = (
    "Remove the silence from files that exist.",
    "Writes NAME_trimmed.wav beside each file, or what --output says, and\n"
    "NAME_trimmed.json, the list of the cuts. Inputs are never changed. A WAV keeps\n"
    "its format, and but for fades what is kept of it is copied bit for bit. Other\n"
    "formats become WAV with their own rate, channels and bits, for a lossy one would\n"
    "lose again; --format, or the ending of --output, asks for another. Of a folder\n"
    "all sound files are trimmed that were not already; several files are worked on\n"
    "at once. The kept original of a take is trimmed again into the save folder,\n"
    "beside the earlier file.",
)
TRIMMED = "_trimmed"
SOUND_ENDINGS = {
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".caf", ".flac", ".mp3", ".ogg", ".oga", ".opus"),
    *(".m4a", ".aac", ".mp4", ".wma", ".webm", ".mka"),
}
"""What of a folder is taken for sound. Whether it is, reading it tells."""
OVERRIDES = {**cut_options.OVERRIDES, "labels": "RECORDER_LABELS", **QUALITIES}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a sound file, or a folder of them")
    parser.add_argument("--output", metavar="FILE-or-FOLDER", help="where to write; a file only for a single input")
    cut_options.add(parser)
    add_format(parser)
    add_labels(parser)
    parser.add_argument("--picture", action="store_true", help="draw what was cut, as NAME.png beside each output")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, only tell what would be cut")
    parser.add_argument("--force", action="store_true", help="replace an existing output; trim a WAV that is cut short")
    parser.add_argument("--json", action="store_true", help="print a JSON list with the cuts of every file")


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Describe the argument that asks for labels."""
    parser.add_argument(
        "--labels",
        action="store_const",
        const="true",
        help="write labels of the cuts for Audacity, with times of the original, beside the cut list",
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Trim every file, several at once; one that fails is said and does not keep the others from being trimmed.

    Raises `SettingError` where options contradict each other.
    """
    files, failures = _files(args.files)
    if args.output and len(files) > 1 and not is_folder(args.output):
        raise SettingError(said.ONE_OUTPUT)
    if args.picture and args.dry_run:
        raise SettingError(said.DRY_PICTURE)
    output = _output(args, settings)
    pairs = [(source, None if args.dry_run else target_of(source, args.output, output)) for source in files]
    results: list[dict[str, Any]] = []
    name = files[0].name if len(files) == 1 else said.files(len(files))
    with progress_bar(name, [_size(source) for source in files]) as bar:
        asked = _Asked(rule_of(settings), output, force=args.force, labels=settings.labels, picture=args.picture)
        work = _Work(pairs, asked, bar)
        found = at_once(work, range(len(pairs)))
        for failure in failures:
            _say_failure(failure, bar)
        # Closed at once, so that Ctrl-C waits for what is being written to be taken away again.
        with contextlib.closing(found):
            for (source, target), outcome in zip(pairs, found, strict=True):
                if isinstance(outcome, RecorderError):
                    failures.append(outcome)
                    _say_failure(outcome, bar)
                    continue
                results.append(_result(source, target, outcome))
                if not args.json:
                    bar.say(_line(source, target, outcome), sys.stdout)
                if outcome.wrong is not None:
                    failures.append(outcome.wrong)
                    _say_failure(outcome.wrong, bar)
    if args.json:
        print(json.dumps(results, ensure_ascii=False))
    return 1 if failures else 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wished for, of every file."""

    rule: CutRule
    output: Output
    force: bool
    labels: bool
    picture: bool


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of a file; `wrong` where it is trimmed, but its picture could not be made."""

    listed: Listed
    picture: Path | None = None
    wrong: RecorderError | None = None


class _Work:
    """Trims the pair of source and target with a number; what goes wrong with it is its result."""

    def __init__(self, pairs: list[tuple[Path, Target | None]], asked: _Asked, bar: Bar) -> None:
        self._pairs, self._asked, self._bar = pairs, asked, bar
        names = [None if target is None else _key(target.sound) for _, target in pairs]
        self._taken = {index for index, name in enumerate(names) if name is not None and name in names[:index]}

    def __call__(self, index: int, cancelled: Cancelled) -> _Done | RecorderError:
        source, target = self._pairs[index]
        progress, asked = self._bar.of(index), self._asked
        try:
            if target is not None and index in self._taken:
                raise OutputExistsError(files_said.output_twice(target.sound, source))
            listed = trim_listed(
                *(Disk(), source, target, asked.rule),
                output=asked.output,
                labels=asked.labels,
                force=asked.force,
                progress=progress,
                cancelled=cancelled,
            )
            if target is None or not asked.picture:
                return _Done(listed)
            return self._drawn(source, target, listed, cancelled)
        except RecorderError as error:
            return error
        finally:
            if progress is not None:
                progress(1.0)

    def _drawn(self, source: Path, target: Target, listed: Listed, cancelled: Cancelled) -> _Done:
        # Late: most who trim want no picture.
        from tray_app.picture.make import ENDING, picture_of_cut, save

        try:
            picture = picture_of_cut(Disk(), source, listed.facts, target.sound.name, cancelled=cancelled)
            return _Done(listed, save(Disk(), picture, target.sound.with_suffix(ENDING)))
        except RecorderError as error:
            return _Done(listed, wrong=error)


def _say_failure(error: RecorderError, bar: Bar) -> None:
    log.error("%s (%s)", error, error.detail)
    bar.say(f"tray-recorder: {error}", sys.stderr)


def _key(path: Path) -> str:
    """Return what two names of one file have in common, as far as names tell."""
    return os.path.normcase(path.absolute())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # trimming will say why


def _files(given: Sequence[Path]) -> tuple[list[Path], list[RecorderError]]:
    """Return the files that are meant: those given, and of folders the sound files; and what is wrong with folders."""
    files: list[Path] = []
    failures: list[RecorderError] = []
    for path in given:
        if path.is_dir():
            try:
                found = sound_files(path)
            except OSError as error:
                failures.append(storage_error(disk_said.READ, path, error, safe=disk_said.NOTHING_CHANGED))
                continue
            if not found:
                failures.append(AudioFileError(files_said.nothing_to_trim(path)))
            files += found
        else:
            # Other systems' shells have done it.
            files += matching(path) if sys.platform == "win32" else [path]
    return files, failures


def sound_files(folder: Path) -> list[Path]:
    """Return the sound files of a folder by their names' ends, sorted; not what `trim` itself has put there.

    Raises `OSError` where the folder cannot be read. Folders below it are not looked into.
    """
    names = sorted(path for path in folder.iterdir() if path.suffix.lower() in SOUND_ENDINGS)
    return [path for path in names if not (path.name.startswith(".") or path.stem.endswith(TRIMMED)) and path.is_file()]


def matching(path: Path) -> list[Path]:
    """Return the files whose names fit a path with `*` or `?` in its name; the path itself where none does."""
    if not set("*?") & set(path.name):
        return [path]
    return sorted(file for file in path.parent.glob(path.name.replace("[", "[[]")) if file.is_file()) or [path]


def target_of(source: Path, place: str | None, output: Output = AS_RECORDED) -> Target:
    """Return where the trimmed file of `source` goes. Raises `StorageError` where a folder cannot be read."""
    ending = output.format.ending
    if place is None:
        return again(Disk(), source, ending) or beside(source.with_name(f"{source.stem}{TRIMMED}.{ending}"))
    return beside(Path(place) / f"{source.stem}.{ending}" if is_folder(place) else Path(place))


def _output(args: argparse.Namespace, settings: Settings) -> Output:
    """Return what is to be written: by `--format`, else by the ending of `--output`, else WAV."""
    if args.output and not is_folder(args.output):
        return settings.output_as(format_of(Path(args.output), args.output_format))
    return settings.output_as(known_format(args.output_format)) if args.output_format else AS_RECORDED


def _result(source: Path, target: Target | None, done: _Done) -> dict[str, Any]:
    found = done.listed.facts.as_json()
    for unknown in ("stop_ms", "started", "stopped", "source"):
        del found[unknown]
    files = {
        "trimmed": None if target is None else target.sound,
        "original": source,
        "cut_list": done.listed.cut_list,
        "labels": done.listed.labels,
        "picture": done.picture,
    }
    return {**{key: None if path is None else str(path) for key, path in files.items()}, **found}


def _line(source: Path, target: Target | None, done: _Done) -> str:
    facts = done.listed.facts
    kept = facts.format.seconds(facts.kept_frames or 0)
    file = source if target is None else target.sound
    told = said.trimmed(file, facts.seconds, kept, len(facts.cuts), cut_options.found(facts.rule))
    return told if target is not None else "\n".join([told, *(said.cut(*cut) for cut in facts.cuts)])
