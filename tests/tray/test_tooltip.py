"""What the tray says beside its menu: the picture's look, the level, the tooltip, and texts in little room."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tray.views import MICROPHONE, NAMES, SPEAKERS, TROUBLE, chosen, walk
from tray_app.states import State
from tray_app.text import fit
from tray_app.tray.menu import items
from tray_app.tray.tooltip import tooltip
from tray_app.tray.view import LEVELS, Look, Recent, View, level_of, look


@pytest.mark.parametrize(
    ("view", "shown", "alert"),
    [
        (View(), Look.IDLE, False),
        (View(working=True), Look.WORKING, False),
        (View(leaving=True), Look.WORKING, False),
        (View(trouble=TROUBLE, working=True), Look.TROUBLE, False),
        (View(waiting=True), Look.IDLE, False),
        (View(State.RECORDING), Look.RECORDING, False),
        (View(State.RECORDING, working=True, trouble=TROUBLE), Look.RECORDING, True),
        (View(State.RECORDING, waiting=True, trouble=TROUBLE), Look.WAITING, False),
        (View(State.PAUSED, trouble=TROUBLE), Look.PAUSED, True),
        (View(State.PAUSED, waiting=True), Look.WAITING, False),
    ],
)
def test_the_picture_says_first_whether_it_records(view: View, shown: Look, alert: bool) -> None:
    assert (look(view), view.alert) == (shown, alert)


def test_the_level_bar_has_five_steps() -> None:
    steps = [level_of(peak) for peak in (-float("inf"), -60.1, -60, -45, -30, -18, -6, 0, 3)]
    assert steps == [0, 0, 1, 2, 3, 4, 5, 5, 5]
    assert max(steps) == LEVELS


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (View(), "Tray Recorder – Not recording"),
        (View(source="Speakers", waiting=True, name="talk"), "Tray Recorder – Not recording"),
        (View(working=True), "Tray Recorder – Finishing a recording"),
        (View(working=True, done=45), "Tray Recorder – Finishing a recording, 45 %"),
        (View(working=True, leaving=True), "Tray Recorder – Finishing the recording, then exiting"),
        (View(State.RECORDING), "Tray Recorder – Recording 0:00"),
        (
            View(State.RECORDING, source="Speakers", seconds=59.99, name="talk"),
            "Tray Recorder – Recording 0:59 – Speakers – talk",
        ),
        (View(State.RECORDING, source="A\tB", seconds=3600), "Tray Recorder – Recording 1:00:00 – A B"),
        (View(State.PAUSED, source="Speakers", seconds=3599), "Tray Recorder – Paused at 59:59 – Speakers"),
        (
            View(State.RECORDING, True, "Speakers", seconds=61, trouble="The disk is nearly full.", name="talk"),
            "Tray Recorder – Recording 1:01 – Waiting for Speakers – The disk is nearly full. – talk",
        ),
        (
            View(State.RECORDING, source="Speakers", trouble="The disk is nearly full."),
            "Tray Recorder – Recording 0:00 – The disk is nearly full. – Speakers",
        ),
    ],
)
def test_the_tooltip_reads_like_this(view: View, told: str) -> None:
    assert tooltip(view) == told


def room(text: str) -> int:
    """Return how many UTF-16 units Windows needs; fails on half a character."""
    return len(text.encode("utf-16-le")) // 2


@given(
    view=st.builds(
        View,
        state=st.sampled_from(State),
        waiting=st.booleans(),
        source=NAMES,
        seconds=st.floats(0, 1e7),
        working=st.booleans(),
        trouble=NAMES,
        name=NAMES,
        settings=st.builds(lambda source: chosen(source=source), NAMES),
        sources=st.builds(lambda name: (replace(SPEAKERS, name=name), MICROPHONE), NAMES),
        recent=st.builds(
            lambda name, known, heard: (
                Recent(path := Path(f"x{name.replace(chr(0), '').replace('/', '')}"), known, path, heard),
            ),
            NAMES,
            st.booleans(),
            st.booleans(),
        ),
    )
)
def test_whatever_the_names_are_windows_can_show_them(view: View) -> None:
    told = tooltip(view)
    assert room(told) <= 127
    begins = {State.IDLE: "Tray Recorder – ", State.RECORDING: "Tray Recorder – Recording "}
    assert told.startswith(begins.get(view.state, "Tray Recorder – Paused at "))
    for text in (told, *(entry.label for entry in walk(items(view)))):
        assert room(text) <= 127
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
        assert text == text.strip() or text.endswith(("(from .env)", "(not there now)"))
        assert text


@pytest.mark.parametrize("name", ["x" * 300, "🎧" * 100, "Speakers " * 30])
def test_trouble_and_the_files_name_have_their_part(name: str) -> None:
    view = View(State.RECORDING, True, name, seconds=36000, trouble="The disk is nearly full.", name="talk 24")
    assert "Tray Recorder – Recording 10:00:00 – Waiting for " in tooltip(view)
    assert tooltip(view).endswith("… – The disk is nearly full. – talk 24")
    assert tooltip(replace(view, name=name)).count(" – ") == 4
    assert 120 <= room(tooltip(replace(view, name=name))) <= 127


@given(text=NAMES, longest=st.integers(1, 140))
def test_text_is_cut_only_where_it_must_be(text: str, longest: int) -> None:
    cut, whole = fit(text, longest), fit(text, 10**6)
    assert room(cut) <= longest
    assert cut == whole if room(whole) <= longest else cut.endswith("…")
    assert whole.startswith(cut.removesuffix("…").rstrip())
    # At the most a space and half a pair are lost beside what had to go.
    assert room(whole) <= longest or room(cut) >= longest - 2


def test_half_a_character_is_never_left() -> None:
    assert fit("ab🎧🎧", 5) == "ab🎧…"
    assert fit("ab🎧🎧", 4) == "ab…"
    assert fit("🎧🎧", 3) == "🎧…"
    assert fit("🎧🎧", 4) == "🎧🎧"
    assert fit("\ud83c x \udfa7", 9) == "? x ?"
