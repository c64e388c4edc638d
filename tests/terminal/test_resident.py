"""The program in the tray and the terminal that tells it what to do, as processes of one user."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.sound import wait_until
from tests.terminal.program import ROOT, clean_env, run

RESIDENT = [sys.executable, "-m", "tests.terminal.no_tray"]


class Resident:
    """The program in the tray, without the tray, as a process; leaving it kills what is left."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self.env = env
        self.process = subprocess.Popen(
            [*RESIDENT, *arguments], env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Resident:
        wait_until(lambda: self.status()["running"], 30, "it answers")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def status(self) -> dict[str, Any]:
        done = run("status", "--json", env=self.env)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    def tell(self, command: str) -> str:
        done = run(command, env=self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ended(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return clean_env(tmp_path, {"RECORDER_SOURCE": "signal", "RECORDER_FILE_NAME": "take"})


def test_a_take_told_from_the_terminal(env: dict[str, str], tmp_path: Path) -> None:
    with Resident(env) as resident:
        assert resident.status()["state"] == "idle"
        assert resident.tell("start") == "Recording started."
        wait_until(lambda: resident.status()["seconds"] >= 1, 20, "a second is recorded")
        assert resident.tell("pause") == "Recording paused."
        assert resident.status()["state"] == "paused"
        assert resident.tell("toggle") == "Recording resumed."
        assert resident.tell("stop") == "Recording stopped."
        wait_until(lambda: not resident.status()["jobs"], 20, "the jobs are done")
        assert soundfile.info(tmp_path / "takes" / "take.wav").frames >= 48000
        late = run("stop", env=env)
        assert (late.returncode, late.stdout) == (1, "")
        assert late.stderr == "tray-recorder: Nothing is being recorded, so there is nothing to stop.\n"
        resident.tell("quit")
        assert resident.ended() == (0, "")


def second_start(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RESIDENT, *arguments], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_second_start_shows_the_first_and_ends(env: dict[str, str]) -> None:
    with Resident(env) as first:
        second = second_start(env)
        assert (second.returncode, second.stdout) == (0, "")
        assert "runs already" in second.stderr
        assert first.status()["state"] == "idle"
        third = second_start(env, "--start")
        assert (third.returncode, third.stderr) == (0, "Recording started.\n")
        assert first.status()["state"] == "recording"
        assert first.process.poll() is None


def test_it_records_at_once_when_asked_to(env: dict[str, str]) -> None:
    with Resident(env, "--start") as resident:
        wait_until(lambda: resident.status()["state"] == "recording", 20, "it records")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_end_finishes_the_take(env: dict[str, str], tmp_path: Path, number: signal.Signals) -> None:
    with Resident(env, "--start") as resident:
        wait_until(lambda: resident.status()["seconds"] >= 1, 20, "a second is recorded")
        resident.process.send_signal(number)
        assert resident.ended() == (0, "")
    assert soundfile.info(tmp_path / "takes" / "take.wav").frames >= 48000
    assert not list(tmp_path.rglob("*.take"))


def test_after_a_kill_another_can_start(env: dict[str, str], tmp_path: Path) -> None:
    with Resident(env, "--start") as first:
        wait_until(lambda: first.status()["seconds"] >= 2, 20, "two seconds are recorded")
        first.process.kill()
        first.process.wait()
        with Resident(env) as second:
            wait_until(lambda: not second.status()["jobs"], 20, "what the crash left is finished")
            assert soundfile.info(tmp_path / "takes" / "take.wav").frames >= 48000


def test_where_it_does_not_run_the_terminal_says_so(env: dict[str, str]) -> None:
    done = run("pause", env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "tray-recorder: Tray Recorder is not running. Start it with `tray-recorder`.\n"


def test_without_a_display_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(env=clean_env(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("tray-recorder: There is no tray")
    assert "tray-recorder record" in done.stderr
    assert done.stderr.count("\n") == 1
