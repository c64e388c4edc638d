"""Text that systems give little room for: menus, tooltips, notifications. Pure.

Windows counts UTF-16 units, so that an emoji takes two. A character that takes two is kept whole or not at all. Control
characters go, and halves of characters (from names that are not text) become question marks.
"""

from __future__ import annotations

import unicodedata


def fit(text: str, longest: int) -> str:
    """Return `text` on one line, in at most `longest` (1 or more) UTF-16 units, with an ellipsis where it is cut.

    White space of any length becomes one space.
    """
    return _cut(" ".join(_clean(text).split()), longest)


def fit_lines(text: str, longest: int) -> str:
    """Return `text` as `fit` does, but with its lines as they are."""
    return _cut("\n".join(map(_clean, text.splitlines())).strip(), longest)


def _cut(text: str, longest: int) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * longest:
        return text
    # What "ignore" leaves out is the first half of a character that the cut went through.
    return units[: 2 * (longest - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def _clean(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    if category == "Cs":
        return "?"
    return "" if category == "Cc" else character
