"""What a menu is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tray_app.settings import Settings
from tray_app.tray.view import Action


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a menu: it asks for `action` with `value`, or opens `entries`, or, with neither, only says something.

    With `checked` it has a tick or room for one; with `radio` too, it is one of several of which one is chosen. The
    `default` item is what a click on the icon does. One that is not `enabled` is grey.
    """

    label: str
    action: Action | None = None
    value: str = ""
    default: bool = False
    checked: bool | None = None
    radio: bool = False
    enabled: bool = True
    entries: tuple[Entries, ...] = ()


@dataclass(frozen=True, slots=True)
class Separator:
    """A line between groups."""


Entries = Item | Separator
"""What can stand in a menu."""

SEPARATOR = Separator()


def note(label: str) -> Item:
    """Return a line that only says something."""
    return Item(label)


def submenu(label: str, entries: Iterable[Entries]) -> Item:
    """Return a line that opens a menu of its own."""
    return Item(label, entries=tuple(entries))


def choice(settings: Settings, label: str, name: str, value: str, radio: bool | None = None) -> Item:
    """Return a line that gives the variable `name` another value, grey where that is set outside.

    With `radio` it is one of several values, True for the one that holds. Without, it is a tick, and `value` is what
    a click makes of it: there is a tick where that is `false`.
    """
    fixed = name in settings.fixed
    ticked = value == "false" if radio is None else radio
    return Item(
        f"{label} (set outside)" if fixed and radio is None else label,
        None if fixed else Action.CHOOSE,
        "" if fixed else f"{name}={value}",
        checked=ticked,
        radio=radio is not None,
        enabled=not fixed,
    )
