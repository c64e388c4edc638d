"""What `--output` names: a folder, or a file."""

from __future__ import annotations

from pathlib import Path


def is_folder(output: str) -> bool:
    """Return whether an output is a folder: one that is there, one with a slash behind, or one with no extension."""
    return Path(output).is_dir() or output.endswith(("/", "\\")) or not Path(output).suffix
