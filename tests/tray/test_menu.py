from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tray.views import MICROPHONE, SINCE, SPEAKERS, at_home, chosen, labels, opened, recording
from tray_app import __version__
from tray_app.presets import PRESETS, texts_of
from tray_app.sentences import menu as said
from tray_app.sentences.forms import Label
from tray_app.sentences.forms import label as labelled
from tray_app.settings import changed, load
from tray_app.states import Command, State, transition
from tray_app.tray.entries import Entries
from tray_app.tray.menu import SEPARATOR, Item, items
from tray_app.tray.text import fit
from tray_app.tray.tooltip import tooltip
from tray_app.tray.view import LEVELS, Action, Look, Originals, Recent, View, level_of, look

NAMES = st.text(st.characters(), max_size=200) | st.text("🎧é\u202e\x00\ud800\udc00\r\n\t ", max_size=200)

TROUBLE = "The disk is nearly full: 12 minutes are left."

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

SETTINGS = [
    "---",
    "Source: what you hear >",
    "Remove silence: Exact (−40 dBFS, 500 ms) >",
    "Format: WAV, 24 bits >",
    "---",
    "Recent recordings >",
    "Open recordings folder",
    "Choose recordings folder…",
    "Originals (3.4 GB) >",
    "---",
    "[x] Notifications",
    "[ ] Start with Windows",
    "When I exit >",
    "Open log",
    "About >",
    "---",
    "Exit",
]


@pytest.mark.parametrize(
    ("view", "begins"),
    [
        (at_home(), ["*Start recording", "---", "Not recording"]),
        (at_home(working=True), ["*Start recording", "---", "Not recording", "Finishing a recording"]),
        (at_home(trouble=TROUBLE), ["*Start recording", "---", "Not recording", TROUBLE]),
        (
            recording(),
            ["*Stop recording", "Pause recording", "Discard this take >", "---", "Recording since 14:03"],
        ),
        (
            recording(state=State.PAUSED),
            ["*Resume recording", "Stop recording", "Discard this take >", "---", "Paused"],
        ),
        (
            recording(waiting=True, working=True, trouble=TROUBLE),
            [
                *("*Stop recording", "Pause recording", "Discard this take >", "---", "Recording since 14:03"),
                *("Waiting for Speakers", "Finishing a recording", TROUBLE),
            ],
        ),
        (recording(name=""), ["*Stop recording", "Pause recording", "---", "Recording since 14:03"]),
        (
            at_home(working=True, leaving=True),
            ["*Start recording", "---", "Finishing the recording, then exiting"],
        ),
    ],
)
def test_the_menu_reads_like_this(view: View, begins: list[str]) -> None:
    assert labels(items(view, "win32")) == begins + SETTINGS


def test_what_is_not_there_is_left_out() -> None:
    bare = ["*Start recording", "---", "Not recording", "---", "Open recordings folder", "---", "Exit"]
    assert labels(items(View())) == bare
    assert labels(items(View(State.RECORDING, waiting=True)))[3:5] == ["Recording", "Waiting for the device"]
    poor = labels(items(at_home(recent=(), originals=None, autostart=None), "win32"))
    gone = ("Recent recordings >", "Originals (3.4 GB) >", "[ ] Start with Windows")
    assert poor[3:] == [line for line in SETTINGS if line not in gone]


# The submenus


def test_the_sources() -> None:
    assert labels(opened(at_home(), "Source: what you hear")) == [
        "(o) What you hear: follow the default output",
        "It is now Speakers",
        "---",
        "Always this output:",
        "( ) Speakers",
        "( ) Headset",
        "---",
        "Always this input:",
        "( ) Microphone",
    ]
    pinned = at_home(settings=chosen(source="Micro"), pinned="mic")
    shown = labels(opened(pinned, "Source: Microphone"))
    assert [line for line in shown if line.startswith("(o)")] == ["(o) Microphone"]
    gone = at_home(settings=chosen(source="USB Headset"))
    assert labels(opened(gone, "Source: USB Headset"))[-1] == "(o) USB Headset (not there now)"
    assert labels(opened(at_home(sources=()), "Source")) == ["(o) What you hear: follow the default output"]


def test_silence_by_preset() -> None:
    assert labels(opened(at_home(), "Remove silence: Exact (−40 dBFS, 500 ms)")) == [
        *("[x] Remove silence", "---"),
        *("(o) Exact", "( ) Speech", "( ) Music", "( ) Edges only", "---"),
        *("Silence is at most: −40 dBFS >", "Silence lasts at least: 500 ms >", "Silence kept around sounds: 0 ms >"),
    ]
    off = at_home(settings=chosen(remove_silence=False))
    assert labels(opened(off, "Remove silence: off")) == ["[ ] Remove silence"]
    for preset in PRESETS:
        shown = at_home(settings=changed(chosen(), preset.texts, Path("takes/.env")))
        lines = opened(shown, f"Remove silence: {said.PRESETS[preset.name].text} (")
        assert [line for line in labels(lines) if line.startswith("(o)")] == [f"(o) {said.PRESETS[preset.name].text}"]
        assert f"Silence kept around sounds: {preset.texts['RECORDER_KEEP_SILENCE']} ms >" in labels(lines)
        (speech,) = [line for line in lines if isinstance(line, Item) and line.label == "Speech"]
        assert dict(line.split("=") for line in speech.value.split("\n")) == texts_of("speech")
        assert speech.action is Action.CHOOSE


def test_silence_value_by_value() -> None:
    assert labels(opened(at_home(), "Remove silence", "Silence is at most")) == [
        "( ) Found in the noise of each take, at its end",
        *("( ) −60 dBFS", "( ) −55 dBFS", "( ) −50 dBFS", "( ) −45 dBFS"),
        *("(o) −40 dBFS", "( ) −35 dBFS", "( ) −30 dBFS"),
    ]
    assert labels(opened(at_home(), "Remove silence", "Silence lasts")) == [
        *("( ) 250 ms", "(o) 500 ms", "( ) 750 ms", "( ) 1 s", "( ) 1.5 s", "( ) 2 s"),
    ]
    assert labels(opened(at_home(), "Remove silence", "Silence kept")) == [
        *("(o) 0 ms", "( ) 100 ms", "( ) 200 ms", "( ) 300 ms", "( ) 500 ms"),
    ]
    found = at_home(settings=chosen(silence_thresh=None, keep_silence=200))
    assert "(o) Own values" in labels(opened(found, "Remove silence: found in the noise, 500 ms"))
    assert labels(opened(found, "Remove silence", "Silence is at most: found in the noise"))[0].startswith("(o) Found")


def test_a_preset_is_grey_where_one_of_its_values_is_set_outside() -> None:
    view = at_home(settings=chosen({"RECORDER_FADE": "7"}))
    lines = labels(opened(view, "Remove silence"))
    assert lines[0] == "Grey: set outside, by the command line or the environment"
    assert [line for line in lines if "Speech" in line or "Exact" in line] == ["( ) Exact grey", "( ) Speech grey"]
    assert "(o) Own values" in lines
    assert "( ) −60 dBFS" in labels(opened(view, "Remove silence", "Silence is at most")), "that may be chosen"


def test_a_value_of_ones_own_is_shown_as_such() -> None:
    own = at_home(
        settings=chosen(silence_thresh=-42.5, min_silence_len=3333, sample_rate=22_050, channels=6, remove_silence=True)
    )
    silence = labels(opened(own, "Remove silence: −42.5 dBFS, 3.333 s"))
    assert [line for line in silence if line.startswith("(o)")] == ["(o) Own values"]
    for value in ("−42.5 dBFS", "3.333 s"):
        name = "Silence is at most" if "dBFS" in value else "Silence lasts at least"
        assert labels(opened(own, "Remove silence", f"{name}: {value}"))[-1] == f"(o) {value} (from .env)"
    form = labels(opened(own, "Format: WAV, 24 bits, 22.05 kHz, 6 channels"))
    assert [line for line in form if line.startswith("(o)")] == [
        "(o) WAV",
        "(o) 24 bits",
        "(o) 22.05 kHz (from .env)",
        "(o) 6 channels (from .env)",
    ]


def test_the_format() -> None:
    assert labels(opened(at_home(), "Format: WAV, 24 bits")) == [
        *("Recordings are saved as:", "(o) WAV", "( ) FLAC", "( ) MP3", "( ) Ogg Vorbis", "( ) Opus", "( ) M4A", "---"),
        *("( ) 16 bits", "(o) 24 bits", "( ) 32 bits", "---"),
        *("(o) The device's own rate", "( ) 44.1 kHz", "( ) 48 kHz", "( ) 96 kHz", "---"),
        *("(o) The device's own channels", "( ) Mono", "( ) Stereo"),
    ]


def saved_as(view: View) -> list[str]:
    """What recordings can be saved as."""
    (menu,) = (item for item in items(view, "win32") if isinstance(item, Item) and item.label.startswith("Format"))
    return labels(menu.entries[1 : menu.entries.index(SEPARATOR)])


def test_what_a_recording_cannot_be_saved_as_is_not_offered() -> None:
    wide = at_home(settings=chosen(channels=6, bit_depth=32))
    assert saved_as(wide) == ["(o) WAV", "( ) Ogg Vorbis", "( ) Opus", "( ) M4A"]
    fast = at_home(settings=chosen(sample_rate=192_000))
    assert saved_as(fast) == ["(o) WAV", "( ) FLAC", "( ) Ogg Vorbis", "( ) Opus"]
    flac = labels(opened(at_home(settings=chosen(output_format="flac")), "Format: FLAC, 24 bits"))
    assert "( ) 32 bits" not in flac
    mp3 = labels(opened(at_home(settings=chosen(output_format="mp3")), "Format: MP3"))
    assert "( ) 96 kHz" not in mp3
    assert {"( ) 32 bits", "( ) 48 kHz", "( ) Stereo", "(o) MP3", "( ) WAV"} <= set(mp3)


def test_without_ffmpeg_m4a_is_said_to_need_it() -> None:
    assert saved_as(at_home(ffmpeg=False))[-2:] == ["( ) Opus", "M4A needs ffmpeg, which is not installed"]
    own = at_home(ffmpeg=False, settings=chosen(output_format="m4a"))
    assert saved_as(own)[-2:] == ["(o) M4A (from .env)", "M4A needs ffmpeg, which is not installed"]


def test_a_width_of_ones_own_is_shown() -> None:
    own = at_home(settings=chosen(output_format="wav16"))
    assert saved_as(own)[-1] == "(o) WAV, 16 bits (from .env)"
    assert opened(own, "Format: WAV, 16 bits")


def test_while_a_take_is_made_choices_are_for_the_next_one() -> None:
    for label in ("Source", "Remove silence", "Format"):
        assert labels(opened(recording(), label))[:2] == ["From the next recording on:", "---"]


OUTSIDE = {
    "RECORDER_SOURCE": "mic",
    "RECORDER_SILENCE_THRESH": "-42.5",
    "RECORDER_BIT_DEPTH": "16",
    "RECORDER_NOTIFY": "false",
    "RECORDER_ON_QUIT": "later",
    "RECORDER_SAVE_FOLDER": "there",
}


def test_what_is_set_outside_is_grey_and_asks_for_nothing() -> None:
    view = at_home(settings=chosen(OUTSIDE), pinned="mic")
    lines = list(walk(items(view, "win32")))
    assert "Choose recordings folder…" not in labels(lines)
    assert "[ ] Notifications (set outside) grey" in labels(lines)
    grey = [line for line in lines if not line.enabled]
    assert {line.label for line in grey} >= {"Microphone", "−60 dBFS", "−42.5 dBFS", "24 bits"}
    assert all(line.action is None for line in grey)
    for name in OUTSIDE:
        assert not any(line.value.startswith(f"{name}=") for line in lines)
    for label in ("Source", "Remove silence", "Format"):
        assert labels(opened(view, label))[0] == "Grey: set outside, by the command line or the environment"


def test_recent_recordings() -> None:
    first, second = opened(at_home(), "Recent recordings")
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.label, second.label) == ("1 b.wav", "2 a.wav")
    path = str(Path("takes/b.wav"))
    assert first.entries == (
        Item(said.OPEN, Action.OPEN_FILE, path),
        Item(said.SHOW_IN_FOLDER, Action.SHOW_FILE, path),
        Item(said.COPY_PATH, Action.COPY_PATH, path),
        SEPARATOR,
        Item(said.SHOW_CUTS, Action.SHOW_CUTS, path),
        Item(said.TRIM_AGAIN, Action.TRIM_AGAIN, str(Path("takes/originals/b.wav"))),
    )
    assert labels(second.entries) == ["Open", "Show in folder", "Copy path"], "nothing is known of the other"
    gone = at_home(recent=(Recent(Path("takes/b.wav"), known=True),))
    (only,) = opened(gone, "Recent recordings")
    assert isinstance(only, Item)
    assert labels(only.entries)[3:] == ["---", "Show what was cut"], "without its original it cannot be trimmed again"


def test_the_originals() -> None:
    assert labels(opened(at_home(), "Originals (3.4 GB)")) == [
        "12 as recorded, with their silence",
        "Open originals folder",
        "---",
        "Recycle those older than 7 days (5, 2.0 GB)",
        "Recycle those older than 30 days (1, 40 MB)",
    ]
    new = at_home(originals=Originals(1, 5_000_000, ((7, 0, 0),)))
    assert labels(opened(new, "Originals (5 MB)")) == ["1 as recorded, with their silence", "Open originals folder"]


def test_discarding_asks_once() -> None:
    assert opened(recording(), "Discard this take") == (Item(said.DISCARD_YES, Action.DISCARD),)


def test_the_end_and_what_the_program_is() -> None:
    assert labels(opened(at_home(), "When I exit")) == [
        "(o) Finish recordings first",
        "( ) Finish them at the next start",
    ]
    about = opened(at_home(), "About")
    assert labels(about)[0] == f"Tray Recorder {__version__}"
    assert "Settings: " in labels(about)[1]
    assert about[2] == Item(said.SHOW_SETTINGS, Action.SHOW_FILE, str(at_home().settings.env_file))  # type: ignore[union-attr]
    new = at_home(settings=replace(chosen(), env_file=None))
    assert labels(opened(new, "About")) == [f"Tray Recorder {__version__}", "Settings: none changed yet"]


# What holds for every menu


def walk(entries: Iterable[Entries]) -> Iterator[Item]:
    """Yield every line of a menu and of the menus in it."""
    for entry in entries:
        if isinstance(entry, Item):
            yield entry
            yield from walk(entry.entries)


def menus(entries: Iterable[Entries]) -> Iterator[list[Entries]]:
    entries = list(entries)
    yield entries
    for entry in entries:
        if isinstance(entry, Item) and entry.entries:
            yield from menus(entry.entries)


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


# Picture, level, tooltip


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
            lambda name, known: (Recent(path := Path(f"x{name.replace(chr(0), '').replace('/', '')}"), known, path),),
            NAMES,
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
