"""The table of the formats in the documents is that of the program: names, quality, bits, channels."""

from __future__ import annotations

import re

from tests.documents.markdown import documents
from tray_app.outputs import FORMATS, Format

OF_RECORDINGS = {16, 24, 32}
MOST_CHANNELS = 8
"""Of a recording, by `RECORDER_BIT_DEPTH` and `RECORDER_CHANNELS`."""


def rows() -> dict[str, tuple[str, ...]]:
    """Return the table's rows by the format's name; several may share one."""
    (table,) = (
        table for document in documents() for table in document.tables if table.rows[0][:2] == ("format", "quality")
    )
    return {name: row for row in table.rows[1:] for name in re.findall(r"\b(?:wav\w*|flac|mp3|ogg|opus|m4a)\b", row[0])}


def numbers(text: str) -> set[int]:
    return {int(found) for found in re.findall(r"\d+", text)}


def held(form: Format) -> set[int]:
    """Return the bits of recordings that a format takes, as the table says it: `all` has no numbers."""
    bits = OF_RECORDINGS & set(form.bits)
    return set() if bits == OF_RECORDINGS and form.name != "wav" else bits


def test_every_format_stands_in_the_table_in_order() -> None:
    assert list(rows()) == list(FORMATS)


def test_the_table_says_what_each_can_hold() -> None:
    shown = {name: (numbers(row[2]), int(row[3])) for name, row in rows().items()}
    assert shown == {name: (held(form), min(form.channels, MOST_CHANNELS)) for name, form in FORMATS.items()}


def test_the_table_says_the_least_the_default_and_the_most_quality() -> None:
    known = {name: form.quality for name, form in FORMATS.items() if form.quality}
    shown = {
        name: numbers(row[1].partition("--")[2].partition(" ")[2]) for name, row in rows().items() if name in known
    }
    assert shown == {name: {found.least, int(found.default), found.most} for name, found in known.items()}
    assert all(f"--{found.variable[9:].lower().replace('_', '-')}" in rows()[name][1] for name, found in known.items())
