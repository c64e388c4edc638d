"""pystray's icon on Linux with GTK, with what its two back ends there (0.19.5) leave to be wished.

Importing it raises where there is no desktop, as importing pystray does.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pystray
from gi.repository import GLib
from PIL import Image

from tray_app.sentences.forms import Label
from tray_app.settings import APP_NAME
from tray_app.tray import plain

log = logging.getLogger(__name__)


class Icon(plain.Icon):
    """An icon in the panel and its menu. As `plain.Icon`, and beyond that:

    Each picture has one file, kept until the end: pystray writes another one at every change. A menu that is open on
    the screen is not replaced, the next one is. Ctrl-C stays what it was: pystray would have it end the program.
    """

    def __init__(self, name: str, refresh: Callable[[], None], close: Callable[[], None]) -> None:
        self._files: dict[int, tuple[Image.Image, Path]] = {}
        self._folder = Path(tempfile.mkdtemp(prefix="tray-recorder-"))
        self._stale: Any = None
        # What panels and their settings call it; else it would be the name of a Python file.
        GLib.set_prgname(name)
        GLib.set_application_name(APP_NAME)
        try:
            super().__init__(name, refresh, close)
        except BaseException:
            self._remove_files()
            raise

    def run(self, setup: Callable[[], None]) -> None:
        """Call `setup` on a thread of its own once the loop is ready, then run the loop until `stop`."""
        try:
            super().run(setup)
        finally:
            self._remove_files()

    def _remove_files(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialize(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        super()._initialize()
        # Only the main thread may, and only there have pystray and PyGObject changed anything.
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, before)
            _keep_wakeup()

    def _finalize(self) -> None:
        try:
            super()._finalize()
        except GLib.Error as error:
            # It takes back its notification, at a service that may not be there.
            log.debug("nothing to take back: %s", error)

    def _notify(self, message: str, title: str | None = None) -> None:
        """Show a notification, on the caller's thread: pystray would have the loop wait for the service."""
        try:
            self._notifier.notify(title or self.title, message, self._icon_path)
        except GLib.Error as error:
            raise OSError(f"there is no notification service ({error})") from error

    def label(self, caption: Label) -> str:
        """Return a label as a menu must get it: with _ before the access key, and an _ of a name doubled."""
        return caption.marked("_")

    def _create_menu_item(self, descriptor: Any) -> Any:
        item = super()._create_menu_item(descriptor)
        # pystray makes items that show each _ as it is.
        if descriptor is not pystray.Menu.SEPARATOR:
            item.set_use_underline(True)
        return item

    def _update_fs_icon(self) -> None:
        picture = self.icon
        if id(picture) not in self._files:
            # A name of its own: panels take a name that they know for a picture that they know.
            path = self._folder / f"{len(self._files)}.png"
            picture.save(path, "PNG")
            self._files[id(picture)] = (picture, path)
        self._icon_path = str(self._files[id(picture)][1])
        self._icon_valid = True

    def _remove_fs_icon(self) -> None:
        self._icon_valid = False

    def _update_menu(self) -> None:
        GLib.idle_add(self._renew_menu)

    def _renew_menu(self) -> bool:
        """Put a new menu in place of the old one; once that has closed, when it is open on the screen. On the loop."""
        old = getattr(self, "_menu_handle", None)
        if old is not None and old.get_mapped():
            if self._stale is not old:
                self._stale = old
                old.connect("hide", lambda _menu: self._update_menu())
            return False
        if not self.menu:
            return False
        self._menu_handle = self._create_menu(self.menu)
        if hasattr(self, "_appindicator"):
            self._appindicator.set_secondary_activate_target(None)
            self._appindicator.set_menu(self._menu_handle)
            # These panels open the menu at a click; the middle button is what they leave to do the default.
            self._appindicator.set_secondary_activate_target(self._menu_handle.get_children()[0])
        if old is not None:
            _destroy(old)
        return False


def _destroy(menu: Any) -> None:
    """Free a menu and those in it. pystray never does, and what shows menus on the bus holds on to those within."""
    for item in menu.get_children():
        inner = item.get_submenu()
        if inner is not None:
            item.set_submenu(None)
            _destroy(inner)
    menu.destroy()


def _keep_wakeup() -> None:
    """Have signals written to where they were written before: PyGObject's loop takes that away for as long as it runs.

    Raises `ValueError` on another thread than the main one.
    """
    descriptor = signal.set_wakeup_fd(-1)

    def give_back() -> bool:
        signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
        return False

    give_back()
    GLib.idle_add(give_back)
