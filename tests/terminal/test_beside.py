"""What runs beside a `record`: a second `record`, `recover`, a kill. The running take is not touched."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import soundfile

from tests.sound import wait_until
from tests.terminal.program import Record, clean_env, run
from tray_app.capture.signal import samples_at

RATE = 48000


def test_a_second_record_and_recover_leave_a_running_take_alone(tmp_path: Path) -> None:
    env = clean_env(tmp_path)
    with Record("--source", "signal", env=env) as first:
        first.hear("Recording")
        (running,) = (tmp_path / "takes" / "originals").glob("*.wav")
        second = run("record", "--source", "signal", "--seconds", "1", "--json", env=env)
        assert second.returncode == 0, second.stderr
        recovery = run("recover", env=env)
        assert recovery.returncode == 0
        assert f"{running}: is being recorded, left alone." in recovery.stdout
        first.tell("STOP")
        found = first.result()
    heard, _ = soundfile.read(found["original"], dtype="float32", always_2d=True)
    assert found["original"] == str(running)
    assert np.abs(heard - samples_at(0, len(heard))).max() <= 2**-23
    assert found["gaps"] == []
    assert len(list((tmp_path / "takes").glob("*.wav"))) == 2
    assert not list(tmp_path.rglob("*.take"))


def test_a_killed_take_opens_as_it_lies_and_recover_finishes_it(tmp_path: Path) -> None:
    env = clean_env(tmp_path)
    with Record("--source", "signal", env=env) as record:
        record.hear("Recording")
        (original,) = (tmp_path / "takes" / "originals").glob("*.wav")
        wait_until(lambda: original.stat().st_size > 4 * RATE * 6, 15, "4 s are recorded")
        record.send(signal.SIGKILL)
        status, _ = record.end()
        assert status == -signal.SIGKILL
    as_it_lies, _ = soundfile.read(original, dtype="float32", always_2d=True)
    assert len(as_it_lies) >= 3.85 * RATE
    assert np.abs(as_it_lies - samples_at(0, len(as_it_lies))).max() <= 2**-23
    done = run("recover", env=env)
    assert done.returncode == 0, done.stderr
    assert "recovered" in done.stdout
    trimmed = tmp_path / "takes" / original.name
    assert 0 < soundfile.info(trimmed).frames < len(as_it_lies)
    assert run("recover", env=env).stdout.startswith("Nothing to recover")


def test_a_crashed_take_does_not_lend_its_name(tmp_path: Path) -> None:
    env = clean_env(tmp_path) | {"RECORDER_FILE_NAME": "meeting"}
    with Record("--source", "signal", env=env) as record:
        record.hear("Recording")
        original = tmp_path / "takes" / "originals" / "meeting.wav"
        wait_until(lambda: original.stat().st_size > RATE * 6, 15, "1 s is recorded")
        record.send(signal.SIGKILL)
        record.end()
    done = run("record", "--source", "signal", "--seconds", "1", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trimmed"] == str(tmp_path / "takes" / "meeting (2).wav")


def test_the_next_record_finishes_what_a_crash_left(tmp_path: Path) -> None:
    env = clean_env(tmp_path) | {"RECORDER_FILE_NAME": "meeting"}
    with Record("--source", "signal", env=env) as record:
        record.hear("Recording")
        original = tmp_path / "takes" / "originals" / "meeting.wav"
        wait_until(lambda: original.stat().st_size > 2 * RATE * 6, 15, "2 s are recorded")
        record.send(signal.SIGKILL)
        record.end()
    done = run("record", "--source", "signal", "--seconds", "1", "--output", tmp_path / "takes" / "new.wav", env=env)
    assert done.returncode == 0, done.stderr
    assert "Recovered from an earlier start: meeting.wav" in done.stderr
    assert "new.wav" in done.stdout
    assert soundfile.info(tmp_path / "takes" / "meeting.wav").duration > 1.5
    assert not list(tmp_path.rglob("*.take"))
