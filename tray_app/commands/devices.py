"""`tray-recorder devices`: every source that can be recorded."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from tray_app.capture import all_sources, pick
from tray_app.capture.base import Source
from tray_app.sentences import terminal as said
from tray_app.settings import Settings

ABOUT: tuple[str, ...] = (
    "List every source that can be recorded.",
    "A loopback is what an output plays, an input is a microphone or line-in. The\n"
    "default, marked *, is what you hear. Give an id or a name (a part of it is\n"
    "enough where only one fits) to `record --source`.",
)
OVERRIDES: dict[str, str] = {}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Print the sources; say on standard error where sound cannot be captured."""
    del settings
    sources, errors = all_sources(pick())
    if args.json:
        print(json.dumps([dataclasses.asdict(source) for source in sources], ensure_ascii=False))
    else:
        print(_table(sources))
    for error in errors[:1]:
        print(f"tray-recorder: {error}", file=sys.stderr)
    return 0


def _table(sources: list[Source]) -> str:
    rows = [("", *said.COLUMNS)]
    for source in sources:
        mark = "*" if source.default else ""
        rows.append((mark, source.name, source.kind, str(source.rate), str(source.channels), source.id))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
