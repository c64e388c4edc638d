"""Reads the settings, once, and checks them: command line, environment, `.env` and defaults, the strongest counts."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from tray_app.env_file import PREFIX, read, shown
from tray_app.env_places import find_env_files
from tray_app.errors import SettingError
from tray_app.outputs import fitting, misfit
from tray_app.sentences import settings as said
from tray_app.settings import COMMAND_LINE, DEFAULT, ENVIRONMENT, VARIABLES, Settings, Variable


@dataclass(frozen=True, slots=True)
class _Found:
    """A value as text, and where it was found."""

    text: str
    origin: str


def load(overrides: Mapping[str, str], environ: Mapping[str, str], env_file: Path | None) -> Settings:
    """Read all settings; an empty value means the default.

    `overrides` is the command line: texts by variable name. `env_file` None looks beside the program, then in the
    user's config folder; never in the current folder. Raises `SettingError` for a wrong value, or when the file
    cannot be read.
    """
    files = [env_file.absolute()] if env_file else find_env_files()
    contents = [read(file) for file in files]
    outside = [(COMMAND_LINE, overrides), (ENVIRONMENT, environ)]
    layers = [*outside, *((str(file), texts) for file, (texts, _) in zip(files, contents, strict=True))]
    found = {variable: _strongest(variable, layers) for variable in VARIABLES}
    origin = {variable.name: found[variable].origin for variable in VARIABLES}
    values: dict[str, Any] = {variable.field: _parse(variable, found[variable]) for variable in VARIABLES}
    named_by = origin[f"{PREFIX}SAVE_FOLDER"]
    beside = next((file.parent for file in files if str(file) == named_by), None)
    values["save_folder"] = _anchored(values["save_folder"], beside)
    _refuse_pair(values, origin)
    return Settings(
        **values,
        origin=MappingProxyType(origin),
        unknown=(*(line for _, unread in contents for line in unread), *_unknown(layers)),
        env_file=files[0] if files else None,
        fixed=frozenset(name for name in origin if any(name in texts for _, texts in outside)),
    )


def changed(settings: Settings, texts: Mapping[str, str], file: Path) -> Settings:
    """Return the settings with other values, given as texts by variable name as they now stand in `file`.

    An empty text is the default. Raises `SettingError` as `load` does.
    """
    layer = [(str(file), texts)]
    found = {variable: _strongest(variable, layer) for variable in VARIABLES if variable.name in texts}
    values: dict[str, Any] = {variable.field: _parse(variable, found[variable]) for variable in found}
    if "save_folder" in values:
        values["save_folder"] = _anchored(values["save_folder"], file.parent)
    origin = {**settings.origin, **{variable.name: found[variable].origin for variable in found}}
    _refuse_pair({**{field: getattr(settings, field) for field in _SHAPE}, **values}, origin)
    return dataclasses.replace(settings, **values, origin=MappingProxyType(origin), env_file=file)


_OUTPUT = f"{PREFIX}OUTPUT_FORMAT"
_SHAPE = ("output_format", "bit_depth", "sample_rate", "channels")


def _refuse_pair(values: Mapping[str, Any], origin: Mapping[str, str]) -> None:
    """Refuse a format that cannot hold what is recorded: now, and not after the meeting. Raises `SettingError`."""
    name, *shape = (values[field] for field in _SHAPE)
    found = misfit(name, *shape)
    if found is not None:
        why, variable, value = found
        holding = ", ".join(one.name for one in fitting(*shape))
        raise SettingError(said.no_pair(_OUTPUT, name, _place(origin[_OUTPUT]), why, variable, value, holding))


def _strongest(variable: Variable, layers: list[tuple[str, Mapping[str, str]]]) -> _Found:
    for origin, texts in layers:
        if variable.name in texts:
            text = texts[variable.name].strip()
            return _Found(text, origin) if text else _Found(_default(variable), DEFAULT)
    return _Found(_default(variable), DEFAULT)


def _default(variable: Variable) -> str:
    """Return the default as text. The save folder's is asked for only here: asking reads files."""
    return variable.setting.default or str(platformdirs.user_music_path() / "Recordings")


def _parse(variable: Variable, found: _Found) -> object:
    try:
        return variable.setting.kind.parse(found.text)
    except ValueError as error:
        place, allowed = _place(found.origin), variable.setting.kind.allowed
        raise SettingError(said.not_allowed(variable.name, shown(found.text), place, allowed, str(error))) from error


def _place(origin: str) -> str:
    return said.the(origin) if origin in (COMMAND_LINE, ENVIRONMENT, DEFAULT) else origin


def _anchored(folder: Path, beside: Path | None) -> Path:
    """Return a relative folder made absolute: beside the file that names it, else in the current folder."""
    try:
        return beside / folder if beside else folder.absolute()
    except FileNotFoundError as error:
        raise SettingError(said.no_current_folder(f"{PREFIX}SAVE_FOLDER", folder)) from error


def _unknown(layers: list[tuple[str, Mapping[str, str]]]) -> Iterator[str]:
    names = [variable.name for variable in VARIABLES]
    for origin, texts in layers:
        for name in texts:
            if name.upper().startswith(PREFIX) and name not in names:
                yield said.unknown(shown(name), _place(origin), _meant(name))


def _meant(name: str) -> str:
    """Return what was meant, most likely, empty where nothing is like it. With the prefix everything looks alike."""
    endings = [variable.name.removeprefix(PREFIX) for variable in VARIABLES]
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), endings, 1)
    return f"{PREFIX}{close[0]}" if close else ""
