"""Linux and its kin: a desktop entry (`.desktop`) in the autostart folder.

By the Desktop Entry Specification 1.5 and the Desktop Application Autostart Specification 0.5 of freedesktop.org.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tray_app.desktop.logon import DESCRIPTION, ContentFile, Found
from tray_app.sentences import program as said
from tray_app.settings import APP_NAME

_GROUP = "[Desktop Entry]"
_GNOME_SWITCH = "X-GNOME-Autostart-enabled"
"""The key by which GNOME's tools, and others after them, switch an entry off."""
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_RESERVED = re.compile("[ \t\n\r\"'\\\\><~|&;$*?#()`]")
"""The specification's list, and the carriage return, which it forgot."""


class DesktopEntry(ContentFile):
    """A desktop entry that starts the program at log-on."""

    def _judge(self) -> Found:
        found = read(self._read())
        off = found.get("Hidden") == "true" or found.get(_GNOME_SWITCH) == "false"
        if self._starts_this(found):
            return Found.OURS if off else Found.ON
        return Found.OURS if found.get("Comment") == DESCRIPTION else Found.FOREIGN

    def _starts_this(self, found: Mapping[str, str]) -> bool:
        try:
            wanted = self._values()
        except ValueError:
            return False
        return all(found.get(key) == wanted[key] for key in ("Exec", "Path"))

    def _content(self) -> bytes:
        lines = (_GROUP, *(f"{key}={value}" for key, value in self._values().items()))
        return "".join(f"{line}\n" for line in lines).encode()

    def _values(self) -> dict[str, str]:
        return {
            "Type": "Application",
            "Name": APP_NAME,
            "Comment": DESCRIPTION,
            "Exec": command(str(self._launch.program), self._launch.arguments),
            "Path": string(str(self._launch.folder)),
            "Icon": string(str(self._launch.icon)),
            "Terminal": "false",
            _GNOME_SWITCH: "true",
        }


def string(text: str) -> str:
    """Return text as a value of the type `string`. Raises `ValueError` for control characters and what is no text."""
    if _CONTROL.search(text):
        raise ValueError(said.CONTROL_CHARACTER)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(said.NOT_UTF8) from error
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    # Readers take spaces away at both ends of a value.
    return re.sub(r"^ | $", r"\\s", escaped)


def command(program: str, arguments: Sequence[str]) -> str:
    """Return the value of `Exec`. Raises `ValueError` where it cannot name the program.

    There are two layers: each argument is quoted, then the whole is a `string`. So one backslash becomes four.
    """
    if "=" in program:
        raise ValueError(said.HAS_EQUALS)
    return string(" ".join(_argument(text) for text in (program, *arguments)))


def _argument(text: str) -> str:
    text = text.replace("%", "%%")
    if text and not _RESERVED.search(text):
        return text
    return '"' + re.sub(r'(["`$\\])', r"\\\1", text) + '"'


def read(content: bytes) -> dict[str, str]:
    """Return a desktop entry's keys with their values as they stand in the file; none where it is no such entry."""
    group, values = "", dict[str, str]()
    for line in content.decode(errors="replace").split("\n"):
        line = line.strip(" \t\r")
        if line.startswith("["):
            group = line
        elif group == _GROUP and "=" in line:
            key, _, value = line.partition("=")
            values[key.rstrip(" \t")] = value.lstrip(" \t")
    return values
