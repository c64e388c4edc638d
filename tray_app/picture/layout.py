"""Where everything of a picture stands, for any size: texts, legend, plot, axes. Pure: who measures texts is handed in.

From top to bottom: a line with title and lengths, a line with legend and rule, a bar that is filled where something was
removed, the plot, a strip for gaps and the like if there are any, and the time axis. What has no room is left out, the
least important first; plot and time axis are always there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tray_app.audio.rule import CutRule
from tray_app.picture.scale import LevelScale, TimeScale, floor_for
from tray_app.sentences import picture as said
from tray_app.take.facts import Facts
from tray_app.words import duration

LEAST, MOST = (160, 90), (10_000, 5_000)
"""Widths and heights that a picture can have, in pixels."""

MOST_PIXELS = 32_000_000
"""Pixels of a picture: 100 MB while it is drawn."""

Width = Callable[[str, int], float]
"""Gives the width in pixels of a text at a size."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, the last two not included."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a picture is of: the `facts` of an original, and what to call it.

    `gone` is True where the original is not there any more, so that of what was removed nothing can be drawn.
    """

    facts: Facts
    title: str
    gone: bool = False

    @property
    def strip(self) -> tuple[str, ...]:
        """What there is to mark below the plot."""
        facts = self.facts
        kinds = {"gap": facts.gaps, "dropped": facts.dropped, "pause": facts.pauses, "asleep": facts.sleeps}
        return tuple(kind for kind, found in kinds.items() if found)


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the left end of its base line at (`x`, `y`). `soft` ones are less important."""

    text: str
    size: int
    x: float
    y: float
    wide: float
    soft: bool = False

    @property
    def box(self) -> Box:
        """What it covers, with what letters reach below the line."""
        return self.x, self.y - self.size * 0.8, self.x + self.wide, self.y + self.size * 0.25


@dataclass(frozen=True, slots=True)
class Swatch:
    """A sample in the legend of how something is drawn."""

    kind: str
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands, in pixels from the picture's top left. `bar` and `strip` are rows (top, bottom)."""

    size: tuple[int, int]
    font: int
    line: int
    time: TimeScale
    level: LevelScale
    bar: tuple[int, int]
    strip: tuple[int, int] | None
    threshold: float | None
    texts: tuple[Text, ...] = ()
    swatches: tuple[Swatch, ...] = ()
    columns: tuple[float, ...] = ()
    rows: tuple[float, ...] = ()


@dataclass(slots=True)
class _Page:
    """What is being set: the letters' measures, and what stands already."""

    width: int
    height: int
    measure: Width
    font: int = 0
    texts: list[Text] = field(default_factory=list)
    swatches: list[Swatch] = field(default_factory=list)

    @property
    def small(self) -> int:
        """The size of what is less important than title and lengths."""
        return max(9, round(self.font * 0.85))

    def wide(self, text: str, size: int | None = None) -> float:
        return self.measure(text, size or self.font)

    def put(self, text: str, x: float, y: float, size: int | None = None, *, soft: bool = False) -> Text:
        size = size or self.font
        put = Text(text, size, x, y, self.wide(text, size), soft)
        self.texts.append(put)
        return put


def lay_out(subject: Subject, size: tuple[int, int], width: Width) -> Layout:
    """Return the layout of a picture `size` (width, height) pixels large. Raises `ValueError` for other sizes."""
    check_size(size)
    page = _Page(*size, width)
    page.font = max(10, min(48, round(min(size[1] / 25, size[0] / 75))))
    font, pad = page.font, max(4, round(page.font * 0.8))
    facts = subject.facts
    threshold = facts.rule.silence_thresh if facts.rule is not None else None
    headers = 2 if size[1] >= 13 * font else 1 if size[1] >= 9 * font else 0
    top = pad + round(headers * 1.7 * font)
    bar = (top, top + max(3, round(font * 0.45)))
    bottom = size[1] - pad - round(1.6 * font)
    strip = None
    if subject.strip:
        strip = (bottom - round(font * 0.8), bottom)
        bottom = strip[0] - max(1, font // 6)
    plot_top = bar[1] + max(1, font // 6)
    level = LevelScale(plot_top, max(8, bottom - plot_top), floor_for(threshold))
    left = pad + round(page.wide("-00") + font * 0.5)
    right = size[0] - pad - (_threshold_room(page, threshold) if size[0] >= 45 * font else 0)
    time = TimeScale(left, max(8, round(right - left)), facts.frames, facts.format.rate)
    line = max(1, round(font / 14))
    layout = Layout(size, font, line, time, level, bar, strip, threshold)
    if headers:
        _title(page, subject, pad, size[0] - pad)
    if headers == 2:
        _legend(page, subject, threshold, pad, size[0] - pad)
    rows = _level_axis(page, level, left)
    columns = _time_axis(page, time, (strip[1] if strip else bottom) + font * 1.35)
    _threshold_label(page, layout)
    texts, swatches = tuple(page.texts), tuple(page.swatches)
    return replace(layout, texts=texts, swatches=swatches, columns=columns, rows=rows)


def check_size(size: tuple[int, int]) -> None:
    """Raise `ValueError`, whose text says what is allowed, for a size that no picture has."""
    if not all(least <= one <= most for least, one, most in zip(LEAST, size, MOST, strict=True)):
        raise ValueError(said.between(f"{LEAST[0]}x{LEAST[1]}", f"{MOST[0]}x{MOST[1]}"))
    if size[0] * size[1] > MOST_PIXELS:
        raise ValueError(said.at_most(MOST_PIXELS // 1_000_000))


def lengths(facts: Facts) -> str:
    """Say how long the original is, what was kept of it, and in how many cuts the rest went."""
    kept = None if facts.kept_frames is None else facts.format.seconds(facts.kept_frames)
    return said.lengths(facts.seconds, kept, len(facts.cuts))


def rule_words(rule: CutRule) -> list[str]:
    """Say by which rule was cut, the most important first."""
    told = [said.silence(rule.threshold, duration(rule.min_silence_len), found=rule.auto)]
    told += [said.EDGES_ONLY] if rule.edges_only else []
    told += [said.kept_around(duration(rule.keep_silence))] if rule.keep_silence else []
    told += [said.pauses_kept(duration(rule.longest_pause))] if rule.longest_pause else []
    return told


def elided(text: str, room: float, wide: Callable[[str], float]) -> str:
    """Return a text, or as much of it as has room with dots behind; empty where there is none for anything."""
    if wide(text) <= room:
        return text
    fits = (f"{text[:end].rstrip()}…" for end in range(len(text) - 1, 0, -1))
    return next((short for short in fits if wide(short) <= room), "")


def _title(page: _Page, subject: Subject, left: float, right: float) -> None:
    """Set the title on the left, and the lengths on the right. The lengths come first: they are what is asked for."""
    size = round(page.font * 1.2)
    base = left + size * 0.85
    choices = (lengths(subject.facts), lengths(subject.facts).split(", ", 1)[-1])
    told = next((text for text in choices if page.wide(text) <= (right - left) * 0.75), "")
    end = right
    if told:
        end = page.put(told, right - page.wide(told), base).x - page.font
    title = elided(subject.title, end - left, lambda text: page.wide(text, size))
    if title:
        page.put(title, left, base, size)


def _legend(page: _Page, subject: Subject, threshold: float | None, left: float, right: float) -> None:
    """Set the legend on the left and the rule on the right, as far as there is room; entries go from the end."""
    size, font = page.small, page.font
    base = left + font * 2.77
    facts = subject.facts
    removed = ["removed"] if facts.kept_frames is not None else []
    removed_as = said.REMOVED_AND_GONE if subject.gone else said.REMOVED
    named = {"removed": removed_as, "rms": said.RMS, "peaks": said.PEAKS}
    kinds = [*removed, *subject.strip, *(["threshold"] if threshold is not None else []), "peaks", "rms"]
    x = left
    wide = font * 1.6
    for kind in kinds:
        label = named.get(kind, kind)
        needs = wide + font * 0.4 + page.wide(label, size)
        if x + needs > right:
            break
        page.swatches.append(Swatch(kind, (x, base - size * 0.75, x + wide, base + size * 0.1)))
        page.put(label, x + wide + font * 0.4, base, size, soft=True)
        x += needs + font * 1.2
    if facts.rule is not None:
        words = rule_words(facts.rule)
        shorter = (", ".join(words[:count]) for count in range(len(words), 0, -1))
        told = next((text for text in shorter if x + page.wide(text, size) <= right), "")
        if told:
            page.put(told, right - page.wide(told, size), base, size, soft=True)


def _level_axis(page: _Page, level: LevelScale, left: int) -> tuple[float, ...]:
    """Set the labels of the levels, right-aligned before the plot; return the rows that get a line."""
    size = page.small
    rows = []
    for mark in level.marks(size * 1.5):
        above = level.row(mark)
        for row in (above, 2 * level.middle - above):
            label = f"{mark:g}"
            # At the edges a label stays inside of the plot's height.
            base = min(max(row + size * 0.35, level.top + size * 0.75), level.top + level.height)
            page.put(label, left - page.font * 0.4 - page.wide(label, size), base, size, soft=True)
            rows.append(row)
    return tuple(rows)


def _time_axis(page: _Page, time: TimeScale, base: float) -> tuple[float, ...]:
    """Set the labels of the times below the plot; return the columns that get a line."""
    size = page.small
    widest = max(page.wide(label, size) for label in _longest(time))
    columns = []
    for seconds, label in time.marks(widest + size * 1.2):
        column = time.column(seconds * time.rate)
        columns.append(column)
        x = max(1.0, column - page.wide(label, size) / 2)
        if x + page.wide(label, size) <= page.width - 1:
            page.put(label, x, base, size, soft=True)
    return tuple(columns)


def _longest(time: TimeScale) -> tuple[str, ...]:
    """Return labels as wide as any on this axis: of its end, at the finest step that it can have."""
    if time.seconds >= 3600:
        return (f"{round(time.seconds) // 3600}:00:00",)
    if time.seconds >= 60:
        return ("00:00",)
    step = 10.0 ** max(-3, min(0, round(_exponent(time.seconds)) - 1))
    digits = max(0, -round(_exponent(step)))
    return (f"{time.seconds:.{digits}f} s", f"{0:.{digits}f} s")


def _exponent(value: float) -> float:
    return math.log10(value) if value > 0 else -3


def _threshold_room(page: _Page, threshold: float | None) -> float:
    return 0 if threshold is None else page.wide(f"{threshold:g} dBFS", page.small) + page.font / 2


def _threshold_label(page: _Page, layout: Layout) -> None:
    """Set the threshold's value at the end of its upper line, where the plot leaves room."""
    if layout.threshold is None or page.width < 45 * page.font:
        return
    size = page.small
    x = layout.time.left + layout.time.width + page.font * 0.4
    page.put(f"{layout.threshold:g} dBFS", x, layout.level.row(layout.threshold) + size * 0.35, size)
