"""Sound, WAV files of every kind, and file objects that fail as real ones do."""

from __future__ import annotations

import errno
import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat
from tray_app.audio.wav_writer import WavWriter

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FORMATS = [AudioFormat(44_100, channels, bits) for channels in (1, 2, 6) for bits in (8, 16, 24, 32)]


def sound(fmt: AudioFormat, frames: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(frames * fmt.frame_bytes)


def name(fmt: AudioFormat) -> str:
    return f"{fmt.bits}bit-{fmt.channels}ch"


def left_aligned(fmt: AudioFormat, pcm: bytes) -> NDArray[np.int32]:
    """The samples as soundfile and `ffmpeg -f s32le` give them: full scale in 32 bits, shape (frames, channels)."""
    raw = np.frombuffer(pcm, np.uint8).reshape(-1, fmt.sample_bytes)
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 4 - fmt.sample_bytes :] = raw ^ 0x80 if fmt.bits == 8 else raw
    return wide.view("<i4").reshape(-1, fmt.channels)


def ours(fmt: AudioFormat, pcm: bytes, promote_at: int = 2**32 - 1) -> bytes:
    file = io.BytesIO()
    writer = WavWriter(file, fmt, promote_at=promote_at)
    writer.write(pcm)
    writer.finish()
    return file.getvalue()


def chunk(kind: bytes, body: bytes, size: int | None = None, pad: bool = True) -> bytes:
    size = len(body) if size is None else size
    return kind + struct.pack("<I", size) + body + (b"\0" if pad and len(body) % 2 else b"")


def plain_fmt(fmt: AudioFormat, **changes: int) -> bytes:
    fields = {
        "tag": 1,
        "channels": fmt.channels,
        "rate": fmt.rate,
        "byte_rate": fmt.byte_rate,
        "block": fmt.frame_bytes,
        "bits": fmt.bits,
    } | changes
    return struct.pack("<HHIIHH", *fields.values())


def riff(*chunks: bytes, magic: bytes = b"RIFF", size: int | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body) if size is None else size) + body


class Journal(io.RawIOBase):
    """A file that remembers every change, so that each moment at which a process could die can be played back."""

    def __init__(self) -> None:
        self.file = io.BytesIO()
        self.changes: list[tuple[int, bytes | None]] = []

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def write(self, data: ReadableBuffer) -> int:
        self.changes.append((self.file.tell(), bytes(data)))
        return self.file.write(data)

    def truncate(self, size: int | None = None) -> int:
        assert size is not None
        self.changes.append((size, None))
        return self.file.truncate(size)

    def moments(self) -> Iterator[tuple[bytes, bool]]:
        """Every content that a crash can leave, the last write torn at every byte (a long one at some), and whether
        that write was torn."""
        file = io.BytesIO()
        for at, data in self.changes:
            if data is None:
                file.truncate(at)
            else:
                before = file.getvalue()
                for cut in sorted({*range(0, len(data), max(1, len(data) // 110)), len(data) - 1}):
                    yield before[:at] + data[:cut] + before[at + cut :], True
                file.seek(at)
                file.write(data)
            yield file.getvalue(), False


class SmallDisk(io.RawIOBase):
    """A file on a disk of `room` bytes, as strict as the real one: a short write first, ENOSPC for the next.

    `short` is the most that one write takes. `fail_write` is the number of a write that fails with EIO.
    """

    def __init__(self, room: int, short: int = 1 << 30, fail_write: int = -1) -> None:
        self.file = io.BytesIO()
        self.room = room
        self.short = short
        self.fail_write = fail_write
        self.writes = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def write(self, data: ReadableBuffer) -> int:
        self.writes += 1
        if self.writes - 1 == self.fail_write:
            raise OSError(errno.EIO, "Input/output error")
        part = memoryview(data)[: min(self.short, max(0, self.room - self.file.tell()))]
        if memoryview(data).nbytes and not part:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(part)

    def truncate(self, size: int | None = None) -> int:
        return self.file.truncate(size)

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the writer never reads")

    readinto = read  # type: ignore[assignment]


class ShortReads(io.RawIOBase):
    """A file that gives at most `most` bytes a read, as a network file system may."""

    def __init__(self, content: bytes, most: int) -> None:
        self.file = io.BytesIO(content)
        self.most = most

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def readinto(self, buffer: ReadableBuffer) -> int:
        return self.file.readinto(memoryview(buffer)[: self.most])

    def readable(self) -> bool:
        return True
