"""What the user chose: command line, environment, a `.env` file and the defaults, read once and checked once.

Every field of `Settings` describes its own variable: default, what is allowed, meaning. Parsing, error texts and
`.env.example` all come from there, so that nothing is said twice. The variable of a field is `RECORDER_` and the
field's name in capitals.

`python -m tray_app.settings > .env.example` writes the example file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_origin, get_type_hints

import platformdirs
from dotenv.parser import parse_stream

from tray_app.disk import Disk, storage_error
from tray_app.errors import SettingError

APP_NAME = "Tray Recorder"
"""Names the program's folders for configuration and logs."""

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
DEFAULT = "default"

_PREFIX = "RECORDER_"

_MAX_FILE_BYTES = 1 << 20
"""A settings file is a page of text; a megabyte is a recording that was named by mistake."""

_MAX_NAME_BYTES = 200
"""File systems take 255 bytes a name; the rest is for ` (2)`, endings and temporary names."""

_PLACEHOLDERS = {"{date}": "2026-11-23", "{time}": "14-03-07"}

_NOT_IN_NAMES = ' .<>:"/\\|?*'
"""What Windows refuses in a file's name, or drops at its end."""

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of value. `parse` raises `ValueError` for a wrong one; its text, if any, is advice for the user."""

    parse: Callable[[str], object]
    allowed: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a field of `Settings` says about its variable: kind, default as text, and what it is for."""

    kind: _Kind
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A value as text, and where it was found."""

    text: str
    origin: str


def _is_plain(value: str) -> bool:
    """Return whether nothing in it is a control character or half of a character."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)


def _text(value: str) -> str:
    if not _is_plain(value):
        raise ValueError
    return value


def _folder(value: str) -> Path:
    if not _is_plain(value):
        raise ValueError("In double quotes a backslash must be doubled; use single quotes or none.")
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError("That home folder is not known; write the whole path.") from error
    if path.drive and not path.root:
        # To Windows that is a place relative to a current folder of that drive, which nobody knows.
        raise ValueError(rf"Write {path.drive}\ for the drive itself.")
    return path


def _file_name(value: str) -> str:
    result = _text(value)
    for placeholder, example in _PLACEHOLDERS.items():
        result = result.replace(placeholder, example)
    if "{" in result or "}" in result:
        raise ValueError
    if not result.strip(_NOT_IN_NAMES):
        raise ValueError("No file can be named so.")
    if len(result.encode()) > _MAX_NAME_BYTES:
        raise ValueError("It is too long.")
    return value


def _switch(value: str) -> bool:
    if value.lower() not in _TRUE + _FALSE:
        raise ValueError
    return value.lower() in _TRUE


def _within(number: float, lowest: float, highest: float) -> None:
    if not lowest <= number <= highest:
        raise ValueError


def _whole_number(lowest: int, highest: int) -> _Kind:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}", value):
            raise ValueError
        _within(int(value), lowest, highest)
        return int(value)

    return _Kind(parse, f"a whole number from {lowest} to {highest}")


def _number(lowest: int, highest: int) -> _Kind:
    def parse(value: str) -> float:
        if not re.fullmatch(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise ValueError
        _within(float(value), lowest, highest)
        return float(value)

    return _Kind(parse, f"a number from {lowest} to {highest}")


def _device_or(number: _Kind) -> _Kind:
    def parse(value: str) -> object:
        return None if value.lower() == "device" else number.parse(value)

    return _Kind(parse, f"device, or {number.allowed}")


def _one_of(*choices: str | int) -> _Kind:
    by_text = {str(choice).upper(): choice for choice in choices}

    def parse(value: str) -> object:
        if value.upper() not in by_text:
            raise ValueError
        return by_text[value.upper()]

    *others, last = map(str, choices)
    return _Kind(parse, f"{', '.join(others)} or {last}")


_ON_OFF = _Kind(_switch, "true or false (also yes, no, on, off, 1, 0)")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen, checked. Made by `load`; equal when the choices are equal.

    `save_folder` is absolute. `sample_rate` in Hz and `channels` are None for the device's own. `min_silence_len` is
    in milliseconds, `silence_thresh` in dBFS; `max_minutes` is 0 for no limit.

    `origin` tells for every variable where its value came from: "command line", "environment", the path of the
    `.env`, or "default". `unknown` has one line for the log for each thing that was found and means nothing.
    `env_file` is the `.env` that was read, if any.
    """

    save_folder: Annotated[
        Path,
        _Choice(
            _Kind(_folder, "a folder"),
            "",
            "Where finished takes go; made if missing. Empty: Recordings in your music folder.\n"
            "~ is your home folder; a relative folder begins beside this file.",
        ),
    ]
    file_name: Annotated[
        str,
        _Choice(
            _Kind(_file_name, "a file name, with no other braces than {date} and {time}"),
            "recording_{date}_{time}",
            "The name of a take: {date} becomes 2026-11-23 and {time} 14-03-07. Nothing is ever overwritten.",
        ),
    ]
    source: Annotated[
        str,
        _Choice(
            _Kind(_text, "default, or the id or name of a source"),
            "default",
            "What to record: default is what you hear, and follows the default output.",
        ),
    ]
    sample_rate: Annotated[
        int | None,
        _Choice(
            _device_or(_whole_number(8000, 192000)),
            "device",
            "Frames a second, in Hz. Anything but the device's own is converted.",
        ),
    ]
    channels: Annotated[int | None, _Choice(_device_or(_whole_number(1, 8)), "device", "1 is mono, 2 is stereo.")]
    bit_depth: Annotated[int, _Choice(_one_of(16, 24, 32), "24", "Bits of a sample.")]
    chunk_frames: Annotated[
        int, _Choice(_whole_number(64, 8192), "512", "Frames that the device is asked for at a time.")
    ]
    remove_silence: Annotated[bool, _Choice(_ON_OFF, "true", "Whether silence is removed when a take ends.")]
    min_silence_len: Annotated[
        int, _Choice(_whole_number(1, 60000), "500", "The shortest silence that is removed, in milliseconds.")
    ]
    silence_thresh: Annotated[
        float, _Choice(_number(-120, 0), "-40", "What is at most this loud, in dBFS, counts as silence.")
    ]
    keep_original: Annotated[
        bool,
        _Choice(
            _ON_OFF, "true", "Whether the take as recorded is kept, in the folder originals, beside the trimmed one."
        ),
    ]
    max_minutes: Annotated[float, _Choice(_number(0, 100000), "0", "The longest take, in minutes; 0 is no limit.")]
    min_free_mb: Annotated[
        int,
        _Choice(
            _whole_number(0, 1_000_000),
            "500",
            "A take is ended before less than so many MB are free on its disk; 0 is no limit.",
        ),
    ]
    on_quit: Annotated[
        str,
        _Choice(
            _one_of("finish", "later"),
            "finish",
            "What becomes of takes that are still being finished when the program is quit: finish them first,\n"
            "or leave them to the next start.",
        ),
    ]
    notify: Annotated[bool, _Choice(_ON_OFF, "true", "Whether a notification tells when a take is ready.")]
    log_level: Annotated[str, _Choice(_one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "How much the log tells.")]

    origin: Mapping[str, str] = dataclasses.field(compare=False)
    unknown: tuple[str, ...] = dataclasses.field(compare=False)
    env_file: Path | None = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class _Variable:
    field: str
    name: str
    choice: _Choice


def _variables() -> list[_Variable]:
    hints = get_type_hints(Settings, include_extras=True)
    chosen = {field: hint.__metadata__[0] for field, hint in hints.items() if get_origin(hint) is Annotated}
    return [_Variable(field, _PREFIX + field.upper(), choice) for field, choice in chosen.items()]


_VARIABLES = _variables()


def load(overrides: Mapping[str, str], environ: Mapping[str, str], env_file: Path | None) -> Settings:
    """Read all settings; an empty value means the default.

    `overrides` is the command line: texts by variable name. `env_file` None looks beside the program, then in the
    user's config folder; never in the current folder. Raises `SettingError` for a wrong value, or when the file
    cannot be read.
    """
    file = env_file.absolute() if env_file else _find_env_file()
    texts, unread = _read(file) if file else ({}, [])
    layers = [(COMMAND_LINE, overrides), (ENVIRONMENT, environ), (str(file), texts)]
    found = {variable: _strongest(variable, layers) for variable in _VARIABLES}
    origin = {variable.name: found[variable].origin for variable in _VARIABLES}
    values: dict[str, Any] = {variable.field: _parse(variable, found[variable]) for variable in _VARIABLES}
    beside = file.parent if file and origin[f"{_PREFIX}SAVE_FOLDER"] == str(file) else None
    values["save_folder"] = _anchored(values["save_folder"], beside)
    return Settings(
        **values,
        origin=MappingProxyType(origin),
        unknown=(*unread, *_unknown(layers)),
        env_file=file,
    )


def _strongest(variable: _Variable, layers: list[tuple[str, Mapping[str, str]]]) -> _Found:
    for origin, texts in layers:
        if variable.name in texts:
            text = texts[variable.name].strip()
            return _Found(text, origin) if text else _Found(_default(variable), DEFAULT)
    return _Found(_default(variable), DEFAULT)


def _default(variable: _Variable) -> str:
    """Return the default as text. The save folder's is asked for only here: asking reads files."""
    return variable.choice.default or str(platformdirs.user_music_path() / "Recordings")


def _parse(variable: _Variable, found: _Found) -> object:
    try:
        return variable.choice.kind.parse(found.text)
    except ValueError as error:
        raise SettingError(
            f'{variable.name} is "{_shown(found.text)}" (from {_place(found.origin)}); '
            f"allowed: {variable.choice.kind.allowed}.",
            todo=str(error),
        ) from error


def _place(origin: str) -> str:
    return f"the {origin}" if origin in (COMMAND_LINE, ENVIRONMENT, DEFAULT) else origin


def _shown(text: str) -> str:
    """Return a text fit for one line of a terminal: at most 60 characters, control characters escaped."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)


def _anchored(folder: Path, beside: Path | None) -> Path:
    """Return a relative folder made absolute: beside the file that names it, else in the current folder."""
    try:
        return beside / folder if beside else folder.absolute()
    except FileNotFoundError as error:
        raise SettingError(
            f"{_PREFIX}SAVE_FOLDER is {folder}, but the current folder is gone.", todo="Write the whole path."
        ) from error


def _unknown(layers: list[tuple[str, Mapping[str, str]]]) -> Iterator[str]:
    names = [variable.name for variable in _VARIABLES]
    for origin, texts in layers:
        for name in texts:
            if name.upper().startswith(_PREFIX) and name not in names:
                yield f"{_shown(name)} (from {_place(origin)}) is not a setting{_hint(name)}"


def _hint(name: str) -> str:
    """Return what was meant, most likely. Without the prefix: with it, everything looks alike."""
    endings = [variable.name.removeprefix(_PREFIX) for variable in _VARIABLES]
    close = difflib.get_close_matches(name.upper().removeprefix(_PREFIX), endings, 1)
    return f"; did you mean {_PREFIX}{close[0]}?" if close else "."


def _find_env_file() -> Path | None:
    for folder in (program_folder(), platformdirs.user_config_path(APP_NAME, appauthor=False)):
        # A folder that may not be looked into is passed by: nobody named it.
        with contextlib.suppress(OSError):
            if folder and (folder / ".env").is_file():
                return folder / ".env"
    return None


def program_folder() -> Path | None:
    """Return the exe's folder or the checkout's root; None for an installed package."""
    if getattr(sys, "frozen", False):
        return Path(sys.executable).parent
    root = Path(__file__).parent.parent
    return root if (root / "pyproject.toml").is_file() else None


def _read(file: Path) -> tuple[dict[str, str], list[str]]:
    """Return the values in a `.env`, and a line for the log for each line that says nothing."""
    texts: dict[str, str] = {}
    unread: list[str] = []
    # The parser and not `dotenv_values`: that one skips a broken line with a warning, and the user's choice with it.
    for binding in parse_stream(io.StringIO(_read_text(file))):
        if binding.key is not None and binding.value is not None:
            texts[binding.key] = binding.value
        elif binding.key is not None or binding.error:
            unread.append(_broken_line(file, binding.original.string.strip(), binding.original.line))
    return texts, unread


def _broken_line(file: Path, line: str, number: int) -> str:
    """Return a line for the log; raise `SettingError` when the broken line means one of our variables."""
    name = re.search(_PREFIX + r"\w*", line, re.ASCII)
    if name:
        raise SettingError(
            f'{_shown(name[0])} cannot be read: line {number} of {file} is "{_shown(line)}".',
            todo="Write NAME=value, and close every quote.",
        )
    return f"Line {number} of {file} is not NAME=value and was passed over."


def _read_text(file: Path) -> str:
    try:
        with Disk().open_read(file) as opened:
            data = opened.read(_MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SettingError(str(storage_error("read the settings file", file, error)), detail=repr(error)) from error
    try:
        # Notepad puts a byte order mark before the first variable; "utf-8-sig" takes it away.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_settings(file, "it is not UTF-8 text") from error
    if "\0" in text:
        raise _not_settings(file, "it is not UTF-8 text")
    if len(data) > _MAX_FILE_BYTES:
        raise _not_settings(file, "it is too large")
    return text


def _not_settings(file: Path, why: str) -> SettingError:
    return SettingError(f"Cannot read the settings file {file}: {why}.", todo="Save it as text in UTF-8.")


def example() -> str:
    """Return the text of `.env.example`: every variable with its meaning, what is allowed, and its default."""
    head = (
        "# Settings of Tray Recorder, each with its default. Save a copy as .env beside the program, and take the #\n"
        "# away from what you change. The command line and the environment are stronger than this file.\n"
    )
    return head + "".join(_example_of(variable) for variable in _VARIABLES)


def _example_of(variable: _Variable) -> str:
    meaning = "".join(f"# {line}\n" for line in variable.choice.meaning.splitlines())
    return f"\n{meaning}# Allowed: {variable.choice.kind.allowed}.\n#{variable.name}={variable.choice.default}\n"


if __name__ == "__main__":
    sys.stdout.write(example())
