"""The table of the menu in the documents names every line of the menu that does something, and no other."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.documents.markdown import documents
from tests.tray.views import at_home, recording
from tray_app.states import State
from tray_app.tray.menu import Item, items
from tray_app.tray.view import View


def named() -> list[str]:
    """Return the lines of the menu that the table names, in its order."""
    ((document, table),) = (
        (document, table) for document in documents() for table in document.tables if table.rows[0] == ("line", "does")
    )
    lines = document.text.splitlines()[table.line - 1 :][: len(table.rows) + 1]
    return [name for line in lines for name in re.findall(r"\*([^*]+)\*", line.split("|")[1])]


def shown(view: View, system: str) -> list[str]:
    """Return the lines of a menu that do something or open, without the values that they show."""
    found = (item for item in items(view, system) if isinstance(item, Item) and (item.action or item.entries))
    return [re.sub(r":.*| \(.*", "", item.label) for item in found]


def test_the_table_names_what_the_menu_has() -> None:
    views = [at_home(), recording(), replace(recording(), state=State.PAUSED)]
    there = {line for view in views for system in ("win32", "linux") for line in shown(view, system)}
    assert sorted(named()) == sorted(there)


def test_the_table_has_the_menus_order() -> None:
    menu = shown(at_home(), "win32")
    assert [name for name in named() if name in menu] == menu
