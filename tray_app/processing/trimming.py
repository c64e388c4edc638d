"""Removing silence from a file into a new file: under a temporary name, read back, then renamed."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tray_app.audio.rule import CutRule
from tray_app.audio.trim import TrimCancelledError, TrimResult, trim
from tray_app.audio.wav import NotWavError, UnsupportedWavError, WavReader
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk, Patience, named, storage_error
from tray_app.errors import AudioFileError, OutputExistsError, StorageError
from tray_app.outputs import AS_RECORDED, Output
from tray_app.processing.behind import Behind
from tray_app.processing.codecs import decode
from tray_app.processing.encoding import EncodeError, encode, unfit
from tray_app.processing.progress import Cancelled, Progress, share
from tray_app.processing.tags import Tags, plain
from tray_app.processing.verify import check_frames
from tray_app.sentences import disk as disk_said
from tray_app.sentences import files as said
from tray_app.take.facts import Facts

TRIMMING = 0.2
"""About the part of the time that trimming takes where another format is made after it."""


def trim_into(
    disk: Disk,
    source: Path,
    part: Path,
    rule: CutRule,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Facts:
    """Trim the WAV at `source` into the new file `part` and read it back. Returns the facts of both.

    All silent gives a valid, empty file. On any error `part` is removed again. Raises `AudioFileError` and `OSError`,
    and `TrimCancelledError` where it was cancelled.
    """
    with disk.open_read(source) as original:
        reader = WavReader(original)
        try:
            with named(part), disk.create(part) as file:
                # Nobody recovers half a trimmed file, so its header need not keep up.
                writer = WavWriter(file, reader.format, refresh_ms=60_000)
                with named(source), Behind(named(part)(writer.write)) as behind:
                    result = trim(reader, behind.write, rule, progress=progress, cancelled=cancelled, turn=behind.turn)
                    behind.finish()
                writer.finish()
            check_frames(disk, part, reader.format, result.kept_frames)
        except FileExistsError:
            raise
        except BaseException:
            with contextlib.suppress(OSError):
                disk.remove(part)
            raise
        return _facts(source, reader, result)


def trim_file(
    disk: Disk,
    source: Path,
    target: Path | None,
    rule: CutRule,
    *,
    output: Output = AS_RECORDED,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    patience: Patience | None = None,
) -> Facts:
    """Trim any sound file into `target`, which must not exist unless `force`. With no target nothing is written.

    The target is a WAV with the input's rate, channels and bits, or the `output` that is made of that. What is not
    plain PCM WAV is decoded first. A sound whose data ends before its header says so is refused unless `force`.
    `source` is never changed. `patience` is for a target, or a new file, that another program has open. Raises
    `RecorderError`s only, and `TrimCancelledError` where it was `cancelled`: then nothing was changed.
    """
    if target is not None:
        _check_target(disk, source, target, force=force)
    try:
        with sound_of(disk, source, target, force=force, cancelled=cancelled) as (wav, tags):
            if target is None:
                return look(disk, wav, rule, progress, cancelled)
            converts = _converts(disk, source, wav, output)
            disk.make_folder(target.parent)
            part = _free_part(disk, target)
            facts = trim_into(disk, wav, part, rule, share(progress, 0.0, TRIMMING if converts else 1.0), cancelled)
            if converts:
                rest = _until(cancelled, share(progress, TRIMMING, 1.0))
                part = _encoded(disk, source, part, target, output, {"title": plain(source.stem), **tags}, rest)
            _name(disk, part, target, patience or Patience(), force=force)
            return facts
    except OSError as error:
        raise _storage_error(source, target, error) from error


def _converts(disk: Disk, source: Path, wav: Path, output: Output) -> bool:
    """Whether the trimmed WAV has to become something else. Raises `AudioFileError` where it never could."""
    with disk.open_read(wav) as file:
        fmt = WavReader(file).format
    why = unfit(output, fmt)
    if why:
        raise _not_saved(source, output, why)
    return output.converts and output.format.width != fmt.bits


def _encoded(
    disk: Disk, source: Path, trimmed: Path, target: Path, output: Output, tags: Tags, progress: Progress
) -> Path:
    """Make the output of the trimmed WAV, which goes; return its temporary name."""
    try:
        part = _free_part(disk, target)
        encode(disk, trimmed, part, output, tags, progress)
        return part
    except EncodeError as error:
        raise _not_saved(source, output, error.what.removesuffix("."), error.todo, error.detail) from error
    finally:
        with contextlib.suppress(OSError):
            disk.remove(trimmed)


def _not_saved(source: Path, output: Output, why: str, todo: str = "", detail: str = "") -> AudioFileError:
    return AudioFileError(said.not_saved(source, output.format.label, why, todo), detail=detail)


def _until(cancelled: Cancelled | None, progress: Progress | None) -> Progress:
    """Return what takes progress, and stops when told to."""

    def done(part: float) -> None:
        if cancelled is not None and cancelled():
            raise TrimCancelledError
        if progress is not None:
            progress(part)

    return done


def _storage_error(source: Path, target: Path | None, error: OSError) -> StorageError:
    """Word it with the names that the user gave, not with those of the files that come and go meanwhile."""
    wrong = Path(error.filename) if isinstance(error.filename, str) else source
    if wrong == source:
        return storage_error(disk_said.READ, source, error, safe=disk_said.NOTHING_CHANGED)
    return storage_error(disk_said.WRITE, target or wrong, error, safe=disk_said.NOTHING_CHANGED)


def look(
    disk: Disk,
    source: Path,
    rule: CutRule,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Facts:
    """Find what trimming the WAV at `source` would cut, writing nothing. Raises as `trim_into`."""
    with disk.open_read(source) as file:
        reader = WavReader(file)
        result = trim(reader, lambda _: None, rule, progress=progress, cancelled=cancelled)
        return _facts(source, reader, result)


def _name(disk: Disk, part: Path, target: Path, patience: Patience, *, force: bool) -> None:
    """Give the complete file its name; where that cannot be, it goes again."""
    rename = disk.replace if force else disk.rename_new
    try:
        patience(lambda: rename(part, target))
    except BaseException as error:
        with contextlib.suppress(OSError):
            disk.remove(part)
        if isinstance(error, FileExistsError):
            raise _exists(target) from error
        raise


def _check_target(disk: Disk, source: Path, target: Path, *, force: bool) -> None:
    with contextlib.suppress(OSError):
        if disk.exists(target) and disk.same(target, source):
            raise OutputExistsError(said.into_itself(source))
    if disk.is_folder(target):
        raise OutputExistsError(disk_said.is_folder(target))
    if not force and disk.exists(target):
        raise _exists(target)


def _exists(target: Path) -> OutputExistsError:
    return OutputExistsError(disk_said.exists(target, said.CHOOSE_OUTPUT_OR_FORCE))


def _free_part(disk: Disk, target: Path) -> Path:
    names = (target.with_name(f".{target.name}.{number}.part") for number in itertools.count(1))
    return next(name for name in names if not disk.exists(name))


@contextlib.contextmanager
def as_wav(disk: Disk, source: Path, target: Path | None, *, force: bool) -> Iterator[Path]:
    """Give the path of a plain WAV with the sound of `source`: itself, or a decoded copy that goes away again."""
    with sound_of(disk, source, target, force=force, cancelled=None) as (wav, _):
        yield wav


@contextlib.contextmanager
def sound_of(
    disk: Disk, source: Path, target: Path | None, *, force: bool, cancelled: Cancelled | None
) -> Iterator[tuple[Path, Tags]]:
    """Give what `as_wav` does, and the tags that `source` has as far as they can be read.

    Raises `AudioFileError` where that is no file of sound.
    """
    if disk.is_folder(source):
        raise AudioFileError(said.folder_given(source))
    if _is_plain_wav(disk, source, force=force):
        yield source, {}
        return
    # On the target's disk, which has the room; a folder that is not there yet is made for sound only.
    folders = [] if target is None else target.absolute().parents
    near = next((folder for folder in folders if disk.is_folder(folder)), Path(tempfile.gettempdir()))
    # Not `mkdtemp`: in a folder without permission on Windows that tries 10,000 names, and then says that all exist.
    work = near / f".tray-recorder-{secrets.token_hex(8)}"
    disk.make_folder(work)
    try:
        wav = work / "decoded.wav"
        yield wav, decode(disk, source, wav, force=force, done=_until(cancelled, None))
    finally:
        disk.remove_folder(work)


def _is_plain_wav(disk: Disk, source: Path, *, force: bool) -> bool:
    """Whether `source` is a WAV that is read here; False where a decoder may know it. Raises where nothing would."""
    with disk.open_read(source) as file:
        start = file.read(4)
        if not start:
            raise AudioFileError(said.empty(source))
        file.seek(0)
        try:
            reader = WavReader(file)
        except UnsupportedWavError:
            return False
        except NotWavError as error:
            if start in (b"RIFF", b"RF64", b"BW64"):
                raise AudioFileError(said.wrong_wav(source, error), detail=error.detail) from error
            return False
        if reader.truncated and not force:
            raise _cut_short(source, reader)
        return True


def _cut_short(source: Path, reader: WavReader) -> AudioFileError:
    there = reader.format.seconds(reader.frames)
    promised = reader.format.seconds(reader.declared_frames or 0)
    return AudioFileError(said.cut_short(source, promised, there))


def _facts(source: Path, reader: WavReader, result: TrimResult) -> Facts:
    return Facts(source.stem, reader.format, result.frames).with_cuts(result.cuts, result.kept_frames, result.rule)
