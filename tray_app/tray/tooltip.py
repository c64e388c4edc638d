"""What the tray says when it is pointed at. Pure."""

from __future__ import annotations

from tray_app.sentences import menu as said
from tray_app.settings import APP_NAME
from tray_app.states import State
from tray_app.text import fit
from tray_app.tray.menu import waits_for
from tray_app.tray.view import View
from tray_app.words import running_time

MAX_TOOLTIP = 127
"""UTF-16 units: `NOTIFYICONDATAW.szTip` has room for 128 with the zero at its end. pystray 0.19.5 raises on more."""

_MAX_DEVICE = 48
"""UTF-16 units for the device, so that trouble and the file's name have room behind it."""

_LEAST_NAME = 12
"""UTF-16 units of a file's name below which it says nothing."""


def tooltip(view: View) -> str:
    """Return what the tray says: one line of at most 127 UTF-16 units, whatever the names are.

    What matters most stands first, since the end is what is cut: state and elapsed time, the device that is waited
    for, trouble, the source, the file's name. The time is in whole seconds, so the line changes once a second.
    """
    takes = view.state is not State.IDLE
    source = fit(view.source, _MAX_DEVICE) if takes and not view.missing else ""
    missing = fit(waits_for(view), _MAX_DEVICE) if view.missing else ""
    parts = (fit(part, MAX_TOOLTIP) for part in (APP_NAME, _state(view), missing, view.trouble, source))
    told = fit(" – ".join(part for part in parts if part), MAX_TOOLTIP)
    room = MAX_TOOLTIP - len(told.encode("utf-16-le")) // 2 - 3
    name = fit(view.name, MAX_TOOLTIP) if takes else ""
    return f"{told} – {fit(name, room)}" if name and room >= _LEAST_NAME else told


def _state(view: View) -> str:
    if view.leaving:
        return said.LEAVING
    if view.state is State.IDLE:
        return said.finishing(view.done) if view.working else said.IDLE
    elapsed = running_time(int(view.seconds))
    return said.paused_at(elapsed) if view.state is State.PAUSED else said.recording_for(elapsed)
