"""Where there is no sound server: said in a line, and the test signal is recorded only when asked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.sound import PulseServer, tone
from tests.terminal.program import Record, clean_env, run
from tray_app.capture.signal import samples_at


@pytest.mark.parametrize("named", [[], ["--source", "microphone"]])
def test_record_says_what_is_missing_and_never_records_the_signal_unasked(tmp_path: Path, named: list[str]) -> None:
    done = run("record", *named, "--seconds", "2", env=clean_env(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no sound server" in done.stderr
    assert "--source signal" in done.stderr
    assert not list(tmp_path.rglob("*.wav"))


@pytest.mark.parametrize("how", [["--demo"], ["--source", "signal"]])
def test_the_signal_is_recorded_when_asked_for_and_is_exact(tmp_path: Path, how: list[str]) -> None:
    done = run("record", *how, "--seconds", "4", "--json", env=clean_env(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Built-in test signal" in done.stderr
    found = json.loads(done.stdout)
    heard, rate = soundfile.read(found["original"], dtype="float32", always_2d=True)
    assert len(heard) / rate == pytest.approx(4, abs=0.1)
    expected = samples_at(0, len(heard))
    assert np.abs(heard - expected).max() <= 2**-23
    assert found["gaps"] == found["dropped"] == []
    assert 0 < found["kept_frames"] < found["frames"]


def test_demo_takes_the_real_default_where_there_is_one(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = clean_env(tmp_path, {name: pulse_env.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")})
    with Record("--demo", "--seconds", "2", env=env) as record:
        assert "signal" not in record.hear("Recording")
        pulse_env.play(tone(700, -12, 1))
        assert record.result()["kept_frames"] > 0


def test_doctor_shows_it(tmp_path: Path) -> None:
    done = run("doctor", "--json", env=clean_env(tmp_path))
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["sound"]["status"] == "fail"
    assert "--source signal" in checks["sound"]["remedy"]
    assert checks["save folder"]["status"] == "ok"
    assert (checks["tray"]["status"], checks["tray"]["text"]) == (
        "note",
        "There is no tray in this session, which has no desktop",
    )
    assert checks["autostart"]["text"] == "off"


def test_doctor_is_content_where_all_is_well(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = clean_env(tmp_path, {name: pulse_env.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")})
    done = run("doctor", env=env)
    assert done.returncode == 0, done.stdout
    assert "48000 Hz" in done.stdout
    assert not list((tmp_path / "takes").glob("*")), "doctor changes nothing"


def test_devices_lists_every_source(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = clean_env(tmp_path, {name: pulse_env.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")})
    found = json.loads(run("devices", "--json", env=env).stdout)
    (default,) = [source for source in found if source["default"]]
    assert default == {
        "id": "testsink.monitor",
        "name": default["name"],
        "kind": "loopback",
        "backend": "pulse",
        "rate": 48000,
        "channels": 2,
        "default": True,
    }
    assert found[-1]["id"] == "signal"
    assert "*  " + default["name"] in run("devices", env=env).stdout


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("RECORDER_BIT_DEPTH", "20", "16, 24 or 32"),
        ("RECORDER_SILENCE_THRESH", "loud", "-120"),
        ("RECORDER_MIN_SILENCE_LEN", "-5", "1"),
        ("RECORDER_SAMPLE_RATE", "fast", "device"),
    ],
)
def test_a_wrong_setting_is_one_line_with_status_2(tmp_path: Path, variable: str, value: str, allowed: str) -> None:
    done = run("record", "--demo", "--seconds", "1", env=clean_env(tmp_path, {variable: value}))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert variable in done.stderr
    assert value in done.stderr
    assert allowed in done.stderr


@pytest.mark.parametrize(
    "arguments", [["record", "--seconds", "0"], ["record", "--seconds", "x"], ["sing"], ["--start", "devices"]]
)
def test_wrong_usage_has_status_2(tmp_path: Path, arguments: list[str]) -> None:
    done = run(*arguments, env=clean_env(tmp_path))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_command_line_is_stronger_than_the_environment_and_that_than_a_file(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("# mine\nRECORDER_BIT_DEPTH=16\nRECORDER_REMOVE_SILENCE=false\nRECORDER_SOURCE=nothing here\n")
    env = clean_env(tmp_path, {"RECORDER_BIT_DEPTH": "32"})
    done = run("record", "--env-file", file, "--source", "signal", "--seconds", "1", "--json", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["format"]["bits"] == 32
    assert found["trimmed"] is None


def test_an_env_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    done = run("devices", "--env-file", tmp_path / "none.env", env=clean_env(tmp_path))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_the_log_is_in_a_file_and_not_on_the_screen(tmp_path: Path) -> None:
    env = clean_env(tmp_path, {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "state")})
    done = run("record", "--source", "signal", "--seconds", "1", "--log-level", "debug", env=env)
    assert done.returncode == 0
    assert "INFO" not in done.stderr + done.stdout
    (log,) = tmp_path.rglob("tray-recorder.log")
    assert "recording Built-in test signal" in log.read_text()


def test_an_unknown_source_names_what_there_is(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = clean_env(tmp_path, {name: pulse_env.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")})
    done = run("record", "--source", "kitchen", "--seconds", "1", env=env)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "testsink" in done.stderr
    assert "Built-in test signal" in done.stderr
    assert not (tmp_path / "takes").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    target = tmp_path / "file" / "below"
    done = run("record", "--source", "signal", "--seconds", "1", "--output", f"{target}/", env=clean_env(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(target) in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
