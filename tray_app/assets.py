"""Finds the program's pictures, wherever the program lies."""

from __future__ import annotations

import sys
from pathlib import Path


def path(name: str) -> Path:
    """Return where the file `name` of `assets/` is: in the exe's bundle, in the checkout, or in the package.

    Raises `FileNotFoundError` when there is no such file; that is a fault of the program, not of the user.
    """
    for folder in _folders():
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no {name} among the program's assets")


def _folders() -> list[Path]:
    package = Path(__file__).parent
    bundle: str | None = getattr(sys, "_MEIPASS", None)
    if bundle:
        return [Path(bundle) / "assets"]
    # The wheel carries the folder inside the package; in a checkout it lies beside the package. What lies beside an
    # installed package is somebody else's.
    inside = package / "assets"
    return [inside] if inside.is_dir() else [package.parent / "assets"]
