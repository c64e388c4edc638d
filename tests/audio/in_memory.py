"""Sound that lies in memory, where trimmed sound goes, and how much memory that took."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from tests.audio.oracle import Case
from tray_app.audio.format import AudioFormat


class MemoryReader:
    """A file of sound in memory; gives at most `most` frames at a time."""

    def __init__(self, fmt: AudioFormat, pcm: bytes, most: int = 1 << 40) -> None:
        self.format = fmt
        self.frames = len(pcm) // fmt.frame_bytes
        self._pcm = pcm
        self._most = most * fmt.frame_bytes
        self._at = len(pcm)

    def seek(self, frame: int) -> None:
        self._at = frame * self.format.frame_bytes

    def readinto(self, buffer: memoryview) -> int:
        part = self._pcm[self._at : self._at + min(len(buffer), self._most)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class Sink:
    """Takes what is written, at once, since the view is only lent."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, view: memoryview) -> None:
        self.parts.append(bytes(view))

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)


def parted(case: Case, chunks: list[int]) -> Iterator[bytes]:
    """Yield the sound of a case in chunks of so many frames, and then the rest."""
    pcm, at = case.pcm, 0
    for frames in chunks:
        yield pcm[at : at + frames * case.fmt.frame_bytes]
        at += frames * case.fmt.frame_bytes
    yield pcm[at:]


@contextmanager
def counted(peaks: list[int]) -> Iterator[None]:
    """Note the most bytes that Python and numpy have held beyond what they had before."""
    tracemalloc.start()
    try:
        yield
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
