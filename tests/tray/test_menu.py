"""The menu's lines, in each state and for all that can be chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tray.views import OUTSIDE, TROUBLE, at_home, chosen, labels, opened, recording, walk
from tray_app import __version__
from tray_app.loading import changed
from tray_app.presets import PRESETS, texts_of
from tray_app.sentences import menu as said
from tray_app.states import State
from tray_app.tray.menu import SEPARATOR, Item, items
from tray_app.tray.view import Action, Originals, Recent, View

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
    original = Path("takes/originals/b.wav")
    unheard = at_home(recent=(Recent(original, True, original, heard=False),))
    (only,) = opened(unheard, "Recent recordings")
    assert isinstance(only, Item)
    assert (only.label, only.key) == ("1 b.wav (nothing heard)", "1")
    assert labels(only.entries) == labels(first.entries), "all can be done with its original"
    assert {entry.value for entry in only.entries if isinstance(entry, Item)} == {str(original)}


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
