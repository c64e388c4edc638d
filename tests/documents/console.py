"""What the documents show of a terminal: commands behind `$ `, and below each what it prints.

What is shown is compared with what was printed, letter by letter. What no two runs have in common may differ in its
digits, where a command tells of it: times, lengths of takes, sizes. A line with nothing but `…` stands for any lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.documents.markdown import Code

STAMP = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?: \(\d+\))?")
"""The part of a take's name that says when it began."""

SHAPES = {
    "stamp": STAMP,
    "moment": re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d)?"),
    "length": re.compile(r"\d+(?::\d\d){1,2}|\d+\.\d s"),
    "size": re.compile(r"\d+(?:\.\d)? (?:MB|GB)"),
    "cuts": re.compile(r"\d+ cuts?\b"),
    "version": re.compile(r"(?<=Python )\d+\.\d+\.\d+"),
}
"""What may differ in its digits, by a word that takes its place."""

LIVE = re.compile(r"\b(?:record|status|doctor|recover)\b|originals/")
"""What a command holds that tells of a take or of the machine. What others print is the same in every run."""

ANY_LINES = "…"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command and the lines that the document shows below it; `line` is the command's."""

    command: str
    shown: tuple[str, ...]
    line: int


def exchanges(block: Code) -> list[Exchange]:
    """Return what a block shows, in order. A command goes on behind a backslash."""
    found: list[tuple[str, list[str], int]] = []
    for line, text in enumerate(block.text.splitlines(), block.line + 1):
        if text.startswith("$ "):
            found.append((text.removeprefix("$ "), [], line))
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            command, shown, begun = found[-1]
            found[-1] = (f"{command.removesuffix(chr(92))}{text.strip()}", shown, begun)
        else:
            assert found, f"line {line}: a block begins with a command, behind `$ `"
            found[-1][1].append(text)
    return [Exchange(command, tuple(shown), line) for command, shown, line in found]


@dataclass
class Reader:
    """Compares a document's exchanges with what was printed, in order.

    A take has another name in each run: what the document calls it is learnt where it is told of first, and put into
    later commands.
    """

    names: dict[str, str] = field(default_factory=dict)

    def command(self, exchange: Exchange) -> str:
        """Return the command with the names of this run."""
        return STAMP.sub(lambda found: self.names.get(found[0], found[0]), exchange.command)

    def differences(self, exchange: Exchange, printed: Sequence[str]) -> list[str]:
        """Return what the document shows otherwise than it was, a line for each; empty where all is as it was."""
        live = LIVE.search(exchange.command) is not None
        if not _alike(exchange.shown, printed, live):
            return [*(f"shown:   {line}" for line in exchange.shown), *(f"printed: {line}" for line in printed)]
        if ANY_LINES in exchange.shown:
            return []
        stamps = zip(STAMP.findall("\n".join(exchange.shown)), STAMP.findall("\n".join(printed)), strict=True)
        wrong = []
        for shown, real in stamps:
            if self.names.setdefault(shown, real) != real:
                wrong.append(f"{shown} is another take than before")
        return wrong


def _alike(shown: Sequence[str], printed: Sequence[str], live: bool) -> bool:
    if not shown or not printed:
        return not printed if not shown else set(shown) == {ANY_LINES}
    if shown[0] == ANY_LINES:
        return any(_alike(shown[1:], printed[skip:], live) for skip in range(len(printed) + 1))
    first = shape(shown[0]) == shape(printed[0]) if live else shown[0] == printed[0]
    return first and _alike(shown[1:], printed[1:], live)


def shape(line: str) -> str:
    """Return a line with a word for each part of it that may differ."""
    for word, form in SHAPES.items():
        line = form.sub(f"<{word}>", line)
    return line
