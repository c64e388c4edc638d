"""Choices of the menu: they hold at once, and are kept in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from tray_app.app import App
from tray_app.background import Line
from tray_app.choices import choose, keep
from tray_app.errors import RecorderError
from tray_app.events import post_trouble

log = logging.getLogger(__name__)

WAIT = 5.0
"""Seconds that the program's end waits until what was chosen is kept."""


class Choices:
    """Changes the settings of `app`. Everything returns at once, on any thread; `changed` is called when they have."""

    def __init__(self, app: App, changed: Callable[[], None]) -> None:
        self._app, self._changed = app, changed
        self._line = Line("choices")
        self._lock = threading.Lock()

    def choose(self, texts: Mapping[str, str]) -> None:
        """Give variables other values, by name, all or none. A disk that is slow, or fails, does not matter to that."""
        app = self._app
        try:
            with self._lock:
                app.settings = choose(app.settings, texts)
        except RecorderError as error:
            post_trouble(self._app.bus, error)
            return
        log.info("chosen: %s", ", ".join(f"{name}={text}" for name, text in texts.items()))
        app.notifier.enable(app.settings.notify)
        self._line.put(lambda: self._keep(texts))
        self._changed()

    def wait(self) -> None:
        """Wait until what was chosen is kept, at most `WAIT` seconds."""
        if not self._line.wait(WAIT):
            log.warning("not all choices are kept: the disk does not answer")

    def _keep(self, texts: Mapping[str, str]) -> None:
        try:
            file = keep(self._app.settings, texts, self._app.disk)
        except RecorderError as error:
            post_trouble(self._app.bus, error)
        else:
            with self._lock:
                self._app.settings = replace(self._app.settings, env_file=file)
