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
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, get_origin, get_type_hints

import platformdirs

from tray_app.env_file import PREFIX, read, read_text, shown
from tray_app.errors import SettingError
from tray_app.outputs import AS_RECORDED, FORMATS, Output, Quality, fitting, misfit
from tray_app.sentences import settings as said
from tray_app.setting_kinds import (
    ON_OFF,
    Kind,
    device_or,
    file_name,
    folder,
    number,
    one_of,
    plain_text,
    whole_number,
    word_or,
)

APP_NAME = "Tray Recorder"
"""Names the program's folders for configuration and logs."""

COMMAND_LINE = "command line"
ENVIRONMENT = "environment"
DEFAULT = "default"

CHOICES = (
    "# Choices made in Tray Recorder's menu. They are stronger than the .env beside the program, which could not be"
)
"""Begins the `.env` in the user's configuration folder where both that one and the one beside the program count."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a field of `Settings` says about its variable: kind, default as text, and what it is for."""

    kind: Kind
    default: str
    meaning: str


def _quality(name: str, meaning: str) -> _Choice:
    """Return what a field says about the quality of the format of this name."""
    found = FORMATS[name].quality
    assert isinstance(found, Quality)
    kind = (whole_number if found.whole else number)(found.least, found.most)
    return _Choice(kind, found.default, meaning)


@dataclass(frozen=True, slots=True)
class _Found:
    """A value as text, and where it was found."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen, checked. Made by `load`; equal when the choices are equal.

    `save_folder` is absolute. `sample_rate` in Hz and `channels` are None for the device's own. `min_silence_len` is
    in milliseconds, and so are `keep_silence`, `longest_pause`, `shortest_sound` and `fade`, where 0 is off.
    `silence_thresh` is in dBFS, None where it is found in the take; `max_minutes` is 0 for no limit.

    `origin` tells for every variable where its value came from: "command line", "environment", the path of the
    `.env`, or "default". `unknown` has one line for the log for each thing that was found and means nothing.
    `env_file` is the `.env` that was read, if any; of two the stronger one. `fixed` names the variables that stand in
    the command line or the environment, even empty: no `.env` can change those.
    """

    save_folder: Annotated[
        Path,
        _Choice(
            Kind(folder, "a folder"),
            "",
            "Where finished takes go; made if missing. Empty: Recordings in your music folder.\n"
            "~ is your home folder; a relative folder begins beside this file.",
        ),
    ]
    file_name: Annotated[
        str,
        _Choice(
            Kind(file_name, "a file name, with no other braces than {date} and {time}"),
            "recording_{date}_{time}",
            "The name of a take: {date} becomes 2026-11-23 and {time} 14-03-07. Nothing is ever overwritten.",
        ),
    ]
    source: Annotated[
        str,
        _Choice(
            Kind(plain_text, "default, or the id or name of a source"),
            "default",
            "What to record: default is what you hear, and follows the default output.",
        ),
    ]
    sample_rate: Annotated[
        int | None,
        _Choice(
            device_or(whole_number(8000, 192000)),
            "device",
            "Frames a second, in Hz. Anything but the device's own is converted.",
        ),
    ]
    channels: Annotated[int | None, _Choice(device_or(whole_number(1, 8)), "device", "1 is mono, 2 is stereo.")]
    bit_depth: Annotated[int, _Choice(one_of(16, 24, 32), "24", "Bits of a sample.")]
    chunk_frames: Annotated[
        int, _Choice(whole_number(64, 8192), "512", "Frames that the device is asked for at a time.")
    ]
    remove_silence: Annotated[bool, _Choice(ON_OFF, "true", "Whether silence is removed when a take ends.")]
    min_silence_len: Annotated[
        int, _Choice(whole_number(1, 60000), "500", "The shortest silence that is removed, in milliseconds.")
    ]
    silence_thresh: Annotated[
        float | None,
        _Choice(
            word_or("auto", number(-120, 0)),
            "-40",
            "What is at most this loud, in dBFS, counts as silence. auto finds it in the take's noise, at its end.",
        ),
    ]
    keep_silence: Annotated[
        int,
        _Choice(whole_number(0, 10000), "0", "Milliseconds of silence that are kept before and after every sound."),
    ]
    longest_pause: Annotated[
        int,
        _Choice(
            whole_number(0, 60000),
            "0",
            "Milliseconds that are left of a silence between sounds, where that is more than is kept anyway; 0 is off.",
        ),
    ]
    cut: Annotated[
        str,
        _Choice(
            one_of("everywhere", "edges"), "everywhere", "Where silence is removed; edges is at the start and the end."
        ),
    ]
    shortest_sound: Annotated[
        int,
        _Choice(
            whole_number(0, 10000),
            "0",
            "A sound between two silences that is shorter than so many milliseconds, a click, is removed with them.",
        ),
    ]
    fade: Annotated[
        int,
        _Choice(
            whole_number(0, 1000),
            "0",
            "Milliseconds of fade before and after a cut. 0 leaves what is kept bit for bit as it was recorded.",
        ),
    ]
    keep_original: Annotated[
        bool,
        _Choice(
            ON_OFF, "true", "Whether the take as recorded is kept, in the folder originals, beside the trimmed one."
        ),
    ]
    output_format: Annotated[
        str,
        _Choice(
            one_of(*FORMATS),
            "wav",
            "What recordings are saved as. wav is the recording as it is, with the bits of RECORDER_BIT_DEPTH; what\n"
            "else there is, is made of that after the end, in the background. m4a needs ffmpeg.",
        ),
    ]
    flac_level: Annotated[int, _quality("flac", "FLAC: 0 is fast, 8 is small. The sound is the same.")]
    mp3_quality: Annotated[
        float,
        _quality("mp3", "MP3: LAME's quality (-V), from 0, the best (some 245 kbit/s), to 9, the smallest (65)."),
    ]
    ogg_quality: Annotated[
        float, _quality("ogg", "Ogg Vorbis: quality from 0 (about 64 kbit/s) to 10, the best (500 kbit/s).")
    ]
    opus_bitrate: Annotated[
        int,
        _quality("opus", "Opus: kbit/s of a stereo recording. Other numbers of channels get as much for each channel."),
    ]
    m4a_bitrate: Annotated[
        int,
        _quality("m4a", "M4A: kbit/s of a stereo recording. Other numbers of channels get as much for each channel."),
    ]
    labels: Annotated[
        bool,
        _Choice(
            ON_OFF,
            "false",
            "Whether labels for Audacity, of cuts, gaps and pauses, are written beside each original that is kept.",
        ),
    ]
    max_minutes: Annotated[float, _Choice(number(0, 100000), "0", "The longest take, in minutes; 0 is no limit.")]
    min_free_mb: Annotated[
        int,
        _Choice(
            whole_number(0, 1_000_000),
            "500",
            "A take is ended before less than so many MB are free on its disk; 0 is no limit.",
        ),
    ]
    notify: Annotated[
        bool,
        _Choice(ON_OFF, "true", "Whether notifications tell what became of a take, and what needs your attention."),
    ]
    on_quit: Annotated[
        str,
        _Choice(
            one_of("finish", "later"),
            "finish",
            "What becomes of recordings that are still worked on when you exit: finish waits for them, later leaves\n"
            "them to the next start. What is being recorded is always completed first.",
        ),
    ]
    log_level: Annotated[str, _Choice(one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "How much the log tells.")]

    origin: Mapping[str, str] = dataclasses.field(compare=False)
    unknown: tuple[str, ...] = dataclasses.field(compare=False)
    env_file: Path | None = dataclasses.field(compare=False)
    fixed: frozenset[str] = dataclasses.field(compare=False)

    @property
    def output(self) -> Output:
        """What takes become."""
        found = self.output_as(self.output_format)
        return AS_RECORDED if found.format.width == self.bit_depth else found

    def output_as(self, name: str) -> Output:
        """Return the format of this name with its quality as it was chosen."""
        quality = FORMATS[name].quality
        if quality is None:
            return Output(name)
        return Output(name, float(getattr(self, quality.variable.removeprefix(PREFIX).lower())))


@dataclass(frozen=True, slots=True)
class _Variable:
    field: str
    name: str
    choice: _Choice


def _variables() -> list[_Variable]:
    hints = get_type_hints(Settings, include_extras=True)
    chosen = {field: hint.__metadata__[0] for field, hint in hints.items() if get_origin(hint) is Annotated}
    return [_Variable(field, PREFIX + field.upper(), choice) for field, choice in chosen.items()]


_VARIABLES = _variables()


def load(overrides: Mapping[str, str], environ: Mapping[str, str], env_file: Path | None) -> Settings:
    """Read all settings; an empty value means the default.

    `overrides` is the command line: texts by variable name. `env_file` None looks beside the program, then in the
    user's config folder; never in the current folder. Raises `SettingError` for a wrong value, or when the file
    cannot be read.
    """
    files = [env_file.absolute()] if env_file else _find_env_files()
    contents = [read(file) for file in files]
    outside = [(COMMAND_LINE, overrides), (ENVIRONMENT, environ)]
    layers = [*outside, *((str(file), texts) for file, (texts, _) in zip(files, contents, strict=True))]
    found = {variable: _strongest(variable, layers) for variable in _VARIABLES}
    origin = {variable.name: found[variable].origin for variable in _VARIABLES}
    values: dict[str, Any] = {variable.field: _parse(variable, found[variable]) for variable in _VARIABLES}
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
    found = {variable: _strongest(variable, layer) for variable in _VARIABLES if variable.name in texts}
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
        place, allowed = _place(found.origin), variable.choice.kind.allowed
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
    names = [variable.name for variable in _VARIABLES]
    for origin, texts in layers:
        for name in texts:
            if name.upper().startswith(PREFIX) and name not in names:
                yield said.unknown(shown(name), _place(origin), _meant(name))


def _meant(name: str) -> str:
    """Return what was meant, most likely, empty where nothing is like it. With the prefix everything looks alike."""
    endings = [variable.name.removeprefix(PREFIX) for variable in _VARIABLES]
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), endings, 1)
    return f"{PREFIX}{close[0]}" if close else ""


def _find_env_files() -> list[Path]:
    """Return the `.env` that counts. Two, the stronger first, where the one beside the program could not be written."""
    found = [file for file in (env_beside_program(), env_of_user()) if file and _is_there(file)]
    return found[::-1] if len(found) == 2 and read_text(found[1]).startswith(CHOICES) else found[:1]


def env_beside_program() -> Path | None:
    """Return the name of the `.env` beside the program; None for an installed package."""
    folder = program_folder()
    return folder / ".env" if folder else None


def env_of_user() -> Path:
    """Return the name of the `.env` in the user's configuration folder."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / ".env"


def _is_there(file: Path) -> bool:
    # A folder that may not be looked into is passed by: nobody named it.
    with contextlib.suppress(OSError):
        return file.is_file()
    return False


def program_folder() -> Path | None:
    """Return the exe's folder or the checkout's root; None for an installed package."""
    if getattr(sys, "frozen", False):
        return Path(sys.executable).parent
    root = Path(__file__).parent.parent
    return root if (root / "pyproject.toml").is_file() else None


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
