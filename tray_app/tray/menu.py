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
from tray_app.states import State
from tray_app.tray.entries import SEPARATOR, Entries, Item, choice, note, submenu
from tray_app.tray.setting_menus import format_menu, source_menu
from tray_app.tray.silence_menu import silence_menu
from tray_app.tray.text import fit
from tray_app.tray.view import Action, Originals, Recent, View
from tray_app.words import megabytes

__all__ = ["SEPARATOR", "Item", "items"]

_MAX_LINE = 80
"""UTF-16 units in a line of the menu: a device's name must not make the menu as wide as the screen."""

_MAX_TROUBLE = 110
"""UTF-16 units for trouble, which nobody can look up elsewhere."""

_COMMANDS = {
    State.IDLE: (Item("Start recording", Action.START, default=True),),
    State.RECORDING: (
        Item("Stop recording", Action.STOP, default=True),
        Item("Pause recording", Action.PAUSE),
    ),
    State.PAUSED: (
        Item("Resume recording", Action.RESUME, default=True),
        Item("Stop recording", Action.STOP),
    ),
}

_DISCARD = submenu("Discard this take", [Item("Yes, move it to the recycle bin", Action.DISCARD)])
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
        [Item("Exit", Action.EXIT)],
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
        lines.append("Finishing a recording")
    lines.append(fit(view.trouble, _MAX_TROUBLE))
    return [line for line in lines if line]


def _headline(view: View) -> str:
    if view.leaving:
        return "Finishing the recording, then exiting"
    if view.state is State.IDLE:
        return "Not recording"
    if view.state is State.PAUSED:
        return "Paused"
    return f"Recording since {view.since:%H:%M}" if view.since else "Recording"


def waits_for(view: View) -> str:
    """Say which device a take waits for."""
    return f"Waiting for {fit(view.source, _MAX_LINE) or 'the device'}"


def _settings(view: View) -> list[Entries]:
    if view.settings is None:
        return []
    return [source_menu(view, view.settings), silence_menu(view, view.settings), format_menu(view, view.settings)]


def _files(view: View) -> list[Entries]:
    entries: list[Entries] = []
    if view.recent:
        entries.append(submenu("Recent recordings", [_recent(one) for one in view.recent]))
    entries.append(Item("Open recordings folder", Action.OPEN_FOLDER))
    if view.settings is not None and "RECORDER_SAVE_FOLDER" not in view.settings.fixed:
        entries.append(Item("Choose recordings folder…", Action.CHOOSE_FOLDER))
    if view.originals is not None:
        entries.append(_originals(view.originals))
    return entries


def _recent(recent: Recent) -> Item:
    path = str(recent.path)
    entries: list[Entries] = [
        Item("Open", Action.OPEN_FILE, path),
        Item("Show in folder", Action.SHOW_FILE, path),
        Item("Copy path", Action.COPY_PATH, path),
    ]
    cuts: list[Entries] = []
    if recent.known:
        cuts.append(Item("Show what was cut", Action.SHOW_CUTS, path))
    if recent.original is not None:
        cuts.append(Item("Trim again", Action.TRIM_AGAIN, str(recent.original)))
    if cuts:
        entries += [SEPARATOR, *cuts]
    return submenu(fit(recent.path.name, _MAX_LINE), entries)


def _originals(originals: Originals) -> Item:
    recycle = [
        Item(f"Recycle those older than {days} days ({count}, {megabytes(size)})", Action.RECYCLE_ORIGINALS, str(days))
        for days, count, size in originals.older
        if count
    ]
    separated: list[Entries] = [SEPARATOR, *recycle] if recycle else []
    return submenu(
        f"Originals ({megabytes(originals.size)})",
        [
            note(f"{originals.count} as recorded, with their silence"),
            Item("Open originals folder", Action.OPEN_ORIGINALS),
            *separated,
        ],
    )


def _program(view: View, system: str) -> list[Entries]:
    windows = system == "win32"
    entries: list[Entries] = []
    settings = view.settings
    if settings is not None:
        entries.append(choice(settings, "Notifications", _NOTIFY, "false" if settings.notify else "true"))
    if view.autostart is not None:
        label = "Start with Windows" if windows else "Start with the desktop"
        entries.append(Item(label, Action.AUTOSTART, checked=view.autostart))
    if settings is not None:
        entries += [_on_exit(view), Item("Open log", Action.OPEN_LOG), _about(view)]
    return entries


def _on_exit(view: View) -> Item:
    assert view.settings is not None
    quits = view.settings.on_quit
    return submenu(
        "When I exit",
        [
            choice(view.settings, "Finish recordings first", _ON_QUIT, "finish", radio=quits == "finish"),
            choice(view.settings, "Finish them at the next start", _ON_QUIT, "later", radio=quits == "later"),
        ],
    )


def _about(view: View) -> Item:
    assert view.settings is not None
    file = view.settings.env_file
    lines: list[Entries] = [
        note(f"Tray Recorder {__version__}"),
        note(fit(f"Settings: {file or 'none changed yet'}", _MAX_TROUBLE)),
    ]
    if file:
        lines.append(Item("Show settings file", Action.SHOW_FILE, str(file)))
    return submenu("About", lines)
