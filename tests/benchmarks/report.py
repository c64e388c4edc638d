"""Tables as people read them, on the screen and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Table:
    """A title, a line that says what was done, columns, and rows of as many texts. The first column is left-aligned."""

    title: str
    about: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def screen(self) -> str:
        """Return the table for a terminal."""
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [self.title, self.about, "", _line(self.columns, widths), *(_line(row, widths) for row in self.rows)]
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        rule = ["---", *["--:"] * (len(self.columns) - 1)]
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, rule, *self.rows)]
        return f"### {self.title}\n\n{self.about}\n\n" + "\n".join(lines)


def _line(cells: Sequence[str], widths: Iterable[int]) -> str:
    first, *others = (
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()


def seconds(value: float) -> str:
    """Return seconds with about three digits."""
    return f"{value:.0f} s" if value >= 100 else f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"


def spread(median: float, ends: tuple[float, float], runs: int) -> str:
    """Return a median with the least and the most beside it."""
    return seconds(median) if runs == 1 else f"{seconds(median)} ({ends[0]:.2f} to {ends[1]:.2f})"


def length(value: float) -> str:
    """Return a length of sound: `10 min`, `1 h`."""
    if value < 60:
        return f"{value:g} s"
    return f"{value / 60:g} min" if value < 3600 else f"{value / 3600:g} h"


def ratio(value: float) -> str:
    """Return how many times as much."""
    return f"{value:.0f}×" if value >= 20 else f"{value:.1f}×" if value >= 3 else f"{value:.2f}×"
