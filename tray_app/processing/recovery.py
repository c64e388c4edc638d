"""Takes that a crash left: found by their markers, made whole, and handed to the queue as ordinary ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from tray_app.audio.wav import WavReader
from tray_app.audio.wav_repair import repair, states_nothing
from tray_app.disk import Disk, storage_error
from tray_app.sentences import disk as said
from tray_app.take.facts import Facts, write_sidecar
from tray_app.take.take import NewerMarkerError, Stage, Take, claim, markers

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Found:
    """What lies in a save folder: `takes` are ours now, `running` belong to others, `newer` to a newer version."""

    takes: list[Take] = field(default_factory=list)
    running: list[Path] = field(default_factory=list)
    newer: list[Path] = field(default_factory=list)


def find(disk: Disk, folder: Path) -> Found:
    """Claim every take in `folder` that nobody owns. Takes that a process is making are left alone.

    Raises `StorageError` when the folder cannot be read; a missing folder holds nothing.
    """
    found = Found()
    try:
        for marker in markers(disk, folder):
            try:
                take = claim(disk, marker)
            except NewerMarkerError:
                found.newer.append(marker)
                continue
            if take is not None:
                found.takes.append(take)
            elif disk.exists(marker):
                found.running.append(marker)
    except OSError as error:
        for take in found.takes:
            take.release()
        raise storage_error(said.LOOK_FOR_UNFINISHED, folder, error) from error
    return found


def has_ended(disk: Disk, take: Take) -> bool:
    """Return whether a take has no sound, or none any more; then its marker goes, and nothing is left to do.

    So it is where a process died before it had made the original, where the user removed it, and on Windows, where an
    open file cannot be removed, in the moment between a marker's closing and its removal. Raises `OSError`.
    """
    if any(_is_there(disk, path) for path in {take.paths.original, take.sound}):
        return False
    saved = take.paths.folder / take.memory.saved
    if take.memory.saved and any(_is_there(disk, path) for path in (take.paths.part, saved)):
        return False
    log.warning("the marker %s has no recording", take.paths.marker)
    disk.remove(take.paths.part)
    take.done()
    return True


def _is_there(disk: Disk, path: Path) -> bool:
    try:
        disk.size(path)
        return True
    except FileNotFoundError:
        # And only this error: a drive that is away for a moment is no reason to forget a take.
        return False


def make_whole(disk: Disk, take: Take) -> Facts | None:
    """Make the original of a take that was being recorded a valid file, and throw a half-made twin away.

    Returns its facts, or None when there was nothing to save, not one frame; then the take has ended. May be called
    again after an error. Raises `NotWavError` for a file that is not a recording of ours, which is left as it is, and
    `OSError`.
    """
    disk.remove(take.paths.part)
    if disk.size(take.paths.original) == 0:
        _nothing(disk, take)
        return None
    with disk.open_update(take.paths.original) as file:
        # A header that states nothing is the first one: it was not yet rewritten, or a power cut took that.
        frames = repair(file, trust_size=states_nothing(file))
        fmt = WavReader(file).format
    if frames == 0:
        _nothing(disk, take)
        return None
    facts = Facts(take.paths.name, fmt, frames)
    write_sidecar(disk, take.paths.sidecar, facts)
    take.remember(stage=Stage.FINISHING, live=False)
    return facts


def _nothing(disk: Disk, take: Take) -> None:
    """End a take that died before its first frame: its file, which holds nothing but our own header, goes."""
    log.info("%s held no sound yet", take.paths.original)
    disk.remove(take.paths.original)
    take.done()
