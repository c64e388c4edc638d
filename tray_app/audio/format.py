"""The shape of PCM sound, and the arithmetic between frames, milliseconds and bytes."""

from __future__ import annotations

from dataclasses import dataclass

MAX_RATE = 768_000
MAX_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Interleaved little-endian PCM: `rate` in Hz (1 to 768 000), `channels` (1 to 64), `bits` (8, 16, 24 or 32).

    8-bit samples are unsigned as in WAV; the others are signed. Raises `ValueError` for anything else.
    """

    rate: int
    channels: int
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.rate <= MAX_RATE:
            raise ValueError(f"rate must be 1 to {MAX_RATE} Hz, not {self.rate}")
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(f"channels must be 1 to {MAX_CHANNELS}, not {self.channels}")
        if self.bits not in (8, 16, 24, 32):
            raise ValueError(f"bits must be 8, 16, 24 or 32, not {self.bits}")

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of one channel."""
        return self.bits // 8

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame: one sample of every channel."""
        return self.channels * self.sample_bytes

    @property
    def byte_rate(self) -> int:
        """Bytes of one second."""
        return self.rate * self.frame_bytes

    @property
    def zero(self) -> bytes:
        """One frame of digital silence: 0x80 for 8-bit, which is unsigned, else zeros."""
        return (b"\x80" if self.bits == 8 else b"\0") * self.frame_bytes

    def ms_to_frame(self, ms: int) -> int:
        """Return the frame at which millisecond `ms` begins: `int(ms * (rate / 1000.0))`, pydub 0.25.1's rule.

        At 44 100 Hz a millisecond therefore has 44 or 45 frames.
        """
        return int(ms * (self.rate / 1000.0))

    def length_ms(self, frames: int) -> int:
        """Return how many whole milliseconds pydub 0.25.1 sees in `frames`: `round(1000.0 * frames / rate)`.

        Python's `round`: a half goes to the even number.
        """
        return round(1000.0 * (frames / self.rate))

    def seconds(self, frames: int) -> float:
        """Return the duration of `frames` in seconds."""
        return frames / self.rate
