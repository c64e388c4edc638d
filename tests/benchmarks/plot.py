"""Time against length of sound, on logarithmic axes, as a picture for the README. By Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.peers import COPY, FFMPEG, OURS, PYDUB, PYDUB_10, SOX
from tests.benchmarks.report import length, seconds
from tests.benchmarks.trimming import Point

Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1400, 860
LEFT, RIGHT, TOP, BOTTOM = 130, 330, 90, 100
SCALE = 2
"""Drawn so much larger and reduced: lines get smooth edges."""

_INK: Colour = (52, 58, 68)
_FAINT: Colour = (222, 226, 232)
_COLOURS: dict[str, Colour] = {
    OURS: (214, 28, 40),
    COPY: (120, 128, 140),
    FFMPEG: (40, 140, 80),
    SOX: (230, 140, 20),
    PYDUB_10: (120, 110, 200),
    PYDUB: (60, 80, 180),
}
_TICKS = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


class _Axes:
    """Where a length and a time lie on the picture."""

    def __init__(self, points: Sequence[Point]) -> None:
        lengths = [point.seconds_of_sound for point in points]
        times = [point.took for point in points]
        self.x = (math.log10(min(lengths) / 1.3), math.log10(max(lengths) * 1.3))
        self.y = (math.floor(math.log10(min(times))), math.ceil(math.log10(max(times))))

    def place(self, seconds_of_sound: float, took: float) -> tuple[float, float]:
        across = (math.log10(seconds_of_sound) - self.x[0]) / max(1e-9, self.x[1] - self.x[0])
        up = (math.log10(took) - self.y[0]) / max(1, self.y[1] - self.y[0])
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        return x * SCALE, (HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)) * SCALE


def draw(points: Sequence[Point], path: Path) -> None:
    """Write the picture of at least one point. The file's ending says its format."""
    picture = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    pen = ImageDraw.Draw(picture)
    axes = _Axes(points)
    _text(pen, (LEFT, 28), "Removing silence: time against length of the recording", 30)
    _text(pen, (LEFT, HEIGHT - 42), "length of the recording (24-bit stereo, 48 kHz), whole process", 21)
    _grid(pen, axes, sorted({point.seconds_of_sound for point in points}))
    ends = []
    for name, colour in _COLOURS.items():
        line = sorted((point for point in points if point.name == name), key=lambda point: point.seconds_of_sound)
        if not line:
            continue
        places = [axes.place(point.seconds_of_sound, point.took) for point in line]
        pen.line(places, fill=colour, width=(6 if name == OURS else 4) * SCALE, joint="curve")
        for x, y in places:
            radius = (8 if name == OURS else 6) * SCALE
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        ends.append((places[-1][1] / SCALE, name, colour, line[-1].took))
    _labels(pen, ends)
    picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(path, optimize=True)


def _grid(pen: ImageDraw.ImageDraw, axes: _Axes, lengths: Sequence[int]) -> None:
    for tick in _TICKS:
        if axes.y[0] <= math.log10(tick) <= axes.y[1]:
            x, y = axes.place(10 ** axes.x[0], tick)
            end, _ = axes.place(10 ** axes.x[1], tick)
            pen.line((x, y, end, y), fill=_FAINT, width=2 * SCALE)
            _text(pen, (x / SCALE - 14, y / SCALE), f"{tick:g} s", 21, anchor="rm")
    for number in lengths:
        x, low = axes.place(number, 10 ** axes.y[0])
        _, high = axes.place(number, 10 ** axes.y[1])
        pen.line((x, low, x, high), fill=_FAINT, width=2 * SCALE)
        _text(pen, (x / SCALE, low / SCALE + 12), length(number), 21, anchor="mt")


def _labels(pen: ImageDraw.ImageDraw, ends: list[tuple[float, str, Colour, float]]) -> None:
    """Write every line's name at its end; names that would overlap move apart."""
    last = -1e9
    for height, name, colour, took in sorted(ends):
        last = max(height, last + 30)
        _text(pen, (WIDTH - RIGHT + 18, last), f"{name}  {seconds(took)}", 21, colour, anchor="lm")


def _text(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: Colour = _INK,
    anchor: str = "la",
) -> None:
    font = ImageFont.load_default(size * SCALE)
    pen.text((place[0] * SCALE, place[1] * SCALE), text, fill=colour, font=font, anchor=anchor)
