"""The program in the tray where there is no tray: all of it is real but for the icon and its menu."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import cast
from unittest.mock import patch

from tray_app import resident
from tray_app.cli import run
from tray_app.tray.tray import Act, Tray
from tray_app.tray.view import View


class NoTray:
    """Holds the main thread until `stop`, as a tray's loop does, and shows nothing."""

    click_starts = True

    def __init__(self, act: Act) -> None:
        del act
        self._stopped = threading.Event()

    def run(self, ready: Callable[[], None]) -> None:
        threading.Thread(target=ready, daemon=True).start()
        self._stopped.wait()

    def show(self, view: View) -> None:
        pass

    def notify(self, title: str, text: str) -> None:
        pass

    def stop(self) -> None:
        self._stopped.set()


if __name__ == "__main__":
    with patch.dict(resident.run.__kwdefaults__, make_tray=cast("type[Tray]", NoTray)):
        sys.exit(run(sys.argv[1:]))
