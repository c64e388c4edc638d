"""The shapes that icons are made of, at any size: edges fall on pixels, so that small icons are sharp. Pure.

All are drawn `OVERSAMPLING` times as large as they will be and reduced once, by a whole number.
"""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw

OVERSAMPLING = 8

Colour = tuple[int, int, int]
Shades = tuple[Colour, Colour]
"""The colours at the top and at the bottom of a shape."""


def pixels(picture: Image.Image, part: float, least: int = 1) -> int:
    """Return `part` of the width in whole pixels of the icon, in the units in which it is drawn."""
    return max(least, round(part * picture.width / OVERSAMPLING)) * OVERSAMPLING


def centred(picture: Image.Image, part: float) -> int:
    """Return a radius near `part` of the width at which a disc in the middle meets the pixels' edges."""
    wide = picture.width // OVERSAMPLING
    found = round(part * wide * 2)
    found += (found - wide) % 2
    return found * OVERSAMPLING // 2


def square(picture: Image.Image, inset: int, corner: float) -> Image.Image:
    """Return the mask of a rounded square, `inset` units from the edge."""
    mask, side = _mask(picture), picture.width
    box = (inset, inset, side - 1 - inset, side - 1 - inset)
    ImageDraw.Draw(mask).rounded_rectangle(box, max(1, round(corner * side) - inset), fill=255)
    return mask


def disc(picture: Image.Image, radius: int, up: int = 0) -> Image.Image:
    """Return the mask of a disc in the middle, `up` units higher."""
    mask, middle = _mask(picture), picture.width // 2
    box = (middle - radius, middle - radius - up, middle + radius - 1, middle + radius - 1 - up)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask


def box(picture: Image.Image, left: int, top: int, wide: int, high: int) -> Image.Image:
    """Return the mask of a rectangle."""
    mask = _mask(picture)
    ImageDraw.Draw(mask).rectangle((left, top, left + wide - 1, top + high - 1), fill=255)
    return mask


def polygon(picture: Image.Image, corners: list[tuple[int, int]]) -> Image.Image:
    """Return the mask of a polygon that is its own mirror image."""
    mask = _mask(picture)
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    return mask


def mirrored(mask: Image.Image) -> Image.Image:
    """Return a mask made symmetric: Pillow fills slopes that fall and slopes that rise a little differently."""
    return ImageChops.lighter(mask, mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def paint(picture: Image.Image, mask: Image.Image, shades: Shades) -> None:
    """Fill the mask's shape."""
    top, bottom = (Image.new("RGBA", picture.size, (*colour, 255)) for colour in shades)
    slope = Image.linear_gradient("L").resize(picture.size)
    picture.paste(Image.composite(bottom, top, slope), mask=mask)


def _mask(picture: Image.Image) -> Image.Image:
    return Image.new("L", picture.size)
