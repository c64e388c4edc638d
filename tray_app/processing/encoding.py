"""From a finished WAV to a file of another format: written, on the disk, read back before anybody relies on it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import Samples
from tray_app.audio.wav import WavReader
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk, named
from tray_app.errors import AudioFileError
from tray_app.outputs import Output, refusal
from tray_app.processing import aac, libsndfile
from tray_app.processing.feed import BLOCK_FRAMES, Feed, Numbers
from tray_app.processing.likeness import Likeness
from tray_app.processing.progress import Progress, share
from tray_app.processing.tags import Tags
from tray_app.processing.wav_widths import narrowed
from tray_app.sentences import files as said
from tray_app.sentences.forms import Said

_Block = TypeVar("_Block")

_WRITING = 0.75
"""About the part of the time that writing takes; the rest is reading back."""


class EncodeError(AudioFileError):
    """A sound could not be made a file of the format that was asked for. The WAV is as it was.

    Its text is the reason alone, without what it was for.
    """


def encode(disk: Disk, source: Path, part: Path, output: Output, tags: Tags, progress: Progress | None = None) -> None:
    """Make the new file `part` of the WAV at `source`: whole, on the disk, and compared with it.

    Nothing of the sound is held in memory but some blocks of `BLOCK_FRAMES` frames. On any error `part` is removed
    again. Raises `EncodeError` where that cannot be, `OSError` as the disk gives it; what `progress` raises ends it.
    """
    say = progress or (lambda _: None)
    try:
        with named(source), disk.open_read(source) as wav:
            feed = Feed(WavReader(wav), output.format, source)
            _check(feed, output)
            with named(part):
                with disk.create(part) as file:
                    _write(source, part, file, feed, output, tags, share(say, 0.0, _WRITING))
                    disk.sync(file)
                _compare(disk, part, feed, output, share(say, _WRITING, 1.0))
    except FileExistsError:
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            disk.remove(part)
        if isinstance(error, AudioFileError) and not isinstance(error, EncodeError):
            raise EncodeError(error.said, detail=error.detail) from error
        raise


def _check(feed: Feed, output: Output) -> None:
    why = unfit(output, feed.format)
    if why:
        raise EncodeError(Said(why))
    if not feed.frames and not output.format.is_wav:
        raise EncodeError(Said(said.nothing_left(output.format.label)))


def unfit(output: Output, fmt: AudioFormat) -> str:
    """Say why an output cannot hold sound of this format; empty where it can."""
    why = refusal(output.format, fmt.bits, fmt.rate, fmt.channels)
    return why and said.this_has(why, fmt.bits, fmt.channels, fmt.rate / 1000)


# Writing


def _write(
    source: Path, part: Path, file: io.FileIO, feed: Feed, output: Output, tags: Tags, progress: Progress
) -> None:
    if output.format.by_ffmpeg:
        aac.write(source, part, feed, output, tags, progress)
        return
    if output.format.width:
        writer = WavWriter(file, replace(feed.format, bits=output.format.width), refresh_ms=60_000)
        for pcm in _counted(_widths(feed, output.format.width), feed.frames, progress):
            writer.write(pcm)
        writer.finish()
        return
    with libsndfile.writing(file, feed, output, tags) as write:
        for block in _counted(_sound(feed, output), feed.frames, progress):
            write(block)


def _widths(feed: Feed, bits: int) -> Iterator[bytes]:
    for seed, numbers in enumerate(feed.numbers()):
        yield narrowed(numbers, bits, seed)


def _sound(feed: Feed, output: Output) -> Iterator[Numbers | Samples]:
    """Yield what libsndfile gets: whole numbers where they are to come back."""
    return feed.numbers() if output.name == "flac" else feed.samples()


def _counted(blocks: Iterator[_Block], frames: int, progress: Progress) -> Iterator[_Block]:
    """Yield blocks of about `BLOCK_FRAMES` of `frames` frames, and tell `progress` how many are done with."""
    for number, block in enumerate(blocks, 1):
        yield block
        progress(min(1.0, number * BLOCK_FRAMES / max(1, frames)))


# Reading back


def _compare(disk: Disk, part: Path, feed: Feed, output: Output, progress: Progress) -> None:
    if output.format.by_ffmpeg:
        with aac.reading(part, feed.channels) as read:
            _alike(feed, output, read, progress)
        return
    with disk.open_read(part) as file:
        if output.format.width:
            _same_bytes(feed, output.format.width, file, progress)
            return
        with libsndfile.reading(file) as found:
            opened = found.opened
            if (opened.samplerate, opened.channels, opened.frames) != (feed.rate, feed.channels, feed.frames):
                raise _wrong(output, said.frames_read(opened.frames, feed.frames))
            if output.name in ("flac", "wavfloat"):
                _same(feed, output, found, progress)
            else:
                _alike(feed, output, lambda frames: found.read(frames, "float32"), progress)


def _same_bytes(feed: Feed, bits: int, file: io.FileIO, progress: Progress) -> None:
    reader = WavReader(file)
    output = Output(f"wav{bits}")
    if reader.format != AudioFormat(feed.rate, feed.channels, bits) or reader.frames != feed.frames:
        raise _wrong(output, said.frames_read(reader.frames, feed.frames))
    for block in _counted(_widths(feed, bits), feed.frames, progress):
        if reader.read(len(block) // reader.format.frame_bytes) != block:
            raise _wrong(output, said.OTHER_SOUND_READ)


def _same(feed: Feed, output: Output, found: libsndfile.Reader, progress: Progress) -> None:
    for block in _counted(_sound(feed, output), feed.frames, progress):
        if not np.array_equal(block, found.read(len(block), block.dtype.name)):
            raise _wrong(output, said.OTHER_SOUND_READ)


def _alike(feed: Feed, output: Output, read: Callable[[int], Samples], progress: Progress) -> None:
    """Compare with what a lossy file gives, which may be longer by as much as its codec is known to pad."""
    likeness = Likeness(feed.rate)
    done = 0
    for samples in _counted(feed.samples(), feed.frames, progress):
        found = read(len(samples))
        done += len(found)
        if len(found) != len(samples):
            raise _wrong(output, said.frames_read(done, feed.frames))
        likeness.feed(samples, found)
    more = len(read(output.format.padding + 1))
    if more > output.format.padding:
        raise _wrong(output, said.LONGER)
    difference = likeness.difference()
    if difference:
        raise _wrong(output, difference)


def _wrong(output: Output, why: str) -> EncodeError:
    return EncodeError(said.reads_back_wrong(output.format.label, why))
