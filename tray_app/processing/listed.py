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
from tray_app.take.cutlist import ENDING, find, is_about, is_worked_on, names_beside, original_of_take, read
from tray_app.take.facts import Facts, write_sidecar
from tray_app.take.labels import write_labels
from tray_app.take.names import free_name

log = logging.getLogger(__name__)

LABELS = ".txt"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a trimmed file goes, and the names that its cut list may have, the usual one first.

    There are none where `sound` itself has the usual one.
    """

    sound: Path
    cut_lists: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """What was done: its facts, and where cut list and labels are as far as there are any."""

    facts: Facts
    cut_list: Path | None = None
    labels: Path | None = None


def beside(sound: Path) -> Target:
    """Return the target of a file with the cut list beside it."""
    names = names_beside(sound)
    return Target(sound, () if sound in names else names)


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
    return Target(home.parent / f"{name}.{ending}", (home / f"{name}{ENDING}",))


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

    Of files that have the cut list's name only the list of an earlier file at the same target is replaced. Where each
    name is somebody else's that is refused as the target itself is; with `force` there is no cut list then. Raises as
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
            # Without a cut list of ours beside them, labels that are there may be another file's.
            replaces = force and cut_list is not None
            at = write_labels(disk, (cut_list or target.sound).with_suffix(LABELS), facts, replaces=replaces)
    except OSError as error:
        wrong = cut_list or target.sound
        raise storage_error(disk_said.WRITE_CUTS, wrong, error, safe=disk_said.is_complete(sound)) from error
    return Listed(facts, cut_list, at)


def _free(disk: Disk, target: Target, *, force: bool) -> Path | None:
    """Return where the cut list may be written; None where each name is somebody else's, and `force`."""
    taken = [path for path in target.cut_lists if disk.exists(path)]
    # Whether their sound may be replaced is asked there.
    own = [path for path in taken if _is_list_of(disk, path, target.sound)]
    free = [path for path in target.cut_lists if path not in taken]
    if own or free:
        return own[-1] if own else free[0]
    if taken and not force:
        raise OutputExistsError(disk_said.exists(taken[0], files_said.CHOOSE_OUTPUT_OR_NO_LIST))
    if taken:
        log.warning("%s stays, so %s has no cut list", taken[0], target.sound)
    return None


def _is_list_of(disk: Disk, path: Path, sound: Path) -> bool:
    """Return whether a file is the cut list of what was trimmed into `sound`."""
    found = read(disk, path)
    return found is not None and is_about(found, sound, original=False)


def _with_known(disk: Disk, source: Path, facts: Facts) -> Facts:
    """Add what is known of a take that was recorded here: where its gaps and pauses are."""
    known = find(disk, source)
    if known is None or not is_about(known, source, trimmed=False) or known.facts.frames != facts.frames:
        return facts
    return replace(known.facts, name=facts.name, stop_ms=None).with_cuts(facts.cuts, facts.kept_frames or 0, facts.rule)
