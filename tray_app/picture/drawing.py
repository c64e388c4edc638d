"""From facts and outline to a picture, by Pillow."""

from __future__ import annotations

from PIL import Image, ImageDraw

from tray_app.picture import fonts
from tray_app.picture.envelope import Outline
from tray_app.picture.layout import Layout, Subject, lay_out
from tray_app.picture.paint import DARK, Canvas, paint

SIZE = (1600, 500)
"""Width and height in pixels where nobody says otherwise."""

_SOFT = (84, 96, 112)


def layout_of(subject: Subject, size: tuple[int, int]) -> Layout:
    """Return the layout of a picture with the letters that it gets. Its `time.width` is how many columns it needs.

    Raises `ValueError` for a size that no picture has.
    """
    return lay_out(subject, size, fonts.width)


def draw(subject: Subject, layout: Layout, outline: Outline) -> Image.Image:
    """Return the picture."""
    canvas = Canvas(layout.size)
    paint(canvas, layout, subject, outline)
    image = Image.fromarray(canvas.pixels)
    pen = ImageDraw.Draw(image)
    for text in layout.texts:
        font = fonts.for_text(text.text, text.size)
        pen.text((text.x, text.y), text.text, _SOFT if text.soft else DARK, font, anchor="ls")
    return image
