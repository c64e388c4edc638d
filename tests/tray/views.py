"""Views as a user would have them, and menus as they read."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tray_app.loading import load
from tray_app.settings import Settings
from tray_app.states import State
from tray_app.tray.entries import Entries, Item
from tray_app.tray.menu import items
from tray_app.tray.view import Listed, Originals, Recent, View

SINCE = datetime(2026, 11, 24, 14, 3, 59)
SPEAKERS, HEADSET, MICROPHONE = (
    Listed("spk", "Speakers", default=True),
    Listed("hs", "Headset"),
    Listed("mic", "Microphone", heard=False),
)
TROUBLE = "The disk is nearly full: 12 minutes are left."
NAMES = st.text(st.characters(), max_size=200) | st.text("🎧é\u202e\x00\ud800\udc00\r\n\t ", max_size=200)
"""Names as nobody thinks of them."""
ENV = Path("/home/u/.env" if sys.platform != "win32" else r"C:\Users\u\.env")

OUTSIDE = {
    "RECORDER_SOURCE": "mic",
    "RECORDER_SILENCE_THRESH": "-42.5",
    "RECORDER_BIT_DEPTH": "16",
    "RECORDER_NOTIFY": "false",
    "RECORDER_ON_QUIT": "later",
    "RECORDER_SAVE_FOLDER": "there",
}


@functools.cache
def _loaded(outside: tuple[tuple[str, str], ...]) -> Settings:
    return load(dict(outside), {}, Path(__file__).with_name("empty.env"))


def chosen(outside: dict[str, str] | None = None, **values: Any) -> Settings:
    """Return settings: the defaults, these values from a `.env`, and those from outside."""
    empty = _loaded(tuple((outside or {}).items()))
    return replace(empty, save_folder=Path("takes"), env_file=ENV, **values)


def at_home(**changes: Any) -> View:
    """A view with all that there can be to choose."""
    view = View(
        autostart=False,
        settings=chosen(),
        sources=(SPEAKERS, HEADSET, MICROPHONE),
        recent=(Recent(Path("takes/b.wav"), True, Path("takes/originals/b.wav")), Recent(Path("takes/a.wav"))),
        originals=Originals(12, 3_400_000_000, ((7, 5, 2_000_000_000), (30, 1, 40_000_000), (90, 0, 0))),
    )
    return replace(view, **changes)


def recording(**changes: Any) -> View:
    """A view of a take that is being made."""
    return replace(at_home(state=State.RECORDING, source="Speakers", since=SINCE, seconds=83.9, name="talk"), **changes)


def labels(entries: Iterable[Entries]) -> list[str]:
    """Return a menu as it reads: * before the default, (o) ( ) and [x] [ ] before what is ticked, > where it opens."""
    return [_label(entry) if isinstance(entry, Item) else "---" for entry in entries]


def _label(item: Item) -> str:
    ticks = {None: "", True: "(o) " if item.radio else "[x] ", False: "( ) " if item.radio else "[ ] "}
    return (
        "*" * item.default + ticks[item.checked] + item.label + " >" * bool(item.entries) + " grey" * (not item.enabled)
    )


def opened(view: View, *labels: str, system: str = "win32") -> tuple[Entries, ...]:
    """Return what opens at the end of a way through the menus; each label is the beginning of one."""
    entries = tuple(items(view, system))
    for label in labels:
        (found,) = (item for item in entries if isinstance(item, Item) and item.label.startswith(label))
        entries = found.entries
    return entries


def walk(entries: Iterable[Entries]) -> Iterator[Item]:
    """Yield every line of a menu and of the menus in it."""
    for entry in entries:
        if isinstance(entry, Item):
            yield entry
            yield from walk(entry.entries)


def menus(entries: Iterable[Entries]) -> Iterator[list[Entries]]:
    entries = list(entries)
    yield entries
    for entry in entries:
        if isinstance(entry, Item) and entry.entries:
            yield from menus(entry.entries)
