"""The kinds of values that settings have: how each is read, and how what is allowed is said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tray_app.sentences import settings as said

_MAX_NAME_BYTES = 200
"""File systems take 255 bytes a name; the rest is for ` (2)`, endings and temporary names."""

_PLACEHOLDERS = {"{date}": "2026-11-23", "{time}": "14-03-07"}

_NOT_IN_NAMES = ' .<>:"/\\|?*'
"""What Windows refuses in a file's name, or drops at its end."""

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value. `parse` raises `ValueError` for a wrong one; its text, if any, is advice for the user."""

    parse: Callable[[str], object]
    allowed: str


def _is_plain(value: str) -> bool:
    """Return whether nothing in it is a control character or half of a character."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)


def plain_text(value: str) -> str:
    """Take any text without control characters."""
    if not _is_plain(value):
        raise ValueError
    return value


def folder(value: str) -> Path:
    """Take a folder's path; `~` is the home folder."""
    if not _is_plain(value):
        raise ValueError(said.DOUBLE_BACKSLASHES)
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(said.NO_HOME) from error
    if path.drive and not path.root:
        # To Windows that is a place relative to a current folder of that drive, which nobody knows.
        raise ValueError(said.the_drive(path.drive))
    return path


def file_name(value: str) -> str:
    """Take a file name with `{date}` and `{time}` and no other braces."""
    result = plain_text(value)
    for placeholder, example in _PLACEHOLDERS.items():
        result = result.replace(placeholder, example)
    if "{" in result or "}" in result:
        raise ValueError
    if not result.strip(_NOT_IN_NAMES):
        raise ValueError(said.NO_SUCH_NAME)
    if len(result.encode()) > _MAX_NAME_BYTES:
        raise ValueError(said.TOO_LONG)
    return value


def _switch(value: str) -> bool:
    if value.lower() not in _TRUE + _FALSE:
        raise ValueError
    return value.lower() in _TRUE


def _between(lowest: int, highest: int, form: str, read: Callable[[str], float]) -> Callable[[str], object]:
    """Return what parses numbers that are written in a form, a regular expression, and lie within limits."""

    def parse(value: str) -> float:
        if not re.fullmatch(form, value) or not lowest <= read(value) <= highest:
            raise ValueError
        return read(value)

    return parse


def whole_number(lowest: int, highest: int) -> Kind:
    """Return the kind of whole numbers from `lowest` to `highest`."""
    parse = _between(lowest, highest, r"[+-]?[0-9]{1,9}", int)
    return Kind(parse, said.whole_number(lowest, highest))


def number(lowest: int, highest: int) -> Kind:
    """Return the kind of decimal numbers from `lowest` to `highest`."""
    parse = _between(lowest, highest, r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?", float)
    return Kind(parse, said.number(lowest, highest))


def word_or(word: str, number: Kind) -> Kind:
    """Return the kind of `number`, or of None, written as `word`."""

    def parse(value: str) -> object:
        return None if value.lower() == word else number.parse(value)

    return Kind(parse, said.word_or(word, number.allowed))


def device_or(number: Kind) -> Kind:
    """Return the kind of `number`, or of None for the device's own, written `device`."""
    return word_or("device", number)


def one_of(*choices: str | int) -> Kind:
    """Return the kind of these choices, in any case."""
    by_text = {str(choice).upper(): choice for choice in choices}

    def parse(value: str) -> object:
        if value.upper() not in by_text:
            raise ValueError
        return by_text[value.upper()]

    return Kind(parse, said.one_of([str(choice) for choice in choices]))


ON_OFF = Kind(_switch, said.SWITCH)
