"""Reading back what was written, before anybody relies on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tray_app.audio.fades import apply_fade, kept_pieces
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader
from tray_app.disk import Disk
from tray_app.errors import AudioFileError
from tray_app.sentences import disk as said

_BLOCK_FRAMES = 1 << 17


def kept_ranges(fmt: AudioFormat, frames: int, cuts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Return the frame ranges (start, end) of an original of `frames` frames that `cuts` (in ms) leave."""
    return ((piece.start, piece.end) for piece in kept_pieces(fmt, frames, cuts))


def check_frames(disk: Disk, path: Path, fmt: AudioFormat, frames: int) -> None:
    """Check that the file at `path` opens, has this format and `frames` frames. Raises `AudioFileError`, `OSError`."""
    with disk.open_read(path) as file:
        reader = WavReader(file)
        if reader.format != fmt or reader.frames != frames or reader.truncated:
            raise AudioFileError(said.not_written_whole(path.name, reader.frames, frames))


def same_sound(disk: Disk, original: Path, trimmed: Path, cuts: Iterable[tuple[int, int]], fade: int = 0) -> bool:
    """Return whether `trimmed` holds, byte for byte, what `cuts` leave of `original`, with fades of `fade` ms.

    Raises as `check_frames`.
    """
    with disk.open_read(original) as one, disk.open_read(trimmed) as other:
        whole, kept = WavReader(one), WavReader(other)
        fmt = whole.format
        if fmt != kept.format:
            return False
        for piece in kept_pieces(fmt, whole.frames, cuts, fade):
            whole.seek(piece.start)
            for at in range(piece.start, piece.end, _BLOCK_FRAMES):
                frames = min(_BLOCK_FRAMES, piece.end - at)
                block = bytearray(whole.read(frames))
                if piece.since is not None or piece.until is not None:
                    apply_fade(block, fmt, at, piece.since, piece.until, fmt.ms_to_frame(fade))
                if len(block) != frames * fmt.frame_bytes or kept.read(frames) != block:
                    return False
        return not kept.read(1)
