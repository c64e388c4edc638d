"""Presets: names for sets of values that go well together. Pure.

No preset cuts where `exact` does not, so none can clip a sound that `exact` keeps. A window of n times the length whose
threshold is lower by at least 10 * log10(n) dB is silent only if all of its parts of `exact`'s length are; the rest of
the values only ever keeps more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tray_app.loading import changed
from tray_app.settings import Settings


@dataclass(frozen=True, slots=True)
class Preset:
    """A set of values: its `name`, by which the menu finds its label, and texts by variable name."""

    name: str
    texts: Mapping[str, str]


def _preset(
    name: str,
    *,
    length: int = 500,
    thresh: int = -40,
    keep: int = 0,
    cut: str = "everywhere",
    fade: int = 0,
) -> Preset:
    texts = {
        "RECORDER_MIN_SILENCE_LEN": str(length),
        "RECORDER_SILENCE_THRESH": str(thresh),
        "RECORDER_KEEP_SILENCE": str(keep),
        "RECORDER_LONGEST_PAUSE": "0",
        "RECORDER_CUT": cut,
        "RECORDER_SHORTEST_SOUND": "0",
        "RECORDER_FADE": str(fade),
    }
    return Preset(name, texts)


PRESETS = (
    # pydub's rule with the defaults of this program: hard cuts, and every kept bit as it was recorded.
    _preset("exact"),
    # Breaths and soft endings stay, and so do pauses below 0.75 s; of longer ones 0.4 s, as between sentences.
    _preset("speech", length=750, thresh=-45, keep=200, fade=10),
    # Between pieces, not in them: a general pause is shorter, a fading chord louder.
    _preset("music", length=2000, thresh=-60, keep=500, fade=20),
    # Only what stands before the first sound and after the last one goes.
    _preset("edges-only", keep=300, cut="edges"),
)

NAMES = tuple(preset.name for preset in PRESETS)
VARIABLES = tuple(PRESETS[0].texts)
"""What every preset gives a value to."""


def texts_of(name: str) -> Mapping[str, str]:
    """Return a preset's values as texts by variable name. Raises `KeyError` for a name that is none of `NAMES`."""
    return {preset.name: preset.texts for preset in PRESETS}[name]


def current(settings: Settings) -> Preset | None:
    """Return the preset whose values the settings have, None where they are the user's own."""
    return next((preset for preset in PRESETS if changed(settings, preset.texts, Path()) == settings), None)
