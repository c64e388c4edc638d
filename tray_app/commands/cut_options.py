"""The options of `trim`, `record` and `picture` that say what is cut, and how that is told."""

from __future__ import annotations

import argparse

from tray_app.audio.rule import EDGES, CutRule
from tray_app.presets import NAMES
from tray_app.sentences import terminal as said

OVERRIDES = {
    "min_silence_len": "RECORDER_MIN_SILENCE_LEN",
    "silence_thresh": "RECORDER_SILENCE_THRESH",
    "keep_silence": "RECORDER_KEEP_SILENCE",
    "longest_pause": "RECORDER_LONGEST_PAUSE",
    "cut": "RECORDER_CUT",
    "shortest_sound": "RECORDER_SHORTEST_SOUND",
    "fade": "RECORDER_FADE",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments. `cli` puts a preset's values below those of the other options."""
    group = parser.add_argument_group(
        "what is cut", "What is not given is as in the settings, whose defaults are told here."
    )
    group.add_argument(
        "--preset",
        choices=NAMES,
        metavar="NAME",
        help=f"a set of values: {', '.join(NAMES)}; options given beside it are stronger",
    )
    group.add_argument(
        "--min-silence-len", metavar="MS", help="the shortest silence that is removed, in milliseconds (default: 500)"
    )
    group.add_argument(
        "--silence-thresh",
        metavar="DBFS",
        help="what is at most this loud is silence; auto finds it in the noise of the recording (default: -40)",
    )
    group.add_argument(
        "--keep-silence",
        metavar="MS",
        help="silence that is kept before and after every sound, in milliseconds (default: 0)",
    )
    group.add_argument(
        "--longest-pause",
        metavar="MS",
        help="what is left of a silence between sounds, in milliseconds (default: 0, off)",
    )
    group.add_argument(
        "--edges-only", dest="cut", action="store_const", const=EDGES, help="cut only at the start and the end"
    )
    group.add_argument(
        "--shortest-sound",
        metavar="MS",
        help="a sound between silences that is shorter, in milliseconds, is cut with them (default: 0)",
    )
    group.add_argument(
        "--fade", metavar="MS", help="fade before and after every cut, in milliseconds (default: 0, a copy bit for bit)"
    )


def given(args: argparse.Namespace) -> bool:
    """Whether any of these options was given."""
    return any(getattr(args, name) is not None for name in ("preset", *OVERRIDES))


def found(rule: CutRule | None) -> str:
    """Return what is told of a threshold that was found in the sound; empty where it was given."""
    if rule is None or not rule.auto or rule.silence_thresh is None:
        return ""
    return said.threshold_found(rule.silence_thresh)
