"""Draws the program's icon, and the one in the tray for each look, from one description, at any size.

`python -m tray_app.tray.icon assets docs/pictures` writes `tray-recorder.png` and `tray-recorder.ico` into the first
folder, and all that the tray can show, as the contact sheet `tray-icons.png`, into the second.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tray_app.tray.shapes import OVERSAMPLING, Shades, box, centred, disc, mirrored, paint, pixels, polygon, square
from tray_app.tray.view import LEVELS, Look

PNG_SIZE = 256
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Windows asks for in the tray, lists and folders, at scales from 100 to 250 %."""

_CORNER = 0.24
_RING_RADIUS = 0.335
_DOT_RADIUS = 0.22
_DISC_RADIUS = 0.315
_DISC_OVER_BAR = 0.25
_BAR_WIDTH = 0.19
_BAR_GAP = 0.125
_GLASS_WIDTH = 0.5
_MARK_HEIGHT = 0.53
_LEVEL_HEIGHT = 0.125
_MOST_LEVEL = 0.72
_DOT_WIDTH = 0.17
_SIGN_WIDTH = 0.44
"""Of the icon's width."""


@dataclass(frozen=True, slots=True)
class _Palette:
    """The colours for one kind of taskbar."""

    outline: Shades
    face: Shades
    ring: Shades
    record: Shades
    pause: Shades
    wait: Shades
    work: Shades
    trouble: Shades
    unlit: Shades
    lit: Shades


def _flat(red: int, green: int, blue: int) -> Shades:
    return (red, green, blue), (red, green, blue)


_DARK = _Palette(
    outline=_flat(226, 230, 236),
    face=((58, 64, 76), (28, 31, 38)),
    ring=_flat(244, 246, 249),
    record=((255, 84, 74), (214, 28, 40)),
    pause=((255, 206, 84), (240, 160, 30)),
    wait=((130, 205, 255), (70, 150, 240)),
    work=((150, 235, 170), (70, 190, 110)),
    trouble=((255, 216, 90), (255, 176, 30)),
    unlit=_flat(96, 102, 114),
    lit=_flat(120, 240, 140),
)
"""For a dark taskbar: light marks on a dark square, whose light outline sets it off."""

_LIGHT = _Palette(
    outline=_flat(72, 78, 90),
    face=((255, 255, 255), (232, 235, 240)),
    ring=_flat(48, 54, 66),
    record=((222, 36, 44), (176, 10, 24)),
    pause=((176, 100, 0), (140, 74, 0)),
    wait=((30, 110, 210), (10, 70, 160)),
    work=((20, 130, 60), (6, 92, 40)),
    trouble=((190, 90, 0), (160, 60, 0)),
    unlit=_flat(190, 195, 205),
    lit=_flat(10, 120, 50),
)
"""For a light one: dark marks on a light square."""


def draw(size: int) -> Image.Image:
    """Return the program's own icon as RGBA, `size` pixels (16 to 256) wide and high.

    A red dot in a light ring on a dark rounded square; the square's light outline lets it stand out on a dark task
    bar, the dark square on a light one. Raises `ValueError` for another size.
    """
    picture = _ground(size, _DARK)
    line = max(1, round(size / 20)) * OVERSAMPLING
    outer = centred(picture, _RING_RADIUS)
    paint(picture, disc(picture, outer), _DARK.ring)
    paint(picture, disc(picture, outer - line), _DARK.face)
    paint(picture, disc(picture, min(centred(picture, _DOT_RADIUS), outer - 2 * line)), _DARK.record)
    return picture.reduce(OVERSAMPLING)


@functools.cache
def picture(look: Look, size: int, light: bool = False, level: int = 0, alert: bool = False) -> Image.Image:
    """Return what the tray shows for a look: RGBA, `size` pixels (16 to 256) wide and high.

    A square with another mark in each look, told apart by shape as well as by colour: an empty ring (idle), a red
    disc over a bar of which `level` of five steps are lit (recording), two amber bars (paused), a blue hourglass
    (waiting), three green dots (working), an amber triangle (trouble). With `alert` a small triangle in the corner
    says that there is trouble too. `light` is for a light taskbar. Drawn once and shared, so nobody may change it.
    Raises `ValueError` for another size.
    """
    palette = _LIGHT if light else _DARK
    shown = _ground(size, palette)
    if look is Look.RECORDING:
        _recording(shown, palette, level)
    else:
        _MARKS[look](shown, palette)
    if alert:
        _sign(shown, palette)
    return shown.reduce(OVERSAMPLING)


def _ground(size: int, palette: _Palette) -> Image.Image:
    """Return the square in its outline, `OVERSAMPLING` times as large as the icon."""
    if not 16 <= size <= 256:
        raise ValueError(f"an icon is 16 to 256 pixels wide, not {size}")
    ground = Image.new("RGBA", (size * OVERSAMPLING, size * OVERSAMPLING))
    paint(ground, square(ground, 0, _CORNER), palette.outline)
    paint(ground, square(ground, max(1, round(size / 32)) * OVERSAMPLING, _CORNER), palette.face)
    return ground


def _idle(picture: Image.Image, palette: _Palette) -> None:
    outer = centred(picture, _DISC_RADIUS)
    paint(picture, disc(picture, outer), palette.ring)
    paint(picture, disc(picture, outer - pixels(picture, 0.1, 2)), palette.face)


def _recording(picture: Image.Image, palette: _Palette, level: int) -> None:
    high = pixels(picture, _LEVEL_HEIGHT, 2)
    step = _step(picture.width // OVERSAMPLING) * OVERSAMPLING
    left = (picture.width - LEVELS * step) // (2 * OVERSAMPLING) * OVERSAMPLING
    top = picture.height - pixels(picture, 0.17, 2) - high
    radius = centred(picture, _DISC_OVER_BAR)
    middle = picture.width // 2
    room = top - pixels(picture, 0.06)
    up = max(0, middle + radius - room)
    up = -(-up // OVERSAMPLING) * OVERSAMPLING
    paint(picture, disc(picture, radius, up), palette.record)
    paint(picture, box(picture, left, top, LEVELS * step, high), palette.unlit)
    if level:
        paint(picture, box(picture, left, top, level * step, high), palette.lit)


def _step(size: int) -> int:
    """Return the pixels of one step of the level bar. Odd as the icon is odd, where there is room, so that the bar
    stands in the middle.
    """
    step = max(2, round(_MARK_HEIGHT * size / LEVELS))
    if (step - size) % 2:
        step += 1 if LEVELS * (step + 1) <= _MOST_LEVEL * size else -1
    return max(2, step)


def _paused(picture: Image.Image, palette: _Palette) -> None:
    side, half = picture.width, centred(picture, _MARK_HEIGHT / 2)
    gap, wide = 2 * centred(picture, _BAR_GAP / 2), pixels(picture, _BAR_WIDTH, 2)
    for left in ((side - gap) // 2 - wide, (side + gap) // 2):
        paint(picture, box(picture, left, side // 2 - half, wide, 2 * half), palette.pause)


def _waiting(picture: Image.Image, palette: _Palette) -> None:
    side = picture.width
    across, down = centred(picture, _GLASS_WIDTH / 2), centred(picture, _MARK_HEIGHT / 2)
    neck, board = pixels(picture, 1 / 32), pixels(picture, 1 / 16)
    left, top, last = side // 2 - across, side // 2 - down, side - 1
    half = [(left, top + board), (left, top), (last - left, top), (last - left, top + board)]
    half.append((side // 2 + neck - 1, side // 2))
    turned = [(last - x, last - y) for x, y in half]
    paint(picture, mirrored(polygon(picture, half + turned)), palette.wait)


def _working(picture: Image.Image, palette: _Palette) -> None:
    side = picture.width // OVERSAMPLING
    wide = int(_DOT_WIDTH * side)
    wide = max(2, wide - (side - wide) % 2) + side % 2 * (wide < 3)
    gap, top = pixels(picture, 0.08), (side - wide) // 2 * OVERSAMPLING
    # Two pixels are too few to be seen: the smallest are twice as high.
    high = wide * (2 if wide < 3 else 1)
    upper, wide = (side - high) // 2 * OVERSAMPLING, wide * OVERSAMPLING
    for place in (-1, 0, 1):
        paint(picture, box(picture, top + place * (wide + gap), upper, wide, high * OVERSAMPLING), palette.work)


def _trouble(picture: Image.Image, palette: _Palette) -> None:
    side = picture.width
    half, top = centred(picture, 0.34), pixels(picture, 0.18)
    _triangle(picture, side // 2, top, half, side - top - pixels(picture, 0.06), palette)


def _sign(picture: Image.Image, palette: _Palette) -> None:
    """Put a small triangle into the lower right corner, with room around it."""
    side, half = picture.width, pixels(picture, _SIGN_WIDTH / 2, 4)
    middle, bottom = side - half, side
    top = bottom - 2 * half
    picture.paste((0, 0, 0, 0), mask=box(picture, middle - half, top, 2 * half, 2 * half))
    _triangle(picture, middle, top + OVERSAMPLING, half, bottom, palette)


def _triangle(picture: Image.Image, middle: int, top: int, half: int, bottom: int, palette: _Palette) -> None:
    """Draw a triangle with an exclamation mark cut out of it."""
    corners = [(middle, top), (middle + half - 1, bottom - 1), (middle - half, bottom - 1)]
    mask = polygon(picture, corners)
    paint(picture, mirrored(mask) if middle == picture.width // 2 else mask, palette.trouble)
    high = bottom - top
    wide = max(1, round(half / OVERSAMPLING / 8)) * 2 * OVERSAMPLING
    line = max(2, round(high / OVERSAMPLING * 0.3)) * OVERSAMPLING
    dot = max(1, round(high / OVERSAMPLING * 0.12)) * OVERSAMPLING
    under = bottom - dot
    paint(picture, box(picture, middle - wide // 2, under - dot, wide, dot), palette.face)
    paint(picture, box(picture, middle - wide // 2, under - 2 * dot - line, wide, line), palette.face)


_MARKS: dict[Look, Callable[[Image.Image, _Palette], None]] = {
    Look.IDLE: _idle,
    Look.PAUSED: _paused,
    Look.WAITING: _waiting,
    Look.WORKING: _working,
    Look.TROUBLE: _trouble,
}


def sheet(sizes: tuple[int, ...] = ICO_SIZES) -> Image.Image:
    """Return all that the tray can show: a line for each look (recording with each level), in each size and theme."""
    looks = [
        *((look, 0, False) for look in Look if look is not Look.RECORDING),
        *((Look.RECORDING, level, False) for level in range(LEVELS + 1)),
        (Look.RECORDING, 3, True),
        (Look.PAUSED, 0, True),
    ]
    sizes = tuple(size for size in sizes if size <= 64)
    row, wide = max(sizes) + 8, sum(size + 8 for size in sizes) + 8
    whole = Image.new("RGB", (2 * wide, row * len(looks) + 8), (32, 32, 32))
    whole.paste((238, 238, 238), (wide, 0, 2 * wide, whole.height))
    for (line, (look, level, alert)), light in itertools.product(enumerate(looks), (False, True)):
        left = 8 + light * wide
        for size in sizes:
            shown = picture(look, size, light, level, alert)
            whole.paste(shown, (left, 8 + line * row), shown)
            left += size + 8
    return whole


def write(folder: Path) -> None:
    """Write the icon's two files into an existing folder, replacing them."""
    draw(PNG_SIZE).save(folder / "tray-recorder.png", optimize=True)
    largest, *others = (draw(size) for size in sorted(ICO_SIZES, reverse=True))
    largest.save(folder / "tray-recorder.ico", sizes=[(size, size) for size in ICO_SIZES], append_images=others)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    for folder in sys.argv[2:]:
        sheet().save(Path(folder) / "tray-icons.png", optimize=True)
