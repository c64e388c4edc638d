"""What lies in the save folder, for the menu: the last recordings, and the originals with their ages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tray_app.disk import Disk
from tray_app.outputs import FORMATS
from tray_app.take.cutlist import find, is_worked_on
from tray_app.take.names import ORIGINALS
from tray_app.take.take import MARKER
from tray_app.tray.view import Originals, Recent

MOST = 10
"""Recordings that are shown as recent."""

AGES = (7, 30, 90)
"""Days after which originals can be recycled."""

_SOUND = {f".{known.ending}" for known in FORMATS.values()}
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was found: `recent` the newest first; `originals` None where there are none."""

    recent: tuple[Recent, ...] = ()
    originals: Originals | None = None


def look(disk: Disk, folder: Path, now: Callable[[], float] = time.time) -> Shelf:
    """Look into the save folder. Takes that are being made are not shown. Raises `OSError`."""
    newest = sorted(_finished(disk, folder), key=lambda found: found[1], reverse=True)[:MOST]
    recent = tuple(_recent(disk, path) for path, _ in newest)
    originals = list(_finished(disk, folder / ORIGINALS))
    if not originals:
        return Shelf(recent)
    sizes = {path: disk.size(path) for path, _ in originals}
    at = now()
    older = []
    for days in AGES:
        old = [path for path, changed in originals if changed < at - days * _DAY]
        older.append((days, len(old), sum(sizes[path] for path in old)))
    return Shelf(recent, Originals(len(originals), sum(sizes.values()), tuple(older)))


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


def _finished(disk: Disk, folder: Path) -> Iterator[tuple[Path, float]]:
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
