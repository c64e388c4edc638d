"""Text that Windows gives little room for."""

from __future__ import annotations

import unicodedata


def fit(text: str, longest: int) -> str:
    """Return `text` on one line, in at most `longest` (1 or more) UTF-16 units, with an ellipsis where it is cut.

    White space of any length becomes one space, control characters go, and halves of characters (from names that are
    not text) become question marks. Windows counts UTF-16 units, so that an emoji takes two.
    """
    clean = " ".join("".join(map(_clean, text)).split())
    units = clean.encode("utf-16-le")
    if len(units) <= 2 * longest:
        return clean
    # What "ignore" leaves out is the first half of a character that the cut went through.
    return units[: 2 * (longest - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def _clean(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "?"
    return "" if category == "Cc" and not character.isspace() else character
