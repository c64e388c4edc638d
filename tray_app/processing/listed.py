"""Trims a file, and writes beside what comes of it the cut list, and labels where they are wished for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from tray_app.audio.rule import CutRule
from tray_app.disk import Disk, storage_error
from tray_app.errors import OutputExistsError, TakeBusyError
from tray_app.outputs import AS_RECORDED, WAV, Output
from tray_app.processing.progress import Cancelled, Progress
from tray_app.processing.trimming import trim_file
from tray_app.sentences import disk as disk_said
from tray_app.sentences import files as files_said
from tray_app.sentences import recording as recording_said
from tray_app.take.cutlist import ENDING, find, is_about, is_worked_on, original_of_take, read
from tray_app.take.facts import Facts, write_sidecar
from tray_app.take.labels import write_labels
from tray_app.take.names import free_name

log = logging.getLogger(__name__)

LABELS = ".txt"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a trimmed file goes, and its cut list; None where `sound` itself has the name that it would have."""

    sound: Path
    cut_list: Path | None


@dataclass(frozen=True, slots=True)
class Listed:
    """What was done: its facts, and where cut list and labels are as far as there are any."""

    facts: Facts
    cut_list: Path | None = None
    labels: Path | None = None


def beside(sound: Path) -> Target:
    """Return the target of a file with the cut list beside it."""
    cut_list = sound.with_suffix(ENDING)
    return Target(sound, None if cut_list == sound else cut_list)


def again(disk: Disk, source: Path, ending: str = WAV) -> Target | None:
    """Return where a kept original of a take goes when it is trimmed once more; None for any other file.

    To the save folder under the next free name of the take, its cut list to the original, under that name too: so
    neither the first trimmed file nor its cut list is touched. Raises `StorageError`.
    """
    if original_of_take(disk, source) is None:
        return None
    home = source.absolute().parent
    try:
        name = free_name(disk, [home.parent, home], source.stem)
    except OSError as error:
        raise storage_error(disk_said.TRIM, source, error, safe=disk_said.NOTHING_CHANGED) from error
    return Target(home.parent / f"{name}.{ending}", home / f"{name}{ENDING}")


def trim_listed(
    disk: Disk,
    source: Path,
    target: Target | None,
    rule: CutRule,
    *,
    output: Output = AS_RECORDED,
    labels: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Listed:
    """Trim as `trim_file` does, then write the cut list, and with `labels` labels beside it.

    A file that has the cut list's name is refused as the target itself is. With `force` only the cut list of an earlier
    file at the same target is replaced; what is somebody else's stays, and there is no cut list then. Raises as
    `trim_file`, and `TakeBusyError` for an original that is still being recorded.
    """
    if target is not None and original_of_take(disk, source) is not None and is_worked_on(disk, source):
        raise TakeBusyError(recording_said.busy(source))
    cut_list = None if target is None else _free(disk, target, force=force)
    sound = None if target is None else target.sound
    facts = trim_file(*(disk, source, sound, rule), output=output, force=force, progress=progress, cancelled=cancelled)
    facts = _with_known(disk, source, facts)
    if target is None:
        return Listed(facts)
    try:
        if cut_list is not None:
            write_sidecar(disk, cut_list, facts.with_files(cut_list, source, sound))
        at = None
        if labels:
            at = write_labels(disk, (target.cut_list or target.sound).with_suffix(LABELS), facts, replaces=force)
    except OSError as error:
        wrong = cut_list or target.sound
        raise storage_error(disk_said.WRITE_CUTS, wrong, error, safe=disk_said.is_complete(sound)) from error
    return Listed(facts, cut_list, at)


def _free(disk: Disk, target: Target, *, force: bool) -> Path | None:
    """Return where the cut list may be written; None where there is somebody else's file, and `force`."""
    path = target.cut_list
    if path is None or not disk.exists(path):
        return path
    there = read(disk, path)
    if there is not None and is_about(there, target.sound, original=False):
        # Whether its sound may be replaced is asked there.
        return path
    if not force:
        raise OutputExistsError(disk_said.exists(path, files_said.CHOOSE_OUTPUT_OR_NO_LIST))
    log.warning("%s stays, so %s has no cut list", path, target.sound)
    return None


def _with_known(disk: Disk, source: Path, facts: Facts) -> Facts:
    """Add what is known of a take that was recorded here: where its gaps and pauses are."""
    known = find(disk, source)
    if known is None or not is_about(known, source, trimmed=False) or known.facts.frames != facts.frames:
        return facts
    return replace(known.facts, name=facts.name, stop_ms=None).with_cuts(facts.cuts, facts.kept_frames or 0, facts.rule)
