"""Pictures of sound that is known, and what stands in their pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.picture.drawing import draw, layout_of
from tray_app.picture.envelope import Outline
from tray_app.picture.layout import Layout, Subject
from tray_app.take.facts import Facts, Ranges

RULE = CutRule(500, -40.0)
Pixels = NDArray[np.int64]


@dataclass(frozen=True)
class Seen:
    """A picture: its pixels, of shape (height, width, 3), and where everything was to stand."""

    pixels: Pixels
    layout: Layout

    def plot(self) -> Pixels:
        """The pixels of the plot."""
        time, level = self.layout.time, self.layout.level
        return self.pixels[level.top : level.top + level.height, time.left : time.left + time.width]

    def bar(self) -> Pixels:
        """The middle row of the bar above the plot."""
        top, bottom = self.layout.bar
        return self.pixels[(top + bottom) // 2, self.layout.time.left : self.layout.time.left + self.layout.time.width]

    def strip(self) -> Pixels:
        """The pixels of the strip below the plot."""
        assert self.layout.strip is not None
        top, bottom = self.layout.strip
        return self.pixels[top:bottom, self.layout.time.left : self.layout.time.left + self.layout.time.width]


def facts(
    frames: int, cuts: Ranges = (), rate: int = 1000, kept: int | None = 1, rule: CutRule | None = RULE, **more: object
) -> Facts:
    """Facts of an original of so many frames."""
    known = Facts("take", AudioFormat(rate, 1, 16), frames, cuts=cuts, kept_frames=kept, rule=rule)
    for name, value in more.items():
        object.__setattr__(known, name, value)
    return known


def flat(columns: int, level: float = 0.0, rms: float | None = None) -> Outline:
    """The outline of a sound that is the same all the time."""
    ones = np.ones(columns)
    return Outline(-level * ones, level * ones, (level if rms is None else rms) * ones)


def drawn(of: Facts, size: tuple[int, int] = (800, 300), outline: Outline | None = None, title: str = "Talk") -> Seen:
    """Draw a picture, of silence where no outline is given."""
    subject = Subject(of, title)
    layout = layout_of(subject, size)
    image = draw(subject, layout, flat(layout.time.width) if outline is None else outline)
    assert image.size == size
    return Seen(np.asarray(image).astype(np.int64), layout)


def is_like(pixels: Pixels, colour: tuple[int, int, int], within: int = 2) -> NDArray[np.bool_]:
    """Which pixels have a colour, nearly."""
    near: NDArray[np.bool_] = np.abs(pixels - np.array(colour)).max(axis=-1) <= within
    return near
