"""Pieces of the file, as the timeline gives them out: sound, zeros, breaks."""

from __future__ import annotations

from dataclasses import dataclass

from tray_app.capture.base import Samples


@dataclass(frozen=True, slots=True)
class Sound:
    """Frames of the device, in its own rate, that belong at frame `at` of the file."""

    at: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Fill:
    """Zeros up to frame `end` of the file, from frame `start`: a gap, or frames that were dropped."""

    start: int
    end: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """What comes next does not continue what came before: a pause's edge, a lost stream, the end."""


Piece = Sound | Fill | Break
