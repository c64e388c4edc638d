"""The benchmarks measure what they say: on a second of sound, for nothing here is timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.benchmarks import inputs, plot
from tests.benchmarks.peers import COPY, OURS, PYDUB
from tests.benchmarks.process import ProgramError, measure
from tests.benchmarks.report import Table, length, ratio
from tests.benchmarks.trimming import Point, compare
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.posix("measures processes by /proc and by Linux' own calls")


def test_one_command_measures_everything_and_leaves_tables_and_a_plot(tmp_path: Path) -> None:
    work, output = tmp_path / "work", tmp_path / "out"
    command = [sys.executable, "-m", "tests.benchmarks", "--only", "trim", "--rounds", "1", "--lengths", "1", "2"]
    command += ["--folder", str(work), "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    page = (output / "speed.md").read_text(encoding="utf-8")
    for name in (OURS, PYDUB, COPY, "sox silence", "ffmpeg silenceremove", "192 kHz", "one core", "Cost per frame"):
        assert name in page
        assert name in done.stdout
    assert page.count("| identical |") == 6
    assert "| differ" not in page
    assert Image.open(output / "speed.png").size == (plot.WIDTH, plot.HEIGHT)
    assert list(work.iterdir()) == []


def test_encoding_is_measured_beside_ffmpeg(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--only", "encode", "--rounds", "1", "--lengths", "1"]
    command += ["--folder", str(tmp_path / "work"), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "out" / "speed.md").read_text(encoding="utf-8").splitlines()
    for name in ("flac", "mp3", "ogg", "opus", "m4a"):
        assert [row for row in rows if row.startswith(f"| {name}, 1 s |")]
    assert [row for row in rows if f"libsndfile {soundfile.__libsndfile_version__}, " in row]
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize("kind", inputs.KINDS)
def test_the_same_sound_every_time(kind: str, tmp_path: Path) -> None:
    fmt = AudioFormat(8000, 2, 16)
    first = inputs.make(tmp_path, kind, 3, fmt)
    content = first.read_bytes()
    first.write_bytes(content[:-100])
    assert inputs.make(tmp_path, kind, 3, fmt).read_bytes() == content
    with first.open("rb") as file:
        reader = WavReader(file)
        assert (reader.format, reader.frames) == (fmt, 24_000)


def test_a_difference_to_pydub_is_seen(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.wav", tmp_path / "theirs.wav"
    values = np.random.default_rng(1).integers(-(2**23), 2**23, (5000, 2)).astype(np.int32) << 8
    soundfile.write(ours, values, 48_000, "PCM_24")
    soundfile.write(theirs, np.where(values < 0, values | 255, values), 48_000, "PCM_32")
    assert compare(ours, theirs) == "identical"
    values[4999, 1] ^= 256
    soundfile.write(theirs, values, 48_000, "PCM_32")
    assert compare(ours, theirs).startswith("differ")
    soundfile.write(theirs, values[1:], 48_000, "PCM_32")
    assert compare(ours, theirs) == "5000 frames, pydub 4999"


def test_a_program_that_fails_is_no_measurement() -> None:
    with pytest.raises(ProgramError, match="ended with 3"):
        measure([sys.executable, "-c", "raise SystemExit(3)"])


def test_memory_is_the_programs_own() -> None:
    """Not that of the Python that starts it, which is larger here."""
    big = bytearray(b"x") * (200 << 20)
    used = measure([sys.executable, "-c", "b'x' * (40 << 20)"])
    assert len(big) > used.peak_mib > 40
    assert used.peak_mib < 120
    assert used.seconds > 0 < used.cpu


def test_how_figures_are_written() -> None:
    assert [length(value) for value in (2, 60, 600, 3600, 15_120)] == ["2 s", "1 min", "10 min", "1 h", "4.2 h"]
    assert [ratio(value) for value in (1.5, 12.34, 712.3)] == ["1.50×", "12.3×", "712×"]
    table = Table("T", "about", ("a", "b"), [("x", "1"), ("long", "22")])
    assert table.screen() == "T\nabout\n\na      b\nx      1\nlong  22"
    assert table.markdown() == "### T\n\nabout\n\n| a | b |\n| --- | --: |\n| x | 1 |\n| long | 22 |"


def test_a_plot_of_a_single_point_is_a_plot(tmp_path: Path) -> None:
    plot.draw([Point(OURS, 60, 0.15)], tmp_path / "one.png")
    plot.draw([Point(OURS, 60, 0.15), Point(PYDUB, 3600, 350.0)], tmp_path / "two.png")
    red = (214, 28, 40)
    for name in ("one.png", "two.png"):
        with Image.open(tmp_path / name) as picture:
            assert red in {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
