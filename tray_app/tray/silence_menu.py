"""The submenu in which silence removal is chosen: by preset, or value by value. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from tray_app.presets import PRESETS, VARIABLES, current
from tray_app.sentences import menu as said
from tray_app.settings import Settings
from tray_app.tray.entries import SEPARATOR, Entries, Item, choice, choice_of_several, submenu
from tray_app.tray.setting_menus import head, radios
from tray_app.tray.view import View
from tray_app.words import dbfs, duration

_REMOVE = "RECORDER_REMOVE_SILENCE"
_THRESH, _LENGTH, _KEEP = "RECORDER_SILENCE_THRESH", "RECORDER_MIN_SILENCE_LEN", "RECORDER_KEEP_SILENCE"

AUTO = "auto"
THRESHOLDS = (-60, -55, -50, -45, -40, -35, -30)
"""dBFS. Above −30 quiet speech goes; below −60 nothing but digital silence would."""

LENGTHS = (250, 500, 750, 1000, 1500, 2000)
"""Milliseconds. Below 250 the breaths between words go; above 2000 hardly anything does."""

KEPT = (0, 100, 200, 300, 500)
"""Milliseconds at each side of a sound. A breath is 200 to 400 long; above 500 short pauses stay as they are."""


def silence_menu(view: View, settings: Settings) -> Item:
    """Return where silence removal is switched, and what counts as silence is chosen."""
    on = settings.remove_silence
    switch = choice(settings, said.REMOVE_SILENCE, _REMOVE, "false" if on else "true")
    first = head(view, settings, _REMOVE, *VARIABLES)
    if not on:
        return submenu(said.silence(said.OFF), [*first, switch])
    preset = current(settings)
    values = f"{_threshold(settings.silence_thresh)}, {duration(settings.min_silence_len)}"
    return submenu(
        said.silence(said.preset(preset.name, values) if preset else values),
        [*first, switch, SEPARATOR, *_presets(settings), SEPARATOR, *_values(settings)],
    )


def _presets(settings: Settings) -> Iterable[Entries]:
    preset = current(settings)
    for known in PRESETS:
        yield choice_of_several(settings, said.PRESETS[known.name], known.texts, radio=known is preset)
    if preset is None:
        yield Item(said.OWN_VALUES, checked=True, radio=True)


def _values(settings: Settings) -> Iterable[Entries]:
    """Return a submenu for each of the values that are chosen most."""
    texts = [AUTO, *map(str, THRESHOLDS)]
    labels = [said.FOUND_IN_TAKE, *map(_threshold, THRESHOLDS)]
    threshold = _threshold(settings.silence_thresh)
    yield submenu(
        said.threshold(threshold),
        radios(
            settings,
            _THRESH,
            zip(texts, labels, strict=True),
            AUTO if settings.silence_thresh is None else f"{settings.silence_thresh:g}",
            threshold,
        ),
    )
    for caption, name, choices, current_ms in (
        (said.shortest, _LENGTH, LENGTHS, settings.min_silence_len),
        (said.kept, _KEEP, KEPT, settings.keep_silence),
    ):
        known = [(str(ms), duration(ms)) for ms in choices]
        lines = radios(settings, name, known, str(current_ms), duration(current_ms))
        yield submenu(caption(duration(current_ms)), lines)


def _threshold(level: float | None) -> str:
    return said.FOUND if level is None else dbfs(level)
