"""The letters of a picture: Pillow's own font, which needs no file; for what it cannot write, one of the system's."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PIL import ImageFont

Font = ImageFont.FreeTypeFont
Width = Callable[[str, int], float]
"""Gives the width in pixels of a text at a size."""

_SYSTEM = (
    *("segoeui.ttf", "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "Arial Unicode.ttf", "Hiragino Sans GB.ttc"),
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "NotoSansCJK-Regular.ttc", "LiberationSans-Regular.ttf"),
)
"""Fonts of Windows, macOS and Linux, by the names by which Pillow finds them."""

_NOBODYS = "\uffff"
"""A code for which no font has a letter: what is drawn for it is the box that stands for all that are missing."""


@functools.lru_cache(maxsize=32)
def own(size: int) -> Font:
    """Return Pillow's own font with letters `size` pixels high."""
    font = ImageFont.load_default(size)
    if not isinstance(font, Font):
        # Without FreeType Pillow falls back, in silence, to letters of one size and of few languages.
        raise RuntimeError("Pillow was built without FreeType")
    return font


@functools.lru_cache(maxsize=64)
def for_text(text: str, size: int) -> Font:
    """Return a font that has all letters of a text: Pillow's own, else the first such one of the system's.

    Where there is none it is Pillow's own, and boxes stand for what it lacks.
    """
    candidates = (_system(name, size) for name in _SYSTEM)
    fonts = (font for font in (own(size), *candidates) if font is not None and _has_all(font, text))
    return next(fonts, own(size))


def width(text: str, size: int) -> float:
    """Return how wide a text is."""
    return for_text(text, size).getlength(text)


def _system(name: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _has_all(font: Font, text: str) -> bool:
    missing = _shape(font, _NOBODYS)
    return all(letter.isspace() or _shape(font, letter) != missing for letter in set(text))


def _shape(font: Font, letter: str) -> tuple[object, bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
