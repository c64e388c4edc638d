"""The header that our WAV files begin with, and the byte that some end with. Shared by the writer and the repair.

Layout: RIFF/WAVE, 28 reserved bytes (`JUNK`, which becomes `ds64` when the file becomes RF64, EBU Tech 3306), `fmt `,
`data`. The header's length depends on the format alone, so that it is rewritten in place for as long as a take runs.
"""

from __future__ import annotations

import contextlib
import functools
import struct

from tray_app.audio.format import AudioFormat
from tray_app.binary_file import BinaryFile, put

LARGEST_RIFF = 2**32 - 1
"""The largest size that fits the 32-bit field of a RIFF header."""

UNKNOWN_32 = 0xFFFFFFFF
UNKNOWN_64 = 2**64 - 1
"""Size fields with all bits set: "see ds64" in RF64, "not known" from a program that writes to a pipe."""

PCM = 1
EXTENSIBLE = 0xFFFE
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
"""KSDATAFORMAT_SUBTYPE_* of Microsoft's ksmedia.h after its first two bytes, which are the plain format tag."""

DS64_BYTES = 28
"""The payload of a `ds64` without a table: RIFF size, data size and frames in 64 bits, and the table's length."""

_BEFORE_FMT = 12 + 8 + DS64_BYTES

_MASKS = (0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F)
"""Speakers for 1 to 8 channels, from ksmedia.h: mono, stereo, 3.0, quad, 5.0, 5.1, 6.1 and 7.1 with side speakers."""


def padded(size: int) -> int:
    """Return `size` with the pad byte that follows a chunk of odd size."""
    return size + size % 2


@functools.cache
def fmt_chunk(fmt: AudioFormat) -> bytes:
    """Return the `fmt ` chunk: 24 bytes, or 48 (EXTENSIBLE) for 24- and 32-bit or more than two channels.

    The rule is Microsoft's: WAVEFORMATEX alone is defined for 8- and 16-bit mono and stereo only.
    """
    fields = (fmt.channels, fmt.rate, fmt.byte_rate, fmt.frame_bytes, fmt.bits)
    if fmt.bits <= 16 and fmt.channels <= 2:
        return struct.pack("<4sIHHIIHH", b"fmt ", 16, PCM, *fields)
    mask = _MASKS[fmt.channels - 1] if fmt.channels <= len(_MASKS) else 0
    extension = struct.pack("<HHIH", 22, fmt.bits, mask, PCM) + GUID_TAIL
    return struct.pack("<4sIHHIIHH", b"fmt ", 40, EXTENSIBLE, *fields) + extension


def header_length(fmt: AudioFormat) -> int:
    """Return the bytes before the sound: 80 or 104."""
    return _BEFORE_FMT + len(fmt_chunk(fmt)) + 8


def build_header(fmt: AudioFormat, data_bytes: int, promote_at: int = LARGEST_RIFF) -> bytes:
    """Return the whole header for `data_bytes` bytes of sound: RIFF, or RF64 where RIFF's size is over `promote_at`."""
    description = fmt_chunk(fmt)
    riff = _BEFORE_FMT + len(description) + padded(data_bytes)
    if riff <= promote_at:
        start = struct.pack("<4sI4s4sI28x", b"RIFF", riff, b"WAVE", b"JUNK", DS64_BYTES)
        return start + description + struct.pack("<4sI", b"data", data_bytes)
    sizes = struct.pack("<QQQI", riff, data_bytes, data_bytes // fmt.frame_bytes, 0)
    start = struct.pack("<4sI4s4sI", b"RF64", UNKNOWN_32, b"WAVE", b"ds64", DS64_BYTES)
    return start + sizes + description + struct.pack("<4sI", b"data", UNKNOWN_32)


def put_pad(file: BinaryFile, at: int) -> None:
    """Write the pad byte at `at`, where sound of odd size ends and the header states it already.

    In this order a crash between the two cannot make a sample of the byte. A disk without room for one byte is no
    reason to fail: the sound is complete, and no reader misses the byte.
    """
    with contextlib.suppress(OSError):
        file.seek(at)
        put(file, b"\0")
