"""Writes and reads FLAC, MP3, Ogg Vorbis, Opus and floating-point WAV by soundfile. It is loaded only here."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tray_app.audio.samples import Samples
from tray_app.audio.wav_header import LARGEST_RIFF
from tray_app.binary_file import put_all
from tray_app.errors import AudioFileError
from tray_app.outputs import Output
from tray_app.processing.feed import BLOCK_FRAMES, Feed, Numbers
from tray_app.processing.tags import Tags
from tray_app.sentences import files as said

if TYPE_CHECKING:
    from soundfile import SoundFile

_KINDS = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
_FLAC_WIDTHS = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}
_OPUS_LEAST, _OPUS_MOST = 6.0, 256.0
"""kbit/s for each channel, at compression levels 1 and 0 (libsndfile 1.2.2, `ogg_opus.c`)."""


_SMALL_BLOCK = 1024
"""Frames that are read at once where a file is damaged."""


def _load() -> ModuleType:
    """Return soundfile. Raises `AudioFileError` where it finds no libsndfile, which not every wheel of it brings."""
    try:
        import soundfile
    except OSError as error:
        raise AudioFileError(said.LIBSNDFILE_MISSING, detail=repr(error)) from error
    module: ModuleType = soundfile
    return module


class _Through:
    """A file that libsndfile reads and writes through, and what went wrong with it.

    libsndfile does not hand an error on, and soundfile prints it: so it is kept here, and what follows goes nowhere.
    """

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the `OSError` that the file gave, if any."""
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        """Write all of it."""
        if self._error is None:
            try:
                put_all(self._file, data)
            except OSError as error:
                self._error = error
        return len(data)

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none where that fails."""
        try:
            return self._file.read(size)
        except OSError as error:
            self._error = self._error or error
            return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self._error = self._error or error
            return 0

    def tell(self) -> int:
        """Say where it is."""
        return self._file.tell()


@contextlib.contextmanager
def writing(file: io.FileIO, feed: Feed, output: Output, tags: Tags) -> Iterator[Callable[[Numbers | Samples], None]]:
    """Give a function that writes one block of the feed into `file`, which is empty.

    The file is complete when the context is left. Raises `OSError` as the file gives it, `AudioFileError` where
    libsndfile cannot do it, or is missing.
    """
    soundfile = _load()
    sink = _Through(file)
    try:
        with _created(sink, feed, output) as opened:
            _tag(opened, output, tags)

            def write(block: Numbers | Samples) -> None:
                opened.write(block)
                sink.check()

            yield write
    except soundfile.LibsndfileError as error:
        sink.check()
        raise AudioFileError(said.not_written(output.format.label, error.error_string), detail=repr(error)) from error
    sink.check()


def _created(sink: _Through, feed: Feed, output: Output) -> SoundFile:
    from soundfile import SoundFile

    try:
        return SoundFile(sink, "w", feed.rate, feed.channels, **_options(feed, output))
    except ValueError as error:
        # Not that of soundfile's wheels, which knows all, but the system's: before 1.1, or built without the codec.
        why = said.not_written(output.format.label, said.UNKNOWN_TO_LIBSNDFILE)
        raise AudioFileError(why, detail=repr(error)) from error


def _options(feed: Feed, output: Output) -> dict[str, Any]:
    """Return how soundfile is to open it: kind, width and quality."""
    quality = output.quality or 0.0
    if output.name == "wavfloat":
        large = feed.frames * feed.channels * 4 > LARGEST_RIFF - (1 << 20)
        plain = "WAVEX" if feed.channels > 2 else "WAV"
        return {"format": "RF64" if large else plain, "subtype": "FLOAT"}
    if output.name == "flac":
        return {"format": "FLAC", "subtype": _FLAC_WIDTHS[feed.format.bits], "compression_level": quality / 8}
    kind, codec = _KINDS[output.name]
    found: dict[str, Any] = {"format": kind, "subtype": codec}
    if output.name == "mp3":
        # LAME's constant and average rates make the sound 0.3 to 0.5 dB softer; its variable ones do not.
        return found | {"compression_level": quality / 10, "bitrate_mode": "VARIABLE"}
    if output.name == "ogg":
        return found | {"compression_level": 1 - quality / 10}
    level = (_OPUS_MOST - quality / 2) / (_OPUS_MOST - _OPUS_LEAST)
    return found | {"compression_level": min(1.0, max(0.0, level))}


def _tag(opened: SoundFile, output: Output, tags: Tags) -> None:
    if output.format.is_wav:
        return  # it has its facts beside it, as every WAV of ours
    for name, text in tags.items():
        # LAME writes ID3's TYER, which is a year (ID3v2.3, 4.2.1).
        setattr(opened, name, text[:4] if (output.name, name) == ("mp3", "date") else text)


class Reader:
    """What is read of a file that libsndfile knows."""

    def __init__(self, opened: SoundFile, through: _Through) -> None:
        self.opened = opened
        self._through = through

    def read(self, frames: int, dtype: str) -> Any:
        """Return up to `frames` frames as an array of shape (frames, channels); less only at the end."""
        found = self.opened.read(frames, dtype=dtype, always_2d=True)
        self._through.check()
        return found

    def blocks(self, dtype: str) -> Iterator[Any]:
        """Yield all of it, block by block; what a damaged file has before the damage, before it raises."""
        from soundfile import LibsndfileError

        done, size = 0, BLOCK_FRAMES
        while True:
            try:
                block = self.read(size, dtype)
            except LibsndfileError:
                # It gives nothing of a block in which it fails.
                if size == _SMALL_BLOCK:
                    raise
                size = _SMALL_BLOCK
                self.opened.seek(done)
                continue
            if not len(block):
                return
            done += len(block)
            yield block


@contextlib.contextmanager
def reading(file: io.FileIO) -> Iterator[Reader]:
    """Open what libsndfile knows, for reading.

    Raises `AudioFileError` for all else, and where libsndfile is missing; `OSError` as the file gives it.
    """
    soundfile = _load()
    through = _Through(file)
    try:
        with soundfile.SoundFile(through) as opened:
            yield Reader(opened, through)
    except soundfile.LibsndfileError as error:
        through.check()
        raise AudioFileError(said.unreadable(error.error_string), detail=repr(error)) from error
