"""What a picture says to those who see no colours: its marks, told apart by shape and shade."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from tests.picture.seen import Seen, drawn, facts
from tray_app.picture.layout import Swatch

APART = 40
"""Shades of 255 by which two pixels differ to an eye that sees no colours, as those of the tray's icons do."""


def grey(seen: Seen) -> NDArray[np.float64]:
    """Return the picture without its colours: the luminance of each pixel (ITU-R BT.601)."""
    shades: NDArray[np.float64] = seen.pixels @ np.array([0.299, 0.587, 0.114])
    return shades


def legend(seen: Seen) -> dict[str, NDArray[np.float64]]:
    """Return the samples of the legend in grey, by kind, all of one size."""

    def part(swatch: Swatch) -> NDArray[np.float64]:
        left, top, right, bottom = (round(edge) for edge in swatch.box)
        return shades[top:bottom, left:right][:high, :wide]

    shades = grey(seen)
    boxes = [swatch.box for swatch in seen.layout.swatches]
    wide = min(round(right) - round(left) for left, _, right, _ in boxes)
    high = min(round(bottom) - round(top) for _, top, _, bottom in boxes)
    return {swatch.kind: part(swatch) for swatch in seen.layout.swatches}


def test_the_marks_of_the_legend_are_told_apart_without_colours() -> None:
    everything = facts(
        *(10_000, ((2000, 4000),)),
        gaps=((1000, 500),),
        dropped=((5000, 500),),
        pauses=((6000, 2.0),),
        sleeps=((8000, 60.0, "", ""),),
    )
    marks = legend(drawn(everything, (1600, 500)))
    assert set(marks) == {"removed", "gap", "dropped", "pause", "asleep", "threshold", "peaks", "rms"}
    for (one, seen), (other, also) in itertools.combinations(marks.items(), 2):
        differs = float((np.abs(seen - also) > APART).mean())
        assert differs > 0.1, f"{one} and {other} differ in {differs:.0%} of their pixels"


def test_what_was_removed_is_told_apart_without_colours() -> None:
    """In the plot by its lines, and above it by the bar."""
    seen = drawn(facts(10_000, ((2000, 4000),)), (1600, 500))
    time, level = seen.layout.time, seen.layout.level
    shades = grey(seen)
    rows = slice(level.top, level.top + level.height // 4)
    kept, removed = (
        shades[rows, round(time.column(start)) : round(time.column(end))] for start, end in ((5000, 7000), (2200, 3800))
    )
    assert removed.std() > 2 * kept.std()
    top, bottom = seen.layout.bar
    row = shades[(top + bottom) // 2]
    within, without = (row[round(time.column(at))] for at in (3000, 6000))
    assert without - within > APART
