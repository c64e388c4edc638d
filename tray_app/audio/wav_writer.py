"""Writes WAV so that a crash at any moment leaves a file that opens: the sound first, then a header that states it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tray_app.audio.format import AudioFormat
from tray_app.audio.wav_header import LARGEST_RIFF, build_header, header_length, put_pad
from tray_app.binary_file import BinaryFile, put, put_all

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

REFRESH_MS = 100


class WavWriter:
    """Writes PCM of one format into `file`, an empty file object opened for writing, and never reads.

    Writes go straight to the file, so give it an unbuffered one. The header is rewritten in place, as one write,
    often enough that it is at most `refresh_ms` of sound (or one call of `write`, if that is longer) behind. Where
    RIFF's size would be over `promote_at` it becomes an RF64 header of the same length. `file` stays the caller's to
    close.

    Every method raises `OSError` as the file gives it, a full disk for instance. `frames` then still says how many
    whole frames are in the file, and `finish` makes a valid file of exactly those.
    """

    def __init__(
        self, file: BinaryFile, fmt: AudioFormat, *, promote_at: int = LARGEST_RIFF, refresh_ms: int = REFRESH_MS
    ) -> None:
        self.format = fmt
        self._file = file
        self._promote_at = promote_at
        self._offset = header_length(fmt)
        self._frame_bytes = fmt.frame_bytes
        self._refresh_bytes = max(1, fmt.rate * refresh_ms // 1000) * fmt.frame_bytes
        self._written = 0  # bytes of sound in the file, whole frames
        self._stated = 0  # what the header says of them
        self._astray = False  # the file's position, or what lies behind the sound, is not known
        self._beyond = False  # the file is longer than its sound
        self._refresh()

    @property
    def frames(self) -> int:
        """Whole frames that are in the file."""
        return self._written // self._frame_bytes

    def write(self, pcm: ReadableBuffer) -> None:
        """Append whole frames: contiguous bytes-like `pcm`, interleaved little-endian; it is not copied.

        Raises `ValueError` for a part of a frame, `OSError` as the file gives it.
        """
        view = memoryview(pcm)
        size = view.nbytes
        if size % self._frame_bytes:
            raise ValueError(f"{size} bytes are not whole frames of {self._frame_bytes} bytes")
        if size:
            if 0 < self._written - self._stated > self._refresh_bytes - size:
                self._refresh()  # before, for after it the header would be too far behind
            self._append(view.cast("B"))
            if self._written - self._stated >= self._refresh_bytes:
                self._refresh()

    def cut_back(self, frames: int) -> None:
        """Let only the first `frames` frames count; what is written next stands behind them.

        `finish` makes the file as short. Raises `ValueError` where there are fewer, `OSError` as the file gives it.
        """
        if not 0 <= frames <= self.frames:
            raise ValueError(f"of {self.frames} frames {frames} cannot be left")
        self._written = frames * self._frame_bytes
        self._beyond = True
        self._refresh()

    def finish(self) -> None:
        """State all that was written, drop a part of a frame that a failed write left, and pad an odd size.

        May be called again, after an error or to no effect; writing may even go on afterwards.
        """
        broken = self._astray or self._beyond
        self._refresh()
        self._astray = True
        if broken:
            self._file.truncate(self._offset + self._written)
            self._beyond = False
        if self._written % 2:
            put_pad(self._file, self._offset + self._written)

    def _append(self, view: memoryview) -> None:
        if self._astray:
            self._file.seek(self._offset + self._written)
        self._astray = True
        done = 0
        try:
            while done < len(view):
                done += put(self._file, view[done:] if done else view)
        finally:
            self._written += done - done % self._frame_bytes
        self._astray = False

    def _refresh(self) -> None:
        """Rewrite the header in place; whatever fails, the next write finds the end of the sound again."""
        self._astray = True
        self._file.seek(0)
        put_all(self._file, build_header(self.format, self._written, self._promote_at))
        self._stated = self._written
        self._file.seek(self._offset + self._written)
        self._astray = False
