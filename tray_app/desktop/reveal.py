"""Opens folders and files in the system's own programs, and shows files in their folder."""

from __future__ import annotations

import errno
import json
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

log = logging.getLogger(__name__)


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
        log.warning("The folder %s could not be opened: %s", folder, error)


def open_file(path: Path) -> None:
    """Open a file in the program for its kind. Waits for the shell; raises `OSError` where it cannot be opened."""
    _must_be_there(path)
    _system_open(str(path.absolute()))


def show_file(path: Path) -> None:
    """Show a file in its folder, selected where that can be. Waits for the shell; raises `OSError` as `open_file`."""
    _must_be_there(path)
    path = path.absolute()
    if sys.platform == "win32":
        # One text and no list: Explorer wants the quotes where Python's own quoting does not put them. No name on
        # Windows has a quote in it. The whole path: Windows would look for a bare name beside the program first.
        explorer = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "explorer.exe")
        line = f'"{explorer}" /select,"{path}"'
        subprocess.Popen(line)
    elif sys.platform == "darwin":
        _run("open", "-R", str(path))
    elif not _selected_by_file_manager(path):
        _system(path.parent)


def _must_be_there(path: Path) -> None:
    if not Disk().exists(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _selected_by_file_manager(path: Path) -> bool:
    """Ask whoever has the name `org.freedesktop.FileManager1` on the session's bus. False where nobody answers."""
    call = ["gdbus", "call", "--session", "--timeout", "5", "--dest", "org.freedesktop.FileManager1"]
    call += ["--object-path", "/org/freedesktop/FileManager1", "--method", "org.freedesktop.FileManager1.ShowItems"]
    try:
        _run(*call, json.dumps([path.as_uri()]), "")
    except OSError as error:
        log.debug("no file manager on the bus: %s", error)
        return False
    return True


def _system(folder: Path) -> None:
    # The separator at the end says to Windows that a folder is meant, and not a `takes.exe` beside `takes`.
    _system_open(os.path.join(folder, "") if sys.platform == "win32" else str(folder))  # noqa: PTH118 - a Path drops it


def _system_open(name: str) -> None:
    if sys.platform == "win32":
        import pythoncom

        # ShellExecute may call extensions of the shell, which are COM objects, and asks for COM on its thread.
        pythoncom.CoInitialize()
        try:
            os.startfile(name)
        finally:
            pythoncom.CoUninitialize()
    else:
        _run("open" if sys.platform == "darwin" else "xdg-open", name)


def _run(program: str, *arguments: str) -> None:
    quiet = subprocess.DEVNULL
    # A session of its own: Ctrl-C in our terminal is not meant for the file manager.
    done = subprocess.run(
        [program, *arguments], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True, check=False
    )
    if done.returncode:
        raise OSError(f"{program} ended with {done.returncode}")
