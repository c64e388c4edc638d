"""The terminal's table of commands: only the one that is asked for is loaded, and none is forgotten."""

from __future__ import annotations

import pytest

from tray_app import cli


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_each_command_is_known_when_it_is_asked_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--log-level", "DEBUG", name, "--help"]
    assert cli._needed(arguments) == [name]
    with pytest.raises(SystemExit) as ended:
        cli.parser(cli._needed(arguments)).parse_args(arguments)
    assert ended.value.code == 0
    about = cli.COMMANDS[name]().ABOUT[0]
    assert about.split()[0] in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--start"], ["--env-file", "trim"], ["--log-level=INFO", "--start"]])
def test_the_tray_needs_no_command(arguments: list[str]) -> None:
    assert cli._needed(arguments) == []
    assert cli.parser([]).parse_args(arguments).command is None


@pytest.mark.parametrize("arguments", [["--help"], ["-h", "trim"], ["trimm"], ["trimm", "trim"]])
def test_who_asks_for_help_or_errs_is_told_of_all(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.parser(cli._needed(arguments)).parse_args(arguments)
    output = capsys.readouterr()
    assert all(name in output.out + output.err for name in cli.COMMANDS)


def test_an_option_may_stand_before_and_behind_the_command() -> None:
    for arguments in (["--log-level", "DEBUG", "trim", "a.wav"], ["trim", "a.wav", "--log-level", "DEBUG"]):
        parsed = cli.parser(cli._needed(arguments)).parse_args(arguments)
        assert (parsed.command, parsed.log_level) == ("trim", "DEBUG")
