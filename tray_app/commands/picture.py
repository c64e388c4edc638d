"""`tray-recorder picture`: draws what was cut of a recording, or what would be."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from pathlib import Path

from tray_app.audio.rule import rule_of
from tray_app.commands import cut_options
from tray_app.commands.bar import progress_bar
from tray_app.commands.output import is_folder
from tray_app.desktop.reveal import open_file
from tray_app.disk import Disk, storage_error
from tray_app.picture.drawing import SIZE
from tray_app.picture.layout import check_size, lengths
from tray_app.picture.make import ENDING, picture_of, save
from tray_app.sentences import disk as disk_said
from tray_app.sentences import picture as said
from tray_app.settings import Settings

log = logging.getLogger(__name__)

ABOUT: tuple[str, ...] = (
    "Draw what was cut of a recording, or what would be.",
    "FILE is an original or a trimmed file of a take, a file that `trim` has made,\n"
    "or any sound file. What was cut is known from the cut list; for other files, and\n"
    "with options that say what silence is, the picture shows what would be cut.\n"
    "Nothing is written but the picture: NAME.png beside FILE, or NAME (2).png where\n"
    "that is taken. On a terminal it is opened, too.",
)
OVERRIDES = cut_options.OVERRIDES


def size(text: str) -> tuple[int, int]:
    """Read a size such as 1600x500."""
    found = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})", text.strip().lower())
    if not found:
        raise argparse.ArgumentTypeError(said.no_size(text, f"{SIZE[0]}x{SIZE[1]}"))
    wanted = int(found[1]), int(found[2])
    try:
        check_size(wanted)
    except ValueError as error:
        raise argparse.ArgumentTypeError(said.impossible(text, error)) from error
    return wanted


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a sound file")
    parser.add_argument("--output", metavar="PNG-or-FOLDER", help="where to put the picture; the name must be free")
    parser.add_argument(
        "--size",
        type=size,
        default=SIZE,
        metavar="WxH",
        help=f"width and height in pixels (default: {SIZE[0]}x{SIZE[1]})",
    )
    parser.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        help="open the picture in the program for it (default: on a terminal)",
    )
    cut_options.add(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object with the picture's path")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Draw, write, print the path, and open."""
    disk, file = Disk(), args.file
    rule = rule_of(settings)
    anew = cut_options.given(args)
    with progress_bar(file.name, [1]) as bar:
        picture = picture_of(disk, file, rule, args.size, anew=anew, progress=bar.of(0))
    target, exact = target_of(file, args.output)
    path = save(disk, picture, target, exact=exact)
    if args.json:
        print(json.dumps({"picture": str(path), "file": str(file), **picture.facts.as_json()}, ensure_ascii=False))
    else:
        print(f"{path}: {lengths(picture.facts)}", flush=True)
    if args.open or (args.open is None and not args.json and _looked_at()):
        return _open(path, asked=bool(args.open))
    return 0


def target_of(file: Path, output: str | None) -> tuple[Path, bool]:
    """Return where the picture of a file goes, and whether that was asked for exactly."""
    if output is None:
        return file.with_suffix(ENDING), False
    if is_folder(output):
        return Path(output) / f"{file.stem}{ENDING}", False
    return Path(output), True


def _looked_at() -> bool:
    """Whether somebody sits before the terminal, and has a desktop on which a picture can be shown."""
    desktop = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(desktop) and sys.stdout is not None and sys.stdout.isatty()


def _open(path: Path, *, asked: bool) -> int:
    try:
        open_file(path)
    except OSError as error:
        wrong = storage_error(disk_said.OPEN, path, error, safe=disk_said.PICTURE_COMPLETE)
        log.warning("%s (%s)", wrong, wrong.detail)
        if asked:
            raise wrong from error
    return 0
