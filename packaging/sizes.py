#!/usr/bin/env python3
"""What the Windows program weighs, and what makes it up: `python packaging/sizes.py FILE`, of the portable zip.

release.py prints it of what it has made. In the zip every file stands with both of its sizes: as it lies on the disk,
and packed. The installer packs all of them together, so it has no such size for a single one. Standard library only.
"""

from __future__ import annotations

import argparse
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

INSIDE = "_internal"
"""PyInstaller's folder, in which everything lies but the programs."""

PARTS = {
    "numpy.libs": "numpy",
    "_soundfile_data": "soundfile",
    "_cffi_backend": "cffi",
    "_portaudiowpatch": "PyAudioWPatch",
    "PIL": "Pillow",
    "win32": "pywin32",
    "win32com": "pywin32",
    "pywin32_system32": "pywin32",
    "assets": "our pictures",
}
"""Whose a file or a folder of `INSIDE` is, where its name does not say so itself."""

_VERSION = re.compile(r"-[\d.]+\.dist-info$")
_HASHES = re.compile(r"-[0-9a-f]{32}(?=\.)|\.cp\d+-win_amd64(?=\.)")
"""What wheels add to the names of libraries."""

PYTHON = "Python"
PROGRAMS = "our programs"
FFMPEG = "FFmpeg"
SHOWN = 3
"""How many of a part's files are named."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the program: its `name` from the folder on, and its bytes on the disk and packed."""

    name: PurePosixPath
    size: int
    packed: int

    @property
    def part(self) -> str:
        """Whose it is."""
        if self.name.parts[0] != INSIDE:
            return FFMPEG if self.name.name == "ffmpeg.exe" else PROGRAMS
        first = _VERSION.sub("", self.name.parts[1])
        known = PARTS.get(first) or PARTS.get(first.partition(".")[0])
        return known or (first if len(self.name.parts) > 2 else PYTHON)


def read(archive: Path) -> list[File]:
    """Return the files of a portable zip. Raises `OSError` and `zipfile.BadZipFile`."""
    with zipfile.ZipFile(archive) as opened:
        return [
            File(PurePosixPath(*PurePosixPath(one.filename).parts[1:]), one.file_size, one.compress_size)
            for one in opened.infolist()
            if not one.is_dir()
        ]


def megabytes(count: int) -> str:
    """Return bytes as MB, which are 1,000,000 of them, as the rest of the program says them."""
    return f"{count / 1e6:.1f}"


def table(files: Sequence[File]) -> str:
    """Return what the parts weigh, the heaviest first, as a table of Markdown."""
    parts: dict[str, list[File]] = {}
    for file in files:
        parts.setdefault(file.part, []).append(file)
    heaviest = sorted(parts.items(), key=lambda part: -sum(file.size for file in part[1]))
    rows = [_row(name, of, _largest(of)) for name, of in heaviest]
    head = ["| part | files | MB on the disk | MB in the zip | its largest files (MB) |", "|---|--:|--:|--:|---|"]
    return "\n".join([*head, *rows, _row("all", files, "")])


def _row(name: str, files: Sequence[File], largest: str) -> str:
    size, packed = sum(file.size for file in files), sum(file.packed for file in files)
    return f"| {name} | {len(files)} | {megabytes(size)} | {megabytes(packed)} | {largest} |"


def _largest(files: Iterable[File]) -> str:
    largest = sorted(files, key=lambda file: -file.size)[:SHOWN]
    return ", ".join(
        f"{_HASHES.sub('', file.name.name)} {megabytes(file.size)}" for file in largest if file.size >= 50_000
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of a zip."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the portable zip")
    options = parser.parse_args(arguments)
    try:
        print(table(read(options.file)))
    except (OSError, zipfile.BadZipFile) as error:
        print(f"sizes: {options.file} cannot be read: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
