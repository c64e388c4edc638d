"""What the documents show of a terminal is what happens there: every command is run, in the order of its document."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.console import Exchange, Reader, exchanges
from tests.documents.markdown import Code, Document, documents
from tests.documents.scene import Scene
from tray_app.commands import remote

SHOWING = [document for document in documents() if any(block.language == "console" for block in document.blocks)]


@pytest.mark.parametrize("document", SHOWING, ids=lambda document: document.name)
def test_what_is_shown_is_what_is_printed(document: Document, tmp_path: Path) -> None:
    shown = [one for block in document.blocks if block.language == "console" for one in exchanges(block)]
    reader = Reader()
    wrong = []
    with Scene(tmp_path) as scene:
        if any(told_to_the_tray(one.command) for one in shown):
            scene.show_tray()
        for one in shown:
            settled = Exchange(one.command, tuple(map(scene.place, one.shown)), one.line)
            for line in reader.differences(settled, scene.run(reader.command(settled))):
                wrong.append(f"{document.at(one.line)}: {line}")
    assert wrong == []


def told_to_the_tray(command: str) -> bool:
    return any(f"tray-recorder {name}" in command for name in remote.COMMANDS)


def test_the_terminal_is_shown() -> None:
    assert sum(block.language == "console" for document in SHOWING for block in document.blocks) > 5


def test_commands_and_what_they_print_are_told_apart() -> None:
    text = "$ one --x \\\n    --y\nprinted\n\n$ two\n$ three\n…\n"
    assert exchanges(Code(text, 10, "console")) == [
        Exchange("one --x --y", ("printed", ""), 11),
        Exchange("two", (), 15),
        Exchange("three", ("…",), 16),
    ]


TAKE = "trimmed:  Recordings/recording_2026-11-24_02-06-36.wav  (2.0 s)"
SAME_TAKE = "trimmed:  Recordings/recording_2027-01-02_12-00-07.wav  (3.4 s)"


@pytest.mark.parametrize(
    ("command", "shown", "printed", "same"),
    [
        ("tray-recorder record", [TAKE], [SAME_TAKE], True),
        ("tray-recorder record", [TAKE], [SAME_TAKE.replace("trimmed", "cut")], False),
        ("tray-recorder record", [TAKE], [SAME_TAKE.replace("(3.4 s)", "(3.4 min)")], False),
        ("tray-recorder record", [TAKE], [SAME_TAKE, SAME_TAKE], False),
        ("tray-recorder record", [TAKE], [], False),
        ("tray-recorder status", ["Length:  12.0 s"], ["Length:  1:02:03"], True),
        ("tray-recorder status", ["Length:  12.0 s"], ["Length: 12.0 s"], False),
        ("tray-recorder trim meeting.wav", ["m: 10.0 s, 2 cuts"], ["m: 10.0 s, 2 cuts"], True),
        ("tray-recorder trim meeting.wav", ["m: 10.0 s, 2 cuts"], ["m: 10.0 s, 3 cuts"], False),
        ("tray-recorder trim meeting.wav", ["m: 10.0 s, 2 cuts"], ["m: 10.1 s, 2 cuts"], False),
        ("tray-recorder doctor", ["a", "…", "z"], ["a", "b", "c", "z"], True),
        ("tray-recorder doctor", ["a", "…"], ["a"], True),
        ("tray-recorder doctor", ["a", "…", "z"], ["a", "b", "c"], False),
        ("tray-recorder doctor", [], ["a"], False),
    ],
)
def test_a_changed_word_is_seen(command: str, shown: list[str], printed: list[str], same: bool) -> None:
    assert (Reader().differences(Exchange(command, tuple(shown), 1), printed) == []) == same


def test_a_take_is_called_by_its_name_in_each_run() -> None:
    reader = Reader()
    assert reader.differences(Exchange("tray-recorder record", (TAKE,), 1), [SAME_TAKE]) == []
    again = Exchange("tray-recorder trim Recordings/originals/recording_2026-11-24_02-06-36.wav", (TAKE,), 2)
    assert reader.command(again).endswith("/recording_2027-01-02_12-00-07.wav")
    another = SAME_TAKE.replace("12-00-07", "12-00-08")
    assert reader.differences(again, [another]) == ["2026-11-24_02-06-36 is another take than before"]
