"""`tray-recorder autostart`: start with the desktop, or not."""

from __future__ import annotations

import argparse
import sys

from tray_app.desktop.autostart import Autostart, for_system
from tray_app.errors import RecorderError
from tray_app.settings import Settings

ABOUT: tuple[str, ...] = (
    "Start Tray Recorder with the desktop, or not.",
    "`on` makes a shortcut in the Startup folder (Linux: a desktop entry, macOS: a\n"
    "LaunchAgent), `off` removes it, and `status` tells whether there is one that\n"
    "starts this program.",
)
OVERRIDES: dict[str, str] = {}

_DESKTOP = {"win32": "Windows", "darwin": "macOS"}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("switch", choices=("on", "off", "status"), help="what to do")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Switch it and say what is so now. Raises `RecorderError` where there is no way to start with the desktop."""
    del settings
    start = for_system()
    if start is None:
        raise RecorderError("Tray Recorder knows no way to start with the desktop here.")
    if args.switch == "on":
        start.enable()
    elif args.switch == "off":
        start.disable()
    print(_told(start, _DESKTOP.get(sys.platform, "the desktop")))
    return 0


def _told(start: Autostart, desktop: str) -> str:
    if start.enabled():
        return f"Tray Recorder starts with {desktop}: {start.path}"
    return f"Tray Recorder does not start with {desktop}."
