"""The first start, which explains itself: once, and nothing is asked."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import platformdirs

from tray_app.disk import Disk
from tray_app.sentences import notices as said
from tray_app.sentences.forms import Notice
from tray_app.settings import APP_NAME

log = logging.getLogger(__name__)


def is_first_start(disk: Disk, file: Path | None = None) -> bool:
    """Return True once for every user, and leave a file that says so. False where that cannot be written.

    `file` is that file: by default `welcomed` in the user's folder for the program's state.
    """
    file = file or platformdirs.user_state_path(APP_NAME, appauthor=False) / "welcomed"
    try:
        disk.make_folder(file.parent)
        disk.create(file).close()
    except FileExistsError:
        return False
    except OSError as error:
        # Better never said than said at every start.
        log.warning("whether this is the first start cannot be kept: %r", error)
        return False
    return True


def welcome(*, click_starts: bool, system: str = sys.platform) -> Notice:
    """Return what is said then; `click_starts` is False where a click on the icon opens the menu."""
    return said.ready(system, click_starts=click_starts)
