"""What a picture says, read from its pixels: the cuts, the levels, the threshold, gaps and pauses."""

from __future__ import annotations

import io
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.oracle import pack
from tests.audio.wav_files import ours
from tests.effort import effort
from tests.picture.seen import Seen, drawn, facts, flat, is_like
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.wav import WavReader
from tray_app.picture import paint
from tray_app.picture.envelope import Outline, measure
from tray_app.take.facts import Ranges


def removed_parts(cuts: Ranges, frames: int, columns: int) -> list[Fraction]:
    """The part of each column's time that was cut, by fractions."""
    parts = [Fraction(0)] * columns
    for start, end in cuts:
        first, last = Fraction(start * columns, frames), Fraction(min(end, frames) * columns, frames)
        for column in range(math.floor(first), min(columns, math.ceil(last))):
            left, right = max(first, Fraction(column)), min(last, Fraction(column + 1))
            parts[column] += max(Fraction(0), right - left)
    return parts


def between(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> list[float]:
    return [begin + (end - begin) * part for begin, end in zip(one, other, strict=True)]


@st.composite
def cut_lists(draw: st.DrawFn) -> tuple[int, Ranges]:
    """A length in frames of a millisecond, and cuts in it that neither touch nor overlap."""
    frames = draw(st.integers(1, 500) | st.integers(1000, 86_400_000))
    edges = sorted(draw(st.lists(st.integers(0, frames), unique=True, max_size=60)))
    return frames, tuple(zip(edges[::2], edges[1::2], strict=False))


SIZES = st.tuples(st.integers(160, 1700), st.integers(90, 520))


@settings(deadline=None, max_examples=effort(60, 15))
@given(cut_lists(), SIZES)
def test_the_shaded_columns_are_the_cut_list(listed: tuple[int, Ranges], size: tuple[int, int]) -> None:
    """The bar above the plot tells for each column how much of its time was cut, and any cut at all is seen in it."""
    frames, cuts = listed
    seen = drawn(facts(frames, cuts), size)
    parts = [float(part) for part in removed_parts(cuts, frames, seen.layout.time.width)]
    strengths = [paint.FAINTEST + (1 - paint.FAINTEST) * part if part > 1e-9 else 0 for part in parts]
    expected = np.array([between(paint.GRID, paint.BAR, strength) for strength in strengths])
    assert np.abs(seen.bar() - expected).max() <= 1.5
    shaded = ~is_like(seen.bar(), paint.GRID, 3)
    assert shaded.any() == bool(cuts)


@settings(deadline=None, max_examples=effort(40, 10))
@given(cut_lists(), SIZES)
def test_the_plot_is_shaded_and_hatched_where_the_bar_is(listed: tuple[int, Ranges], size: tuple[int, int]) -> None:
    frames, cuts = listed
    plain, seen = drawn(facts(frames), size), drawn(facts(frames, cuts), size)
    parts = removed_parts(cuts, frames, seen.layout.time.width)
    changed = (seen.plot() != plain.plot()).any(axis=(0, 2))
    for column, part in enumerate(parts):
        if part > Fraction(1, 8):
            assert changed[column], f"column {column}"
        if part == 0:
            assert not changed[column], f"column {column}"
    whole = [column for column, part in enumerate(parts) if part == 1]
    if len(whole) > 20 * seen.layout.line and whole[-1] - whole[0] == len(whole) - 1:
        inside = seen.plot()[2:20, whole]
        assert is_like(inside, paint.HATCH, 12).any(), "not by colour alone"


def rows_of(seen: Seen, colour: tuple[int, int, int], column: int) -> list[int]:
    """The rows of a colour in a column of the plot, from the picture's top."""
    found = np.flatnonzero(is_like(seen.plot()[:, column], colour, 6))
    return [int(row) + seen.layout.level.top for row in found]


@pytest.mark.parametrize("level", [-6.0, -20.0, -40.0, -50.0])
def test_a_tone_reaches_the_row_of_its_level(level: float) -> None:
    amplitude = 10 ** (level / 20)
    size, of = (800, 400), facts(60_000, rule=CutRule(500, -45.0))
    columns = drawn(of, size).layout.time.width
    seen = drawn(of, size, flat(columns, amplitude, amplitude / math.sqrt(2)))
    axis = seen.layout.level
    column = 333
    loudest = [*rows_of(seen, paint.PEAKS, column), *rows_of(seen, paint.RMS, column)]
    assert abs(min(loudest) - axis.row(level)) <= 1
    assert abs(max(loudest) + 1 - (2 * axis.middle - axis.row(level))) <= 1
    effective = rows_of(seen, paint.RMS, column)
    assert abs(min(effective) - axis.row(level - 3.01)) <= 1
    share = (axis.middle - axis.row(level)) / (axis.height / 2)
    assert share == pytest.approx(1 - level / axis.floor), "in dBFS: the same step for every dB"


@pytest.mark.parametrize("threshold", [-20.0, -40.0, -57.5, -80.0])
@pytest.mark.parametrize("size", [(1600, 500), (400, 160)])
def test_the_threshold_is_a_dashed_line_at_its_level(threshold: float, size: tuple[int, int]) -> None:
    seen = drawn(facts(60_000, rule=CutRule(500, threshold)), size)
    none = drawn(facts(60_000, rule=None), size)
    axis, line = seen.layout.level, seen.layout.line
    dark = is_like(seen.plot(), paint.DARK, 10).mean(axis=1)
    rows = np.flatnonzero(dark > 0.3) + axis.top + 0.5
    assert len(rows) == 2 * line
    assert abs(rows[:line].mean() - axis.row(threshold)) <= 1
    assert abs(rows[line:].mean() - (2 * axis.middle - axis.row(threshold))) <= 1
    assert dark.max() < 0.8, "dashed"
    assert not is_like(none.plot(), paint.DARK, 10).any()
    assert axis.row(threshold) < axis.middle - axis.height / 12, "and far enough from silence to be told from it"


def test_a_tone_at_the_threshold_touches_the_line() -> None:
    """As `trim` judges it: the RMS of a square wave is its amplitude."""
    fmt = AudioFormat(8000, 1, 24)
    amplitude = round(10 ** (-40 / 20) * 2**23)
    values = np.where(np.arange(40_000) % 8 < 4, amplitude, -amplitude)[:, np.newaxis]
    columns = drawn(facts(40_000, rate=8000)).layout.time.width
    reader = WavReader(io.BytesIO(ours(fmt, pack(values, 24))))
    seen = drawn(facts(40_000, rate=8000), outline=measure(reader, 40_000, columns))
    axis = seen.layout.level
    assert abs(min(rows_of(seen, paint.RMS, 100)) - axis.row(-40.0)) <= 2


def outline_with(columns: int, at: int, high: float) -> Outline:
    outline = flat(columns)
    outline.high[at] = high
    return outline


@pytest.mark.parametrize("size", [(1600, 500), (300, 120)])
def test_a_click_of_one_sample_is_one_column(size: tuple[int, int]) -> None:
    columns = drawn(facts(86_400_000), size).layout.time.width
    quiet = drawn(facts(86_400_000), size)
    seen = drawn(facts(86_400_000), size, outline_with(columns, 77, 0.5))
    changed = np.flatnonzero((seen.plot() != quiet.plot()).any(axis=(0, 2)))
    assert changed.tolist() == [77]
    share = 1 + 20 * math.log10(0.5) / 60
    tall = (seen.plot() != quiet.plot()).any(axis=2)[:, 77].sum()
    assert tall >= share * seen.layout.level.height / 2 - 3


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sound_with_an_offset_is_drawn_where_it_is(sign: int) -> None:
    columns = drawn(facts(1000)).layout.time.width
    levels = np.sort([sign * 0.1, sign * 0.5]) * np.ones((columns, 2))
    seen = drawn(facts(1000), outline=Outline(levels[:, 0], levels[:, 1], 0.3 * np.ones(columns)))
    axis = seen.layout.level
    body = [*rows_of(seen, paint.PEAKS, 50), *rows_of(seen, paint.RMS, 50)]
    aside = [axis.middle - row - 0.5 for row in body]
    least = axis.middle - axis.row(-20.0)
    assert all(sign * away >= least - 1 for away in aside), "nothing below 0.1 of full scale, which is -20 dBFS"


def test_what_is_unknown_is_left_empty() -> None:
    columns = drawn(facts(1000)).layout.time.width
    outline = flat(columns, 0.5)
    for levels in (outline.low, outline.high, outline.rms):
        levels[100:200] = np.nan
    seen = drawn(facts(1000), outline=outline)
    ink = (is_like(seen.plot(), paint.PEAKS) | is_like(seen.plot(), paint.RMS)).any(axis=0)
    assert np.flatnonzero(~ink).tolist() == list(range(100, 200))


# Gaps, dropped frames, pauses, sleep


def strip_columns(seen: Seen, colour: tuple[int, int, int]) -> list[int]:
    return [int(column) for column in np.flatnonzero(is_like(seen.strip(), colour, 8).any(axis=0))]


def test_gaps_and_dropped_frames_are_marked_over_their_time() -> None:
    of = facts(10_000, gaps=((1000, 2000),), dropped=((5000, 1000),))
    seen = drawn(of)
    time = seen.layout.time
    for colour, start, end in ((paint.GAP, 1000, 3000), (paint.DROPPED, 5000, 6000)):
        columns = strip_columns(seen, colour)
        assert abs(columns[0] - (time.column(start) - time.left)) <= 1
        assert abs(columns[-1] + 1 - (time.column(end) - time.left)) <= 2 * seen.layout.line + 1
    gap, dropped = (is_like(seen.strip(), colour, 8) for colour in (paint.GAP, paint.DROPPED))
    height = seen.strip().shape[0]
    assert (gap.sum(axis=0) == height).sum() > 100, "a gap is a full block"
    assert 0 < (dropped.sum(axis=0) == height).mean() < 0.1
    assert ((dropped.sum(axis=0) > 0) & (dropped.sum(axis=0) < height)).any(), "what was dropped is striped"


def test_one_gap_of_a_frame_is_seen_in_a_day() -> None:
    seen = drawn(facts(86_400_000, gaps=((43_200_000, 1),)), (1600, 500))
    columns = strip_columns(seen, paint.GAP)
    assert 2 <= len(columns) <= 4
    assert abs(np.mean(columns) - seen.layout.time.width / 2) <= 2


def test_a_pause_and_a_sleep_are_points_with_a_line_through_the_plot() -> None:
    of = facts(10_000, pauses=((2500, 3.0),), sleeps=((7500, 60.0, "", ""),))
    seen = drawn(of)
    time = seen.layout.time
    for colour, at in ((paint.PAUSE, 2500), (paint.SLEEP, 7500)):
        columns = strip_columns(seen, colour)
        assert abs(np.mean(columns) - (time.column(at) - time.left)) <= 1
        line = is_like(seen.plot(), colour).sum(axis=0)
        assert line.max() > seen.layout.level.height / 3
        assert abs(int(np.argmax(line)) - (time.column(at) - time.left)) <= 1
    marks = [is_like(seen.strip(), colour, 8).sum(axis=1) for colour in (paint.PAUSE, paint.SLEEP)]
    assert np.all(np.diff(marks[0]) >= 0), "a triangle is widest at its foot"
    assert np.argmax(marks[1]) not in (0, len(marks[1]) - 1), "a diamond in its middle"


def test_what_there_is_not_has_no_strip() -> None:
    assert drawn(facts(1000)).layout.strip is None
    assert drawn(facts(1000, pauses=((1, 1.0),))).layout.strip is not None


def test_nothing_is_shaded_where_nobody_looked_for_silence() -> None:
    seen = drawn(facts(1000, kept=None, rule=None))
    assert is_like(seen.bar(), paint.GRID).all()
    assert not is_like(seen.plot(), paint.HATCH, 8).any()


def test_all_of_it_is_shaded_where_nothing_was_kept() -> None:
    seen = drawn(facts(1007, ((0, 1007),), kept=0))
    assert is_like(seen.bar(), paint.BAR).all()


@pytest.mark.parametrize("channels", [1, 6])
def test_the_loudest_of_all_channels_is_drawn(channels: int) -> None:
    fmt = AudioFormat(8000, channels, 24)
    values = np.zeros((40_000, channels), np.int64)
    values[20_000, channels - 1] = 2**22
    columns = drawn(facts(40_000, rate=8000)).layout.time.width
    reader = WavReader(io.BytesIO(ours(fmt, pack(values, 24))))
    outline = measure(reader, 40_000, columns)
    seen, quiet = drawn(facts(40_000, rate=8000), outline=outline), drawn(facts(40_000, rate=8000))
    changed = np.flatnonzero((seen.plot() != quiet.plot()).any(axis=(0, 2)))
    assert changed.tolist() == [columns // 2]
