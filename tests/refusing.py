"""What Windows refuses, for tests on every system: a player or a virus scanner has the file open."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path

from tray_app.disk import Disk


def refused(code: int, number: int = errno.EACCES, path: Path | None = None) -> OSError:
    """Return the error that Windows gives with its own number `code`, for which Python says `errno` `number`."""
    words, name = "the system's own word", None if path is None else str(path)
    if sys.platform == "win32":
        return OSError(0, words, name, code)
    error = OSError(number, words, name)
    vars(error)["winerror"] = code
    return error


class Refusing(Disk):
    """The real disk, where the next `times` renames to, or removals of, a name that `held` likes are refused."""

    def __init__(self, times: int, held: Callable[[Path], bool] = lambda _: True) -> None:
        self.times, self._held = times, held

    def _ask(self, wanted: Path, named: Path) -> None:
        if self._held(wanted):
            self.times -= 1
            if self.times >= 0:
                raise refused(32, path=named)

    def replace(self, source: Path, target: Path) -> None:
        self._ask(target, source)
        super().replace(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        self._ask(target, source)
        super().rename_new(source, target)

    def remove(self, path: Path) -> None:
        if self.exists(path):
            self._ask(path, path)
        super().remove(path)
