"""What the tray says: from what the program is doing to picture, tooltip and menu. Pure.

The menu follows Microsoft's guide for the notification area: the default first, then the primary and the secondary
commands, then Exit; labels are specific, and what does not apply is left out rather than grey. Between the primary and
the secondary commands stands, set off by lines, what the program is doing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from tray_app.settings import APP_NAME
from tray_app.states import State
from tray_app.tray.text import fit
from tray_app.tray.view import Action, View

MAX_TOOLTIP = 127
"""UTF-16 units: `NOTIFYICONDATAW.szTip` has room for 128 with the zero at its end. pystray 0.19.5 raises on more."""

_MAX_LINE = 80
"""UTF-16 units in a line of the menu: a device's name must not make the menu as wide as the screen."""

_MAX_DEVICE = 48
"""UTF-16 units in the tooltip for the device that is waited for, so that trouble has room behind it."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. Without an action it only says something; with `checked` it has a tick or room for one.

    The `default` item is what a click on the icon does.
    """

    label: str
    action: Action | None = None
    default: bool = False
    checked: bool | None = None


@dataclass(frozen=True, slots=True)
class Separator:
    """A line between groups."""


SEPARATOR = Separator()

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


def items(view: View, system: str = sys.platform) -> list[Item | Separator]:
    """Return the menu from top to bottom. `system` is `sys.platform`'s name of the system it is for."""
    autostart = "Start with Windows" if system == "win32" else "Start with the desktop"
    return [
        *_COMMANDS[view.state],
        SEPARATOR,
        *(Item(line) for line in _lines(view)),
        SEPARATOR,
        Item("Open recordings folder", Action.OPEN_FOLDER),
        *([] if view.autostart is None else [Item(autostart, Action.AUTOSTART, checked=view.autostart)]),
        SEPARATOR,
        Item("Exit", Action.EXIT),
    ]


def _lines(view: View) -> list[str]:
    """Return what the menu says about the state. Nothing in it changes every second: an open menu stays as it is."""
    lines = [_headline(view)]
    if view.missing:
        lines.append(_waits_for(view))
    if view.working:
        lines.append("Finishing a recording")
    lines.append(view.trouble)
    return [line for line in (fit(line, _MAX_LINE) for line in lines) if line]


def _headline(view: View) -> str:
    if view.state is State.IDLE:
        return "Not recording"
    if view.state is State.PAUSED:
        return "Paused"
    return f"Recording since {view.since:%H:%M}" if view.since else "Recording"


def _waits_for(view: View) -> str:
    return f"Waiting for {fit(view.source, _MAX_LINE) or 'the device'}"


def tooltip(view: View) -> str:
    """Return what the tray says when it is pointed at: one line of at most 127 UTF-16 units, whatever the names are.

    What matters most stands first, since the end is what is cut: state and elapsed time, the device that is waited
    for, trouble, the source. The time is in whole seconds, so the line changes once a second.
    """
    source = view.source if view.state is not State.IDLE and not view.missing else ""
    missing = fit(_waits_for(view), _MAX_DEVICE) if view.missing else ""
    parts = (fit(part, MAX_TOOLTIP) for part in (APP_NAME, _state(view), missing, view.trouble, source))
    return fit(" – ".join(part for part in parts if part), MAX_TOOLTIP)


def _state(view: View) -> str:
    if view.state is State.IDLE:
        return "Finishing a recording" if view.working else "Not recording"
    return f"{'Paused at' if view.state is State.PAUSED else 'Recording'} {_elapsed(view.seconds)}"


def _elapsed(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
