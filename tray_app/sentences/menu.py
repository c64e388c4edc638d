"""The menu and the tooltip.

`&` stands before the access key, the letter that chooses a line while its menu is open. It is the first letter, or else
a distinctive one (Microsoft's guide for access keys), it is no other's in the same menu, and it stays the same whatever
the program does.
"""

from __future__ import annotations

from tray_app.sentences.forms import Label, label

# The recording. S starts, and stops: never are both in the menu.

START = label("&Start recording")
STOP = label("&Stop recording")
PAUSE = label("&Pause recording")
RESUME = label("&Resume recording")
DISCARD = label("&Discard this take")
DISCARD_YES = label("&Yes, move it to the recycle bin")

# What the program is doing

IDLE = "Not recording"
RECORDING = "Recording"
PAUSED = "Paused"
FINISHING = "Finishing a recording"
LEAVING = "Finishing the recording, then exiting"
THE_DEVICE = "the device"


def recording_since(time: str) -> str:
    """Say when the take began."""
    return f"Recording since {time}"


def waits_for(device: str) -> str:
    """Say which device a take waits for."""
    return f"Waiting for {device or THE_DEVICE}"


def paused_at(time: str) -> str:
    """Say how long a paused take is."""
    return f"Paused at {time}"


def recording_for(time: str) -> str:
    """Say how long the take is."""
    return f"Recording {time}"


def finishing(percent: int) -> str:
    """Say how much of a finished take's work is done; of 0 nothing is said."""
    return f"{FINISHING}, {percent} %" if percent else FINISHING


# Before choices

SET_OUTSIDE = "Grey: set outside, by the command line or the environment"
FROM_THE_NEXT = "From the next recording on:"


def set_outside(text: Label) -> Label:
    """Return the label of a tick that cannot be changed here."""
    return Label(f"{text.text} (set outside)", text.key)


def own_value(text: str, *, fixed: bool) -> Label:
    """Return the label of a value that is not among the choices."""
    return Label(text if fixed else f"{text} (from .env)")


# Source

FOLLOW = label("&What you hear: follow the default output")
WHAT_YOU_HEAR = "what you hear"
OUTPUTS = "Always this output:"
INPUTS = "Always this input:"
NO_NAME = "(no name)"


def source(name: str) -> Label:
    """Return the label of the menu that chooses the source."""
    return label("So&urce", f": {name}")


def default_now(name: str) -> str:
    """Say which output is the default now."""
    return f"It is now {name}"


def source_gone(name: str) -> Label:
    """Return the label of a chosen source that is not there."""
    return Label(f"{name} (not there now)")


# Silence

REMOVE_SILENCE = label("&Remove silence")
OFF = "off"
PRESETS = {
    "exact": label("&Exact"),
    "speech": label("&Speech"),
    "music": label("&Music"),
    "edges-only": label("Ed&ges only"),
}
OWN_VALUES = label("Own values")
FOUND_IN_TAKE = "Found in the noise of each take, at its end"
FOUND = "found in the noise"


def silence(values: str) -> Label:
    """Return the label of the menu that chooses what counts as silence."""
    return label("Re&move silence", f": {values}")


def preset(name: str, values: str) -> str:
    """Say which preset holds, and its values."""
    return f"{PRESETS[name].text} ({values})"


def threshold(value: str) -> Label:
    """Return the label of the menu that chooses how loud silence may be."""
    return label("Silence is &at most", f": {value}")


def shortest(value: str) -> Label:
    """Return the label of the menu that chooses how long silence must last."""
    return label("Silence &lasts at least", f": {value}")


def kept(value: str) -> Label:
    """Return the label of the menu that chooses how much silence stays around sounds."""
    return label("Silence &kept around sounds", f": {value}")


# Format

SAVED_AS = "Recordings are saved as:"
DEVICE_RATE = "The device's own rate"
DEVICE_CHANNELS = "The device's own channels"
MONO = "Mono"
STEREO = "Stereo"


def format_(values: str) -> Label:
    """Return the label of the menu that chooses what recordings are saved as."""
    return label("&Format", f": {values}")


def bits(count: int) -> str:
    """Say how many bits a sample has."""
    return f"{count} bits"


def channels(count: int) -> str:
    """Say how many channels there are."""
    return f"{count} channels"


# Files

RECENT = label("Re&cent recordings")
OPEN = label("&Open")
SHOW_IN_FOLDER = label("Show in &folder")
COPY_PATH = label("&Copy path")
SHOW_CUTS = label("Show &what was cut")
TRIM_AGAIN = label("&Trim again")
OPEN_FOLDER = label("&Open recordings folder")
CHOOSE_FOLDER = label("C&hoose recordings folder…")
OPEN_ORIGINALS = label("&Open originals folder")


def recent(place: int, name: str) -> Label:
    """Return the label of a recent recording, `place` counted from 1: its key is the digit, as in every such list."""
    before, digit = str(place)[:-1], str(place)[-1]
    return label(f"{before}&{digit}", f" {name}")


def unheard(name: str) -> str:
    """Return the name of a recent recording in which nothing was heard."""
    return f"{name} (nothing heard)"


def originals(size: str) -> Label:
    """Return the label of the menu of the originals."""
    return label("Ori&ginals", f" ({size})")


def originals_count(count: int) -> str:
    """Say what lies there."""
    return f"{count} as recorded, with their silence"


def recycle_older(days: int, count: int, size: str) -> Label:
    """Return the label of what moves old originals to the recycle bin: its key is the first digit of `days`."""
    return label(f"Recycle those older than &{days} days", f" ({count}, {size})")


# The program

NOTIFICATIONS = label("&Notifications")
START_WITH_WINDOWS = label("Start &with Windows")
START_WITH_DESKTOP = label("Start &with the desktop")
ON_EXIT = label("When &I exit")
FINISH_FIRST = label("&Finish recordings first")
FINISH_LATER = label("Finish them at the &next start")
OPEN_LOG = label("Open &log")
ABOUT = label("&About")
SHOW_SETTINGS = label("&Show settings file")
EXIT = label("E&xit")


def version(number: str) -> str:
    """Say which program this is."""
    return f"Tray Recorder {number}"


def settings_file(path: str) -> str:
    """Say where the settings are kept; of an empty path, that there are none."""
    return f"Settings: {path or 'none changed yet'}"
