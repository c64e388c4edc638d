"""Puts a text on the clipboard."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import Any


def copy(text: str) -> None:
    """Put `text` on the clipboard, on any thread. Raises `OSError` where there is no clipboard, or somebody holds it.

    On Linux it is there as long as this program runs, as is the rule there.
    """
    if sys.platform == "win32":
        _on_windows(text)
    elif sys.platform == "darwin":
        subprocess.run(["pbcopy"], input=text, text=True, check=True, timeout=5)
    else:
        _by_gtk(text)


def _on_windows(text: str) -> None:
    if sys.platform == "win32":
        import pywintypes
        import win32clipboard as module

        win32clipboard: Any = module

        try:
            win32clipboard.OpenClipboard()
            try:
                win32clipboard.EmptyClipboard()
                win32clipboard.SetClipboardText(text, win32clipboard.CF_UNICODETEXT)
            finally:
                win32clipboard.CloseClipboard()
        except pywintypes.error as error:
            raise OSError(errno.EACCES, f"another program holds the clipboard ({error})") from error


def _by_gtk(text: str) -> None:
    """Hand it to GTK on the loop that the icon runs in: only there may it be called."""
    try:
        import gi

        gi.require_version("Gtk", "3.0")
        from gi.repository import Gdk, GLib, Gtk
    except (ImportError, ValueError) as error:
        raise OSError(errno.EOPNOTSUPP, f"there is no GTK ({error})") from error

    def put() -> bool:
        Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).set_text(text, -1)
        return False

    GLib.idle_add(put)
