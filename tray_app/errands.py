"""What the menu asks of the desktop: each on a thread of its own, and a failure is said."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from tray_app import logs
from tray_app.audio.rule import CutRule
from tray_app.desktop.desktop import Desktop
from tray_app.disk import Disk, storage_error
from tray_app.errors import RecorderError
from tray_app.events import EventBus, post_trouble
from tray_app.sentences import disk as said
from tray_app.settings import APP_NAME
from tray_app.shelf import older_originals
from tray_app.take.names import ORIGINALS

PICTURES_LAST = 7 * 86_400.0
"""Seconds after which a picture that was shown goes when the next one is; its viewer has it in memory by then."""

log = logging.getLogger(__name__)


class Errands:
    """Runs what may take long or hang. Everything returns at once, on any thread."""

    def __init__(self, disk: Disk, bus: EventBus, desktop: Desktop) -> None:
        self._disk, self._bus, self._desktop = disk, bus, desktop
        self._asks = threading.Lock()

    def open_folder(self, folder: Path) -> None:
        """Open a folder, which is made where it is missing."""
        self._desktop.open_folder(folder)

    def open_originals(self, folder: Path) -> None:
        """Open the originals of a save folder."""
        self._desktop.open_folder(folder / ORIGINALS)

    def open_file(self, path: Path) -> None:
        """Open a recording in the program for it."""
        self._run(said.OPEN, path, lambda: self._desktop.open_file(path))

    def show_file(self, path: Path) -> None:
        """Show a file in its folder."""
        self._run(said.SHOW, path, lambda: self._desktop.show_file(path))

    def show_cuts(self, path: Path, rule: CutRule) -> None:
        """Draw what was cut of a recording, and open the picture; by `rule` where that is not known."""

        def work() -> None:
            # Late: the icon does not wait for what only a picture needs.
            from tray_app.picture.make import picture_of, save_again

            pictures = platformdirs.user_cache_path(APP_NAME, appauthor=False) / "pictures"
            picture = picture_of(self._disk, path, rule)
            self._forget_pictures(pictures)
            self._desktop.open_file(save_again(self._disk, picture, pictures / f"{path.stem}.png"))

        self._run(said.SHOW_CUTS, path, work)

    def trim_again(self, original: Path, trim: Callable[[Path], None]) -> None:
        """Have `trim` begin with a kept original."""
        self._run(said.TRIM, original, lambda: trim(original))

    def copy_path(self, path: Path) -> None:
        """Put a path on the clipboard."""
        self._run(said.COPY_PATH, path, lambda: self._desktop.copy(str(path)))

    def open_log(self) -> None:
        """Open the log in the program for texts."""
        path = platformdirs.user_log_path(APP_NAME, appauthor=False) / logs.FILE_NAME
        self._run(said.OPEN_LOG, path, lambda: self._desktop.open_file(path))

    def recycle_originals(self, folder: Path, days: int, done: Callable[[], None]) -> None:
        """Move the originals in a save folder that are older than so many days to the recycle bin, then call `done`."""

        def work() -> None:
            try:
                self._desktop.recycle(older_originals(self._disk, folder, days))
            finally:
                done()

        self._run(said.RECYCLE_ORIGINALS, folder / ORIGINALS, work)

    def choose_folder(self, start: Path, chosen: Callable[[Path], None]) -> None:
        """Let the user choose a folder, and call `chosen` with it. One dialog at a time."""
        if not self._asks.acquire(blocking=False):
            return

        def work() -> None:
            try:
                self._disk.make_folder(start)
                found = self._desktop.ask_for_folder(start)
            finally:
                self._asks.release()
            if found is not None:
                chosen(found)

        self._run(said.CHOOSE_FOLDER, start, work)

    def _forget_pictures(self, folder: Path) -> None:
        """Remove pictures that were shown long ago; one that cannot be removed is of no importance."""
        for path in self._disk.list(folder):
            with contextlib.suppress(OSError):
                if time.time() - self._disk.modified(path) > PICTURES_LAST:
                    self._disk.remove(path)

    def _run(self, action: str, path: Path, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except RecorderError as error:
                post_trouble(self._bus, error)
            except OSError as error:
                post_trouble(self._bus, storage_error(action, path, error))
            except Exception as error:
                log.exception("an errand failed in a way that nobody expected")
                post_trouble(self._bus, RecorderError(said.failed(action, path), detail=repr(error)))

        threading.Thread(target=run, name="errand", daemon=True).start()
