from __future__ import annotations

import itertools
import threading
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tray_app.tray import icon
from tray_app.tray.icon import picture
from tray_app.tray.view import Look

SIZES = [16, 17, 20, 24, 28, 31, 32, 40, 48, 63, 64, 128, 256]
FACE = 64
"""No part of the face is brighter than this grey; every mark is."""


def grey(shown: Image.Image) -> NDArray[np.int16]:
    return np.asarray(shown.convert("L"), np.int16)


def mark(look: Look, size: int) -> NDArray[np.bool_]:
    """Return where the mark is: what is brighter than the face, inside the square's outline."""
    edge = max(1, round(size / 32)) + size // 8
    inside = np.zeros((size, size), bool)
    inside[edge:-edge, edge:-edge] = True
    return inside & (grey(picture(look, size)) > FACE)


def colour(look: Look, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in np.asarray(picture(look, 64))[y, x, :3])
    return red, green, blue


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", Look)
def test_every_picture_has_the_size_that_was_asked_for(look: Look, size: int) -> None:
    shown = picture(look, size)
    assert (shown.size, shown.mode) == ((size, size), "RGBA")
    alpha = np.asarray(shown)[..., 3]
    assert alpha[0, 0] == 0
    assert alpha[size // 4 : -(size // 4), size // 4 : -(size // 4)].min() == 255


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Look, 2)))
def test_looks_differ_in_shape_without_any_colour(one: Look, other: Look, size: int) -> None:
    first, second = mark(one, size), mark(other, size)
    assert (first ^ second).sum() >= 0.25 * min(first.sum(), second.sum())
    assert (np.abs(grey(picture(one, size)) - grey(picture(other, size))) > 40).sum() >= 0.04 * size * size


@pytest.mark.parametrize("size", SIZES)
def test_the_shapes_are_what_they_are_called(size: int) -> None:
    middle, side = size // 2, round(size * 0.29)
    assert not mark(Look.IDLE, size)[middle, middle]
    assert mark(Look.IDLE, size)[middle, middle - side]
    assert mark(Look.RECORDING, size)[middle, middle]
    assert mark(Look.RECORDING, size)[middle, middle - side]
    bars = mark(Look.PAUSED, size)
    runs = [sum(1 for key, _ in itertools.groupby(row) if key) for row in bars]
    assert Counter(runs).keys() == {0, 2}
    widths = [int(row.sum()) for row in mark(Look.WAITING, size) if row.any()]
    assert min(widths) == widths[len(widths) // 2]
    assert widths[0] == widths[-1] == max(widths) >= 2 * min(widths)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", Look)
def test_every_picture_is_symmetric(look: Look, size: int) -> None:
    pixels = np.asarray(picture(look, size), np.int16)
    assert np.abs(pixels - pixels[:, ::-1]).max() <= 16


@pytest.mark.parametrize("size", [16, 20, 24, 32])
def test_edges_fall_on_pixels(size: int) -> None:
    """A straight edge that falls between pixels makes a grey line: no pixel of the bars is half covered."""
    pixels = np.asarray(picture(Look.PAUSED, size), np.int16)[size // 4 : -(size // 4), size // 8 : -(size // 8)]
    red = pixels[..., 0]
    assert ((red < 80) | (red > 200)).all()


def test_each_look_has_its_colour() -> None:
    red, green, blue = colour(Look.RECORDING, 32, 32)
    assert red > 200 > 100 > max(green, blue)
    red, green, blue = colour(Look.PAUSED, 20, 32)
    assert red > green > 140 > 100 > blue
    red, green, blue = colour(Look.WAITING, 32, 20)
    assert blue > 200 > green > red
    assert min(colour(Look.IDLE, 14, 32)) > 200


@pytest.mark.parametrize("look", Look)
def test_a_picture_is_drawn_once(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    first = picture(look, 33)
    monkeypatch.delattr(icon, "ImageDraw")
    assert picture(look, 33) is first
    with pytest.raises(NameError):
        picture(look, 35)


@pytest.mark.parametrize("size", [0, 15, 257])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 256"):
        picture(Look.IDLE, size)


def test_threads_may_draw_at_once() -> None:
    drawn: list[bytes] = []
    threads = [threading.Thread(target=lambda: drawn.append(picture(Look.WAITING, 77).tobytes())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(drawn) == 8
    assert len(set(drawn)) == 1
