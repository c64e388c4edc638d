"""What holds for every menu, whatever the program is doing."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tray.views import NAMES, OUTSIDE, SINCE, TROUBLE, at_home, chosen, labels, menus, opened, recording, walk
from tray_app.loading import changed, load
from tray_app.presets import PRESETS
from tray_app.sentences import menu as said
from tray_app.sentences.forms import Label
from tray_app.sentences.forms import label as labelled
from tray_app.states import Command, State, transition
from tray_app.tray.menu import SEPARATOR, Item, items
from tray_app.tray.view import Action, Originals, Recent, View

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
    assert menu[-2:] == [SEPARATOR, Item(said.EXIT, Action.EXIT)]
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


# Access keys

KEYED = [
    *VIEWS,
    View(),
    recording(name=""),
    at_home(settings=chosen(OUTSIDE), pinned="mic"),
    at_home(settings=chosen(remove_silence=False)),
    at_home(settings=chosen(silence_thresh=-42.5, sample_rate=22_050, channels=6, source="USB Stick"), ffmpeg=False),
    at_home(recent=tuple(Recent(Path(f"takes/{name}"), True, Path(name)) for name in "_&sSpPoOx1")),
    at_home(recent=(Recent(Path("takes/originals/b.wav"), True, Path("takes/originals/b.wav"), heard=False),)),
    at_home(originals=Originals(9, 5_000_000, ((7, 1, 7), (30, 1, 7), (90, 1, 7)))),
    *(at_home(settings=changed(chosen(), preset.texts, Path("takes/.env"))) for preset in PRESETS),
]


@pytest.mark.parametrize("system", ["win32", "linux"])
def test_every_line_that_does_something_has_a_key_of_its_own(system: str) -> None:
    for view in KEYED:
        for menu in menus(items(view, system)):
            lines = [entry for entry in menu if isinstance(entry, Item)]
            keys = [entry.key for entry in lines if entry.key]
            assert len(set(keys)) == len(keys), [(entry.label, entry.key) for entry in lines]
            assert all(key.isalnum() for key in keys)
            for line in lines:
                names = line.radio or (line.action is None and not line.entries)
                assert bool(line.key) or names, f"{line.label} has no key"


def test_a_line_has_the_same_key_whatever_the_program_does() -> None:
    keys: dict[tuple[Action | None, str], set[str]] = {}
    for view in KEYED:
        for system in ("win32", "linux"):
            for line in items(view, system):
                if isinstance(line, Item) and (line.action or line.entries):
                    keys.setdefault((line.action, line.label.split(":")[0].split(" (")[0]), set()).add(line.key)
    assert all(len(found) == 1 for found in keys.values()), keys
    by_action = {action: found for (action, _), found in keys.items() if action}
    assert {action.value: "".join(found) for action, found in by_action.items()} == {
        **{"start": "s", "stop": "s", "pause": "p", "resume": "r"},
        **{"open folder": "o", "choose folder": "h", "autostart": "w", "open log": "l", "exit": "x", "choose": "n"},
    }


def test_only_what_says_something_and_names_have_no_key() -> None:
    top = [line for line in items(recording(waiting=True, trouble=TROUBLE), "win32") if isinstance(line, Item)]
    assert [line.label for line in top if not line.key] == ["Recording since 14:03", "Waiting for Speakers", TROUBLE]
    assert [line.key for line in opened(at_home(), "Source") if isinstance(line, Item)] == ["w", *[""] * 6]
    many = at_home(recent=tuple(Recent(Path(f"{number}.wav")) for number in range(10)))
    recent = [line for line in opened(many, "Recent recordings") if isinstance(line, Item)]
    assert [line.key for line in recent] == list("1234567890")
    assert (recent[0].label, recent[9].label) == ("1 0.wav", "10 9.wav")


@given(before=NAMES, after=NAMES, mark=st.sampled_from("&_"))
def test_a_mark_in_a_name_stays_what_it_is(before: str, after: str, mark: str) -> None:
    assert Label(before).marked(mark).replace(mark * 2, mark) == before
    shown = labelled("So&urce", after).marked(mark)
    assert shown.startswith(f"So{mark}urce")
    assert shown.removeprefix(f"So{mark}urce").replace(mark * 2, mark) == after


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
