"""The submenus in which source and format are chosen; silence has a module of its own. Pure.

What holds stands in the submenu's own label, so that it can be read without opening it. A value of the `.env` that is
not among the choices stands below them, marked. Choices are for the next take: one that is being made is never changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from tray_app.outputs import FORMATS, fitting, refusal
from tray_app.sentences import files as files_said
from tray_app.sentences import menu as said
from tray_app.sentences.forms import Label
from tray_app.settings import DEFAULT, Settings
from tray_app.states import State
from tray_app.text import fit
from tray_app.tray.entries import SEPARATOR, Entries, Item, choice, note, submenu
from tray_app.tray.view import Listed, View

_SOURCE = "RECORDER_SOURCE"
_BITS, _RATE, _CHANNELS = "RECORDER_BIT_DEPTH", "RECORDER_SAMPLE_RATE", "RECORDER_CHANNELS"
_OUTPUT = "RECORDER_OUTPUT_FORMAT"

SAVED_AS = ("wav", "flac", "mp3", "ogg", "opus", "m4a")
"""Formats that are offered. A WAV's bits are chosen below them; one of another width is for those who write it down."""

RATES = (44_100, 48_000, 96_000)
"""Hz: what compact discs, video and studios use."""

_MAX_NAME = 60
"""UTF-16 units of a source's name."""


def radios(settings: Settings, name: str, choices: Iterable[tuple[str, str]], current: str, own: str) -> list[Entries]:
    """Return a line for each (text, label), and one more, of `own`, where `current` is none of these texts."""
    known = list(choices)
    lines: list[Entries] = [choice(settings, Label(shown), name, text, radio=text == current) for text, shown in known]
    if current not in [text for text, _ in known]:
        fixed = name in settings.fixed
        lines.append(Item(said.own_value(own, fixed=fixed), checked=True, radio=True, enabled=not fixed))
    return lines


def head(view: View, settings: Settings, *names: str) -> list[Entries]:
    """Return what is to be said before the choices: that they are fixed, or from when on they hold."""
    if any(name in settings.fixed for name in names):
        return [note(said.SET_OUTSIDE), SEPARATOR]
    return [] if view.state is State.IDLE else [note(said.FROM_THE_NEXT), SEPARATOR]


# The source


def source_menu(view: View, settings: Settings) -> Item:
    """Return where the source is chosen: what you hear, or one output or input."""
    default = next((listed.name for listed in view.sources if listed.default), "")
    wanted = DEFAULT if settings.source == DEFAULT else view.pinned
    lines: list[Entries] = [choice(settings, said.FOLLOW, _SOURCE, DEFAULT, radio=wanted == DEFAULT)]
    if default:
        lines.append(note(fit(said.default_now(default), _MAX_NAME + 10)))
    groups = [[listed for listed in view.sources if listed.heard is heard] for heard in (True, False)]
    for title, group in zip((said.OUTPUTS, said.INPUTS), groups, strict=True):
        if group:
            lines += [SEPARATOR, note(title)]
            lines += [_source(settings, listed, wanted) for listed in group]
    if not wanted:
        gone = said.source_gone(_name(settings.source))
        lines.append(Item(gone, checked=True, radio=True, enabled=_SOURCE not in settings.fixed))
    pinned = next((listed.name for listed in view.sources if listed.id == wanted), settings.source)
    shown = said.WHAT_YOU_HEAR if wanted == DEFAULT else _name(pinned)
    return submenu(said.source(shown), [*head(view, settings, _SOURCE), *lines])


def _source(settings: Settings, listed: Listed, wanted: str) -> Item:
    return choice(settings, Label(_name(listed.name)), _SOURCE, listed.id, radio=listed.id == wanted)


def _name(name: str) -> str:
    return fit(name, _MAX_NAME) or said.NO_NAME


# The format


def format_menu(view: View, settings: Settings) -> Item:
    """Return where it is chosen what recordings are saved as, and in which bits, rate and channels they are made.

    What one format cannot hold, and formats that cannot hold what is chosen below them, are left out.
    """
    shape = (settings.bit_depth, settings.sample_rate, settings.channels)
    fits = [found for found in fitting(*shape) if found.name in SAVED_AS]
    present = [found for found in fits if view.ffmpeg or not found.by_ffmpeg]
    chosen = FORMATS[settings.output_format]
    lacking = [note(files_said.lacks_ffmpeg(found.label)) for found in fits if found not in present]
    groups: list[list[Entries]] = [
        [
            note(said.SAVED_AS),
            *radios(settings, _OUTPUT, [(found.name, found.label) for found in present], chosen.name, chosen.label),
            *lacking,
        ],
        radios(
            settings,
            _BITS,
            [(str(bits), said.bits(bits)) for bits in (16, 24, 32) if not refusal(chosen, bits, None, None)],
            str(settings.bit_depth),
            "",
        ),
        radios(
            settings,
            _RATE,
            [
                ("device", said.DEVICE_RATE),
                *((str(rate), _hz(rate)) for rate in RATES if not refusal(chosen, None, rate, None)),
            ],
            str(settings.sample_rate or "device"),
            _hz(settings.sample_rate or 0),
        ),
        radios(
            settings,
            _CHANNELS,
            (("device", said.DEVICE_CHANNELS), ("1", said.MONO), ("2", said.STEREO)),
            str(settings.channels or "device"),
            said.channels(settings.channels or 0),
        ),
    ]
    lines = head(view, settings, _OUTPUT, _BITS, _RATE, _CHANNELS)
    for number, group in enumerate(groups):
        lines += [SEPARATOR, *group] if number else group
    return submenu(said.format_(_format(settings)), lines)


def _hz(rate: int) -> str:
    return f"{rate / 1000:g} kHz"


def _format(settings: Settings) -> str:
    named = {1: said.MONO.lower(), 2: said.STEREO.lower()}
    found = settings.output.format
    bits = [] if found.width is not None or settings.output.lossy else [said.bits(settings.bit_depth)]
    rate = [_hz(settings.sample_rate)] if settings.sample_rate else []
    channels = [named.get(settings.channels, said.channels(settings.channels))] if settings.channels else []
    return ", ".join([found.label, *bits, *rate, *channels])
