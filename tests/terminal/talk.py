"""Talk to be trimmed, and what is looked at afterwards."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np

from tests.audio.oracle import Case, Values, noise
from tests.audio.wav_files import chunk, ours, plain_fmt, riff
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader

RATE = 16_000
FMT = AudioFormat(RATE, 1, 24)
Tree = dict[str, bytes | None]


def speech(fmt: AudioFormat = FMT, bursts: int = 3) -> Values:
    """Loud bursts with pauses between them, some longer than 500 ms and some shorter, in a murmur below -40 dBFS."""
    rng = np.random.default_rng(5)
    full = 2.0 ** (fmt.bits - 1)
    parts = [noise(rng, round(0.7 * fmt.rate), fmt.channels, full / 300)]
    for at in range(bursts):
        parts.append(noise(rng, round(0.4 * fmt.rate) + 77, fmt.channels, full / 2))
        parts.append(noise(rng, round((0.3, 0.9, 0.6)[at % 3] * fmt.rate) + 13, fmt.channels, full / 300))
    whole = np.concatenate(parts)
    return whole[: len(whole) // (fmt.rate // 10) * (fmt.rate // 10)]  # pydub pads a last part of a millisecond


def case(fmt: AudioFormat = FMT, window: int = 500, thresh: float = -40.0) -> Case:
    return Case(fmt, window, thresh, speech(fmt))


def wav(folder: Path, name: str = "talk.wav", fmt: AudioFormat = FMT) -> Path:
    path = folder / name
    path.write_bytes(ours(fmt, case(fmt).pcm))
    return path


def pcm_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return WavReader(file).read(1 << 40)


def tree(folder: Path) -> Tree:
    """Every name below `folder`, and every file's bytes."""
    return {str(p.relative_to(folder)): None if p.is_dir() else p.read_bytes() for p in folder.rglob("*")}


def assert_one_line(done: subprocess.CompletedProcess[str], status: int = 1) -> None:
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("tray-recorder: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("\n")
    assert "Traceback" not in done.stderr


def assert_refused(
    folder: Path, done: subprocess.CompletedProcess[str], before: Tree, *parts: str, out: str = ""
) -> None:
    assert_one_line(done)
    assert done.stdout == out
    for part in parts:
        assert part in done.stderr
    assert tree(folder) == before


def damaged(folder: Path) -> Path:
    path = folder / "damaged.wav"
    path.write_bytes(riff(chunk(b"fmt ", plain_fmt(FMT, channels=0)), chunk(b"data", case().pcm)))
    return path


def read_terminal(main: int) -> bytes:
    try:
        return os.read(main, 4096)
    except OSError:
        return b""  # Linux says EIO when the other side has gone
