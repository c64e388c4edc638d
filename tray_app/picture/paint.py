"""The plot of a picture as pixels: outline, removed parts, axes, marks. Edges are smooth, and all is done in numpy.

No meaning is by colour alone: what was removed is hatched and has a bar above it, a gap is a full block, what was
dropped is striped, a pause is a triangle and sleep a diamond.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tray_app.picture.envelope import Outline
from tray_app.picture.layout import Layout, Subject, Swatch

Colour = tuple[int, int, int]
Coverage = NDArray[np.float32]
"""How far each pixel is covered, 0 to 1."""

PAPER: Colour = (255, 255, 255)
GROUND: Colour = (246, 248, 251)
GRID: Colour = (224, 229, 236)
FRAME: Colour = (176, 184, 196)
PEAKS: Colour = (146, 188, 229)
RMS: Colour = (38, 99, 168)
REMOVED: Colour = (247, 228, 220)
HATCH: Colour = (226, 186, 170)
LOST_PEAKS: Colour = (206, 178, 168)
LOST_RMS: Colour = (158, 116, 100)
BAR: Colour = (193, 83, 52)
DARK: Colour = (31, 41, 55)
GAP: Colour = (55, 65, 81)
DROPPED: Colour = (124, 58, 173)
PAUSE: Colour = (180, 83, 9)
SLEEP: Colour = (15, 110, 110)

FAINTEST = 0.35
"""How strongly the bar shows a column of which hardly anything was removed: one cut in a day is to be seen."""

_BLOCK = 256
"""Columns painted at once, so that a large picture takes no more memory than its pixels."""


class Canvas:
    """A picture in the making: `pixels` of shape (height, width, 3), 0 to 255."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.pixels: NDArray[np.uint8] = np.full((size[1], size[0], 3), PAPER, np.uint8)

    def blend(self, left: int, top: int, cover: Coverage, colour: Colour | NDArray[np.float32]) -> None:
        """Put a colour, or one for each column of shape (columns, 3), on the pixels from there on, as far as covered.

        What lies outside of the picture is left out.
        """
        height, width = self.pixels.shape[:2]
        x, y = max(0, left), max(0, top)
        cover = cover[y - top : height - top, x - left : width - left]
        if not cover.size:
            return
        part = self.pixels[y : y + cover.shape[0], x : x + cover.shape[1]]
        ink = np.asarray(colour, np.float32)
        if ink.ndim == 2:
            ink = ink[x - left : x - left + cover.shape[1]]
        mixed = part + (ink - part) * cover[:, :, np.newaxis]
        part[...] = np.rint(mixed)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, strength: float = 1) -> None:
        """Fill a box, with smooth edges."""
        x, y = int(np.floor(left)), int(np.floor(top))
        columns = _span(np.arange(x, int(np.ceil(right))), left, right)
        rows = _span(np.arange(y, int(np.ceil(bottom))), top, bottom)
        self.blend(x, y, np.outer(rows, columns).astype(np.float32) * np.float32(strength), colour)


def paint(canvas: Canvas, layout: Layout, subject: Subject, outline: Outline) -> None:
    """Paint all but the letters. `outline` has a column for each of the plot's."""
    time, facts = layout.time, subject.facts
    removed = time.covered(facts.cut_frames() if facts.kept_frames is not None else ())
    for begin in range(0, time.width, _BLOCK):
        columns = slice(begin, min(begin + _BLOCK, time.width))
        _plot(canvas, layout, outline, removed, columns)
    _bar(canvas, layout, removed)
    _threshold(canvas, layout)
    _edges(canvas, layout)
    if layout.strip is not None:
        _strip(canvas, layout, subject)
    for swatch in layout.swatches:
        _swatch(canvas, layout, swatch)


def hatched(columns: NDArray[np.int64], rows: NDArray[np.int64], line: int) -> Coverage:
    """Return slanting lines over columns and rows, which are counted from the picture's corner."""
    period = 9 * line
    across = (columns[np.newaxis, :] + rows[:, np.newaxis]) % period
    cover: Coverage = np.clip(line * 0.75 + 0.5 - np.abs(across - period / 2), 0, 1).astype(np.float32)
    return cover


def _span(pixels: NDArray[np.int64], start: float, end: float) -> NDArray[np.float64]:
    """Return how far each pixel lies between two places."""
    covered: NDArray[np.float64] = np.clip(np.minimum(pixels + 1, end) - np.maximum(pixels, start), 0, 1)
    return covered


def _plot(canvas: Canvas, layout: Layout, outline: Outline, removed: NDArray[np.float64], columns: slice) -> None:
    level = layout.level
    left = layout.time.left + columns.start
    rows = np.arange(level.top, level.top + level.height)
    part = removed[columns].astype(np.float32)
    everywhere = np.ones((level.height, len(part)), np.float32)
    canvas.blend(left, level.top, everywhere, _mixed(GROUND, REMOVED, part))
    _grid(canvas, layout, left, len(part))
    hatch = hatched(np.arange(left, left + len(part)), rows, layout.line)
    canvas.blend(left, level.top, hatch * part, HATCH)
    thin = layout.line / 2
    high, low = level.rows(outline.high[columns]), level.rows(outline.low[columns])
    _body(canvas, layout, left, high, low, thin, _mixed(PEAKS, LOST_PEAKS, part))
    loud, back = level.rows(outline.rms[columns]), level.rows(-outline.rms[columns])
    # No louder than the peaks are, on either side: so a sound with an offset looks as it is.
    _body(canvas, layout, left, np.maximum(loud, high), np.minimum(back, low), thin, _mixed(RMS, LOST_RMS, part))


def _body(
    canvas: Canvas,
    layout: Layout,
    left: int,
    upper: NDArray[np.float64],
    lower: NDArray[np.float64],
    thin: float,
    colours: NDArray[np.float32],
) -> None:
    """Fill each column between two rows, at least a line wide; nothing where they are not known."""
    level = layout.level
    rows = np.arange(level.top, level.top + level.height)[:, np.newaxis]
    middle = (upper + lower) / 2
    upper, lower = np.minimum(upper, middle - thin), np.maximum(lower, middle + thin)
    cover = np.clip(np.minimum(rows + 1, lower) - np.maximum(rows, upper), 0, 1)
    canvas.blend(left, level.top, np.nan_to_num(cover).astype(np.float32), colours)


def _mixed(one: Colour, other: Colour, parts: Coverage) -> NDArray[np.float32]:
    """Return a colour for each part from 0 to 1 between two."""
    begin, end = np.asarray(one, np.float32), np.asarray(other, np.float32)
    return begin + (end - begin) * parts[:, np.newaxis]


def _grid(canvas: Canvas, layout: Layout, left: int, width: int) -> None:
    level = layout.level
    for row in layout.rows:
        canvas.box(left, round(row) - layout.line // 2, left + width, round(row) - layout.line // 2 + layout.line, GRID)
    for column in layout.columns:
        if left <= round(column) < left + width:
            canvas.box(round(column), level.top, round(column) + layout.line, level.top + level.height, GRID)


def _bar(canvas: Canvas, layout: Layout, removed: NDArray[np.float64]) -> None:
    """Fill the bar above the plot where something was removed."""
    top, bottom = layout.bar
    strength = np.where(removed > 0, FAINTEST + (1 - FAINTEST) * removed, 0)
    canvas.blend(layout.time.left, top, np.ones((bottom - top, len(removed)), np.float32), GRID)
    canvas.blend(layout.time.left, top, np.tile(strength, (bottom - top, 1)).astype(np.float32), BAR)


def _threshold(canvas: Canvas, layout: Layout) -> None:
    """Draw the threshold, dashed, above and below the middle."""
    if layout.threshold is None:
        return
    time, level, line = layout.time, layout.level, layout.line
    row = level.row(layout.threshold)
    for at in (row, 2 * level.middle - row):
        # On light paper around it, the line is seen on dark sound, too.
        canvas.box(
            time.left, round(at - line / 2) - line, time.left + time.width, round(at - line / 2) + 2 * line, PAPER, 0.45
        )
        _dashed(canvas, time.left, time.left + time.width, round(at - line / 2), line)


def _dashed(canvas: Canvas, left: float, right: float, top: int, line: int) -> None:
    dash = 6 * line
    for start in np.arange(left, right, 2 * dash):
        canvas.box(start, top, min(start + dash, right), top + line, DARK)


def _edges(canvas: Canvas, layout: Layout) -> None:
    """Draw the edges of the plot, and a short line for each time on the axis."""
    time, level, line = layout.time, layout.level, layout.line
    bottom = level.top + level.height
    canvas.box(time.left - line, level.top, time.left, bottom, FRAME)
    canvas.box(time.left - line, bottom, time.left + time.width, bottom + line, FRAME)
    foot = layout.strip[1] if layout.strip is not None else bottom
    for column in layout.columns:
        canvas.box(round(column), foot, round(column) + line, foot + layout.font // 3, FRAME)


def _strip(canvas: Canvas, layout: Layout, subject: Subject) -> None:
    """Mark gaps, dropped frames, pauses and sleeps below the plot, each at least a few pixels wide."""
    assert layout.strip is not None
    facts, time = subject.facts, layout.time
    top, bottom = layout.strip
    for kind, ranges in (("gap", facts.gaps), ("dropped", facts.dropped)):
        for start, frames in ranges:
            left, right = time.column(start), time.column(start + frames)
            wider = max(0.0, 3 * layout.line - (right - left)) / 2
            _block(canvas, layout, kind, (left - wider, top, right + wider, bottom))
    for kind, places in (("pause", [at for at, *_ in facts.pauses]), ("asleep", [at for at, *_ in facts.sleeps])):
        _points(canvas, layout, kind, [time.column(at) for at in places])


def _points(canvas: Canvas, layout: Layout, kind: str, columns: Iterable[float]) -> None:
    assert layout.strip is not None
    level, line = layout.level, layout.line
    top, bottom = layout.strip
    for column in columns:
        left = round(column - line / 2)
        canvas.box(left - line, level.top, left + 2 * line, level.top + level.height, PAPER, 0.45)
        for row in range(level.top, level.top + level.height, 4 * line):
            canvas.box(left, row, left + line, row + 2 * line, PAUSE if kind == "pause" else SLEEP)
        half = (bottom - top) / 2
        _block(canvas, layout, kind, (column - half, top, column + half, bottom))


def _block(canvas: Canvas, layout: Layout, kind: str, box: Sequence[float]) -> None:
    """Draw the mark of a kind: a block, stripes, a triangle that points upwards, or a diamond."""
    left, top, right, bottom = box
    if kind == "gap":
        canvas.box(left, top, right, bottom, GAP)
        return
    x, y = int(np.floor(left)), int(np.floor(top))
    columns, rows = np.arange(x, int(np.ceil(right))), np.arange(y, int(np.ceil(bottom)))
    if kind == "dropped":
        # With an edge around, so that one too narrow for a second stripe is a box, too.
        stripes = ((columns - x) % (4 * layout.line) < 2 * layout.line) | (columns >= right - layout.line)
        rim = (rows < top + layout.line) | (rows >= bottom - layout.line)
        cover = np.maximum(stripes[np.newaxis, :], rim[:, np.newaxis]) * _span(columns, left, right)
        canvas.blend(x, y, cover.astype(np.float32), DROPPED)
        return
    middle, half, high = (left + right) / 2, (bottom - top) / 2, bottom - top
    depth = rows + 0.5 - top
    reach = half * depth / high if kind == "pause" else half - np.abs(depth - half)
    aside = np.abs(columns + 0.5 - middle)
    cover = np.clip(reach[:, np.newaxis] - aside[np.newaxis, :] + 0.5, 0, 1)
    canvas.blend(x, y, cover.astype(np.float32), PAUSE if kind == "pause" else SLEEP)


def _swatch(canvas: Canvas, layout: Layout, swatch: Swatch) -> None:
    """Draw a sample for the legend."""
    left, top, right, bottom = (round(edge) for edge in swatch.box)
    line = layout.line
    if swatch.kind == "removed":
        canvas.box(left, top, right, bottom, REMOVED)
        columns, rows = np.arange(left, right), np.arange(top, bottom)
        canvas.blend(left, top, hatched(columns, rows, line), HATCH)
        canvas.box(left, top, right, top + max(2, layout.font // 5), BAR)
    elif swatch.kind == "threshold":
        _dashed(canvas, left, right, round((top + bottom - line) / 2), line)
    elif swatch.kind in ("peaks", "rms"):
        canvas.box(left, top, right, bottom, PEAKS)
        if swatch.kind == "rms":
            # As it stands in the plot: a dark block of its own would be a gap to an eye that sees no colours.
            quarter = (bottom - top) / 4
            canvas.box(left, top + quarter, right, bottom - quarter, RMS)
    elif swatch.kind in ("pause", "asleep"):
        half, middle = (bottom - top) / 2, (left + right) / 2
        _block(canvas, layout, swatch.kind, (middle - half, top, middle + half, bottom))
    else:
        _block(canvas, layout, swatch.kind, (left, top, right, bottom))
