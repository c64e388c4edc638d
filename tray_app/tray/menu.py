"""The menu: from what the program is doing to its lines. Pure.

It follows Microsoft's guide for the notification area: the default first, then the primary and the secondary commands,
then Exit; labels are specific, and what does not apply is left out rather than grey. Between the primary and the
secondary commands stands, set off by lines, what the program is doing. Only what is set outside, by the command line
or the environment, is shown grey: it applies, and cannot be chosen here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tray_app import __version__
from tray_app.sentences import menu as said
from tray_app.states import State
from tray_app.text import fit
from tray_app.tray.entries import SEPARATOR, Entries, Item, choice, note, submenu
from tray_app.tray.setting_menus import format_menu, source_menu
from tray_app.tray.silence_menu import silence_menu
from tray_app.tray.view import Action, Originals, Recent, View
from tray_app.words import megabytes

__all__ = ["SEPARATOR", "Item", "items"]

_MAX_LINE = 80
"""UTF-16 units in a line of the menu: a device's name must not make the menu as wide as the screen."""

_MAX_TROUBLE = 110
"""UTF-16 units for trouble, which nobody can look up elsewhere."""

_COMMANDS = {
    State.IDLE: (Item(said.START, Action.START, default=True),),
    State.RECORDING: (
        Item(said.STOP, Action.STOP, default=True),
        Item(said.PAUSE, Action.PAUSE),
    ),
    State.PAUSED: (
        Item(said.RESUME, Action.RESUME, default=True),
        Item(said.STOP, Action.STOP),
    ),
}

_DISCARD = submenu(said.DISCARD, [Item(said.DISCARD_YES, Action.DISCARD)])
"""Asked once, where the question cannot hang: a box would wait for an answer while the take goes on."""

_ON_QUIT = "RECORDER_ON_QUIT"
_NOTIFY = "RECORDER_NOTIFY"


def items(view: View, system: str = sys.platform) -> list[Entries]:
    """Return the menu from top to bottom. `system` is `sys.platform`'s name of the system it is for."""
    groups: list[Iterable[Entries]] = [
        [*_COMMANDS[view.state], *([_DISCARD] if view.state is not State.IDLE and view.name else [])],
        [note(line) for line in _lines(view)],
        _settings(view),
        _files(view),
        _program(view, system),
        [Item(said.EXIT, Action.EXIT)],
    ]
    shown: list[Entries] = []
    for group in map(list, groups):
        shown += [SEPARATOR, *group] if shown and group else group
    return shown


def _lines(view: View) -> list[str]:
    """Return what the menu says about the state. Nothing in it changes every second: an open menu stays as it is."""
    lines = [fit(_headline(view), _MAX_LINE)]
    if view.missing:
        lines.append(fit(waits_for(view), _MAX_LINE))
    if view.working and not view.leaving:
        lines.append(said.FINISHING)
    lines.append(fit(view.trouble, _MAX_TROUBLE))
    return [line for line in lines if line]


def _headline(view: View) -> str:
    if view.leaving:
        return said.LEAVING
    if view.state is State.IDLE:
        return said.IDLE
    if view.state is State.PAUSED:
        return said.PAUSED
    return said.recording_since(f"{view.since:%H:%M}") if view.since else said.RECORDING


def waits_for(view: View) -> str:
    """Say which device a take waits for."""
    return said.waits_for(fit(view.source, _MAX_LINE))


def _settings(view: View) -> list[Entries]:
    if view.settings is None:
        return []
    return [source_menu(view, view.settings), silence_menu(view, view.settings), format_menu(view, view.settings)]


def _files(view: View) -> list[Entries]:
    entries: list[Entries] = []
    if view.recent:
        entries.append(submenu(said.RECENT, [_recent(place, one) for place, one in enumerate(view.recent, 1)]))
    entries.append(Item(said.OPEN_FOLDER, Action.OPEN_FOLDER))
    if view.settings is not None and "RECORDER_SAVE_FOLDER" not in view.settings.fixed:
        entries.append(Item(said.CHOOSE_FOLDER, Action.CHOOSE_FOLDER))
    if view.originals is not None:
        entries.append(_originals(view.originals))
    return entries


def _recent(place: int, recent: Recent) -> Item:
    path = str(recent.path)
    entries: list[Entries] = [
        Item(said.OPEN, Action.OPEN_FILE, path),
        Item(said.SHOW_IN_FOLDER, Action.SHOW_FILE, path),
        Item(said.COPY_PATH, Action.COPY_PATH, path),
    ]
    cuts: list[Entries] = []
    if recent.known:
        cuts.append(Item(said.SHOW_CUTS, Action.SHOW_CUTS, path))
    if recent.original is not None:
        cuts.append(Item(said.TRIM_AGAIN, Action.TRIM_AGAIN, str(recent.original)))
    if cuts:
        entries += [SEPARATOR, *cuts]
    name = fit(recent.path.name, _MAX_LINE)
    return submenu(said.recent(place, name if recent.heard else said.unheard(name)), entries)


def _originals(originals: Originals) -> Item:
    recycle = [
        Item(said.recycle_older(days, count, megabytes(size)), Action.RECYCLE_ORIGINALS, str(days))
        for days, count, size in originals.older
        if count
    ]
    separated: list[Entries] = [SEPARATOR, *recycle] if recycle else []
    return submenu(
        said.originals(megabytes(originals.size)),
        [
            note(said.originals_count(originals.count)),
            Item(said.OPEN_ORIGINALS, Action.OPEN_ORIGINALS),
            *separated,
        ],
    )


def _program(view: View, system: str) -> list[Entries]:
    windows = system == "win32"
    entries: list[Entries] = []
    settings = view.settings
    if settings is not None:
        entries.append(choice(settings, said.NOTIFICATIONS, _NOTIFY, "false" if settings.notify else "true"))
    if view.autostart is not None:
        caption = said.START_WITH_WINDOWS if windows else said.START_WITH_DESKTOP
        entries.append(Item(caption, Action.AUTOSTART, checked=view.autostart))
    if settings is not None:
        entries += [_on_exit(view), Item(said.OPEN_LOG, Action.OPEN_LOG), _about(view)]
    return entries


def _on_exit(view: View) -> Item:
    assert view.settings is not None
    quits = view.settings.on_quit
    return submenu(
        said.ON_EXIT,
        [
            choice(view.settings, said.FINISH_FIRST, _ON_QUIT, "finish", radio=quits == "finish"),
            choice(view.settings, said.FINISH_LATER, _ON_QUIT, "later", radio=quits == "later"),
        ],
    )


def _about(view: View) -> Item:
    assert view.settings is not None
    file = view.settings.env_file
    lines: list[Entries] = [
        note(said.version(__version__)),
        note(fit(said.settings_file(str(file or "")), _MAX_TROUBLE)),
    ]
    if file:
        lines.append(Item(said.SHOW_SETTINGS, Action.SHOW_FILE, str(file)))
    return submenu(said.ABOUT, lines)
