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
from tray_app.tray.view import LEVELS, Look

SIZES = [16, 17, 20, 24, 31, 32, 48, 64]
ALL_SIZES = [*SIZES, 28, 40, 63, 256]
FACE = 64
"""No part of the dark face is brighter than this grey; every mark on it is."""
LIGHT_FACE = 225
"""No part of the light face is darker than this grey; every mark on it is."""


THEMES = [False, True]


def grey(shown: Image.Image) -> NDArray[np.int16]:
    return np.asarray(shown.convert("L"), np.int16)


def mark(look: Look, size: int, light: bool = False, level: int = 0) -> NDArray[np.bool_]:
    """Return where the mark is: what is unlike the face, inside the square's outline."""
    edge = max(1, round(size / 32)) + size // 8
    inside = np.zeros((size, size), bool)
    inside[edge:-edge, edge:-edge] = True
    shades = grey(picture(look, size, light, level))
    return inside & ((shades < LIGHT_FACE) if light else (shades > FACE))


def colour(look: Look, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in np.asarray(picture(look, 64))[y, x, :3])
    return red, green, blue


@pytest.mark.parametrize("size", ALL_SIZES)
@pytest.mark.parametrize("look", Look)
def test_every_picture_has_the_size_that_was_asked_for(look: Look, size: int) -> None:
    shown = picture(look, size)
    assert (shown.size, shown.mode) == ((size, size), "RGBA")
    alpha = np.asarray(shown)[..., 3]
    assert alpha[0, 0] == 0
    assert alpha[size // 4 : -(size // 4), size // 4 : -(size // 4)].min() == 255


@pytest.mark.parametrize("size", SIZES)
def test_looks_differ_in_shape_without_any_colour(size: int) -> None:
    """For the colour-blind, and on a grey screen: at least half of the smaller mark is elsewhere, and at least one
    pixel in eight has another shade by 40 of 255. How much is printed for the run's report.
    """
    least = (1.0, 1.0)
    for light, (one, other) in itertools.product(THEMES, itertools.combinations(Look, 2)):
        first, second = mark(one, size, light), mark(other, size, light)
        apart = float((first ^ second).sum() / min(first.sum(), second.sum()))
        shades = np.abs(grey(picture(one, size, light)) - grey(picture(other, size, light))) > 40
        least = min(least[0], apart), min(least[1], float(shades.mean()))
        assert least[0] >= 0.5, (one, other, light)
        assert least[1] >= 0.12, (one, other, light)
    print(f"{size} px: marks differ by {least[0]:.0%} of the smaller one, {least[1]:.1%} of all pixels by 40 shades")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("light", THEMES)
def test_each_step_of_the_level_is_longer(size: int, light: bool) -> None:
    lit = [np.asarray(picture(Look.RECORDING, size, light, level)) for level in range(LEVELS + 1)]
    changed = [int((one != other).any(axis=2).sum()) for one, other in itertools.pairwise(lit)]
    assert min(changed) == max(changed) >= 2 * 2
    # The bar alone changes: the disc above it, and so what the picture says, stays.
    rows = np.nonzero((lit[0] != lit[LEVELS]).any(axis=(1, 2)))[0]
    assert rows.min() > size // 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", [Look.RECORDING, Look.PAUSED])
def test_trouble_beside_a_take_is_a_sign_in_the_corner(look: Look, size: int) -> None:
    for light in THEMES:
        plain, alert = picture(look, size, light), picture(look, size, light, 0, True)
        where = np.nonzero((np.asarray(plain) != np.asarray(alert)).any(axis=2))
        assert min(where[0].min(), where[1].min()) >= size // 2 - 1
        assert (np.abs(grey(plain) - grey(alert)) > 40).sum() >= 0.04 * size * size


@pytest.mark.parametrize("light", THEMES)
@pytest.mark.parametrize("look", Look)
def test_marks_stand_out_from_their_ground(look: Look, light: bool) -> None:
    """WCAG 2.1 asks 3:1 of graphics (1.4.11)."""
    shown = np.asarray(picture(look, 64, light), float)[..., :3] / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    where = mark(look, 64, light)
    strongest = np.quantile(luminance[where], 0.1 if light else 0.9)
    face = np.median(luminance[10:54, 10:54][~where[10:54, 10:54]])
    bright, dark = max(strongest, face), min(strongest, face)
    assert (bright + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("size", SIZES)
def test_the_shapes_are_what_they_are_called(size: int) -> None:
    middle, side = size // 2, round(size * 0.29)
    for light in THEMES:
        assert not mark(Look.IDLE, size, light)[middle, middle]
        assert mark(Look.IDLE, size, light)[middle, middle - side]
        disc = mark(Look.RECORDING, size, light)
        assert disc[middle - round(size * 0.15) : middle + 1, middle].all()
        bars = mark(Look.PAUSED, size, light)
        assert Counter(runs(row) for row in bars).keys() == {0, 2}
        dots = mark(Look.WORKING, size, light)
        assert Counter(runs(row) for row in dots).keys() == {0, 3}
        widths = [int(row.sum()) for row in mark(Look.WAITING, size, light) if row.any()]
        assert min(widths) == widths[len(widths) // 2]
        assert widths[0] == widths[-1] == max(widths) >= 2 * min(widths)
        wide = [int(np.ptp(np.nonzero(row)[0])) for row in mark(Look.TROUBLE, size, light) if row.any()]
        assert wide == sorted(wide)
        assert wide[-1] >= 3 * wide[0]


def runs(row: NDArray[np.bool_]) -> int:
    return sum(1 for key, _ in itertools.groupby(row) if key)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", Look)
def test_every_picture_is_symmetric(look: Look, size: int) -> None:
    pixels = np.asarray(picture(look, size), np.int16)
    if (look, size) == (Look.RECORDING, 17):
        pixels = pixels[: size // 2]  # five steps of two pixels have no middle in 17
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
    monkeypatch.delattr(icon, "square")
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
