"""Opens a folder in the system's file manager."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tray_app.disk import Disk

Opener = Callable[[Path], None]
"""Opens a folder that exists. May take its time, and raises `OSError` where it cannot."""

_log = logging.getLogger(__name__)


def open_folder(folder: Path, opener: Opener | None = None) -> None:
    """Open a folder, which is made where it is missing. Returns at once and never raises: a failure goes to the log.

    `opener` is what opens it (default: the system's way). It gets a thread of its own: a shell that hangs, or a
    network that is away, must hold neither the menu nor the program's end.
    """
    work = threading.Thread(target=_open, args=(folder, opener or _system), name="reveal", daemon=True)
    work.start()


def _open(folder: Path, opener: Opener) -> None:
    try:
        folder = folder.absolute()
        Disk().make_folder(folder)
        opener(folder)
    except OSError as error:
        _log.warning("The folder %s could not be opened: %s", folder, error)


def _system(folder: Path) -> None:
    if sys.platform == "win32":
        import pythoncom

        # ShellExecute may call extensions of the shell, which are COM objects, and asks for COM on its thread.
        pythoncom.CoInitialize()
        try:
            # The separator at the end says that a folder is meant, and not a `takes.exe` beside `takes`.
            os.startfile(os.path.join(folder, ""))  # noqa: PTH118 - a Path drops that separator
        finally:
            pythoncom.CoUninitialize()
    else:
        _run("open" if sys.platform == "darwin" else "xdg-open", folder)


def _run(program: str, folder: Path) -> None:
    quiet = subprocess.DEVNULL
    # A session of its own: Ctrl-C in our terminal is not meant for the file manager.
    done = subprocess.run(
        [program, str(folder)], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, check=False
    )
    if done.returncode:
        raise OSError(f"{program} ended with {done.returncode}")
