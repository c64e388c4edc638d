"""Notifications."""

from __future__ import annotations

from tray_app.sentences.forms import Notice

# Titles

SAVED = "Recording saved"
RECOVERED = "Recording recovered"
DISCARDED = "Recording discarded"
ATTENTION = "A recording needs your attention"
UNHEARD = "Nothing is heard"
DISK_LOW = "The disk is nearly full"


def recovers(takes: int) -> Notice:
    """Tell of several takes at once that a crash left."""
    text = f"{takes} recordings that were left unfinished are being finished. Nothing of them is lost."
    return Notice("Recordings recovered", text)


# The first start

_WHERE = {
    "win32": "The icon is at the right end of the taskbar, perhaps behind the arrow ^.",
    "darwin": "The icon is in the menu bar.",
}
_IN_PANEL = "The icon is in the panel."
_CLICK_STARTS = "A click starts a recording, another one stops it. The right button opens the menu."
_CLICK_OPENS = "A click on it opens the menu, which starts and stops a recording."
_HEARS = "It records what you hear, not what you say."


def ready(system: str, *, click_starts: bool) -> Notice:
    """Explain the program."""
    where, click = _WHERE.get(system, _IN_PANEL), _CLICK_STARTS if click_starts else _CLICK_OPENS
    return Notice("Tray Recorder is ready", f"{where} {click} {_HEARS}")
