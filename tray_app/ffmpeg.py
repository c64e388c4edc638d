"""Where ffmpeg is, and how it is run: by its absolute path, without a window, and never from the current folder."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path


def find_ffmpeg() -> Path | None:
    """Return ffmpeg's absolute path, or None: beside the program's exe, else by PATH.

    Never one in the current folder, which anybody may have filled; Windows, and `shutil.which` there, look there first.
    """
    name = "ffmpeg.exe" if sys.platform == "win32" else "ffmpeg"
    folders = [Path(entry.strip('"')) for entry in os.environ.get("PATH", "").split(os.pathsep)]
    trusted = [folder for folder in folders if folder.is_absolute() and folder != Path.cwd()]
    if getattr(sys, "frozen", False):
        trusted.insert(0, Path(sys.executable).parent)
    # With a folder before it, `which` looks for a name nowhere else.
    found = (shutil.which(str(folder / name)) for folder in trusted)
    return next((Path(path) for path in found if path), None)


def no_window() -> int:
    """Return the flags with which a program opens no console: else one flashes up where the tray's program has none."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without a window and without a terminal."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        creationflags=no_window(),
        check=False,
    )


def check_room(said: str, path: Path) -> None:
    """Raise the `OSError` of a full disk where ffmpeg failed for that, by what it `said`, in writing to `path`."""
    if os.strerror(errno.ENOSPC) in said:
        raise OSError(errno.ENOSPC, said, str(path))
