"""Cut lists: from a recording to what is known of it.

A cut list is a sidecar: a take's lies in `originals`, beside its original, one that `trim` writes beside the trimmed
file. docs/CUTLIST.md says what is in it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tray_app.disk import Disk
from tray_app.take.facts import Facts, read_sidecar
from tray_app.take.names import ORIGINALS
from tray_app.take.take import MARKER

ENDING = ".json"

_NUMBERED = re.compile(r"(.+) \(\d+\)")


@dataclass(frozen=True, slots=True)
class CutList:
    """The cut list at `path`, and where the files are that it is about, whether they are there or not: whole paths.

    `original` is None where the cut list does not know it, `trimmed` where there is none.
    """

    path: Path
    facts: Facts
    original: Path | None
    trimmed: Path | None


def names_beside(file: Path) -> tuple[Path, Path]:
    """Return the names that the cut list of a file may have beside it: `NAME.json`, or else `NAME.wav.json`.

    So a `NAME.flac` and a `NAME.mp3` have one each. Where both are about the file the second one counts.
    """
    return file.with_suffix(ENDING), file.with_name(f"{file.name}{ENDING}")


def find(disk: Disk, file: Path) -> CutList | None:
    """Return the cut list of a recording, which may be the original or the trimmed file. None where there is none.

    A take's trimmed file may have got another ending, or a number where its name was taken.
    """
    file = file.absolute()
    below = file.parent / ORIGINALS
    candidates = [*reversed(names_beside(file)), below / f"{file.stem}{ENDING}"]
    if numbered := _NUMBERED.fullmatch(file.stem):
        candidates.append(below / f"{numbered[1]}{ENDING}")
    found = (read(disk, path) for path in candidates if path != file)
    return next((one for one in found if one is not None and _is_about(disk, one, file)), None)


def read(disk: Disk, path: Path) -> CutList | None:
    """Read a cut list; None where there is none."""
    path = path.absolute()
    facts = read_sidecar(disk, path)
    if facts is None:
        return None
    # A take's first sidecar names no files: they have its name.
    original = path.parent / facts.original if facts.original else path.with_suffix(".wav")
    trimmed = path.parent / facts.trimmed if facts.trimmed else None
    if trimmed is None and path.parent.name == ORIGINALS and facts.kept_frames:
        trimmed = path.parent.parent / f"{path.stem}.wav"
    return CutList(path, facts, original, trimmed)


def original_of_take(disk: Disk, file: Path) -> CutList | None:
    """Return the cut list of the take whose kept original `file` is; None for any other file."""
    if file.absolute().parent.name != ORIGINALS:
        return None
    found = find(disk, file)
    return found if found is not None and is_about(found, file, trimmed=False) else None


def is_about(found: CutList, file: Path, *, trimmed: bool = True, original: bool = True) -> bool:
    """Return whether a cut list names `file` as its trimmed file or its original."""
    file = file.absolute()
    return (trimmed and _same(found.trimmed, file)) or (original and _same(found.original, file))


def is_worked_on(disk: Disk, original: Path) -> bool:
    """Return whether a take is still recorded or finished: its marker is there."""
    return disk.exists(original.with_suffix(MARKER))


def _is_about(disk: Disk, found: CutList, file: Path) -> bool:
    if is_about(found, file):
        return True
    # Names of takes are free whatever the ending, so another ending is another format of the same.
    trimmed = found.trimmed
    moved = trimmed is not None and trimmed.stem == file.stem and not disk.exists(trimmed)
    return moved and found.path.parent == file.parent / ORIGINALS


def _same(one: Path | None, other: Path) -> bool:
    """Whether two whole names are the same as far as names tell: `..` is taken out, case is the system's business."""
    return one is not None and _plain(one) == _plain(other)


def _plain(path: Path) -> str:
    return os.path.normcase(os.path.normpath(path))
