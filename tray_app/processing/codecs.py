"""The door to sound that is no plain WAV: libsndfile reads what it knows, ffmpeg all else; both into a WAV.

ffmpeg is called by its absolute path and writes a file. pydub's own decoding would hold the whole sound in memory; its
own probing calls ffprobe, which not everybody has beside ffmpeg, and by a bare name, for which Windows looks in the
current folder first. So ffmpeg tells what it has found, and pydub reads that.
"""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import to_pcm
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk, named
from tray_app.errors import AudioFileError
from tray_app.ffmpeg import check_room, find_ffmpeg, run
from tray_app.processing.feed import from_vorbis_order
from tray_app.processing.libsndfile import Reader, reading
from tray_app.processing.tags import Tags, plain
from tray_app.processing.wav_widths import narrowed
from tray_app.sentences import files as said

log = logging.getLogger(__name__)

_SAMPLES = re.compile(r"(?:(?P<float>flt|dbl)|[su](?P<width>\d+))p?\b(?: \((?P<bits>\d+) bit\))?")
"""ffmpeg's names of sample formats: `s16`, `fltp`, `s32 (24 bit)`."""

_WIDTHS = {
    **dict.fromkeys(("PCM_24", "ALAC_20", "ALAC_24", "DWVW_24", "DPCM_24"), 24),
    **dict.fromkeys(("PCM_32", "ALAC_32", "FLOAT", "DOUBLE"), 32),
}
"""The bits that keep what a file of libsndfile's subtype holds; of all others 16 do. A lossy decoder's floats hold no
more either; so pydub 0.25.1 (`AudioSegment.from_file`) judges, too.
"""

_IN_NUMBERS = ("PCM_", "ALAC_", "DWVW_", "DPCM_")
"""Beginnings of the subtypes that hold whole numbers."""

_ENDLESS = 1 << 60
"""Frames that libsndfile states where a header does not know how many there are."""


def decode(
    disk: Disk, source: Path, target: Path, *, force: bool = False, done: Callable[[float], None] = lambda _: None
) -> Tags:
    """Decode the first sound stream of `source` into a new WAV at `target`; return the tags that could be read.

    It keeps rate, channels and bits; floating point becomes 32 bits, clipped at full scale. Raises `AudioFileError`
    where ffmpeg is missing or `source` holds no sound, and for one that is cut short, unless `force`; `OSError` as the
    disk gives it, and what `done` raises.
    """
    with named(source), disk.open_read(source) as file:
        try:
            with reading(file) as found:
                return _by_libsndfile(disk, found, source, target, force=force, done=done)
        except _CutShortError:
            raise
        except AudioFileError as error:
            log.info("%s goes to ffmpeg: %s", source, error)
    disk.remove(target)
    _by_ffmpeg(source.absolute(), target)
    return {}


class _CutShortError(AudioFileError):
    """A file ends before its header says so."""


def _by_libsndfile(
    disk: Disk, found: Reader, source: Path, target: Path, *, force: bool, done: Callable[[float], None]
) -> Tags:
    opened = found.opened
    bits = _WIDTHS.get(opened.subtype, 16)
    try:
        fmt = AudioFormat(opened.samplerate, opened.channels, bits)
    except ValueError as error:
        raise AudioFileError(said.odd_sound(source, error)) from error
    whole = opened.subtype.startswith(_IN_NUMBERS)
    with named(target), disk.create(target) as file:
        writer = WavWriter(file, fmt, refresh_ms=60_000)
        with _what_there_is(writer):
            for block in found.blocks("int32" if whole else "float32"):
                if opened.subtype in ("VORBIS", "OPUS"):
                    block = from_vorbis_order(block)
                writer.write(narrowed(block, bits) if whole else to_pcm(block, bits))
                done(min(1.0, writer.frames / max(1, opened.frames)))
        writer.finish()
    if writer.frames < opened.frames < _ENDLESS and not force:
        raise _CutShortError(said.cut_short(source, fmt.seconds(opened.frames), fmt.seconds(writer.frames)))
    return {name: plain(text) for name, text in opened.copy_metadata().items() if text and name != "software"}


@contextlib.contextmanager
def _what_there_is(writer: WavWriter) -> Iterator[None]:
    """Take the decoder's failure in the middle for the end: what there is of the file was written."""
    from soundfile import LibsndfileError

    try:
        yield
    except LibsndfileError as error:
        if not writer.frames:
            raise
        log.warning("the decoder failed after %d frames: %r", writer.frames, error)


def _by_ffmpeg(source: Path, target: Path) -> None:
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise AudioFileError(said.needs_ffmpeg(source))
    bits = _bits(ffmpeg, source)
    command = [str(ffmpeg), "-nostdin", "-v", "error", "-i", f"file:{source}", "-map", "0:a:0", "-vn"]
    command += ["-c:a", f"pcm_s{bits}le", "-f", "wav", "-rf64", "auto", "-y", f"file:{target}"]
    done = run(command)
    if done.returncode:
        told = done.stderr.strip()
        check_room(told, target)
        raise _no_sound(source, told)


def _bits(ffmpeg: Path, source: Path) -> int:
    """Return the sample width that keeps what the file holds: 16, 24 or 32 bits."""
    # It ends with an error, since nothing is to be written, but says what it has found before.
    told = run([str(ffmpeg), "-hide_banner", "-nostdin", "-i", f"file:{source}"]).stderr
    with warnings.catch_warnings():
        # pydub warns at import when it finds no ffmpeg; decode() has said so in plain words already.
        warnings.simplefilter("ignore")
        from pydub.utils import get_extra_info
    streams = [tokens for _, tokens in sorted(get_extra_info(told).items()) if "Audio" in tokens]
    if not streams:
        raise _no_sound(source, told.strip())
    codec, *shape = streams[0][streams[0].index("Audio") + 1 :]
    samples = next((found for token in shape if (found := _SAMPLES.match(token))), None)
    if samples is None:
        return 16
    if samples["float"]:
        return 32 if codec.startswith("pcm_f") else 16
    bits = int(samples["bits"] or samples["width"])
    return 16 if bits <= 16 else 24 if bits <= 24 else 32


def _no_sound(source: Path, detail: str) -> AudioFileError:
    return AudioFileError(said.no_sound_file(source), detail=detail)
