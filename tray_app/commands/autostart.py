"""`tray-recorder autostart`: start with the desktop, or not."""

from __future__ import annotations

import argparse
import sys

from tray_app.desktop.autostart import for_system
from tray_app.errors import RecorderError
from tray_app.sentences import program as program_said
from tray_app.sentences import terminal as said
from tray_app.settings import Settings

ABOUT: tuple[str, ...] = (
    "Start Tray Recorder with the desktop, or not.",
    "`on` makes a shortcut in the Startup folder (Linux: a desktop entry, macOS: a\n"
    "LaunchAgent), `off` removes it, and `status` tells whether there is one that\n"
    "starts this program.",
)
OVERRIDES: dict[str, str] = {}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("switch", choices=("on", "off", "status"), help="what to do")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Switch it and say what is so now. Raises `RecorderError` where there is no way to start with the desktop."""
    del settings
    start = for_system()
    if start is None:
        raise RecorderError(program_said.NO_AUTOSTART)
    if args.switch == "on":
        start.enable()
    elif args.switch == "off":
        start.disable()
    desktop = said.DESKTOPS.get(sys.platform, said.THE_DESKTOP)
    print(said.autostart(desktop, start.path if start.enabled() else None))
    return 0
