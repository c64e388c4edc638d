"""Whether there is a tray to show an icon in, and what helps where there is none.

pystray's back ends for Linux start without a complaint where nobody shows their icons, so the one who would is looked
for first: `org.kde.StatusNotifierWatcher` on the session's bus (the specification StatusNotifierItem, as KDE, Xfce,
Cinnamon and GNOME's extension offer it), or the owner of the X selection `_NET_SYSTEM_TRAY_Sn` (freedesktop.org's
System Tray Protocol).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
import time

from tray_app.errors import RecorderError
from tray_app.sentences import program as said
from tray_app.sentences.forms import Said

APT = (
    "sudo apt install gcc pkg-config python3-dev libcairo2-dev libgirepository1.0-dev gir1.2-gtk-3.0 "
    "gir1.2-ayatanaappindicator3-0.1"
)
"""What PyGObject is built with on Debian and its kin, and the libraries that it opens."""

_WATCHER = "org.kde.StatusNotifierWatcher"
_BUS_MS = 1000
"""Milliseconds for an answer on the bus."""

PATIENCE = 3.0
"""Seconds that a panel has to appear: at log-on it may start later than we do."""

log = logging.getLogger(__name__)


class TrayUnavailableError(RecorderError):
    """There is no tray to show the icon in, or it went away. `remedy` is a command that may help, for `doctor`."""

    def __init__(
        self,
        told: Said = said.NO_TRAY,
        detail: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(told, detail=detail)
        self.remedy = remedy


def find_tray(patience: float = 0.0) -> str:
    """Return pystray's back end for this desktop, waiting up to `patience` seconds for somebody who shows its icon.

    Raises `TrayUnavailableError` where there is none that would serve.
    """
    try:
        # Late: without a desktop already the import fails, and without a tray nobody needs it.
        import pystray

        if not pystray.Icon.HAS_MENU:
            # pystray's back end for X alone does not even hear clicks: nobody could stop what its icon started.
            raise NotImplementedError(f"{pystray.Icon.__module__} has no menu")
    except Exception as error:  # every back end raises something else for a desktop or a library that is missing
        raise _unusable(error) from error
    back_end = str(pystray.Icon.__module__)
    deadline = time.monotonic() + patience
    while not _is_shown(back_end):
        if time.monotonic() >= deadline:
            raise _nobody_shows(back_end)
        time.sleep(0.1)
    return back_end


def _unusable(error: Exception) -> TrayUnavailableError:
    """Say why pystray has no back end with a menu."""
    if sys.platform in ("win32", "darwin"):
        return TrayUnavailableError(detail=repr(error))
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return TrayUnavailableError(said.NO_DESKTOP, detail=repr(error))
    try:
        gi = importlib.import_module("gi")
        gi.require_version("Gtk", "3.0")
    except (ImportError, ValueError) as missing:
        return TrayUnavailableError(
            said.NO_GTK,
            detail=f"{missing!r}; {error!r}",
            remedy=f"{APT} && pip install 'tray-recorder[linux-tray]'",
        )
    return TrayUnavailableError(said.DESKTOP_SILENT, detail=repr(error))


def _is_shown(back_end: str) -> bool:
    """Return whether somebody shows the icons of a back end."""
    if back_end == "pystray._gtk":
        return has_x_tray()
    if back_end == "pystray._appindicator":
        # Ayatana's library draws its icon in the X tray where nobody watches on the bus.
        return has_notifier_host() or has_x_tray()
    return True


def _nobody_shows(back_end: str) -> TrayUnavailableError:
    if back_end == "pystray._gtk" and has_notifier_host():
        package = "gir1.2-ayatanaappindicator3-0.1"
        return TrayUnavailableError(said.no_library(package), remedy=f"sudo apt install {package}")
    if "GNOME" in os.environ.get("XDG_CURRENT_DESKTOP", "").upper():
        return TrayUnavailableError(said.GNOME_SHOWS_NONE, remedy=said.INSTALL_GNOME)
    return TrayUnavailableError(said.NOBODY_SHOWS)


def has_notifier_host() -> bool:
    """Return whether somebody on the session's bus shows icons."""
    try:
        gio = importlib.import_module("gi.repository.Gio")
        glib = importlib.import_module("gi.repository.GLib")
        bus = gio.bus_get_sync(gio.BusType.SESSION, None)
        asked = (_WATCHER, "IsStatusNotifierHostRegistered")
        answer = bus.call_sync(
            _WATCHER,
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            glib.Variant("(ss)", asked),
            None,
            gio.DBusCallFlags.NO_AUTO_START,
            _BUS_MS,
            None,
        )
        return bool(answer.unpack()[0])
    except Exception as error:  # no bus, nobody there, no answer: all the same here
        log.debug("no notifier host: %r", error)
        return False


def has_x_tray() -> bool:
    """Return whether a tray has taken the X selection of this screen."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        display = importlib.import_module("Xlib.display").Display()
    except Exception as error:  # no X server that would have us
        log.debug("no X tray: %r", error)
        return False
    with contextlib.closing(display):
        selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(selection))
