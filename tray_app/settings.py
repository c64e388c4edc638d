"""What can be chosen: every setting with its default, what is allowed, and its meaning. `loading` reads them.

Every field of `Settings` describes its own variable. Parsing, error texts and `.env.example` all come from there, so
that nothing is said twice. The variable of a field is `RECORDER_` and the field's name in capitals.

`python -m tray_app.settings > .env.example` writes the example file.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_origin, get_type_hints

from tray_app.env_file import PREFIX
from tray_app.outputs import AS_RECORDED, FORMATS, Output, Quality
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
"""Where a value may come from, beside a file: see `Settings.origin`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a field of `Settings` says about its variable: kind, default as text, and what it is for."""

    kind: Kind
    default: str
    meaning: str


def _quality(name: str, meaning: str) -> Setting:
    """Return what a field says about the quality of the format of this name."""
    found = FORMATS[name].quality
    assert isinstance(found, Quality)
    kind = (whole_number if found.whole else number)(found.least, found.most)
    return Setting(kind, found.default, meaning)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be chosen, checked. Made by `loading.load`; equal when the choices are equal.

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
        Setting(
            Kind(folder, "a folder"),
            "",
            "Where finished takes go; made if missing. Empty: Recordings in your music folder.\n"
            "~ is your home folder; a relative folder begins beside this file.",
        ),
    ]
    file_name: Annotated[
        str,
        Setting(
            Kind(file_name, "a file name, with no other braces than {date} and {time}"),
            "recording_{date}_{time}",
            "The name of a take: {date} becomes 2026-11-23 and {time} 14-03-07. Nothing is ever overwritten.",
        ),
    ]
    source: Annotated[
        str,
        Setting(
            Kind(plain_text, "default, or the id or name of a source"),
            "default",
            "What to record: default is what you hear, and follows the default output.",
        ),
    ]
    sample_rate: Annotated[
        int | None,
        Setting(
            device_or(whole_number(8000, 192000)),
            "device",
            "Frames a second, in Hz. Anything but the device's own is converted.",
        ),
    ]
    channels: Annotated[int | None, Setting(device_or(whole_number(1, 8)), "device", "1 is mono, 2 is stereo.")]
    bit_depth: Annotated[int, Setting(one_of(16, 24, 32), "24", "Bits of a sample.")]
    chunk_frames: Annotated[
        int, Setting(whole_number(64, 8192), "512", "Frames that the device is asked for at a time.")
    ]
    remove_silence: Annotated[bool, Setting(ON_OFF, "true", "Whether silence is removed when a take ends.")]
    min_silence_len: Annotated[
        int, Setting(whole_number(1, 60000), "500", "The shortest silence that is removed, in milliseconds.")
    ]
    silence_thresh: Annotated[
        float | None,
        Setting(
            word_or("auto", number(-120, 0)),
            "-40",
            "What is at most this loud, in dBFS, counts as silence. auto finds it in the take's noise, at its end.",
        ),
    ]
    keep_silence: Annotated[
        int,
        Setting(whole_number(0, 10000), "0", "Milliseconds of silence that are kept before and after every sound."),
    ]
    longest_pause: Annotated[
        int,
        Setting(
            whole_number(0, 60000),
            "0",
            "Milliseconds that are left of a silence between sounds, where that is more than is kept anyway; 0 is off.",
        ),
    ]
    cut: Annotated[
        str,
        Setting(
            one_of("everywhere", "edges"), "everywhere", "Where silence is removed; edges is at the start and the end."
        ),
    ]
    shortest_sound: Annotated[
        int,
        Setting(
            whole_number(0, 10000),
            "0",
            "A sound between two silences that is shorter than so many milliseconds, a click, is removed with them.",
        ),
    ]
    fade: Annotated[
        int,
        Setting(
            whole_number(0, 1000),
            "0",
            "Milliseconds of fade before and after a cut. 0 leaves what is kept bit for bit as it was recorded.",
        ),
    ]
    keep_original: Annotated[
        bool,
        Setting(
            ON_OFF, "true", "Whether the take as recorded is kept, in the folder originals, beside the trimmed one."
        ),
    ]
    output_format: Annotated[
        str,
        Setting(
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
        Setting(
            ON_OFF,
            "false",
            "Whether labels for Audacity, of cuts, gaps and pauses, are written beside each original that is kept.",
        ),
    ]
    max_minutes: Annotated[float, Setting(number(0, 100000), "0", "The longest take, in minutes; 0 is no limit.")]
    min_free_mb: Annotated[
        int,
        Setting(
            whole_number(0, 1_000_000),
            "500",
            "A take is ended before less than so many MB are free on its disk; 0 is no limit.",
        ),
    ]
    notify: Annotated[
        bool,
        Setting(ON_OFF, "true", "Whether notifications tell what became of a take, and what needs your attention."),
    ]
    on_quit: Annotated[
        str,
        Setting(
            one_of("finish", "later"),
            "finish",
            "What becomes of recordings that are still worked on when you exit: finish waits for them, later leaves\n"
            "them to the next start. What is being recorded is always completed first.",
        ),
    ]
    log_level: Annotated[str, Setting(one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO", "How much the log tells.")]

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
class Variable:
    """One variable: the `field` of `Settings` that holds it, its own `name`, and what that field says of it."""

    field: str
    name: str
    setting: Setting


def _variables() -> list[Variable]:
    hints = get_type_hints(Settings, include_extras=True)
    chosen = {field: hint.__metadata__[0] for field, hint in hints.items() if get_origin(hint) is Annotated}
    return [Variable(field, PREFIX + field.upper(), setting) for field, setting in chosen.items()]


VARIABLES = _variables()


def example() -> str:
    """Return the text of `.env.example`: every variable with its meaning, what is allowed, and its default."""
    head = (
        "# Settings of Tray Recorder, each with its default. Save a copy as .env beside the program, and take the #\n"
        "# away from what you change. The command line and the environment are stronger than this file.\n"
    )
    return head + "".join(_example_of(variable) for variable in VARIABLES)


def _example_of(variable: Variable) -> str:
    meaning = "".join(f"# {line}\n" for line in variable.setting.meaning.splitlines())
    return f"\n{meaning}# Allowed: {variable.setting.kind.allowed}.\n#{variable.name}={variable.setting.default}\n"


if __name__ == "__main__":
    sys.stdout.write(example())
