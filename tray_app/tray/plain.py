"""pystray's icon on systems where nothing of it needs to be overridden, behind the same few methods as `windows.Icon`.

Importing it raises where there is no desktop, as importing pystray does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pystray

from tray_app.sentences.forms import Label
from tray_app.tray.clicks import Clicks

_DOUBLE_CLICK = 0.5
"""Seconds. What Windows and GNOME begin with; pystray does not tell what a desktop has set."""

_SIZE = 64
"""Pixels. These back ends scale it to what the panel shows."""

log = logging.getLogger(__name__)


class Icon(pystray.Icon):  # type: ignore[misc]  # pystray has no types
    """An icon in the panel and its menu.

    `refresh` is called soon after `refresh_soon`; it sets `icon`, `title` and `menu`. It runs on a thread of its own,
    since a back end may wait in these for its loop.
    """

    def __init__(self, name: str, refresh: Callable[[], None], close: Callable[[], None]) -> None:
        super().__init__(name)
        del close  # no system but Windows asks
        self._refresh = refresh
        self._changed = threading.Event()
        self._left = False
        self._clicks = Clicks(_DOUBLE_CLICK)

    def run(self, setup: Callable[[], None]) -> None:
        """Call `setup` on a thread of its own once the loop is ready, then run the loop until `stop`."""
        # A daemon: when the loop for which a back end waits has ended, the thread never returns.
        follower = threading.Thread(target=self._follow, args=(setup,), name="tray", daemon=True)
        super().run(lambda _icon: follower.start())

    def _follow(self, setup: Callable[[], None]) -> None:
        try:
            setup()
        except Exception:  # a desktop may refuse the icon in many ways, and then there is nothing to run for
            log.exception("The icon could not be shown.")
            self.stop()
        while self._changed.wait() and not self._left:
            self._changed.clear()
            try:
                self._refresh()
            except Exception:  # whatever a desktop does with one picture, the next one is to be shown
                log.exception("The icon could not be changed.")

    def stop(self) -> None:
        """Make `run` return. Any thread, any number of times."""
        super().stop()
        self._left = True
        self._changed.set()

    def refresh_soon(self) -> None:
        """Have `refresh` called. Never waits."""
        self._changed.set()

    def picture_size(self) -> int:
        """Return how many pixels wide pictures are to be."""
        return _SIZE

    def label(self, caption: Label) -> str:
        """Return a label as a menu must get it. macOS knows no access keys: letters choose by how a line begins."""
        return caption.text

    def __call__(self) -> None:
        """Do what a click does."""
        if self._clicks.counts():
            super().__call__()
