"""Where the `.env` files lie: beside the program, and in the user's configuration folder."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import platformdirs

from tray_app.env_file import read_text
from tray_app.settings import APP_NAME

CHOICES = (
    "# Choices made in Tray Recorder's menu. They are stronger than the .env beside the program, which could not be"
)
"""Begins the `.env` in the user's configuration folder where both that one and the one beside the program count."""


def find_env_files() -> list[Path]:
    """Return the `.env` that counts. Two, the stronger first, where the one beside the program could not be written."""
    found = [file for file in (env_beside_program(), env_of_user()) if file and _is_there(file)]
    return found[::-1] if len(found) == 2 and read_text(found[1]).startswith(CHOICES) else found[:1]


def env_beside_program() -> Path | None:
    """Return the name of the `.env` beside the program; None for an installed package."""
    folder = program_folder()
    return folder / ".env" if folder else None


def env_of_user() -> Path:
    """Return the name of the `.env` in the user's configuration folder."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / ".env"


def _is_there(file: Path) -> bool:
    # A folder that may not be looked into is passed by: nobody named it.
    with contextlib.suppress(OSError):
        return file.is_file()
    return False


def program_folder() -> Path | None:
    """Return the exe's folder or the checkout's root; None for an installed package."""
    if getattr(sys, "frozen", False):
        return Path(sys.executable).parent
    root = Path(__file__).parent.parent
    return root if (root / "pyproject.toml").is_file() else None
