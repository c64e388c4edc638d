"""What a picture of a file shows: its cut list where there is one, else what a rule would cut."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tray_app.audio.rule import CutRule
from tray_app.audio.wav import WavReader
from tray_app.disk import Disk, storage_error
from tray_app.errors import AudioFileError
from tray_app.picture.layout import Subject
from tray_app.processing.progress import Progress
from tray_app.processing.trimming import as_wav, look
from tray_app.processing.verify import kept_ranges
from tray_app.sentences import disk as disk_said
from tray_app.sentences import files as files_said
from tray_app.take.cutlist import find
from tray_app.take.facts import Ranges


@dataclass(frozen=True, slots=True)
class Source:
    """A subject, and the open sound to draw it from. `kept` are the frames that the sound has of it; None for all."""

    subject: Subject
    reader: WavReader
    kept: Ranges | None = None


@contextlib.contextmanager
def opened(
    disk: Disk, file: Path, rule: CutRule, *, anew: bool = False, progress: Progress | None = None
) -> Iterator[Source]:
    """Give what there is to draw of a file, with its sound open.

    A file with a cut list, original or trimmed, is shown as it was cut; without its original what is left of it, on
    the original's time. With `anew`, and for every other file, what `rule` would cut is looked for, and `progress`
    gets the part that is done. Nothing is written. Raises `AudioFileError` and `StorageError`.
    """
    try:
        known = find(disk, file)
        original = known.original if known is not None else None
        if known is not None and original is not None and _has(disk, original, known.facts.frames):
            with _sound(disk, original) as reader:
                facts = known.facts
                if anew or facts.kept_frames is None:
                    found = look(disk, original, rule, progress)
                    facts = facts.with_cuts(found.cuts, found.kept_frames or 0, found.rule)
                yield Source(Subject(facts, file.name), reader)
        else:
            with as_wav(disk, file, None, force=True) as wav, _sound(disk, wav) as reader:
                if known is not None and not anew and reader.frames == (known.facts.kept_frames or 0) > 0:
                    facts = known.facts
                    kept = tuple(kept_ranges(facts.format, facts.frames, facts.cuts))
                    yield Source(Subject(facts, file.name, gone=True), reader, kept)
                    return
                if not reader.frames:
                    raise AudioFileError(files_said.no_sound(file))
                facts = look(disk, wav, rule, progress)
                yield Source(Subject(facts, file.name), reader)
    except OSError as error:
        raise storage_error(disk_said.READ, file, error) from error


@contextlib.contextmanager
def opened_as(disk: Disk, original: Path, subject: Subject) -> Iterator[Source]:
    """Give a subject with the sound of its original open. Raises as `opened`."""
    try:
        with as_wav(disk, original, None, force=True) as wav, _sound(disk, wav) as reader:
            if not subject.facts.frames:
                raise AudioFileError(files_said.no_sound(original))
            yield Source(subject, reader)
    except OSError as error:
        raise storage_error(disk_said.READ, original, error) from error


@contextlib.contextmanager
def _sound(disk: Disk, path: Path) -> Iterator[WavReader]:
    with disk.open_read(path) as file:
        yield WavReader(file)


def _has(disk: Disk, path: Path, frames: int) -> bool:
    """Whether a file is a WAV of so many frames, at least one: else it is not, or no more, what a cut list is about."""
    try:
        with _sound(disk, path) as reader:
            return reader.frames == frames > 0
    except (OSError, AudioFileError):
        return False
