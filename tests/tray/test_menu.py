from __future__ import annotations

import itertools
import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.states import Command, State, transition
from tray_app.tray.menu import SEPARATOR, Item, items
from tray_app.tray.text import fit
from tray_app.tray.tooltip import tooltip
from tray_app.tray.view import Action, Look, View, look

SINCE = datetime(2026, 11, 24, 14, 3, 59)
TROUBLE = "The disk is nearly full: 12 minutes are left."

VIEWS = [
    View(state, waiting, "Speakers", SINCE, 83.9, working, trouble, autostart)
    for state, waiting, working, trouble, autostart in itertools.product(
        State, (False, True), (False, True), ("", TROUBLE), (None, False, True)
    )
]


def labels(view: View, system: str = "win32") -> list[str]:
    """Return the menu as it reads: * before the default item, [x] or [ ] before what can be ticked."""
    told = []
    for entry in items(view, system):
        if isinstance(entry, Item):
            tick = {None: "", True: "[x] ", False: "[ ] "}[entry.checked]
            told.append("*" * entry.default + tick + entry.label)
        else:
            told.append("---")
    return told


@pytest.mark.parametrize(
    ("view", "menu"),
    [
        (View(), ["*Start recording", "---", "Not recording", "---", "Open recordings folder", "---", "Exit"]),
        (
            View(State.RECORDING, source="Speakers", since=SINCE, seconds=83.9, autostart=True),
            [
                *("*Stop recording", "Pause recording", "---", "Recording since 14:03", "---"),
                *("Open recordings folder", "[x] Start with Windows", "---", "Exit"),
            ],
        ),
        (
            View(State.PAUSED, source="Speakers", since=SINCE, seconds=83.9, autostart=False),
            [
                *("*Resume recording", "Stop recording", "---", "Paused", "---"),
                *("Open recordings folder", "[ ] Start with Windows", "---", "Exit"),
            ],
        ),
        (
            View(State.RECORDING, True, "Speakers", SINCE, 83.9, True, TROUBLE),
            [
                *("*Stop recording", "Pause recording", "---", "Recording since 14:03", "Waiting for Speakers"),
                *("Finishing a recording", TROUBLE, "---", "Open recordings folder", "---", "Exit"),
            ],
        ),
    ],
)
def test_the_menu_reads_like_this(view: View, menu: list[str]) -> None:
    assert labels(view) == menu


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_every_menu_keeps_the_guides_order(view: View) -> None:
    menu = items(view, "win32")
    entries = [entry for entry in menu if isinstance(entry, Item)]
    assert [entry.default for entry in entries] == [True] + [False] * (len(entries) - 1)
    assert menu[-2:] == [SEPARATOR, Item("Exit", Action.EXIT)]
    assert SEPARATOR not in (menu[0], menu[-1])
    assert not any(one == other == SEPARATOR for one, other in itertools.pairwise(menu))
    asked = [entry.action for entry in entries if entry.action]
    assert len(set(asked)) == len(asked)
    told = [entry.label for entry in entries if entry.action is None]
    assert ("Waiting for Speakers" in told) == (view.waiting and view.state is not State.IDLE)
    assert ("Finishing a recording" in told) == view.working
    assert (TROUBLE in told) == bool(view.trouble)
    ticks = {entry.action: entry.checked for entry in entries if entry.checked is not None}
    assert ticks == ({} if view.autostart is None else {Action.AUTOSTART: view.autostart})


@pytest.mark.parametrize("state", State)
def test_the_menu_offers_what_the_state_allows_and_nothing_else(state: State) -> None:
    entries = [entry for entry in items(View(state)) if isinstance(entry, Item) and entry.action]
    commands = [Command(command) for command in ("start", "pause", "resume", "stop")]
    possible = {command.value for command in commands if transition(state, command).action}
    offered = {entry.action.value for entry in entries if entry.action}
    assert offered - {"open folder", "autostart", "exit"} == possible
    toggled = transition(state, Command.TOGGLE).action
    assert toggled
    (default,) = (entry for entry in entries if entry.default)
    assert default.action == Action(toggled.value)


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_time_that_goes_by_does_not_change_the_menu(view: View) -> None:
    later = View(view.state, view.waiting, view.source, view.since, 9000, view.working, view.trouble, view.autostart)
    assert items(later) == items(view)


def test_other_systems_are_not_called_windows() -> None:
    assert "[x] Start with the desktop" in labels(View(autostart=True), "linux")
    assert "[x] Start with the desktop" in labels(View(autostart=True), "darwin")


def test_what_is_not_known_is_left_out() -> None:
    assert labels(View(State.RECORDING, waiting=True))[3:5] == ["Recording", "Waiting for the device"]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_picture_says_the_state_or_that_the_device_is_missing(view: View) -> None:
    missing = view.waiting and view.state is not State.IDLE
    assert look(view) == (Look.WAITING if missing else Look(view.state.value))


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (View(), "Tray Recorder – Not recording"),
        (View(source="Speakers", waiting=True), "Tray Recorder – Not recording"),
        (View(working=True), "Tray Recorder – Finishing a recording"),
        (View(State.RECORDING), "Tray Recorder – Recording 0:00"),
        (View(State.RECORDING, source="Speakers", seconds=59.99), "Tray Recorder – Recording 0:59 – Speakers"),
        (View(State.RECORDING, source="A\tB", seconds=3600), "Tray Recorder – Recording 1:00:00 – A B"),
        (View(State.PAUSED, source="Speakers", seconds=3599), "Tray Recorder – Paused at 59:59 – Speakers"),
        (
            View(State.RECORDING, True, "Speakers", seconds=61, trouble="The disk is nearly full."),
            "Tray Recorder – Recording 1:01 – Waiting for Speakers – The disk is nearly full.",
        ),
        (
            View(State.RECORDING, source="Speakers", trouble="The disk is nearly full."),
            "Tray Recorder – Recording 0:00 – The disk is nearly full. – Speakers",
        ),
    ],
)
def test_the_tooltip_reads_like_this(view: View, told: str) -> None:
    assert tooltip(view) == told


NAMES = st.text(st.characters(), max_size=200) | st.text("🎧é\u202e\x00\ud800\udc00\r\n\t ", max_size=200)


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
    )
)
def test_whatever_the_names_are_windows_can_show_them(view: View) -> None:
    told = tooltip(view)
    assert room(told) <= 127
    begins = {State.IDLE: "Tray Recorder – ", State.RECORDING: "Tray Recorder – Recording "}
    assert told.startswith(begins.get(view.state, "Tray Recorder – Paused at "))
    for text in (told, *(entry.label for entry in items(view) if isinstance(entry, Item))):
        assert room(text) <= 127
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
        assert text == text.strip()
        assert text


@pytest.mark.parametrize("name", ["x" * 300, "🎧" * 100, "Speakers " * 30])
def test_all_the_room_is_used_and_trouble_has_its_part(name: str) -> None:
    view = View(State.RECORDING, True, name, seconds=36000, trouble="The disk is nearly full.")
    assert "Tray Recorder – Recording 10:00:00 – Waiting for " in tooltip(view)
    assert tooltip(view).endswith("… – The disk is nearly full.")
    assert room(tooltip(View(State.RECORDING, source=name))) in (126, 127)
    assert room(tooltip(View(State.RECORDING, source="x" * 300))) == 127


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
