"""The program itself: one that runs, its tray, and starting with the desktop."""

from __future__ import annotations

from tray_app.sentences.disk import LEFT_AS_IT_WAS
from tray_app.sentences.forms import Said

# One program, and commands to it

_LOG = "The log tells more."
_AGAIN = "Try again in a moment. If that does not help, end it and start it again."

RUNS_ALREADY = "Tray Recorder runs already. Its icon is in the notification area."
ENDS = "Tray Recorder finishes its work and ends."
NOT_RUNNING = Said("Tray Recorder is not running.", todo="Start it with `tray-recorder`.")
NOT_KNOWN = Said("It cannot be found out whether Tray Recorder runs already.", todo=_LOG)
SILENT = Said("Tray Recorder runs but does not answer.", todo=_AGAIN)
NOT_YOURS = Said("What listens in Tray Recorder's place was not started by you.", todo=_LOG)
ODD_ANSWER = Said("Tray Recorder did not answer as it should. It may just have ended.", todo=_AGAIN)


def no_request(why: object) -> str:
    """Say that what came through the channel is none of our commands."""
    return f"This is no request to Tray Recorder: {why}."


def failed(kind: str) -> str:
    """Say that something went wrong that nobody thought of."""
    return f"The program failed in a way that nobody expected ({kind}). {_LOG}"


# The tray

_RECORD = "Record in the terminal with `tray-recorder record`."
_OR_RECORD = "Or record in the terminal with `tray-recorder record`."

NO_TRAY = Said("There is no tray on this desktop.", todo=_RECORD)
TRAY_GONE = Said("The tray has gone.", todo=_RECORD)
NO_DESKTOP = Said("There is no tray in this session, which has no desktop.", todo=_RECORD)
DESKTOP_SILENT = Said("There is no tray, since the desktop cannot be reached.", todo=_RECORD)
NO_GTK = Said(
    "There is no tray, since PyGObject or GTK is missing.",
    todo="Install what the README names for the tray on Linux: the packages and `tray-recorder[linux-tray]`. "
    f"{_OR_RECORD}",
)
NOBODY_SHOWS = Said(
    "There is no tray on this desktop.", todo=f"Add a notification area (system tray) to the panel. {_OR_RECORD}"
)
GNOME_SHOWS_NONE = Said(
    "GNOME shows no tray icons by itself.",
    todo="Install its extension AppIndicator and KStatusNotifierItem Support (gnome-shell-extension-appindicator). "
    f"{_OR_RECORD}",
)
INSTALL_GNOME = "sudo apt install gnome-shell-extension-appindicator, log out and in, and switch it on"


def no_library(package: str) -> Said:
    """Say that the library for the panel is missing."""
    return Said("There is a tray, but the library to speak to it is missing.", todo=f"Install {package}. {_OR_RECORD}")


# Start with the desktop

NO_AUTOSTART = Said("Tray Recorder knows no way to start with the desktop here.")
TAKEN_FOR_VARIABLE = "Windows would take a part of its path for a variable"
CONTROL_CHARACTER = "its path has a control character"
NOT_UTF8 = "its path is no text in UTF-8"
HAS_EQUALS = 'its path has a "=", which a desktop entry cannot hold'


def path_too_long(most: int) -> str:
    """Say how long a path a shortcut can hold."""
    return f"a shortcut holds no path of more than {most} characters"


def foreign_file(path: object) -> Said:
    """Say that somebody else's file has the name."""
    return Said(f"{path} is not Tray Recorder's own file.", LEFT_AS_IT_WAS, "Rename or remove it, and try again.")


def cannot_start(program: object, why: object) -> Said:
    """Say that the program lies where it cannot be started from."""
    return Said(f"{program} cannot be started with the desktop: {why}.", todo="Move it to another folder.")


# Dialogs

CHOOSE_FOLDER = "Choose where recordings go"
CHOOSE = "_Choose"
CANCEL = "_Cancel"


def no_dialog(why: object) -> str:
    """Say that there is no dialog for a folder."""
    return f"there is no dialog: {why}"


def dialog_failed(why: object) -> str:
    """Say that it failed."""
    return f"the dialog failed: {why}"
