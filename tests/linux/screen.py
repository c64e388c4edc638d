"""A mouse, a keyboard and a camera on a screen of X, as a user has them."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageGrab
from Xlib import XK, X, display
from Xlib.error import XError
from Xlib.ext import xtest

from tests.sound import wait_until

PICTURES = Path(__file__).resolve().parents[1] / "out" / "linux"
"""Where a run's pictures are kept."""

NAME = "tray-recorder"

PANEL = ["trayer", "--edge", "top", "--align", "right", "--widthtype", "request", "--height", "32"]
PANEL += ["--tint", "0x2b2b2b", "--transparent", "true", "--alpha", "0", "--distance", "0"]


class Screen:
    """The screen of a display, with a panel (trayer) that shows icons in the way of X; a context manager."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Screen:
        self._display: Any = display.Display(self.name)
        self._panel = subprocess.Popen([*PANEL, "--monitor", "0"], env={"DISPLAY": self.name, "PATH": "/usr/bin"})
        selection = self._display.intern_atom(f"_NET_SYSTEM_TRAY_S{self._display.get_default_screen()}")
        wait_until(lambda: self._display.get_selection_owner(selection), 20, "the panel")
        return self

    def __exit__(self, *_: object) -> None:
        self._panel.terminate()
        self._panel.wait(10)
        self._display.close()

    def icon(self) -> tuple[int, int, int, int]:
        """Return where the icon in the panel is: left, top, width, height; waits for it."""
        found: list[tuple[int, int, int, int]] = []

        def look() -> bool:
            # A window may go while it is being looked at.
            with contextlib.suppress(XError):
                places = list(self._windows())
                found[:] = [place for window, place in places if NAME in self._title(window) and place[2] > 8]
            return bool(found)

        wait_until(look, 20, "an icon in the panel")
        return found[-1]

    def menu(self) -> tuple[int, int, int, int] | None:
        """Return where the last window is that stands free on the screen and is higher than a panel: the menu."""
        with contextlib.suppress(XError):
            return self._tallest()
        return None

    def _tallest(self) -> tuple[int, int, int, int] | None:
        root = self._display.screen().root
        places = [(window, window.get_geometry()) for window in root.query_tree().children]
        tall = [
            (at.x, at.y, at.width, at.height)
            for window, at in places
            if at.height > 100 and window.get_attributes().map_state == X.IsViewable
        ]
        return tall[-1] if tall else None

    def _windows(self, of: Any = None, left: int = 0, top: int = 0) -> Iterator[tuple[Any, tuple[int, int, int, int]]]:
        for window in (of or self._display.screen().root).query_tree().children:
            at = window.get_geometry()
            place = left + at.x, top + at.y, at.width, at.height
            if window.get_attributes().map_state == X.IsViewable:
                yield window, place
            yield from self._windows(window, place[0], place[1])

    def _title(self, window: Any) -> str:
        return " ".join([str(window.get_wm_name()), *(window.get_wm_class() or ())])

    def click(self, button: int = 1) -> None:
        """Click on the icon: 1 is the left button, 3 the right one."""
        left, top, wide, high = self.icon()
        xtest.fake_input(self._display, X.MotionNotify, x=left + wide // 2, y=top + high // 2)
        for kind in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self._display, kind, button)
        self._display.sync()

    def point_at(self, place: tuple[int, int, int, int] | None) -> None:
        """Move the mouse into the middle of a place: without a window manager keys go to what is under it."""
        assert place
        left, top, wide, high = place
        xtest.fake_input(self._display, X.MotionNotify, x=left + wide // 2, y=top + high // 2)
        self._display.sync()

    def press(self, *keys: str) -> None:
        """Press keys by their names, such as Down and Return."""
        for key in keys:
            code = self._display.keysym_to_keycode(XK.string_to_keysym(key))
            for kind in (X.KeyPress, X.KeyRelease):
                xtest.fake_input(self._display, kind, code)
            self._display.sync()

    def photograph(self, name: str, box: tuple[int, int, int, int] | None = None) -> Image.Image:
        """Keep a picture of the screen, or of a box (left, top, width, height) on it, and return it."""
        whole = ImageGrab.grab(xdisplay=self.name)
        if box:
            left, top, wide, high = box
            whole = whole.crop((left, top, left + wide, top + high))
        PICTURES.mkdir(parents=True, exist_ok=True)
        whole.save(PICTURES / f"{name}.png")
        return whole
