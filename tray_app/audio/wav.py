"""Reads PCM sound from WAV files as they are found in the wild: RIFF, RF64 and BW64, cut short, streamed, odd.

What the bytes say is never trusted beyond the file's end: no header makes this module read, allocate or search more
than the file holds.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tray_app.audio.format import MAX_CHANNELS, MAX_RATE, AudioFormat
from tray_app.audio.wav_header import EXTENSIBLE, GUID_TAIL, PCM, UNKNOWN_32, UNKNOWN_64
from tray_app.binary_file import BinaryFile
from tray_app.errors import AudioFileError
from tray_app.sentences import files as said

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAX_CHUNKS = 1000
"""Chunks looked at before we give up: far more than any program writes, and still under 10 ms of work."""

_SOX_PIPE = 0x7FFFF000
"""The data size, less what is no whole frame, that sox 14.4 states when it writes to a pipe and cannot know better."""

_KNOWN = frozenset(
    b"fmt ,data,LIST,fact,JUNK,junk,bext,iXML,axml,chna,cart,PEAK,smpl,inst,cue ,id3 ,ID3 ,PAD ,FLLR,_PMX".split(b",")
)
"""Names of chunks that programs write into WAV files."""

_CODECS = {
    0x0002: "ADPCM",
    0x0003: "floating-point",
    0x0006: "A-law",
    0x0007: "µ-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM",
    0x0050: "MPEG",
    0x0055: "MP3",
    0x00FF: "AAC",
}


class UnsupportedWavError(AudioFileError):
    """A WAV file of a kind that is not read here (floating-point, compressed, …); a decoder may know it."""


class NotWavError(AudioFileError):
    """No WAV file at all, or one so damaged that its sound cannot be found."""


class WavReader:
    """Reads the PCM frames of a WAV `file`, a seekable binary file object whose position belongs to the reader.

    `format` is the sound's, `frames` the whole frames that are really there, `data_offset` where the first one lies
    in the file. `declared_frames` is what the header promises, None where it does not know; `truncated` is True where
    that is more than `frames`.

    A data size of 0xFFFFFFFF (without a `ds64` that says more) is that of a program that wrote to a pipe: the sound
    runs to the end of the file. So it does for a size of 0, that of a program which died, unless what follows is
    a chain of chunks with printable names that ends exactly with the file or its RIFF form: then the file is empty.

    Raises `UnsupportedWavError` or `NotWavError`, whatever the bytes are, and `OSError` as the file gives it.
    """

    def __init__(self, file: BinaryFile) -> None:
        self._file = file
        found = _find_sound(file)
        frame_bytes = found.format.frame_bytes
        self.format = found.format
        self.data_offset = found.offset
        self.declared_frames = None if found.declared is None else found.declared // frame_bytes
        present = found.present // frame_bytes
        self.frames = present if self.declared_frames is None else min(present, self.declared_frames)
        self.truncated = self.declared_frames is not None and self.declared_frames > self.frames
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go to `frame`, 0 to `frames`. Raises `ValueError` outside of that."""
        if not 0 <= frame <= self.frames:
            raise ValueError(f"frame {frame} is not in 0 to {self.frames}")
        self._file.seek(self.data_offset + frame * self.format.frame_bytes)
        self._frame = frame

    def tell(self) -> int:
        """Return the frame that is read next."""
        return self._frame

    def read(self, frames: int) -> bytes:
        """Return up to `frames` frames as bytes, less at the end, where it is `b""`."""
        buffer = bytearray(max(0, min(frames, self.frames - self._frame)) * self.format.frame_bytes)
        count = self.readinto(buffer)
        return bytes(memoryview(buffer)[:count])

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the contiguous `buffer` with whole frames; return the bytes read, 0 at the end.

        Less than fits is read only at the end (or where the file became shorter meanwhile).
        """
        frame_bytes = self.format.frame_bytes
        view = memoryview(buffer)
        frames = min(view.nbytes // frame_bytes, self.frames - self._frame)
        if frames <= 0:
            return 0
        view = view.cast("B")[: frames * frame_bytes]
        done = self._fill(view)
        if done < len(view):
            frames = done // frame_bytes
            self.seek(self._frame + frames)
        else:
            self._frame += frames
        return frames * frame_bytes

    def _fill(self, view: memoryview) -> int:
        done = 0
        while done < len(view):
            count = self._file.readinto(view[done:])
            if not count:
                break
            done += count
        return done


def parse_fmt(body: bytes) -> AudioFormat:
    """Return the format that the payload of a `fmt ` chunk states (16 bytes, 40 for EXTENSIBLE; more is ignored).

    The byte rate is not looked at: many programs get it wrong, and nobody needs it. Raises `UnsupportedWavError` for
    what is not PCM of 8, 16, 24 or 32 bits that fill their container, `NotWavError` for what cannot be.
    """
    if len(body) < 16:
        raise _damaged(said.FORMAT_CUT_SHORT)
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == EXTENSIBLE:
        tag = _sub_format(body, bits)
    if tag != PCM:
        kind = _CODECS.get(tag, f"compressed (kind 0x{tag:04x})")
        raise _unsupported(said.sound_of_kind(kind))
    _check_numbers(channels, rate, block, bits)
    return AudioFormat(rate, channels, bits)


def _sub_format(body: bytes, bits: int) -> int:
    if len(body) < 40:
        raise _damaged(said.FORMAT_CUT_SHORT)
    valid, _, tag = struct.unpack_from("<HIH", body, 18)
    if body[26:40] != GUID_TAIL:
        raise _unsupported(said.UNKNOWN_SOUND)
    if tag == PCM and valid > bits:
        raise _damaged(said.odd_bits(valid, bits))
    return int(tag)


def _check_numbers(channels: int, rate: int, block: int, bits: int) -> None:
    if not channels or not rate or not bits:
        raise _damaged(said.odd_numbers(channels, rate, bits))
    if block % channels or block * 8 < channels * bits:
        raise _damaged(said.odd_frames(channels, bits, block))
    if bits not in (8, 16, 24, 32) or block * 8 != channels * bits:
        raise _unsupported(said.odd_samples(bits, block // channels))
    if channels > MAX_CHANNELS:
        raise _unsupported(said.many_channels(channels, MAX_CHANNELS))
    if rate > MAX_RATE:
        raise _unsupported(said.high_rate(rate, MAX_RATE))


@dataclass(frozen=True, slots=True)
class _Sound:
    """Where the sound lies: `declared` bytes by the header (None: not known), `present` until the file's end."""

    format: AudioFormat
    offset: int
    declared: int | None
    present: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk's name, where its payload begins, and the size of that as its header states it."""

    name: bytes
    body: int
    size: int


def _find_sound(file: BinaryFile) -> _Sound:
    end = file.seek(0, io.SEEK_END)
    large = _is_large(_read_at(file, 0, 12))
    fmt: AudioFormat | None = None
    data64: int | None = None
    for chunk in _chunks(file, 12, end):
        if chunk.name == b"ds64" and large and data64 is None:
            data64 = _ds64_data_size(_read_at(file, chunk.body, min(chunk.size, 16)))
        elif chunk.name == b"fmt " and fmt is None:
            fmt = parse_fmt(_read_at(file, chunk.body, min(chunk.size, 40)))
        elif chunk.name == b"data":
            if fmt is None:
                raise _damaged(said.NO_FORMAT)
            declared = _declared(file, chunk, data64, end)
            if declared == _SOX_PIPE - _SOX_PIPE % fmt.frame_bytes and chunk.body + declared > end:
                declared = None
            return _Sound(fmt, chunk.body, declared, end - chunk.body)
    raise _damaged(said.NO_SOUND_BEGINS)


def _is_large(head: bytes) -> bool:
    """Return whether a file that begins with `head` is RF64 or BW64; False for RIFF, an error for all else."""
    if head[:4] == b"RIFX":
        raise _unsupported(said.BIG_ENDIAN)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or len(head) < 12:
        raise NotWavError(said.NOT_WAV)
    if head[8:12] != b"WAVE":
        raise NotWavError(said.NOT_WAV_BUT_RIFF)
    return head[:4] != b"RIFF"


def _chunks(file: BinaryFile, at: int, end: int) -> Iterator[_Chunk]:
    for _ in range(_MAX_CHUNKS):
        if at + 8 > end:
            return
        head = _read_at(file, at, 8)
        if len(head) < 8:
            return
        chunk = _Chunk(head[:4], at + 8, int.from_bytes(head[4:], "little"))
        yield chunk
        at = _after(file, chunk, end)


def _after(file: BinaryFile, chunk: _Chunk, end: int) -> int:
    """Return where the next chunk begins: behind the pad byte of an odd size, unless it was plainly left out.

    It was where, and only where, a well-known name stands right behind the odd size.
    """
    at = chunk.body + chunk.size
    if chunk.size % 2 == 0 or at >= end:
        return at
    return at if _read_at(file, at, 4) in _KNOWN else at + 1


def _ds64_data_size(body: bytes) -> int:
    if len(body) < 16:
        raise _damaged(said.SIZES_CUT_SHORT)
    return int.from_bytes(body[8:16], "little")


def _declared(file: BinaryFile, data: _Chunk, data64: int | None, end: int) -> int | None:
    """Return the size of the sound as the header states it, None where the header does not know."""
    size = data.size
    if size == UNKNOWN_32:
        if data64 is None or data64 == UNKNOWN_64:
            return None
        size = data64
    if size == 0 and not _chunks_follow(file, data.body, end):
        return 0 if data.body == end else None
    return size


def _chunks_follow(file: BinaryFile, start: int, end: int) -> bool:
    """Return whether a chain of chunks leads from `start` exactly to the end of the file or of its RIFF form."""
    riff_end = 8 + int.from_bytes(_read_at(file, 4, 4), "little")
    for chunk in _chunks(file, start, end):
        after = chunk.body + chunk.size
        if not all(0x20 <= byte < 0x7F for byte in chunk.name):
            return False
        if {after, after + chunk.size % 2} & {end, riff_end}:
            return True
    return False


def _read_at(file: BinaryFile, at: int, size: int) -> bytes:
    """Return up to `size` bytes (a few) from `at`, less at the end of the file."""
    file.seek(at)
    parts = b""
    while len(parts) < size:
        part = file.read(size - len(parts))
        if not part:
            break
        parts += part
    return parts


def _unsupported(what: str) -> UnsupportedWavError:
    return UnsupportedWavError(said.unsupported_wav(what))


def _damaged(why: str) -> NotWavError:
    return NotWavError(said.damaged_wav(why))
