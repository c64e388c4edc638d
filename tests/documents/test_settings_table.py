"""The table of the settings in the documents is that of the program, in its order and with its defaults."""

from __future__ import annotations

import re

from tests.documents.commands import SETTINGS
from tests.documents.markdown import Table, documents
from tray_app import settings


def tables() -> list[Table]:
    """Return the tables whose every row is about a setting."""
    named = [(table, [row[0] for row in table.rows[1:]]) for document in documents() for table in document.tables]
    return [table for table, names in named if names and all(name.startswith("RECORDER_") for name in names)]


def test_there_is_one_table_of_all_settings_with_their_defaults() -> None:
    (table,) = tables()
    assert table.rows[0][:2] == ("setting", "default")
    shown = {row[0]: row[1] for row in table.rows[1:]}
    known = dict(re.findall(r"^#(RECORDER_\w+)=(.*)$", settings.example(), re.MULTILINE))
    assert list(shown) == list(known)
    assert set(shown) == SETTINGS
    # The save folder's is another one for each user; what it is, is said in words.
    assert {name: shown[name] if default else "" for name, default in known.items()} == known
    assert all(row[-1].strip() for row in table.rows[1:])
