"""What lies in the save folder, for the menu: the last recordings, and the originals with their ages."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tray_app.disk import Disk
from tray_app.outputs import FORMATS
from tray_app.take.cutlist import find, is_worked_on, original_of_take
from tray_app.take.names import ORIGINALS
from tray_app.take.take import MARKER
from tray_app.tray.view import Originals, Recent

MOST = 10
"""Recordings that are shown as recent."""

LOOKED_INTO = 50
"""Originals, the newest, whose cut lists are read for whether anything was heard. Who moves trimmed files elsewhere may
have thousands, and a cut list of thousands of cuts takes some milliseconds.
"""

AGES = (7, 30, 90)
"""Days after which originals can be recycled."""

_SOUND = {f".{known.ending}" for known in FORMATS.values()}
_DAY = 86_400.0
_Found = tuple[Path, float]
"""A recording, and the time at which it was last written."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was found: `recent` the newest first; `originals` None where there are none."""

    recent: tuple[Recent, ...] = ()
    originals: Originals | None = None


def look(disk: Disk, folder: Path, now: Callable[[], float] = time.time) -> Shelf:
    """Look into the save folder. Takes that are being made are not shown. Raises `OSError`."""
    originals = list(_finished(disk, folder / ORIGINALS))
    recent = tuple(itertools.islice(_last(disk, folder, originals), MOST))
    if not originals:
        return Shelf(recent)
    sizes = {path: disk.size(path) for path, _ in originals}
    at = now()
    older = []
    for days in AGES:
        old = [path for path, changed in originals if changed < at - days * _DAY]
        older.append((days, len(old), sum(sizes[path] for path in old)))
    return Shelf(recent, Originals(len(originals), sum(sizes.values()), tuple(older)))


def _last(disk: Disk, folder: Path, originals: list[_Found]) -> Iterator[Recent]:
    """Yield the recordings, the newest first. Where nothing was heard the original is all that there is of one."""
    shown = set[Path | None]()
    for path, _ in _newest_first([*_finished(disk, folder), *_newest_first(originals)[:LOOKED_INTO]]):
        if path.parent == folder:
            recent = _recent(disk, path)
            shown.add(recent.original)
            yield recent
        # Trimmed again there may be something of it after all. That is newer, so it was found before.
        elif path not in shown and _is_unheard(disk, path):
            yield Recent(path, known=True, original=path, heard=False)


def _newest_first(found: list[_Found]) -> list[_Found]:
    return sorted(found, key=lambda one: one[1], reverse=True)


def _is_unheard(disk: Disk, original: Path) -> bool:
    """Return whether all of an original was silent, so that no trimmed file was made of it."""
    known = original_of_take(disk, original)
    return known is not None and known.facts.kept_frames == 0 < known.facts.frames


def _recent(disk: Disk, path: Path) -> Recent:
    """Look up what is known of a recording."""
    found = find(disk, path)
    if found is None or found.facts.kept_frames is None:
        return Recent(path)
    original = found.original
    if original is None or original.parent.name != ORIGINALS:
        return Recent(path, known=True)
    kept = disk.exists(original) and not is_worked_on(disk, original)
    return Recent(path, known=True, original=original if kept else None)


def older_originals(disk: Disk, folder: Path, days: int, now: Callable[[], float] = time.time) -> list[Path]:
    """Return the originals in a save folder that are older than so many days, each with what belongs to it.

    Those are its labels, and its cut list where there is no trimmed file any more that it is about.
    """
    old = [path for path, changed in _finished(disk, folder / ORIGINALS) if changed < now() - days * _DAY]
    trimmed = {path.stem for path in disk.list(folder) if path.suffix.lower() in _SOUND}
    found = []
    for path in old:
        cut_list = [] if path.stem in trimmed else [path.with_suffix(".json")]
        found += [path, *(file for file in (*cut_list, path.with_suffix(".txt")) if disk.exists(file))]
    return found


def _finished(disk: Disk, folder: Path) -> Iterator[_Found]:
    """Yield the finished recordings in a folder, each with the time at which it was last written."""
    files = disk.list(folder)
    # A marker is there as long as a take is being made or worked on; the one of a trimmed file lies with its original.
    marked = {path.stem for path in files if path.suffix == MARKER}
    for path in files:
        if path.suffix.lower() in _SOUND and path.stem not in marked and not path.name.startswith("."):
            try:
                changed = disk.modified(path)
            except OSError:  # it has gone meanwhile
                continue
            yield path, changed
