"""The log: one private, rotating file for everything that people should not have to read on the screen."""

from __future__ import annotations

import contextlib
import io
import logging
import logging.handlers
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

import platformdirs

from tray_app import windows_files
from tray_app.disk import PRIVATE_FILE, Disk
from tray_app.settings import APP_NAME

FILE_NAME = "tray-recorder.log"
MAX_BYTES = 1_000_000
OLD_FILES = 3
"""How many full files are kept beside the one that is written."""

_TRIES = 100
"""Milliseconds that a process waits while another one makes room. What it writes then goes into the full file."""

_FORMAT = "%(asctime)s %(process)d %(threadName)s %(levelname)s %(name)s: %(message)s"

log = logging.getLogger(__name__)


class _Formatter(logging.Formatter):
    """Writes times with their zone: a log is read elsewhere, and across a change of the clocks."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        del datefmt
        return datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")


class _File(logging.handlers.RotatingFileHandler):
    """A rotating file that two processes may share, and that never raises or prints."""

    def _open(self) -> TextIOWrapper:
        return os.fdopen(_append_to(self.baseFilename), "a", encoding="utf-8", errors="backslashreplace")

    def doRollover(self) -> None:  # noqa: N802
        """Start a new file. Where that is refused (on Windows somebody looks at it), write on in the old one."""
        if self.stream:
            with contextlib.suppress(OSError), self._alone():
                moved = self._moved_by_another(self.stream)
                self.stream.close()
                if not moved:
                    self._shift()
            self.stream.close()
            self.stream = None
        self.stream = self._open()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock by which one process at a time makes room. Raises `OSError` where another has it for long."""
        with io.FileIO(f"{self.baseFilename}.lock", "a", opener=_private) as held:
            for _ in range(_TRIES):
                if Disk().lock(held):
                    yield
                    return
                time.sleep(0.001)
        raise TimeoutError

    def _moved_by_another(self, stream: TextIOWrapper) -> bool:
        """Return whether another process put a new file in place of the one that is open here."""
        try:
            return not os.path.samestat(Path(self.baseFilename).stat(), os.fstat(stream.fileno()))
        except OSError:
            return True

    def _shift(self) -> None:
        """Make room by renaming. The file in use goes first: when that is refused, no old file is lost for it."""
        aside = Path(f"{self.baseFilename}.full")
        Path(self.baseFilename).replace(aside)
        for number in range(OLD_FILES, 1, -1):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.baseFilename}.{number - 1}").replace(f"{self.baseFilename}.{number}")
        aside.replace(f"{self.baseFilename}.1")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Let a record go that cannot be written: a full disk must not end a recording, nor spoil the screen."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)


def _append_to(path: str) -> int:
    """Open a file, made where missing, so that what several processes write follows one another."""
    if sys.platform == "win32":
        return windows_files.open_to_append(path)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)


def set_up(level: str, folder: Path | None = None) -> Path | None:
    """Log to `tray-recorder.log` in `folder` (default: the user's log folder) and return its path.

    `level` is DEBUG, INFO, WARNING or ERROR and holds for our own modules; other libraries log from WARNING on.
    Warnings and exceptions that nobody caught go to the log too. Returns None where the file cannot be written:
    the program then runs without a log. Writes nothing to the screen, never raises. May be called again.
    """
    folder = folder or platformdirs.user_log_path(APP_NAME, appauthor=False)
    take_down()
    try:
        handler = _open_file(folder)
    except OSError:
        # Without any handler, logging would print warnings on standard error.
        logging.getLogger().addHandler(logging.NullHandler())
        return None
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("tray_app").setLevel(level)
    _capture()
    return folder / FILE_NAME


def _open_file(folder: Path) -> logging.Handler:
    Disk().make_folder(folder)
    handler = _File(folder / FILE_NAME, maxBytes=MAX_BYTES, backupCount=OLD_FILES)
    handler.setFormatter(_Formatter(_FORMAT))
    return handler


def take_down() -> None:
    """Close the log file and give back what `set_up` captured. Does nothing where there is no log."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _File | logging.NullHandler)]:
        root.removeHandler(handler)
        # Closing writes what is left, and a full disk refuses that as well.
        with contextlib.suppress(OSError, ValueError):
            handler.close()
    logging.captureWarnings(False)
    sys.excepthook = sys.__excepthook__
    threading.excepthook = threading.__excepthook__


def _capture() -> None:
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Log what ends the program, then let Python say it: a program that ends must not end in silence."""
    if issubclass(kind, Exception):
        log.critical("The program ends on an error that nobody caught.", exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and issubclass(args.exc_type, Exception):
        name = args.thread.name if args.thread else "unknown"
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        log.critical("Thread %s ended on an error that nobody caught.", name, exc_info=trace)
