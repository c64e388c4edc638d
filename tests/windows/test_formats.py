"""Other formats in Windows' own Python and in the exe, by Windows' libsndfile and a genuine ffmpeg.exe."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.processing.sounds import TONES, chord, default, write_wav
from tests.sound import frequency
from tests.windows.build import Build
from tests.windows.program import User
from tests.windows.test_ffmpeg import GENUINE
from tray_app.audio.format import AudioFormat
from tray_app.disk import Disk
from tray_app.outputs import FORMATS
from tray_app.processing.encoding import encode


@pytest.mark.parametrize(
    ("name", "channels"),
    [("mp3", 2), *((name, many) for name in ("flac", "ogg", "opus", "m4a", "wav16", "wavfloat") for many in (2, 6))],
)
def test_the_sound_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, channels: int) -> None:
    """A thread's stack is small there, and Vorbis' encoder likes a large one: so there are several blocks."""
    (tmp_path / "Grüße 録音").mkdir()
    os.link(GENUINE, tmp_path / "ffmpeg.exe")
    monkeypatch.setenv("PATH", str(tmp_path))
    fmt = AudioFormat(48_000, channels, 24)
    sound = chord(fmt, 4.0)
    source = write_wav(tmp_path / "Grüße 録音" / "take.wav", fmt, sound)
    made = source.with_name(f"made.{FORMATS[name].ending}")
    encode(Disk(), source, made, default(name), {"title": "Grüße 録音", "comment": "c", "software": "s"})
    if name == "m4a":
        back = tmp_path / "back.wav"
        subprocess.run([str(GENUINE), "-v", "error", "-i", str(made), str(back)], stdin=subprocess.DEVNULL, check=True)
        made = back
    found, _ = soundfile.read(made, dtype="float32", always_2d=True)
    assert 0 <= len(found) - len(sound) <= FORMATS[name].padding
    assert frequency(found[:, [0]], 48_000) == pytest.approx(TONES[0], abs=0.3)
    if name == "flac":
        exact = [soundfile.read(path, dtype="int32")[0] for path in (source, made)]
        assert np.array_equal(*exact)


def run(exe: Build, *arguments: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [str(exe.terminal), *map(str, arguments)]
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "opus"])
def test_the_exe_records_into_it_and_trims_it(exe: Build, user: User, tmp_path: Path, name: str) -> None:
    take = user.takes / f"Grüße.{name}"
    done = run(
        *(exe, "record", "--source", "signal", "--seconds", "3", "--output", take, "--json"),
        env=user.env,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.decode("utf-8"))
    assert found["saved"] == str(take)
    info = soundfile.info(take)
    assert info.frames == found["kept_frames"]
    assert not list(user.takes.glob("*.wav"))
    trimmed = run(exe, "trim", take, "--output", tmp_path / "trimmed.wav", "--json", env=user.env)
    assert trimmed.returncode == 0, trimmed.stderr
    (told,) = json.loads(trimmed.stdout.decode("utf-8"))
    assert told["frames"] == info.frames
