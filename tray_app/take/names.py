"""Names of takes: safe on every system, and free in every folder and extension that a take uses."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from tray_app.disk import Disk

ORIGINALS = "originals"
"""The folder below the save folder in which originals lie while there is a trimmed twin."""

MAX_NAME_BYTES = 180
"""File systems allow 255 bytes; this leaves room for ` (999)`, an extension and a temporary ending."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE)


def fill_template(template: str, when: datetime) -> str:
    """Put `{date}` (2026-11-23) and `{time}` (14-03-07) of `when` into a file name template."""
    return template.replace("{date}", when.strftime("%Y-%m-%d")).replace("{time}", when.strftime("%H-%M-%S"))


def safe_name(text: str) -> str:
    """Return `text` as a file name (no extension) that Windows, macOS and Linux take, and that stays in its folder.

    Follows Microsoft's "Naming Files, Paths, and Namespaces": forbidden characters, controls and halves of characters
    become `_`, dots and spaces at the edges go, reserved device names get a `_` in front, whatever ending they have.
    Never empty, at most 181 bytes of UTF-8.
    """
    name = _EDGES.sub("", _FORBIDDEN.sub("_", text))
    name = _EDGES.sub("", name.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore"))
    if _RESERVED.match(name):
        name = f"_{name}"
    return name or "recording"


def free_name(disk: Disk, folders: Iterable[Path], name: str) -> str:
    """Return `name`, or `name (2)`, `name (3)` …: the first that no file in `folders` has, whatever its extension.

    Compared without case, as Windows and macOS do. Raises `OSError` when a folder cannot be read.
    """
    taken = {path.name.casefold() for folder in folders for path in disk.list(folder)}
    number = 1
    while True:
        candidate = name if number == 1 else f"{name} ({number})"
        prefix = candidate.casefold()
        if not any(other == prefix or other.startswith(f"{prefix}.") for other in taken):
            return candidate
        number += 1


def numbered(path: Path) -> Iterator[Path]:
    """Yield `NAME.end`, `NAME (2).end`, `NAME (3).end` …, without an end: whoever takes them looks what is free."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")
