"""The forms in which something is said. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Said(NamedTuple):
    """What an error says: `what` happened, what is `safe`, what is `todo`: sentences, the last two may be empty."""

    what: str
    safe: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """What a line of a menu reads. `key` is the place in `text` of the letter that chooses it; None where none does."""

    text: str
    key: int | None = None

    def marked(self, mark: str) -> str:
        """Return the text with `mark` before the letter, and what is `mark` in it already doubled."""
        if self.key is None:
            return self.text.replace(mark, mark * 2)
        return Label(self.text[: self.key]).marked(mark) + mark + Label(self.text[self.key :]).marked(mark)


def label(marked: str, rest: str = "") -> Label:
    """Return the label of a text with `&` before its access key, and of `rest`, which is taken as it is."""
    before, mark, after = marked.partition("&")
    return Label(before + after + rest, len(before) if mark else None)
