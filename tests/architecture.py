"""What docs/ARCHITECTURE.md says of the program: its modules, and who may know whom."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "ARCHITECTURE.md"


def _section(title: str) -> str:
    """Return what stands under a heading, up to the next one."""
    return PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def _names(text: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", text)


def modules() -> list[str]:
    """Return the files that the page lists, as paths from the program's folder on."""
    found, folder = [], ""
    for line in _section("The house").splitlines():
        entry = re.match(r"( {2,4})([\w.]+(?:/|\.py))(?= |$)", line)
        if entry:
            folder = "" if len(entry[1]) == 2 else folder
            if entry[2].endswith("/"):
                folder = entry[2]
            else:
                found.append(folder + entry[2])
    return found


def ground_floor() -> set[str]:
    """Return the modules that every part may know."""
    return set(_names(_section("Who may know whom").split("|", 1)[0]))


def may_know() -> dict[str, set[str]]:
    """Return, for every part, what it may know beyond itself and the ground floor: parts, or single modules of them."""
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", _section("Who may know whom"), re.MULTILINE)
    return {part: set(_names(known)) for parts, known in rows for part in _names(parts)}
