"""Axes and texts: nothing lies on anything else, whatever the size and the length; and what they say is right."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import effort
from tests.picture.seen import drawn, facts
from tray_app.audio.rule import CutRule
from tray_app.picture import fonts
from tray_app.picture.drawing import layout_of
from tray_app.picture.layout import Box, Layout, Subject, check_size, elided, lengths
from tray_app.picture.scale import LevelScale, TimeScale, floor_for, time_label

EVERYTHING: dict[str, Any] = {
    "gaps": ((10, 5),),
    "dropped": ((20, 5),),
    "pauses": ((30, 2.0),),
    "sleeps": ((40, 60.0, "", ""),),
}


def boxes(layout: Layout) -> list[tuple[str, Box]]:
    time, level = layout.time, layout.level
    plot = (time.left, layout.bar[0], time.left + time.width, level.top + level.height)
    strip = [("strip", (time.left, layout.strip[0], time.left + time.width, layout.strip[1]))] if layout.strip else []
    swatches = [(swatch.kind, swatch.box) for swatch in layout.swatches]
    return [("plot", plot), *strip, *swatches, *((text.text, text.box) for text in layout.texts)]


def overlap(one: Box, other: Box) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 0.5 and high > 0.5


SIZES = st.tuples(st.integers(160, 4000), st.integers(90, 1600))
FRAMES = st.integers(1, 100) | st.integers(100, 5_000_000_000)
TITLES = st.sampled_from(
    ["", "a", "Monday meeting.wav", "recording_2026-11-24_02-07-09.wav", "W" * 180, "会议 ÄÖÜ.wav"]
)


@settings(deadline=None, max_examples=effort(250, 40))
@given(SIZES, FRAMES, TITLES, st.booleans(), st.sampled_from([None, 0.0, -7.25, -40.0, -120.0]))
def test_nothing_lies_on_anything_else(
    size: tuple[int, int], frames: int, title: str, everything: bool, threshold: float | None
) -> None:
    rule = None if threshold is None else CutRule(500, threshold)
    of = facts(frames, ((0, 1),), 48_000, rule=rule, **(EVERYTHING if everything else {}))
    layout = layout_of(Subject(of, title), size)
    placed = boxes(layout)
    for (name, box), (other, second) in itertools.combinations(placed, 2):
        assert not overlap(box, second), f"{name!r} {box} lies on {other!r} {second}"
    for name, (left, top, right, bottom) in placed:
        assert left >= -0.5, name
        assert top >= -0.5, name
        assert right <= size[0] + 0.5, name
        assert bottom <= size[1] + 0.5, name
    assert layout.time.width >= size[0] * 0.5
    assert layout.level.height >= size[1] * 0.25


def test_letters_stay_in_their_boxes() -> None:
    """The boxes that are said not to overlap are those of the ink."""
    of = facts(3_600_000, ((0, 1000),), **EVERYTHING)
    layout = layout_of(Subject(of, "Quarterly gap, job"), (1600, 500))
    pixels = drawn(of, (1600, 500), title="Quarterly gap, job").pixels
    ground = np.full(pixels.shape[:2], False)
    for _, (left, top, right, bottom) in boxes(layout):
        ground[max(0, int(top) - 1) : int(bottom) + 2, max(0, int(left) - 2) : int(right) + 2] = True
    # What belongs to no box: the frame's left line, the short lines of the time axis, half a mark at the very start.
    ground[layout.level.top :, layout.time.left - 9 : layout.time.left + layout.time.width + 3] = True
    assert (pixels[~ground] == 255).all()


@settings(deadline=None, max_examples=effort(300, 60))
@given(st.integers(1, 4_200_000_000), st.sampled_from([8000, 44_100, 48_000]), st.integers(100, 3000))
def test_the_time_axis_tells_the_time(frames: int, rate: int, width: int) -> None:
    scale = TimeScale(50, width, frames, rate)
    marks = scale.marks(40)
    assert marks[0][0] == 0
    assert marks[-1][0] <= scale.seconds + 1e-6
    places = [scale.column(seconds * rate) for seconds, _ in marks]
    assert all(after - before >= 40 - 1e-6 for before, after in itertools.pairwise(places))
    assert len({label for _, label in marks}) == len(marks), "two marks read alike"
    for seconds, label in marks:
        assert of_label(label) == pytest.approx(seconds, abs=1e-6)


def of_label(label: str) -> float:
    if label.endswith(" s"):
        return float(label[:-2])
    value = 0.0
    for part in label.split(":"):
        value = 60 * value + float(part)
    return value


@pytest.mark.parametrize(
    ("seconds", "some"),
    [
        (1, ("0.0 s", "0.5 s", "1.0 s")),
        (30, ("0 s", "10 s", "30 s")),
        (90, ("0:00", "0:30", "1:30")),
        (3600, ("0:00:00", "0:30:00", "1:00:00")),
        (86_400, ("0:00:00", "6:00:00", "12:00:00", "24:00:00")),
        (7 * 86_400, ("0:00:00", "24:00:00", "168:00:00")),
    ],
)
def test_marks_are_where_people_look_for_them(seconds: int, some: tuple[str, ...]) -> None:
    labels = [label for _, label in TimeScale(0, 1400, seconds * 48_000, 48_000).marks(90)]
    assert set(some) <= set(labels)
    assert len(labels) <= 16


def test_a_day_fits() -> None:
    of = facts(86_400 * 48_000, rate=48_000)
    layout = layout_of(Subject(of, "A day"), (1600, 500))
    texts = [text.text for text in layout.texts]
    assert "24:00:00 recorded, 0.0 s kept, 0 cuts" in texts
    assert {"0:00:00", "12:00:00", "24:00:00"} <= set(texts)


def test_levels_are_marked_upwards_and_downwards() -> None:
    scale = LevelScale(100, 400, -60.0)
    assert scale.marks(30) == [0.0, -10.0, -20.0, -30.0, -40.0, -50.0]
    assert (scale.row(0), scale.row(-60), scale.row(-30)) == (100, 300, 200)
    rows = scale.rows(np.array([1.0, -1.0, 0.0, 10 ** (-30 / 20), np.nan]))
    assert rows[:4] == pytest.approx([100, 500, 300, 200])
    assert np.isnan(rows[4])
    assert [floor_for(level) for level in (None, -20.0, -40.0, -41.0, -80.0)] == [-60, -60, -60, -70, -100]


@pytest.mark.parametrize(
    ("size", "right"),
    [
        ((160, 90), True),
        ((10_000, 3_200), True),
        ((159, 90), False),
        ((160, 89), False),
        ((10_001, 500), False),
        ((10_000, 3_201), False),
        ((0, 0), False),
        ((-1600, 500), False),
    ],
)
def test_sizes_that_can_be(size: tuple[int, int], right: bool) -> None:
    if right:
        check_size(size)
    else:
        with pytest.raises(ValueError, match=r"a picture (is|has)"):
            check_size(size)


def test_what_is_said_of_the_lengths() -> None:
    of = replace(facts(723_000, ((0, 1000), (5000, 8000)), kept=521_000))
    assert lengths(of) == "12:03 recorded, 8:41 kept, 2 cuts"
    assert lengths(facts(2000, ((0, 1000),), kept=1000)) == "2.0 s recorded, 1.0 s kept, 1 cut"
    assert lengths(facts(2000, kept=None)) == "2.0 s recorded"


def test_a_small_picture_has_what_matters() -> None:
    of = facts(723_000, ((0, 1000), (5000, 8000)), kept=521_000)
    large, middle, small = (layout_of(Subject(of, "Monday"), size) for size in ((1600, 500), (400, 150), (160, 90)))
    texts = [{text.text for text in layout.texts} for layout in (large, middle, small)]
    assert {"Monday", "12:03 recorded, 8:41 kept, 2 cuts", "removed", "-40 dBFS"} <= texts[0]
    assert "silence: at most -40 dBFS for at least 500 ms" in texts[0]
    assert {"Monday", "12:03 recorded, 8:41 kept, 2 cuts", "removed"} <= texts[1]
    assert any("kept" in text for text in texts[2])
    assert {text.size for text in large.texts} == {17, 20, 24}
    assert min(text.size for text in small.texts) >= 8


def test_time_labels() -> None:
    assert time_label(0.005, 0.005, 0.02) == "0.005 s"
    assert time_label(75, 15, 200) == "1:15"
    assert time_label(75, 15, 4000) == "0:01:15"
    assert time_label(360_000, 3600, 400_000) == "100:00:00"


@pytest.mark.posix("Wine has no font for more than Pillow's own letters")
def test_names_that_the_font_lacks_are_written_by_another() -> None:
    assert fonts.for_text("Monday", 20) is fonts.own(20)
    umlauts = fonts.for_text("Besprechung für Bärbel", 20)
    assert umlauts is not fonts.own(20), "this machine has DejaVu Sans"
    assert fonts._has_all(umlauts, "üä")
    assert not fonts._has_all(fonts.own(20), "ü")


def test_a_long_title_ends_in_dots() -> None:
    def wide(text: str) -> float:
        return 10.0 * len(text)

    assert elided("short", 100, wide) == "short"
    assert elided("a rather long name", 100, wide) == "a rather…"
    assert elided("long", 15, wide) == ""
