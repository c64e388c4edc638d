"""Reads a `.env` file: NAME=value, a line each, as python-dotenv does."""

from __future__ import annotations

import io
import re
from pathlib import Path

from dotenv.parser import parse_stream

from tray_app.disk import Disk, Patience, storage_error
from tray_app.errors import SettingError
from tray_app.sentences import disk as disk_said
from tray_app.sentences import settings as said

PREFIX = "RECORDER_"

_MAX_FILE_BYTES = 1 << 20
"""A settings file is a page of text; a megabyte is a recording that was named by mistake."""

_PATIENCE = 1.0
"""Seconds for which a `.env` that is being written, by the tray's menu or an editor, is asked for again."""


def read(file: Path) -> tuple[dict[str, str], list[str]]:
    """Return the values in a `.env`, and a line for the log for each line that says nothing."""
    texts: dict[str, str] = {}
    unread: list[str] = []
    # The parser and not `dotenv_values`: that one skips a broken line with a warning, and the user's choice with it.
    for binding in parse_stream(io.StringIO(read_text(file))):
        if binding.key is not None and binding.value is not None:
            texts[binding.key] = binding.value
        elif binding.key is not None or binding.error:
            unread.append(_broken_line(file, binding.original.string.strip(), binding.original.line))
    return texts, unread


def _broken_line(file: Path, line: str, number: int) -> str:
    """Return a line for the log; raise `SettingError` when the broken line means one of our variables."""
    name = re.search(PREFIX + r"\w*", line, re.ASCII)
    if name:
        raise SettingError(said.broken_line(shown(name[0]), number, file, shown(line)))
    return said.passed_over(number, file)


def read_text(file: Path) -> str:
    """Return what is in a `.env`. Raises `SettingError` when it cannot be read, or is no text.

    Takes up to a second where Windows refuses it because another program has it open.
    """
    try:
        with Patience(seconds=_PATIENCE)(lambda: Disk().open_read(file)) as opened:
            data = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SettingError(storage_error(disk_said.READ_SETTINGS, file, error).said, detail=repr(error)) from error
    try:
        # Notepad puts a byte order mark before the first variable; "utf-8-sig" takes it away.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_settings(file, said.NO_TEXT) from error
    if "\0" in text:
        raise _not_settings(file, said.NO_TEXT)
    if len(data) > _MAX_FILE_BYTES:
        raise _not_settings(file, said.TOO_LARGE)
    return text


def _not_settings(file: Path, why: str) -> SettingError:
    return SettingError(said.no_settings(file, why))


def shown(text: str) -> str:
    """Return a text fit for one line of a terminal: at most 60 characters, control characters escaped."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
