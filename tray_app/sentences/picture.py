"""What stands in a picture of what was cut, and which sizes it can have."""

from __future__ import annotations

from tray_app.words import clock_time, cuts

# The legend

REMOVED = "removed"
REMOVED_AND_GONE = "removed (not kept)"
RMS = "RMS"
PEAKS = "peaks"


def lengths(seconds: float, kept: float | None, count: int) -> str:
    """Say how long the original is, what was kept of it, and in how many cuts the rest went."""
    told = f"{clock_time(seconds)} recorded"
    return told if kept is None else f"{told}, {clock_time(kept)} kept, {cuts(count)}"


# The rule. With a plain hyphen for minus: Pillow's own font has no other.

EDGES_ONLY = "at the edges only"


def silence(threshold: float, shortest: str, *, found: bool) -> str:
    """Say what counts as silence."""
    return f"silence: at most {threshold:g} dBFS{' (found)' if found else ''} for at least {shortest}"


def kept_around(length: str) -> str:
    """Say how much of it stays around sounds."""
    return f"{length} kept around sounds"


def pauses_kept(length: str) -> str:
    """Say how much of a pause stays."""
    return f"pauses of {length} kept"


# Sizes


def no_size(text: str, example: str) -> str:
    """Say what a size looks like."""
    return f"{text!r} is no size; write one as {example}"


def impossible(text: str, why: object) -> str:
    """Say why no picture has such a size."""
    return f"{text} cannot be: {why}"


def between(least: str, most: str) -> str:
    """Say which sizes a picture can have."""
    return f"a picture is {least} to {most} pixels"


def at_most(millions: int) -> str:
    """Say how large it can be as a whole."""
    return f"a picture has at most {millions} million pixels"
