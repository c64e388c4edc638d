"""The terminal's side of the channel: a program that answers what the test says, told by the terminal as a process."""

from __future__ import annotations

import argparse
import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.program import clean_env, run
from tray_app import cli
from tray_app.commands import remote
from tray_app.desktop.channel import COMMANDS, Answer, Request
from tray_app.desktop.instance import Instance, NotRunningError, ask, claim
from tray_app.errors import RecorderError
from tray_app.loading import load

NOT_RUNNING = "tray-recorder: Tray Recorder is not running. Start it with `tray-recorder`.\n"

STATUS: dict[str, object] = {
    "running": True,
    "state": "recording",
    "waiting": True,
    "source": "Lautsprecher (ß)",
    "since": "2026-03-04T05:06:07+01:00",
    "seconds": 3725.5,
    "jobs": True,
    "save_folder": "/home/x/Musik",
}


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What both have: a runtime folder of the test's own."""
    found = clean_env(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", found["XDG_RUNTIME_DIR"])
    return found


@pytest.fixture
def program(env: dict[str, str]) -> Iterator[Instance]:
    found = claim()
    assert found is not None
    with found:
        yield found


def tell(command: str, *, as_json: bool = False) -> int:
    """Run a command in this process, as `cli` does."""
    none = load({}, {}, Path(os.devnull))
    return remote.COMMANDS[command].run(argparse.Namespace(json=as_json), none)


def test_there_is_a_command_for_all_that_can_be_asked_but_show() -> None:
    assert set(remote.COMMANDS) == COMMANDS - {"show"}
    assert {name: cli.COMMANDS[name]() for name in remote.COMMANDS} == remote.COMMANDS


def test_each_tells_the_program_what_it_is_called(program: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []

    def answer(request: Request) -> Answer:
        told.append(request.command)
        return Answer(True, f"{request.command} done", {"state": "idle"})

    program.serve(answer)
    for command in remote.COMMANDS:
        assert tell(command) == 0
        assert capsys.readouterr().out == ("State:   idle\n" if command == "status" else f"{command} done\n")
    assert told == list(remote.COMMANDS)


@pytest.mark.parametrize("command", list(remote.COMMANDS))
def test_each_needs_the_program(command: str, env: dict[str, str]) -> None:
    with pytest.raises(NotRunningError):
        tell(command)


def test_the_answer_is_printed(program: Instance, env: dict[str, str]) -> None:
    program.serve(lambda request: Answer(True, f"{request.command}: läuft ✓", STATUS))
    done = run("resume", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "resume: läuft ✓\n", "")


def test_what_was_not_done_is_said_on_standard_error(program: Instance, env: dict[str, str]) -> None:
    program.serve(lambda request: Answer(False, "Nothing is being recorded.", STATUS))
    for arguments in (["stop"], ["status", "--json"]):
        done = run(*arguments, env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "tray-recorder: Nothing is being recorded.\n"


@pytest.mark.parametrize("command", ["stop", "status"])
def test_where_the_program_does_not_run_it_is_said(command: str, env: dict[str, str]) -> None:
    done = run(command, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NOT_RUNNING)


def test_status_for_scripts_where_the_program_does_not_run(env: dict[str, str]) -> None:
    done = run("status", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"running": False}


def test_status_for_scripts_is_what_the_program_says(program: Instance, env: dict[str, str]) -> None:
    status = {**STATUS, "new": [1, None]}
    program.serve(lambda request: Answer(True, "", status))
    done = run("status", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == status
    assert "Lautsprecher (ß)" in done.stdout


def test_a_program_that_hangs_is_not_called_one_that_does_not_run(
    program: Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remote, "ask", functools.partial(ask, timeout=0.3))
    with pytest.raises(RecorderError, match=r"^Tray Recorder runs but does not answer\. "):
        tell("status", as_json=True)
    assert capsys.readouterr().out == ""


def test_status_for_people(program: Instance, env: dict[str, str]) -> None:
    program.serve(lambda request: Answer(True, "", STATUS))
    done = run("status", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "State:   recording",
        "Source:  Lautsprecher (ß)",
        "Since:   2026-03-04 05:06:07+01:00",
        "Length:  1:02:06",
        "Waiting: for the device; the take goes on when it is back",
        "Jobs:    a finished take is being worked on",
        "Folder:  /home/x/Musik",
    ]


def test_status_for_people_leaves_out_what_does_not_apply() -> None:
    idle = {**STATUS, "state": "idle", "waiting": False, "source": "", "since": None, "seconds": 0.0, "jobs": False}
    assert remote.lines(idle) == ["State:   idle", "Folder:  /home/x/Musik"]


def test_status_tells_the_length_of_a_take_that_just_began() -> None:
    assert "Length:  0.0 s" in remote.lines({**STATUS, "seconds": 0.0})


@pytest.mark.parametrize("status", [{}, dict.fromkeys(STATUS), dict.fromkeys(STATUS, 1), dict.fromkeys(STATUS, ("x",))])
def test_status_of_another_build_does_no_harm(status: dict[str, object]) -> None:
    assert all(isinstance(line, str) for line in remote.lines(status))
