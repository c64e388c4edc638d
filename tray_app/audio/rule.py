"""What silence removal is to do: pydub's two values, and what its users ask for beyond them."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MIN_SILENCE_LEN = 500
DEFAULT_SILENCE_THRESH = -40.0


@dataclass(frozen=True, slots=True)
class CutRule:
    """By what rule sound is cut.

    `min_silence_len` in ms, at least 1, and `silence_thresh` in dBFS, at most 0, mean what they do in pydub 0.25.1 at
    `seek_step=1`. Raises `ValueError` for other values.
    """

    min_silence_len: int = DEFAULT_MIN_SILENCE_LEN
    silence_thresh: float = DEFAULT_SILENCE_THRESH

    def __post_init__(self) -> None:
        if self.min_silence_len < 1:
            raise ValueError(f"min_silence_len must be at least 1 ms, not {self.min_silence_len}")
        if not self.silence_thresh <= 0:
            raise ValueError(f"silence_thresh must be at most 0 dBFS, not {self.silence_thresh}")


EXACT = CutRule()
"""pydub's rule with this program's own defaults."""
