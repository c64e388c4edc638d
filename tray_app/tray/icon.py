"""Draws the program's icon, from one description, at any size.

`python -m tray_app.tray.icon FOLDER` writes `tray-recorder.png` and `tray-recorder.ico` into FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

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

_CORNER = 0.24
_RING_RADIUS = 0.335
_DOT_RADIUS = 0.22
"""Of the icon's width."""

Colour = tuple[int, int, int]


def draw(size: int) -> Image.Image:
    """Return the icon as RGBA, `size` pixels (16 to 256) wide and high.

    A red dot in a light ring on a dark rounded square; the square's light outline lets it stand out on a dark task
    bar, the dark square on a light one. Raises `ValueError` for another size.
    """
    if not 16 <= size <= 256:
        raise ValueError(f"an icon is 16 to 256 pixels wide, not {size}")
    side = size * _OVERSAMPLING
    outline = max(1, round(size / 32)) * _OVERSAMPLING
    line = max(1, round(size / 20)) * _OVERSAMPLING
    picture = Image.new("RGBA", (side, side))
    _paint(picture, _square(side, 0), _OUTLINE, _OUTLINE)
    _paint(picture, _square(side, outline), _FACE_TOP, _FACE_BOTTOM)
    outer = _whole_pixels(side, _RING_RADIUS)
    _paint(picture, _disc(side, outer), _RING, _RING)
    _paint(picture, _disc(side, outer - line), _FACE_TOP, _FACE_BOTTOM)
    _paint(picture, _disc(side, min(_whole_pixels(side, _DOT_RADIUS), outer - 2 * line)), _DOT_TOP, _DOT_BOTTOM)
    return picture.reduce(_OVERSAMPLING)


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
