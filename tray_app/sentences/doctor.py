"""What `doctor` says: a name, what is so, and the remedy where something is amiss.

What is so is no sentence, and has no full stop; a remedy is one.
"""

from __future__ import annotations

from tray_app.words import clock_time, megabytes

# What is looked at

PROGRAM = "program"
SETTINGS = "settings"
SOUND = "sound"
TEST_SIGNAL = "test signal"
LOOPBACK = "loopback"
SAVE_FOLDER = "save folder"
DISK_SPACE = "disk space"
TRAY = "tray"
NOTIFICATION = "notification"
AUTOSTART = "autostart"
FFMPEG = "ffmpeg"

AVAILABLE = "available"


def program(version: str, python: str) -> str:
    """Say which program this is."""
    return f"Tray Recorder {version}, Python {python}"


NO_ENV = "no .env was found, so every setting has its default"

# Sound

NOBODY = "nobody"
SIGNAL_THERE = "always there: --source signal"
NO_DEFAULT = "there is no default output whose sound could be recorded"
CONNECT_OUTPUT = "Connect or switch on an output, or name a source that `tray-recorder devices` lists."
UNMUTE = "Unmute it."


def sources(count: int, by: str) -> str:
    """Say how many sources there are, and who lists them."""
    return f"{count} source{'' if count == 1 else 's'} by {by or NOBODY}"


def output(name: str, rate: int, channels: int) -> str:
    """Say which output is the default."""
    return f"{name}, {rate} Hz, {channels} channels"


def muted(what: str) -> str:
    """Say that the default output is muted."""
    return f"{what}; it is muted, so a recording would hold silence"


# The save folder

CONNECT_DRIVE = "Connect it, or name another."
SIZE_NOT_TOLD = "this drive does not tell how much is free"
KEEP_AN_EYE = "Keep an eye on it yourself."
FREE_SOME = "Free some space before a long recording."


def drive_gone(folder: object) -> str:
    """Say that there is no such drive."""
    return f"{folder} is on a drive that is not there"


def made_later(folder: object) -> str:
    """Say that the folder is not there yet."""
    return f"{folder} (made when the first take begins)"


def free(size: int, seconds: float) -> str:
    """Say how much is free, and for how long that will do."""
    return f"{megabytes(size)} free, about {clock_time(seconds)} of recording"


# The desktop

WORKS_WITHOUT = "Recording works without it."
NO_AUTOSTART = "there is no known way to start with this desktop"
START_BY_HAND = "Start it by hand."
OFF = "off"


def not_available(why: object) -> str:
    """Say that something is not there, and why."""
    return f"not available ({why})"


def on(path: object) -> str:
    """Say that the program starts with the desktop, and by which file."""
    return f"on: {path}"


# ffmpeg

NOT_FOUND = "not found"
INSTALL_FFMPEG = "Needed only to save as M4A, and to trim M4A, WMA and video files. Install ffmpeg for that."
INSTALL_OR_CHOOSE = "Install ffmpeg, or choose another RECORDER_OUTPUT_FORMAT."


def not_saved_as(form: str) -> str:
    """Say what becomes of recordings without it."""
    return f"not found, so recordings are not saved as {form} but as WAV"
