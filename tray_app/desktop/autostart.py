"""Start with the desktop: how this program is started again, and the file that the system reads for it at log-on.

The files may lie on a network, so asking and switching do not belong on the tray's thread.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from tray_app import assets
from tray_app.desktop.desktop_entry import DesktopEntry
from tray_app.desktop.launch_agent import LABEL, LaunchAgent
from tray_app.desktop.logon import Autostart, Launch
from tray_app.env_places import program_folder
from tray_app.settings import APP_NAME

__all__ = ["Autostart", "Launch", "for_system", "this_program"]

log = logging.getLogger(__name__)


def this_program() -> Launch:
    """Return how to start this program again, without a console: the exe, or Python with `-m tray_app`.

    On Windows that is `tray-recorder.exe` beside `tray-recorder-cli.exe`, or the `pythonw.exe` beside this Python,
    which in a virtual environment is the environment's own. Where there is none, what runs now has to do, console and
    all. A checkout is started in its own folder, so that Python finds it.
    """
    running = Path(sys.executable)
    windows = sys.platform == "win32"
    if getattr(sys, "frozen", False):
        program = _if_there(running.with_stem(running.stem.removesuffix("-cli")), running)
        return Launch(program, (), program.parent, program if windows else assets.path("tray-recorder.png"))
    program = _if_there(running.with_name("pythonw.exe"), running) if windows else running
    icon = assets.path("tray-recorder.ico" if windows else "tray-recorder.png")
    return Launch(program, ("-m", "tray_app"), program_folder() or program.parent, icon)


def _if_there(wanted: Path, other: Path) -> Path:
    return wanted if wanted.is_file() else other


def for_system(system: str = sys.platform, launch: Launch | None = None) -> Autostart | None:
    """Return what starts `launch` (default: this program) with the desktop of `system`, as `sys.platform` names it.

    None where we know no way: on other systems, and on Windows for a user who has no Startup folder.
    """
    launch = launch or this_program()
    if system == "win32":
        return _for_windows(launch)
    if system == "darwin":
        return LaunchAgent(Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist", launch)
    if system == "linux" or "bsd" in system:
        return DesktopEntry(_config_home() / "autostart" / "tray-recorder.desktop", launch)
    return None


def _for_windows(launch: Launch) -> Autostart | None:
    if sys.platform == "win32":
        from tray_app.desktop.shortcut import StartupShortcut, startup_folder

        try:
            return StartupShortcut(startup_folder() / f"{APP_NAME}.lnk", launch)
        except OSError as error:
            log.warning("There is no Startup folder: %s", error)
    return None


def _config_home() -> Path:
    # A relative path is to be ignored, says the XDG Base Directory Specification.
    given = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".config"
