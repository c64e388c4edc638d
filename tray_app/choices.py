"""Writes a choice that was made in the menu into the user's `.env`, and leaves all else in it as it is."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from tray_app.disk import Disk, Patience, create_whole, storage_error
from tray_app.env_file import read_text
from tray_app.env_places import CHOICES, env_beside_program, env_of_user
from tray_app.errors import RecorderError, SettingError
from tray_app.loading import changed
from tray_app.sentences import disk as disk_said
from tray_app.sentences import settings as said
from tray_app.sentences.forms import Said
from tray_app.settings import Settings

_HEAD = "# Settings of Tray Recorder. .env.example, or the README, tells what else there is.\n"
_HEAD_OF_CHOICES = f"{CHOICES}\n# written.\n"

_PLAIN = re.compile(r"[A-Za-z0-9_./:+-]+")
"""A value that every reader of `.env` files takes as it is; all else is quoted."""

_BLANK = r"[^\S\r\n]*"
_LINE = re.compile(
    rf"(?P<head>\s*(?:export{_BLANK[:-1]}+)?'?(?P<key>[^=\#\s']+)'?{_BLANK}={_BLANK})"
    r"(?:'(?:\\'|[^'])*'|\"(?:\\\"|[^\"])*\"|[^\r\n]*?)"
    rf"(?P<tail>(?:{_BLANK[:-1]}+\#[^\r\n]*)?{_BLANK}(?:\r\n|\n|\r)?)"
)
"""One line of a `.env` as python-dotenv's parser takes it: what is before the value, the value, and what follows."""

_NO_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)


def choose(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """Return the settings with other values: texts by variable name, an empty one being the default.

    Raises `SettingError` for a value that is not allowed, or one that the command line or the environment fixes.
    """
    for name in texts:
        if name in settings.fixed:
            raise SettingError(said.fixed(name))
    return changed(settings, texts, settings.env_file or env_of_user())


def keep(settings: Settings, texts: Mapping[str, str], disk: Disk | None = None) -> Path:
    """Write values that were chosen into the user's `.env`, and return which one that is.

    It is the one that was read, or, where there is none or the program's own cannot be written, the one in the user's
    configuration folder, which then counts too. Comments and all other lines stay as they are: the new file is written
    beside it, read back, and put in its place in one step. Raises `SettingError` where it cannot be written; then
    nothing has changed. May take up to `PATIENCE` seconds where another program has the file open.
    """
    disk = disk or Disk()
    file = settings.env_file or env_of_user()
    try:
        _write(disk, file, texts, _HEAD)
    except OSError as error:
        if file != env_beside_program() or error.errno not in _NO_RIGHTS:
            raise _not_written(file, error) from error
        file = env_of_user()
        try:
            _write(disk, file, texts, _HEAD_OF_CHOICES)
        except OSError as again:
            raise _not_written(file, again) from again
    return file


def _not_written(file: Path, error: OSError) -> SettingError:
    wrong = storage_error(disk_said.WRITE_SETTINGS, file, error)
    return SettingError(Said(wrong.what, said.HOLDS_UNTIL_EXIT, wrong.todo), detail=repr(error))


def _write(disk: Disk, file: Path, texts: Mapping[str, str], head: str) -> None:
    """Put the file with the new values in the old one's place. Raises `OSError`, `SettingError`."""
    # Through a link to the file itself, which is what its owner wants to keep.
    file = Path(os.path.realpath(file))
    old = read_text(file) if disk.exists(file) else head
    new = old
    for name, value in texts.items():
        new = with_value(new, name, value)
    disk.make_folder(file.parent)
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(4)}.tmp")
    try:
        create_whole(disk, temporary, new.encode())
        _verify(old, read_text(temporary), texts)
        # On Windows nobody can replace a file that somebody reads at the moment.
        Patience()(lambda: disk.replace(temporary, file))
    finally:
        with contextlib.suppress(OSError):
            disk.remove(temporary)


def _verify(old: str, new: str, texts: Mapping[str, str]) -> None:
    """Raise where the new text does not say just what the old one said, and the new values."""
    if values(new) != {**values(old), **texts}:
        raise RecorderError(said.NOT_CHANGED)


def values(text: str) -> dict[str, str | None]:
    """Return what a `.env` says, by name."""
    return {binding.key: binding.value for binding in _bindings(text) if binding.key is not None}


def with_value(text: str, name: str, value: str) -> str:
    """Return the text of a `.env` with another value for `name`; at its end where it does not stand there yet.

    Where it stands twice the last one counts, and is the one that changes.
    """
    bindings = _bindings(text)
    written = [binding.original.string for binding in bindings]
    places = [place for place, binding in enumerate(bindings) if binding.key == name]
    if not places:
        broken = "" if not text or text.endswith(("\n", "\r")) else "\n"
        return f"{text}{broken}{name}={_quoted(value)}\n"
    old = _LINE.fullmatch(written[places[-1]])
    line = f"{old['head']}{_quoted(value)}{old['tail']}" if old else f"{name}={_quoted(value)}\n"
    written[places[-1]] = line
    return "".join(written)


def _bindings(text: str) -> list[Binding]:
    return list(parse_stream(io.StringIO(text, newline="")))


def _quoted(value: str) -> str:
    """Return a value as python-dotenv reads it back: in single quotes only backslash and quote are special."""
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
