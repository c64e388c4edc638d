"""The options that say which format is written, and how good: `--format`, and each format's own."""

from __future__ import annotations

import argparse
from pathlib import Path

from tray_app.env_file import PREFIX
from tray_app.errors import SettingError
from tray_app.outputs import FORMATS, by_ending, endings
from tray_app.sentences import terminal as said
from tray_app.sentences.forms import Said

_HELP = {
    "flac": "FLAC: 0 is fast, 8 is small",
    "mp3": "MP3: LAME's quality, 0 is the best, 9 the smallest",
    "ogg": "Ogg Vorbis: quality, 10 is the best",
    "opus": "Opus: kbit/s of a stereo recording",
    "m4a": "M4A: kbit/s of a stereo recording",
}

_BY_FORMAT = {name: quality for name in _HELP if (quality := FORMATS[name].quality) is not None}

QUALITIES = {quality.variable.removeprefix(PREFIX).lower(): quality.variable for quality in _BY_FORMAT.values()}
"""For a command's `OVERRIDES`."""


def add_format(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    names = ", ".join(FORMATS)
    parser.add_argument(
        "--format", dest="output_format", metavar="FORMAT", help=f"what to write: {names} (default: wav)"
    )
    for (name, quality), field in zip(_BY_FORMAT.items(), QUALITIES, strict=True):
        option, unit = f"--{field.replace('_', '-')}", "KBIT" if field.endswith("bitrate") else "N"
        parser.add_argument(option, dest=field, metavar=unit, help=f"{_HELP[name]} (default: {quality.default})")


def format_of(output: Path, given: str | None) -> str:
    """Return the name of the format of an output file that the user named, with `given` from `--format`, if any.

    Raises `SettingError` for an ending that is not known, or is another format's.
    """
    ending = output.suffix
    known = by_ending(ending)
    if known is None:
        raise SettingError(Said(f"{said.no_output_format(output, ending, endings())}."))
    if given is None:
        return known
    chosen = known_format(given)
    if FORMATS[chosen].ending != FORMATS[known].ending:
        raise SettingError(said.other_format(output, FORMATS[known].label, chosen))
    return chosen


def known_format(given: str) -> str:
    """Return the name of a format, written in any case. Raises `SettingError` for one that is not known."""
    if given.lower() not in FORMATS:
        raise SettingError(said.no_format(given, ", ".join(FORMATS)))
    return given.lower()
