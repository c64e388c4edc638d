"""Reading back what was written, before anybody relies on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader
from tray_app.disk import Disk
from tray_app.errors import AudioFileError

_BLOCK_FRAMES = 1 << 17


def kept_ranges(fmt: AudioFormat, frames: int, cuts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the frame ranges (start, end) of an original of `frames` frames that `cuts` (in ms) leave."""
    at = 0
    for begin_ms, end_ms in cuts:
        begin = min(fmt.ms_to_frame(begin_ms), frames)
        if begin > at:
            yield at, begin
        at = min(fmt.ms_to_frame(end_ms), frames)
    if at < frames:
        yield at, frames


def check_frames(disk: Disk, path: Path, fmt: AudioFormat, frames: int) -> None:
    """Check that the file at `path` opens, has this format and `frames` frames. Raises `AudioFileError`, `OSError`."""
    with disk.open_read(path) as file:
        reader = WavReader(file)
        if reader.format != fmt or reader.frames != frames or reader.truncated:
            raise AudioFileError(
                f"{path.name} was not written as it should be: {reader.frames} of {frames} frames can be read.",
                todo="Check the disk.",
            )


def same_sound(disk: Disk, original: Path, trimmed: Path, cuts: Iterable[tuple[int, int]]) -> bool:
    """Return whether `trimmed` holds, byte for byte, what `cuts` leave of `original`. Raises as `check_frames`."""
    with disk.open_read(original) as one, disk.open_read(trimmed) as other:
        whole, kept = WavReader(one), WavReader(other)
        if whole.format != kept.format:
            return False
        for start, end in kept_ranges(whole.format, whole.frames, cuts):
            whole.seek(start)
            while start < end:
                frames = min(_BLOCK_FRAMES, end - start)
                block = whole.read(frames)
                if len(block) != frames * whole.format.frame_bytes or kept.read(frames) != block:
                    return False
                start += frames
        return not kept.read(1)
