"""`record` into other formats, on a real PulseAudio: what was played is in the file that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.processing.sounds import by_ffmpeg, probed
from tests.sound import PulseServer, frequency, level_dbfs, onsets, tone
from tests.terminal.program import Record, clean_env, run

RATE = 48_000


def env_of(server: PulseServer, folder: Path, **more: str) -> dict[str, str]:
    return clean_env(folder, {name: server.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")} | more)


def beep(server: PulseServer, *arguments: str | Path, env: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Record a second and a half of 1000 Hz at −12 dBFS, and silence; return the JSON and what was said."""
    with Record("--seconds", "4", *arguments, env=env) as record:
        record.hear("Recording")
        server.play(tone(1000, -12, 1.5))
        return record.result(), record.said


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["flac", "mp3", "m4a"])
def test_a_take_is_saved_in_the_format_of_the_settings(pulse_env: PulseServer, tmp_path: Path, name: str) -> None:
    env = env_of(pulse_env, tmp_path, RECORDER_OUTPUT_FORMAT=name, RECORDER_FILE_NAME="talk")
    found, _ = beep(pulse_env, env=env)
    saved = Path(found["saved"])
    assert saved.name == f"talk.{name}"
    assert found["trimmed"] == found["saved"]
    assert names(saved.parent) == ["originals/talk.json", "originals/talk.wav", f"talk.{name}"]
    heard = by_ffmpeg(saved, 2)
    assert 0 <= len(heard) - found["kept_frames"] < 1024
    assert len(heard) / RATE == pytest.approx(1.5, abs=0.1)
    steady = heard[RATE // 4 : RATE]
    assert frequency(steady, RATE) == pytest.approx(1000, abs=1)
    assert level_dbfs(steady) == pytest.approx(-12, abs=0.3)
    tags = probed(saved)["tags"]
    assert tags["title"] == "talk"
    assert tags["date"][:4] == found["started"][:4]
    assert tags["comment"].startswith(f"Recorded from {found['source']} on {found['started'][:10]} at ")
    assert " by Tray Recorder " in tags["comment"]
    if name == "flac":
        kept, _ = soundfile.read(saved, dtype="int32", always_2d=True)
        whole, _ = soundfile.read(found["original"], dtype="int32", always_2d=True)
        at = onsets(whole / 2.0**31, RATE, 0.01)[0]
        first = onsets(kept / 2.0**31, RATE, 0.01)[0]
        assert (kept[first : first + RATE] == whole[at : at + RATE]).all()


def test_a_named_file_may_be_of_any_format(pulse_env: PulseServer, tmp_path: Path) -> None:
    target = tmp_path / "here" / "my talk.mp3"
    env = env_of(pulse_env, tmp_path, RECORDER_KEEP_ORIGINAL="false")
    found, _ = beep(pulse_env, "--no-trim", "--output", target, "--mp3-quality", "5", env=env)
    assert (found["saved"], found["trimmed"], found["original"]) == (str(target), None, None)
    assert names(target.parent) == ["my talk.mp3", "originals/my talk.json"]
    heard, _ = soundfile.read(target, dtype="float32", always_2d=True)
    assert len(heard) == found["frames"]
    again = run("record", "--seconds", "1", "--output", target, env=env)
    assert again.returncode == 1
    assert f"{target} exists already" in again.stderr


def test_a_file_that_ends_in_wav_is_a_wav_whatever_the_settings_say(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = env_of(pulse_env, tmp_path, RECORDER_OUTPUT_FORMAT="flac")
    done = run("record", "--seconds", "1", "--no-trim", "--output", tmp_path / "a.wav", env=env)
    assert done.returncode == 0
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_24"
    done = run("record", "--seconds", "1", "--no-trim", "--format", "wav16", "--output", tmp_path / "b.wav", env=env)
    assert done.returncode == 0
    assert f"saved:    {tmp_path / 'b.wav'}" in done.stdout
    assert soundfile.info(tmp_path / "b.wav").subtype == "PCM_16"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--output", "a.xyz"], ".xyz is no format that can be written; .wav, .flac, .mp3, .ogg, .opus or .m4a are"),
        (["--output", "a.flac", "--format", "mp3"], "a.flac is FLAC by its ending, --format asks for mp3."),
        (["--format", "mp3"], "MP3 holds mono and stereo, and RECORDER_CHANNELS is 6. Change one of them;"),
        (["--format", "mp4"], "allowed: wav, wav16, wav24, wav32, wavfloat, flac, mp3, ogg, opus or m4a."),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_recorded(tmp_path: Path, arguments: list[str], said: str) -> None:
    env = clean_env(tmp_path, {"RECORDER_CHANNELS": "6" if arguments == ["--format", "mp3"] else "2"})
    done = run("record", "--source", "signal", "--seconds", "1", *arguments, env=env)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.rglob("*.wav"))


def test_where_the_device_has_what_the_format_cannot_hold_it_is_a_wav(tmp_path: Path) -> None:
    with PulseServer() as server:
        server.add_sink("wide", channels=6)
        server.set_default("wide")
        env = env_of(server, tmp_path, RECORDER_OUTPUT_FORMAT="mp3")
        done = run("record", "--seconds", "1", "--no-trim", "--output", tmp_path / "takes", env=env)
    assert done.returncode == 0
    said = [line for line in done.stderr.splitlines() if "MP3" in line]
    assert len(said) == 1
    assert "MP3 holds mono and stereo, and Null Output gives 6 channels at 48 kHz." in said[0]
    assert said[0].endswith("This recording is saved as WAV.")
    (wav,) = (tmp_path / "takes").glob("*.wav")
    assert soundfile.info(wav).channels == 6


def test_m4a_without_ffmpeg_is_a_wav_and_that_is_said_once(tmp_path: Path) -> None:
    env = clean_env(tmp_path, {"RECORDER_OUTPUT_FORMAT": "m4a", "PATH": str(tmp_path / "nowhere")})
    done = run("record", "--source", "signal", "--seconds", "1", "--output", tmp_path / "takes", env=env)
    assert done.returncode == 0
    assert done.stderr.count("M4A needs ffmpeg, which is not installed. This recording is saved as WAV.") == 1
    assert len(list((tmp_path / "takes").glob("*.wav"))) == 1
    doctor = run("doctor", env=env).stdout
    assert "note  ffmpeg         not found, so recordings are not saved as M4A but as WAV\n" in doctor
