"""What silence removal is to do: pydub's two values, and what its users ask for beyond them.

The rule is applied in this order, in whole milliseconds (`shaping`, then `fades`):

1. What pydub would cut by `min_silence_len` and `silence_thresh`.
2. `shortest_sound`: a kept stretch that is shorter, and lies between two cuts, or between a cut and the sound's start
   or end, is cut too. So the cuts at both its sides become one.
3. `edges_only`: only a cut at the sound's start and one at its end remain.
4. `keep_silence`, as pydub's `split_on_silence` has it: so much is kept at both sides of every sound. `longest_pause`:
   a cut between two sounds leaves so much of it altogether. With both it leaves the larger of `2 * keep_silence` and
   `longest_pause`: half of that at its beginning and half at its end, the odd millisecond at its beginning, where a
   sound dies away. A cut that is no longer than what it is to leave is not made. At the sound's own start and end only
   `keep_silence` counts. Where all is silent nothing is kept.
5. `fade`: what is kept at the sides of a cut is faded out before it and in after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tray_app.settings import Settings

DEFAULT_MIN_SILENCE_LEN = 500
DEFAULT_SILENCE_THRESH = -40.0

EDGES = "edges"
"""What `RECORDER_CUT` says for `edges_only`."""


@dataclass(frozen=True, slots=True)
class CutRule:
    """By what rule sound is cut.

    `min_silence_len` in ms, at least 1, and `silence_thresh` in dBFS, at most 0, mean what they do in pydub 0.25.1 at
    `seek_step=1`. With `auto` the threshold is found in the sound itself (`floor`), and `silence_thresh` is None until
    it is. `keep_silence`, `longest_pause`, `shortest_sound` and `fade` are in ms, 0 or more; 0 is off. Raises
    `ValueError` for other values.
    """

    min_silence_len: int = DEFAULT_MIN_SILENCE_LEN
    silence_thresh: float | None = DEFAULT_SILENCE_THRESH
    auto: bool = False
    keep_silence: int = 0
    longest_pause: int = 0
    edges_only: bool = False
    shortest_sound: int = 0
    fade: int = 0

    def __post_init__(self) -> None:
        if self.min_silence_len < 1:
            raise ValueError(f"min_silence_len must be at least 1 ms, not {self.min_silence_len}")
        if self.silence_thresh is None and not self.auto:
            raise ValueError("silence_thresh must be a number unless it is found in the sound")
        if self.silence_thresh is not None and not self.silence_thresh <= 0:
            raise ValueError(f"silence_thresh must be at most 0 dBFS, not {self.silence_thresh}")
        for name in ("keep_silence", "longest_pause", "shortest_sound", "fade"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0 ms, not {getattr(self, name)}")

    @property
    def threshold(self) -> float:
        """The threshold in dBFS. Raises `ValueError` while it is yet to be found."""
        if self.silence_thresh is None:
            raise ValueError("the threshold was not found yet")
        return self.silence_thresh

    def found(self, threshold: float) -> CutRule:
        """Return the rule with the threshold that was found in the sound."""
        return replace(self, silence_thresh=threshold)

    @property
    def left(self) -> int:
        """The ms that a cut between two sounds leaves."""
        return max(2 * self.keep_silence, self.longest_pause)

    @property
    def shapes(self) -> bool:
        """Whether the cuts are others than pydub's."""
        return bool(self.left or self.shortest_sound or self.edges_only)

    @property
    def waits_for_end(self) -> bool:
        """Whether only the sound's end tells what is kept of the silence before: any length of it may be in doubt."""
        return self.edges_only or self.longest_pause > 2 * self.keep_silence

    @property
    def held_ms(self) -> int:
        """The ms of sound that are held undecided at most while the rule is applied, beside a read block."""
        return self.min_silence_len + self.left + self.shortest_sound + self.fade


EXACT = CutRule()
"""pydub's rule with this program's own defaults."""


def rule_of(settings: Settings) -> CutRule:
    """Return the rule that the settings describe."""
    return CutRule(
        min_silence_len=settings.min_silence_len,
        silence_thresh=settings.silence_thresh,
        auto=settings.silence_thresh is None,
        keep_silence=settings.keep_silence,
        longest_pause=settings.longest_pause,
        edges_only=settings.cut == EDGES,
        shortest_sound=settings.shortest_sound,
        fade=settings.fade,
    )


def read_rule(found: Mapping[str, Any]) -> CutRule:
    """Return the rule that JSON holds by name, as `dataclasses.asdict` gave it; what is not there has its default.

    Raises `KeyError`, `TypeError` or `ValueError` where it holds something else.
    """
    threshold = found["silence_thresh"]
    known = {field.name for field in fields(CutRule)} - {"silence_thresh", "auto", "edges_only"}
    return CutRule(
        silence_thresh=None if threshold is None else float(threshold),
        auto=found.get("auto") is True,
        edges_only=found.get("edges_only") is True,
        **{name: int(found[name]) for name in known if name in found},
    )
