"""The table of the settings in the documents is that of the program, in its order and with its defaults."""

from __future__ import annotations

import re

from tests.documents.markdown import Table, documents
from tests.documents.ours import SETTINGS
from tray_app import settings


def tables() -> list[Table]:
    """Return the tables whose every row is about a setting."""
    named = [(table, [row[0] for row in table.rows[1:]]) for document in documents() for table in document.tables]
    return [table for table, names in named if names and all(name.startswith("RECORDER_") for name in names)]


def in_example(form: str) -> dict[str, str]:
    """Return what `.env.example` says in lines of a form, by variable; the form's group is what it says."""
    paragraphs = settings.example().split("\n\n")[1:]
    named = [
        (re.search(r"^#(RECORDER_\w+)=", one, re.MULTILINE), re.search(form, one, re.MULTILINE)) for one in paragraphs
    ]
    return {name[1]: found[1] for name, found in named if name and found}


def test_there_is_one_table_of_all_settings_with_their_defaults() -> None:
    (table,) = tables()
    assert table.rows[0] == ("setting", "default", "allowed", "meaning")
    shown = {row[0]: row[1] for row in table.rows[1:]}
    known = in_example(r"^#RECORDER_\w+=(.*)$")
    assert list(shown) == list(known)
    assert set(shown) == SETTINGS
    # The save folder's is another one for each user; what it is, is said in words.
    assert {name: shown[name] if default else "" for name, default in known.items()} == known
    assert all(row[-1].strip() for row in table.rows[1:])


def test_the_table_allows_what_the_program_allows() -> None:
    (table,) = tables()
    shown = {row[0]: numbers(row[2]) for row in table.rows[1:]}
    known = in_example(r"^# Allowed: (.*)$")
    # Of switches the table leaves out that 1 and 0 do as well.
    assert {name: found for name, found in shown.items() if found and found != numbers(known[name])} == {}
    assert [name for name, allowed in known.items() if " from " in allowed and not shown[name]] == []


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+", text.replace("−", "-"))
