"""Settings: what is allowed, what is wrong with a value, and with a file of them.

What each setting means stands beside it in tray_app/settings.py, from where `.env.example` is made.
"""

from __future__ import annotations

from tray_app.sentences.disk import LEFT_AS_IT_WAS
from tray_app.sentences.forms import Said

# What is allowed, as it stands behind "allowed:"

SWITCH = "true or false (also yes, no, on, off, 1, 0)"


def whole_number(lowest: int, highest: int) -> str:
    """Say which whole numbers are."""
    return f"a whole number from {lowest} to {highest}"


def number(lowest: int, highest: int) -> str:
    """Say which numbers are."""
    return f"a number from {lowest} to {highest}"


def word_or(word: str, allowed: str) -> str:
    """Say that a word is, too."""
    return f"{word}, or {allowed}"


def one_of(choices: list[str]) -> str:
    """Say which words are."""
    *others, last = choices
    return f"{', '.join(others)} or {last}"


# A value


def not_allowed(name: str, text: str, origin: str, allowed: str, advice: str) -> Said:
    """Say that a value is not allowed; `advice` is a sentence, or empty."""
    return Said(f'{name} is "{text}" (from {origin}); allowed: {allowed}.', todo=advice)


DOUBLE_BACKSLASHES = "In double quotes a backslash must be doubled. Use single quotes or none."
NO_HOME = "That home folder is not known. Write the whole path."
NO_SUCH_NAME = "No file can be named so."
TOO_LONG = "It is too long."


def the_drive(drive: str) -> str:
    """Say how the top of a drive is written."""
    return rf"Write {drive}\ for the drive itself."


def no_pair(name: str, value: str, origin: str, why: str, other: str, other_value: int, fitting: str) -> Said:
    """Say that two values do not go together, and which formats would."""
    return Said(
        f"{name} is {value} (from {origin}); {why}, and {other} is {other_value}.",
        todo=f"Change one of them; what holds this: {fitting}.",
    )


def no_current_folder(name: str, folder: object) -> Said:
    """Say that a relative folder leads nowhere."""
    return Said(f"{name} is {folder}, but the current folder is gone.", todo="Write the whole path.")


def the(origin: str) -> str:
    """Say where a value is from."""
    return f"the {origin}"


def unknown(name: str, origin: str, meant: str) -> str:
    """Say that a name is no setting, and which one was meant, if any."""
    if meant:
        return f"{name} (from {origin}) is not a setting; did you mean {meant}?"
    return f"{name} (from {origin}) is not a setting."


def fixed(name: str) -> Said:
    """Say that a value cannot be chosen in the menu."""
    return Said(f"{name} is set outside, by the command line or the environment.", todo="Change it there.")


# A file of settings

NO_TEXT = "it is not UTF-8 text"
TOO_LARGE = "it is too large"
NOT_CHANGED = Said("The settings file could not be changed.", LEFT_AS_IT_WAS)
HOLDS_UNTIL_EXIT = "The choice holds until you exit."


def no_settings(file: object, why: str) -> Said:
    """Say that a file is none of settings."""
    return Said(f"Cannot read the settings file {file}: {why}.", todo="Save it as text in UTF-8.")


def broken_line(name: str, number: int, file: object, line: str) -> Said:
    """Say that the line of a setting cannot be read."""
    return Said(
        f'{name} cannot be read: line {number} of {file} is "{line}".',
        todo="Write NAME=value, and close every quote.",
    )


def passed_over(number: int, file: object) -> str:
    """Say, in the log, that a line says nothing."""
    return f"Line {number} of {file} is not NAME=value and was passed over."
