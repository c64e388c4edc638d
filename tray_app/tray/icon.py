"""Draws the program's icon, and the one in the tray for each look, from one description, at any size.

`python -m tray_app.tray.icon FOLDER` writes `tray-recorder.png` and `tray-recorder.ico` into FOLDER.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from tray_app.tray.view import Look

PNG_SIZE = 256
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
"""What Windows asks for in the tray, lists and folders, at scales from 100 to 250 %."""

_OVERSAMPLING = 8
"""Every size is drawn this much larger and reduced once, by a whole number: edges fall on pixels and stay smooth."""

_OUTLINE = (226, 230, 236)
_FACE_TOP = (58, 64, 76)
_FACE_BOTTOM = (28, 31, 38)
_RING = (244, 246, 249)
_DOT_TOP = (255, 84, 74)
_DOT_BOTTOM = (214, 28, 40)
_BARS_TOP = (255, 206, 84)
_BARS_BOTTOM = (240, 160, 30)
_GLASS_TOP = (130, 205, 255)
_GLASS_BOTTOM = (70, 150, 240)

_CORNER = 0.24
_RING_RADIUS = 0.335
_DOT_RADIUS = 0.22
_DISC_RADIUS = 0.315
_BAR_WIDTH = 0.19
_BAR_GAP = 0.125
_GLASS_WIDTH = 0.5
_MARK_HEIGHT = 0.53
"""Of the icon's width."""

Colour = tuple[int, int, int]


def draw(size: int) -> Image.Image:
    """Return the icon as RGBA, `size` pixels (16 to 256) wide and high.

    A red dot in a light ring on a dark rounded square; the square's light outline lets it stand out on a dark task
    bar, the dark square on a light one. Raises `ValueError` for another size.
    """
    picture = _ground(size)
    side = picture.width
    line = max(1, round(size / 20)) * _OVERSAMPLING
    outer = _whole_pixels(side, _RING_RADIUS)
    _paint(picture, _disc(side, outer), _RING, _RING)
    _paint(picture, _disc(side, outer - line), _FACE_TOP, _FACE_BOTTOM)
    _paint(picture, _disc(side, min(_whole_pixels(side, _DOT_RADIUS), outer - 2 * line)), _DOT_TOP, _DOT_BOTTOM)
    return picture.reduce(_OVERSAMPLING)


@functools.cache
def picture(look: Look, size: int) -> Image.Image:
    """Return what the tray shows for a look: RGBA, `size` pixels (16 to 256) wide and high.

    The program's square with another mark in each look, told apart by shape as well as by colour: an empty light ring
    (idle), a red disc (recording), two amber bars (paused), a blue hourglass (waiting). Drawn once and shared, so
    nobody may change it. Raises `ValueError` for another size.
    """
    shown = _ground(size)
    _MARKS[look](shown)
    return shown.reduce(_OVERSAMPLING)


def _ground(size: int) -> Image.Image:
    """Return the dark square in its light outline, `_OVERSAMPLING` times as large as the icon."""
    if not 16 <= size <= 256:
        raise ValueError(f"an icon is 16 to 256 pixels wide, not {size}")
    side = size * _OVERSAMPLING
    outline = max(1, round(size / 32)) * _OVERSAMPLING
    ground = Image.new("RGBA", (side, side))
    _paint(ground, _square(side, 0), _OUTLINE, _OUTLINE)
    _paint(ground, _square(side, outline), _FACE_TOP, _FACE_BOTTOM)
    return ground


def _ring(picture: Image.Image) -> None:
    side = picture.width
    outer = _whole_pixels(side, _DISC_RADIUS)
    line = max(2, round(side / _OVERSAMPLING / 10)) * _OVERSAMPLING
    _paint(picture, _disc(side, outer), _RING, _RING)
    _paint(picture, _disc(side, outer - line), _FACE_TOP, _FACE_BOTTOM)


def _full_disc(picture: Image.Image) -> None:
    side = picture.width
    _paint(picture, _disc(side, _whole_pixels(side, _DISC_RADIUS)), _DOT_TOP, _DOT_BOTTOM)


def _bars(picture: Image.Image) -> None:
    side = picture.width
    height, gap = 2 * _whole_pixels(side, _MARK_HEIGHT / 2), 2 * _whole_pixels(side, _BAR_GAP / 2)
    width = max(2, round(_BAR_WIDTH * side / _OVERSAMPLING)) * _OVERSAMPLING
    top, bottom = (side - height) // 2, (side + height) // 2 - 1
    left, right = (side - gap) // 2, (side + gap) // 2
    mask = Image.new("L", (side, side))
    for box in ((left - width, top, left - 1, bottom), (right, top, right + width - 1, bottom)):
        ImageDraw.Draw(mask).rectangle(box, fill=255)
    _paint(picture, mask, _BARS_TOP, _BARS_BOTTOM)


def _hourglass(picture: Image.Image) -> None:
    side = picture.width
    across, down = _whole_pixels(side, _GLASS_WIDTH / 2), _whole_pixels(side, _MARK_HEIGHT / 2)
    neck = max(1, round(side / _OVERSAMPLING / 32)) * _OVERSAMPLING
    board = max(1, round(side / _OVERSAMPLING / 16)) * _OVERSAMPLING
    left, top, last = side // 2 - across, side // 2 - down, side - 1
    half = [(left, top + board), (left, top), (last - left, top), (last - left, top + board)]
    half.append((side // 2 + neck - 1, side // 2))
    turned = [(last - x, last - y) for x, y in half]
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).polygon(half + turned, fill=255)
    # Pillow fills slopes that fall and slopes that rise a little differently.
    mask = ImageChops.lighter(mask, mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    _paint(picture, mask, _GLASS_TOP, _GLASS_BOTTOM)


_MARKS: dict[Look, Callable[[Image.Image], None]] = {
    Look.IDLE: _ring,
    Look.RECORDING: _full_disc,
    Look.PAUSED: _bars,
    Look.WAITING: _hourglass,
}


def _whole_pixels(side: int, part: float) -> int:
    """Return a radius near `part` of the width at which a centred disc meets the pixels' edges."""
    pixels = round(part * side / _OVERSAMPLING * 2)
    pixels += (pixels - side // _OVERSAMPLING) % 2
    return pixels * _OVERSAMPLING // 2


def _square(side: int, inset: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    box = (inset, inset, side - 1 - inset, side - 1 - inset)
    ImageDraw.Draw(mask).rounded_rectangle(box, max(1, round(_CORNER * side) - inset), fill=255)
    return mask


def _disc(side: int, radius: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    near, far = side // 2 - radius, side // 2 + radius - 1
    ImageDraw.Draw(mask).ellipse((near, near, far, far), fill=255)
    return mask


def _paint(picture: Image.Image, mask: Image.Image, top: Colour, bottom: Colour) -> None:
    """Fill the mask's shape with colours from `top` to `bottom`."""
    shades = Image.linear_gradient("L").resize(picture.size)
    picture.paste(Image.composite(_plain(picture, bottom), _plain(picture, top), shades), mask=mask)


def _plain(picture: Image.Image, colour: Colour) -> Image.Image:
    return Image.new("RGBA", picture.size, (*colour, 255))


def write(folder: Path) -> None:
    """Write the icon's two files into an existing folder, replacing them."""
    draw(PNG_SIZE).save(folder / "tray-recorder.png", optimize=True)
    largest, *others = (draw(size) for size in sorted(ICO_SIZES, reverse=True))
    largest.save(folder / "tray-recorder.ico", sizes=[(size, size) for size in ICO_SIZES], append_images=others)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
