"""The commands from Windows' terminal: folders as people have them, folders that refuse, text, exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.sound import noise24, tone
from tests.windows.program import User
from tests.windows.stage import Stage

RATE = 48_000
FOLDER = "Meine Aufnahmen – café ünïcode 録音"


def with_silence(path: Path) -> Path:
    """Write 1 s of tone, 1 s of silence, 1 s of noise as a WAV of 24 bits."""
    loud = np.rint(tone(1000, -12, 1) * 2.0**23).astype(np.int32)
    sound = np.concatenate([loud, np.zeros((RATE, 2), np.int32), noise24(1, seed=5)])
    soundfile.write(path, sound << 8, RATE, subtype="PCM_24")
    return path


def one_line(stderr: str) -> str:
    (line,) = stderr.splitlines()
    assert line.startswith("tray-recorder: ")
    return line


def test_devices_lists_what_the_computer_plays_first(stage: Stage, user: User) -> None:
    done = user.run("devices", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    (default,) = [source for source in found if source["default"]]
    assert (default["kind"], default["backend"]) == ("loopback", "wasapi")
    assert found[0]["kind"] == "loopback"
    assert found[-1]["id"] == "signal"
    assert len({source["id"] for source in found}) == len(found)
    table = user.run("devices").stdout
    (marked,) = [line for line in table.splitlines() if line.startswith("*")]
    assert default["name"] in marked
    again = json.loads(user.run("devices", "--json").stdout)
    assert {source["id"]: source["name"] for source in again} == {source["id"]: source["name"] for source in found}


def test_doctor_finds_that_recording_works(stage: Stage, user: User) -> None:
    done = user.run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, checks
    assert checks["sound"]["status"] == checks["save folder"]["status"] == "ok"
    assert checks["loopback"]["status"] == "ok"
    assert "wasapi" in checks["sound"]["text"]
    assert not user.takes.exists(), "doctor changes nothing"
    assert "ok    loopback" in user.run("doctor").stdout


def test_a_save_folder_with_spaces_and_letters_of_many_languages(user: User) -> None:
    user.env["RECORDER_SAVE_FOLDER"] = str(user.folder / FOLDER)
    user.env["RECORDER_FILE_NAME"] = "Gespräch – 会議 {time}"
    done = user.run("record", "--source", "signal", "--seconds", "2")
    assert done.returncode == 0, done.stderr
    (trimmed,) = (user.folder / FOLDER).glob("*.wav")
    (original,) = (user.folder / FOLDER / "originals").glob("*.wav")
    assert trimmed.name == original.name
    assert trimmed.name.startswith("Gespräch – 会議 ")
    assert f"trimmed:  {trimmed}" in done.stdout
    assert f"original: {original}" in done.stdout
    assert soundfile.info(original).duration == pytest.approx(2, abs=0.1)


def test_trim_in_such_a_folder_keeps_every_sample_that_is_sound(user: User) -> None:
    folder = user.folder / FOLDER
    folder.mkdir()
    source = with_silence(folder / "das Gespräch.wav")
    before = source.read_bytes()
    done = user.run("trim", source, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["trimmed"] == str(folder / "das Gespräch_trimmed.wav")
    ((start, end),) = found["cuts"]
    assert (start, end) == (pytest.approx(1000, abs=2), pytest.approx(2000, abs=2))
    whole, _ = soundfile.read(source, dtype="int32")
    kept, _ = soundfile.read(found["trimmed"], dtype="int32")
    assert np.array_equal(kept, np.concatenate([whole[: start * 48], whole[end * 48 :]]))
    assert source.read_bytes() == before
    again = user.run("trim", source)
    assert again.returncode == 1
    assert "exists already" in one_line(again.stderr)
    assert folder.name in again.stderr


def test_paths_longer_than_260_characters(stage: Stage, user: User) -> None:
    deep = user.folder.joinpath(*(["a folder of forty characters, more or less"] * 6))
    try:
        deep.mkdir(parents=True)
    except OSError:
        if stage.exact:
            raise
        pytest.skip("long paths are switched off in this Windows")
    user.env["RECORDER_SAVE_FOLDER"] = str(deep / "takes")
    done = user.run("record", "--source", "signal", "--seconds", "2", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["original"]) > 260
    assert soundfile.info(found["original"]).duration == pytest.approx(2, abs=0.1)
    trimmed = user.run("trim", with_silence(deep / "long.wav"))
    assert trimmed.returncode == 0, trimmed.stderr
    assert soundfile.info(deep / "long_trimmed.wav").duration == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("below", ["", "new"])
def test_a_folder_without_permission_is_said_in_a_line(stage: Stage, user: User, below: str) -> None:
    folder = stage.forbidden_folder(user.folder) / below
    user.env["RECORDER_SAVE_FOLDER"] = str(folder)
    done = user.run("record", "--source", "signal", "--seconds", "1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"Cannot record into {folder}: there is no permission. Nothing was recorded." in one_line(done.stderr)
    checks = {check["name"]: check for check in json.loads(user.run("doctor", "--json").stdout)["checks"]}
    assert checks["save folder"]["status"] == "fail"
    source = with_silence(user.folder / "talk.wav")
    done = user.run("trim", source, "--output", f"{folder}\\")
    assert done.returncode == 1
    assert "there is no permission" in one_line(done.stderr)


def test_a_file_where_a_folder_should_be_is_said_in_a_line(user: User) -> None:
    (user.folder / "file").write_text("mine")
    user.env["RECORDER_SAVE_FOLDER"] = str(user.folder / "file" / "below")
    done = user.run("record", "--source", "signal", "--seconds", "1")
    assert done.returncode == 1
    assert str(user.folder / "file") in one_line(done.stderr)
    assert (user.folder / "file").read_text() == "mine"


def test_a_source_that_is_not_there_names_those_that_are(stage: Stage, user: User) -> None:
    done = user.run("record", "--source", "Küche 台所", "--seconds", "1")
    assert done.returncode == 1
    assert "Küche 台所" in one_line(done.stderr)
    (default,) = [source for source in json.loads(user.run("devices", "--json").stdout) if source["default"]]
    assert default["name"] in done.stderr


@pytest.mark.parametrize("arguments", [["record", "--seconds", "x"], ["sing"], ["trim"]])
def test_wrong_usage_has_status_2(user: User, arguments: list[str]) -> None:
    done = user.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_has_status_2(user: User) -> None:
    user.env["RECORDER_BIT_DEPTH"] = "20"
    done = user.run("record", "--source", "signal", "--seconds", "1")
    assert done.returncode == 2
    assert 'RECORDER_BIT_DEPTH is "20"' in one_line(done.stderr)


def test_the_log_lies_in_the_users_own_folder(user: User) -> None:
    done = user.run("record", "--source", "signal", "--seconds", "1")
    assert done.returncode == 0, done.stderr
    (log,) = user.home.rglob("tray-recorder.log")
    assert "recording Built-in test signal" in log.read_text(encoding="utf-8")
