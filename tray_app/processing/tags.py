"""What a file says of itself: title, date, source and program, in the formats that have room for it."""

from __future__ import annotations

from collections.abc import Mapping

from tray_app import __version__
from tray_app.settings import APP_NAME
from tray_app.take.facts import Facts

PROGRAM = f"{APP_NAME} {__version__}"

Tags = Mapping[str, str]
"""By libsndfile's names: `title`, `date`, `comment`, `software`, and what else an input had."""


def tags_of(facts: Facts) -> Tags:
    """Return the tags of a take.

    Source and program stand in the comment too: MP3's tags, as libsndfile writes them, have no other place for them.
    """
    source = f" from {facts.source}" if facts.source else ""
    when = f" on {facts.started[:10]} at {facts.started[11:19]}" if facts.started else ""
    found = {
        "title": facts.name,
        "date": facts.started[:10],
        "comment": f"Recorded{source}{when} by {PROGRAM}",
        "software": PROGRAM,
    }
    return {name: plain(text) for name, text in found.items() if text}


def plain(text: str) -> str:
    """Return text that every tag takes: without control characters and halves of characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in whole).strip()
