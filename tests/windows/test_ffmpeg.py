"""ffmpeg where people on Windows have it: beside the program, or by PATH; never where anybody may have put one."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.sound import tone
from tray_app import ffmpeg
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.errors import AudioFileError
from tray_app.ffmpeg import find_ffmpeg
from tray_app.processing.trimming import trim_file

GENUINE: Path = Path(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
"""An ffmpeg for Windows, without ffprobe, as PyPI has it."""

CREATE_NO_WINDOW = 0x08000000  # winbase.h
RATE = 44_100
SILENCE = CutRule(500, -40.0)


def put(folder: Path, name: str = "ffmpeg.exe") -> Path:
    """Put a genuine ffmpeg into a folder."""
    folder.mkdir(exist_ok=True)
    os.link(GENUINE, folder / name)
    return folder / name


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with an ffmpeg that nobody asked for, and a PATH that leads there only by a dot."""
    put(tmp_path / "here")
    (tmp_path / "here" / "ffmpeg.bat").write_text("exit 1")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", str(tmp_path / "here"), os.environ["SYSTEMROOT"]]))
    return tmp_path


def test_none_in_the_current_folder(bare: Path) -> None:
    assert find_ffmpeg() is None
    (bare / "talk.m4a").write_bytes(b"no sound that libsndfile knows")
    with pytest.raises(AudioFileError, match="ffmpeg, which might know it, is missing"):
        trim_file(Disk(), bare / "talk.m4a", None, SILENCE)


def test_by_path_behind_the_current_folder(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = put(bare / "with spaces")
    monkeypatch.setenv("PATH", f'{os.environ["PATH"]};"{wanted.parent}"')
    assert find_ffmpeg() == wanted


def test_beside_the_exe_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(put(bare / "other").parent))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(bare / "here" / "tray-recorder.exe"))
    assert find_ffmpeg() == bare / "here" / "ffmpeg.exe"


@pytest.fixture
def by_path(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(put(bare / "bin").parent))
    return bare


def encode(folder: Path, name: str, *options: str) -> Path:
    """Write 1 s of tone, 2 s of silence, 1 s of tone, as ffmpeg encodes it, into a folder with odd letters."""
    sounds = folder / "Gespräch 録音"
    sounds.mkdir(exist_ok=True)
    loud = tone(1000, -12, 1, rate=RATE)
    soundfile.write(
        sounds / "in.wav", np.concatenate([loud, np.zeros((2 * RATE, 2), np.float32), loud]), RATE, "PCM_24"
    )
    command = [str(GENUINE), "-v", "error", "-i", str(sounds / "in.wav"), *options]
    subprocess.run([*command, str(sounds / name)], stdin=subprocess.DEVNULL, check=True)
    return sounds / name


@pytest.mark.parametrize(
    ("name", "options", "subtype"),
    [
        ("talk.mp3", [], "PCM_16"),
        ("talk.m4a", [], "PCM_16"),
        ("talk.flac", ["-sample_fmt", "s32", "-bits_per_raw_sample", "24"], "PCM_24"),
        ("talk.wma", [], "PCM_16"),
        ("float.wav", ["-c:a", "pcm_f32le"], "PCM_32"),
    ],
)
def test_what_is_no_plain_wav_is_trimmed(by_path: Path, name: str, options: list[str], subtype: str) -> None:
    source = encode(by_path, name, *options)
    target = source.with_name("trimmed.wav")
    facts = trim_file(Disk(), source, target, SILENCE)
    info = soundfile.info(target)
    assert (info.subtype, info.samplerate, info.channels, info.frames) == (subtype, RATE, 2, facts.kept_frames)
    assert info.duration == pytest.approx(2.0, abs=0.2)
    assert sorted(path.name for path in source.parent.iterdir()) == sorted(["in.wav", name, "trimmed.wav"])


def test_no_window_opens_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wine has no console windows to be seen, so what Windows is asked for is looked at, too."""
    real, asked = subprocess.run, list[int]()

    def run(command: list[str], **options: Any) -> Any:
        asked.append(options["creationflags"])
        return real(command, **options)

    monkeypatch.setattr(subprocess, "run", run)
    code = "import ctypes; print(ctypes.windll.kernel32.GetConsoleWindow())"
    assert ffmpeg.run([sys.executable, "-c", code]).stdout.strip() == "0"
    assert asked == [CREATE_NO_WINDOW]
