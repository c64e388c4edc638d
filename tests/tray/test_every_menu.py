"""What holds for every menu, whatever the program is doing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tray.views import SINCE, TROUBLE, at_home, chosen, labels, menus, recording, walk
from tray_app.loading import load
from tray_app.states import Command, State, transition
from tray_app.tray.menu import SEPARATOR, Item, items
from tray_app.tray.view import Action, View

VIEWS = [
    at_home(
        state=state,
        waiting=waiting,
        source="Speakers",
        since=SINCE,
        seconds=83.9,
        working=working,
        trouble=trouble,
        autostart=autostart,
        name="talk",
    )
    for state, waiting, working, trouble, autostart in itertools.product(
        State, (False, True), (False, True), ("", TROUBLE), (None, False, True)
    )
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.state}-{view.waiting}-{view.working}")
def test_every_menu_keeps_the_guides_order(view: View) -> None:
    menu = items(view, "win32")
    assert [entry.default for entry in walk(menu)] == [True] + [False] * (len(list(walk(menu))) - 1)
    assert menu[-2:] == [SEPARATOR, Item("Exit", Action.EXIT)]
    for one in menus(menu):
        assert SEPARATOR not in (one[0], one[-1])
        assert not any(first == second == SEPARATOR for first, second in itertools.pairwise(one))
    asked = [(entry.action, entry.value) for entry in walk(menu) if entry.action]
    assert len(set(asked)) == len(asked)
    told = [entry.label for entry in menu if isinstance(entry, Item) and entry.action is None]
    assert ("Waiting for Speakers" in told) == (view.waiting and view.state is not State.IDLE)
    assert ("Finishing a recording" in told) == view.working
    assert (TROUBLE in told) == bool(view.trouble)
    assert all(entry.enabled for entry in walk(menu))


@pytest.mark.parametrize("state", State)
def test_the_menu_offers_what_the_state_allows_and_nothing_else(state: State) -> None:
    offered = {entry.action for entry in walk(items(recording(state=state))) if entry.action}
    commands = [Command(command) for command in ("start", "pause", "resume", "stop")]
    possible = {Action(command.value) for command in commands if transition(state, command).action}
    possible |= {Action.DISCARD} if state is not State.IDLE else set()
    secondary = set(Action) - {Action.START, Action.PAUSE, Action.RESUME, Action.STOP, Action.DISCARD}
    assert offered == possible | secondary
    toggled = transition(state, Command.TOGGLE).action
    assert toggled
    (default,) = (entry for entry in walk(items(View(state))) if entry.default)
    assert default.action == Action(toggled.value)


@pytest.mark.parametrize("view", [at_home(), recording(), at_home(settings=chosen(silence_thresh=-42.5))], ids=str)
def test_every_choice_offered_is_one_that_the_settings_take(view: View) -> None:
    """And the menu that shows the result has its tick there, and one tick in each group."""
    offered = [entry.value for entry in walk(items(view)) if entry.action is Action.CHOOSE]
    assert len(offered) > 25
    for value in offered:
        texts = dict(line.split("=", 1) for line in value.split("\n"))
        name, text = next(iter(texts.items()))
        settings = load(texts, {}, Path(__file__).with_name("empty.env"))
        fixed = replace(settings, fixed=frozenset(), save_folder=Path("takes"))
        after = replace(view, settings=fixed, pinned=text if name == "RECORDER_SOURCE" and text != "default" else "")
        ticked = [entry for entry in walk(items(after)) if entry.value == value]
        if ticked and ticked[0].radio:
            assert ticked[0].checked
        for group in (
            *("SOURCE", "SILENCE_THRESH", "MIN_SILENCE_LEN", "KEEP_SILENCE"),
            *("BIT_DEPTH", "SAMPLE_RATE", "CHANNELS", "ON_QUIT"),
        ):
            lines = [one for one in walk(items(after)) if one.value.startswith(f"RECORDER_{group}=")]
            ticks = [one.checked for one in lines if "\n" not in one.value]
            assert not ticks or ticks.count(True) == 1


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.state}-{view.waiting}-{view.working}")
def test_time_and_level_do_not_change_the_menu(view: View) -> None:
    assert items(replace(view, seconds=9000, level=4)) == items(view)


def test_other_systems_are_not_called_windows() -> None:
    assert "[x] Start with the desktop" in labels(items(View(autostart=True), "linux"))
    assert "[x] Start with the desktop" in labels(items(View(autostart=True), "darwin"))
