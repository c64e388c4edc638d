"""Makes a valid file of one that `WavWriter` was writing when its process or the machine died."""

from __future__ import annotations

import io
import struct

from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import NotWavError, parse_fmt
from tray_app.audio.wav_header import LARGEST_RIFF, UNKNOWN_32, build_header, header_length, padded, put_pad
from tray_app.binary_file import BinaryFile, put_all
from tray_app.errors import AudioFileError
from tray_app.sentences import files as said

_FMT_AT = 48
_LONGEST_HEADER = 104


def repair(file: BinaryFile, *, trust_size: bool = False, promote_at: int = LARGEST_RIFF) -> int:
    """Make `file`, opened for reading and writing, state the frames it keeps, and drop what lies behind them.

    Kept is the smaller of what the header states and what the file holds: after a power cut a file may be long and its
    end never written. With `trust_size`, right only where the machine did not lose power, all whole frames to the
    file's end are kept. Returns the frames. To repair twice is to repair once, and a finished file is not changed.

    Raises `NotWavError`, having changed nothing, for a file that does not begin with a header of `WavWriter`'s: one
    that died before its first header was complete, or another program's file. Raises `OSError` as the file gives it.
    """
    size = file.seek(0, io.SEEK_END)
    old = _read_start(file)
    fmt = _format(old)
    length = header_length(fmt)
    kept = _kept_bytes(old[:length], size - length, fmt, trust_size)
    new = build_header(fmt, kept, promote_at)
    if new != old[:length]:
        file.seek(0)
        put_all(file, new)
    _cut_and_pad(file, length + kept, size)
    return kept // fmt.frame_bytes


def states_nothing(file: BinaryFile) -> bool:
    """Return whether the header, one of `WavWriter`'s, states not one frame. Raises as `repair` does."""
    header = _read_start(file)
    fmt = _format(header)
    return _stated_bytes(header[: header_length(fmt)]) < fmt.frame_bytes


def _kept_bytes(header: bytes, present: int, fmt: AudioFormat, trust_size: bool) -> int:
    stated = _stated_bytes(header)
    # Of a finished file the last byte of an odd size is its pad byte, not sound; a torn size may look like one.
    finished = present == padded(stated) and stated % fmt.frame_bytes == 0
    kept = present if trust_size and not finished else min(stated, present)
    return kept - kept % fmt.frame_bytes


def _cut_and_pad(file: BinaryFile, end: int, size: int) -> None:
    """Give the file, `size` bytes long, its one right length for sound up to `end`."""
    if size > padded(end):
        file.truncate(padded(end))
    if end % 2:
        put_pad(file, end)


def _read_start(file: BinaryFile) -> bytes:
    file.seek(0)
    return file.read(_LONGEST_HEADER) or b""


def _format(header: bytes) -> AudioFormat:
    """Return the format that a header of ours states; `NotWavError` when it is not one, whole and in place."""
    try:
        fmt = parse_fmt(header[_FMT_AT + 8 : _LONGEST_HEADER])
    except AudioFileError as error:
        raise _not_ours() from error
    ours = build_header(fmt, 0)
    same = all(header[a:b] == ours[a:b] for a, b in ((8, 12), (16, 20), (_FMT_AT, len(ours) - 4)))
    if not (same and _is_blend(header[:4], b"RIFF", b"RF64") and _is_blend(header[12:16], b"JUNK", b"ds64")):
        raise _not_ours()
    if len(header) < len(ours):
        raise _not_ours()
    return fmt


def _is_blend(found: bytes, before: bytes, after: bytes) -> bool:
    """Return whether `found` is `before` with `after` written over it, wholly, in part or not at all."""
    return any(found == after[:count] + before[count:] for count in range(len(before) + 1))


def _stated_bytes(header: bytes) -> int:
    """Return how much sound a header of ours states, also one whose last rewriting was torn.

    The RIFF size lies before the data size and is written first. In a torn header one of them is still, or already,
    right, so the larger one counts; where the other came out too large, the caller's look at the file's size limits it.
    """
    riff, riff64, data64 = struct.unpack_from("<I12xQQ", header, 4)
    data = int.from_bytes(header[-4:], "little")
    return max(_larger(riff, data, len(header)), _larger(riff64, data64, len(header)))


def _larger(riff: int, data: int, header_length: int) -> int:
    """Return the sound that a pair of sizes states; a field that points to `ds64` states none."""
    by_riff = 0 if riff == UNKNOWN_32 else riff - (header_length - 8)
    by_data = 0 if data == UNKNOWN_32 else data
    return by_data if by_riff == padded(by_data) else max(by_riff, by_data)


def _not_ours() -> NotWavError:
    return NotWavError(said.NO_HEADER)
