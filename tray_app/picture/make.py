"""Makes the picture of a file, and puts it on the disk: under a temporary name, read back, then renamed."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, PngImagePlugin

from tray_app import __version__
from tray_app.audio.rule import CutRule
from tray_app.binary_file import put_all
from tray_app.disk import Disk, is_held, storage_error
from tray_app.errors import OutputExistsError, StorageError
from tray_app.picture.drawing import SIZE, draw, layout_of
from tray_app.picture.envelope import measure
from tray_app.picture.layout import Subject
from tray_app.picture.subject import Source, opened, opened_as
from tray_app.processing.progress import Cancelled, Progress, share
from tray_app.sentences import disk as said
from tray_app.sentences import files as files_said
from tray_app.take.facts import Facts
from tray_app.take.names import numbered

ENDING = ".png"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and the facts that it shows."""

    image: Image.Image
    facts: Facts


def picture_of(
    disk: Disk,
    file: Path,
    rule: CutRule,
    size: tuple[int, int] = SIZE,
    *,
    anew: bool = False,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Picture:
    """Draw what was cut of a file, or what `rule` would cut: see `subject.opened`.

    `progress` gets the part that is done, 0.0 to 1.0. Raises `ValueError` for a size that no picture has,
    `AudioFileError`, `StorageError`, and `CancelledError` where it was `cancelled`.
    """
    with opened(disk, file, rule, anew=anew, progress=share(progress, 0.0, 0.5)) as source:
        return _drawn(source, size, share(progress, 0.5, 1.0), cancelled)


def picture_of_cut(
    disk: Disk,
    original: Path,
    facts: Facts,
    title: str,
    size: tuple[int, int] = SIZE,
    cancelled: Cancelled | None = None,
) -> Picture:
    """Draw what was cut of a file by these facts. Raises as `picture_of`."""
    with opened_as(disk, original, Subject(facts, title)) as source:
        return _drawn(source, size, None, cancelled)


def _drawn(source: Source, size: tuple[int, int], progress: Progress | None, cancelled: Cancelled | None) -> Picture:
    subject = source.subject
    layout = layout_of(subject, size)
    outline = measure(source.reader, subject.facts.frames, layout.time.width, source.kept, progress, cancelled)
    return Picture(draw(subject, layout, outline), subject.facts)


def save(disk: Disk, picture: Picture, target: Path, *, exact: bool = False) -> Path:
    """Write a picture as PNG to `target`, or beside it where that name is taken: `NAME (2).png` …

    With `exact` a taken name is refused with `OutputExistsError`. Returns where it is. Raises `StorageError`.
    """
    if disk.is_folder(target):
        raise OutputExistsError(said.is_folder(target))
    try:
        disk.make_folder(target.parent)
        with _written(disk, picture, target) as part:
            for name in numbered(target):
                with contextlib.suppress(FileExistsError):
                    disk.rename_new(part, name)
                    return name
                if exact:
                    raise OutputExistsError(said.exists(target, files_said.CHOOSE_OUTPUT))
    except OSError as error:
        raise storage_error(said.WRITE, target, error, safe=said.NOTHING_CHANGED) from error
    raise AssertionError("there is always another number")


def save_again(disk: Disk, picture: Picture, target: Path) -> Path:
    """Write a picture over the last one of that name: for a folder of ours. One that is open elsewhere stays.

    Returns where it is. Raises `StorageError`.
    """
    try:
        disk.make_folder(target.parent)
        with _written(disk, picture, target) as part:
            for name in numbered(target):
                try:
                    disk.replace(part, name)
                    return name
                except OSError as error:
                    if not is_held(error):
                        raise
    except OSError as error:
        raise storage_error(said.WRITE, target, error) from error
    raise AssertionError("there is always another number")


@contextlib.contextmanager
def _written(disk: Disk, picture: Picture, target: Path) -> Iterator[Path]:
    """Give the complete file under a temporary name; what is left of it afterwards goes."""
    part = next(name for name in numbered(target.with_name(f".{target.name}.part")) if not disk.exists(name))
    try:
        with disk.create(part) as file:
            put_all(file, _as_png(picture))
        _check(disk, part, picture)
        yield part
    finally:
        with contextlib.suppress(OSError):
            disk.remove(part)


def _as_png(picture: Picture) -> bytes:
    about = PngImagePlugin.PngInfo()
    about.add_text("Software", f"Tray Recorder {__version__}")
    buffer = io.BytesIO()
    picture.image.save(buffer, "PNG", pnginfo=about)
    return buffer.getvalue()


def _check(disk: Disk, path: Path, picture: Picture) -> None:
    """Read a picture back. Raises `StorageError` where it is not what was written."""
    with disk.open_read(path) as file:
        whole = file.readall() or b""
    try:
        with Image.open(io.BytesIO(whole)) as found:
            found.load()
            same = found.tobytes() == picture.image.tobytes()
    except (OSError, SyntaxError):
        same = False
    if not same:
        raise StorageError(said.not_written(path.name))
