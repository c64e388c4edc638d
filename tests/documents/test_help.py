"""What `--help` says reads well on a narrow terminal, leaves nothing out, and is what docs/USING.md says."""

from __future__ import annotations

import argparse
import re

import pytest

from tests.documents.markdown import ROOT, Document, Heading, read
from tests.documents.ours import options_of, shared_options
from tray_app import cli, settings

COLUMNS = 80
STATUSES = "0 done, 1 it failed, 2 wrong usage"

USING = ROOT / "docs" / "USING.md"

NO_DEFAULT = {"--preset", "--seconds", "--output", "--env-file"}
"""Options that take a value and do nothing where they are left out."""

each_command = pytest.mark.parametrize("command", cli.COMMANDS)


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    """Return the lines of a help, as a terminal of 80 columns shows them."""
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    with pytest.raises(SystemExit):
        cli.parser().parse_args([*arguments, "--help"])
    return capsys.readouterr().out.splitlines()


def test_the_help_lists_every_command_with_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = told(capsys, monkeypatch)
    assert [line for line in lines if len(line) > COLUMNS] == []
    assert STATUSES in " ".join(" ".join(lines).split())
    words = " ".join(" ".join(lines).split())
    for command in cli.COMMANDS:
        about = cli.COMMANDS[command]().ABOUT[0]
        assert "\n" not in about
        assert f" {command} {about}" in words


@each_command
def test_the_help_of_a_command_reads_well(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = told(capsys, monkeypatch, command)
    assert [line for line in lines if len(line) > COLUMNS] == []
    assert STATUSES in " ".join(" ".join(lines).split())


@each_command
def test_every_option_says_what_it_does_and_what_holds_without_it(command: str) -> None:
    overrides = {**cli.COMMANDS[command]().OVERRIDES, "log_level": "RECORDER_LOG_LEVEL"}
    defaults = dict(re.findall(r"^#(RECORDER_\w+)=(.*)$", settings.example(), re.MULTILINE))
    for name, action in {**options_of(command), **shared_options()}.items():
        assert action.help, name
        if takes_value(action) and name not in NO_DEFAULT:
            default = defaults.get(overrides.get(action.dest, ""), "")
            assert f"default: {default}" in action.help, name


def takes_value(action: argparse.Action) -> bool:
    return action.nargs != 0 and not isinstance(action, argparse.BooleanOptionalAction)


def section_of(document: Document, command: str) -> Heading:
    """Return the heading over what a document says of a command: it holds nothing but names of commands, in code."""
    titles = [one for one in document.headings if one.text.replace(",", "").split() == list(one.code)]
    (found,) = [title for title in titles if command in title.code]
    return found


def options_in(document: Document, heading: Heading | None = None) -> set[str]:
    """Return the options that are named in the sentences of a document, or of the part below a heading."""
    lines = document.lines_of(heading) if heading else range(len(document.text))
    codes = [code.text for code in document.inline if code.line in lines]
    return set(re.findall(r"(?<![\w-])--[a-z][\w-]*", " ".join(codes)))


@each_command
def test_the_guide_names_the_options_of_each_command_and_no_others(command: str) -> None:
    document = read(USING)
    heading = section_of(document, command)
    known = set[str]().union(*map(options_of, heading.code))
    assert options_in(document, heading) - set(shared_options()) == known


def test_the_guide_names_the_options_of_all_commands() -> None:
    names = {name for name in shared_options() if name.startswith("--")}
    assert names - options_in(read(USING)) == set()


def test_the_guide_says_how_commands_end() -> None:
    words = " ".join(read(USING).text.split())
    assert "ends with 0 when it is done, 1 when it failed, and 2 for wrong usage or a wrong setting" in words
