"""What a menu is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tray_app.sentences import menu as said
from tray_app.sentences.forms import Label
from tray_app.settings import Settings
from tray_app.tray.view import Action


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a menu: it asks for `action` with `value`, or opens `entries`, or, with neither, only says something.

    `caption` is what it reads, with its access key. What does something has one, but for the names of sources and for
    values, which are among many of their kind: the arrow keys lead to them.

    With `checked` it has a tick or room for one; with `radio` too, it is one of several of which one is chosen. The
    `default` item is what a click on the icon does. One that is not `enabled` is grey.
    """

    caption: Label
    action: Action | None = None
    value: str = ""
    default: bool = False
    checked: bool | None = None
    radio: bool = False
    enabled: bool = True
    entries: tuple[Entries, ...] = ()

    @property
    def label(self) -> str:
        """What it reads, without the mark of its access key."""
        return self.caption.text

    @property
    def key(self) -> str:
        """The access key, a lower-case letter or a digit; empty where there is none."""
        return "" if self.caption.key is None else self.label[self.caption.key].lower()


@dataclass(frozen=True, slots=True)
class Separator:
    """A line between groups."""


Entries = Item | Separator
"""What can stand in a menu."""

SEPARATOR = Separator()


def note(text: str) -> Item:
    """Return a line that only says something."""
    return Item(Label(text))


def submenu(caption: Label, entries: Iterable[Entries]) -> Item:
    """Return a line that opens a menu of its own."""
    return Item(caption, entries=tuple(entries))


def choice(settings: Settings, caption: Label, name: str, value: str, radio: bool | None = None) -> Item:
    """Return a line that gives the variable `name` another value, grey where that is set outside.

    With `radio` it is one of several values, True for the one that holds. Without, it is a tick, and `value` is what
    a click makes of it: there is a tick where that is `false`.
    """
    item = choice_of_several(settings, caption, {name: value}, radio=value == "false" if radio is None else radio)
    if radio is not None:
        return item
    return replace(item, caption=caption if item.enabled else said.set_outside(caption), radio=False)


def choice_of_several(settings: Settings, caption: Label, texts: Mapping[str, str], *, radio: bool) -> Item:
    """Return one of several lines, `radio` for the one that holds, that gives several variables values at once.

    It is grey where any of them is set outside.
    """
    fixed = not settings.fixed.isdisjoint(texts)
    return Item(
        caption,
        None if fixed else Action.CHOOSE,
        "" if fixed else "\n".join(f"{name}={value}" for name, value in texts.items()),
        checked=radio,
        radio=True,
        enabled=not fixed,
    )
