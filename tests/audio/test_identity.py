"""A file trimmed as users trim it, against pydub: the same cuts and the same bytes, on sound and settings at random.

An ordinary run tries a tenth. All 1,000: `RECORDER_TESTS_WHOLE=1 python -m pytest tests/audio/test_identity.py -q`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.audio.oracle import Case, Values, noise, pydub_cuts, pydub_kept
from tests.audio.wav_files import ours
from tests.effort import tenth
from tray_app.audio import trim
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.wav import WavReader
from tray_app.disk import Disk
from tray_app.processing.trimming import trim_file

CASES = 1000
TOGETHER = 10
"""Cases in one test: a failure names the seed."""

LEVELS = (0.0, 0.0003, 0.006, 0.0167, 0.0183, 0.03, 0.5)
"""Peaks of noise, of full scale. −40 dBFS RMS is a peak of 0.0173: none lies within a 24-bit step of it."""


def at_random(seed: int) -> Case:
    """Some seconds of stretches of noise, at levels and for lengths that make cuts and near misses."""
    rng = np.random.default_rng([6, seed])
    bits = int(rng.choice([8, 16, 24, 32]))
    fmt = AudioFormat(int(rng.choice([8000, 11025, 22050, 44100, 48000])), int(rng.integers(1, 3)), bits)
    window = int(rng.choice([20, 64, 90, 200, 500]))
    parts: list[Values] = []
    left = int(fmt.rate * rng.uniform(0.1, 2.5))
    left -= left % (fmt.rate // 25)  # whole milliseconds, also at 11 025 and 44 100 Hz: pydub fills others up
    while left:
        frames = min(left, 1 + int(rng.exponential(window) * fmt.rate / 1000))
        level = float(rng.choice(LEVELS))
        parts.append(noise(rng, frames, fmt.channels, level * (2.0 ** (bits - 1) - 1)))
        left -= frames
    return Case(fmt, window, -40.0, np.concatenate(parts))


@pytest.mark.parametrize("first", range(0, tenth(CASES), TOGETHER))
def test_the_trimmed_file_is_pydubs(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Many blocks a file: what lies across their edges is half of what there is to get wrong.
    monkeypatch.setattr(trim, "_FILE_BLOCK", 100_000)
    for seed in range(first, first + TOGETHER):
        case = at_random(seed)
        source, target = tmp_path / f"{seed}.wav", tmp_path / f"{seed}_trimmed.wav"
        source.write_bytes(ours(case.fmt, case.pcm))
        facts = trim_file(Disk(), source, target, CutRule(case.window, case.thresh))
        cuts = pydub_cuts(case)
        assert facts.cuts == cuts, f"seed {seed}"
        with target.open("rb") as file:
            kept = WavReader(file).read(len(case.values))
        assert digest(kept) == digest(pydub_kept(case, cuts)), f"seed {seed}"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_there_is_something_to_find_in_most_of_them() -> None:
    cases = [at_random(seed) for seed in range(40)]
    found = [len(pydub_cuts(case)) for case in cases]
    assert sum(count > 1 for count in found) > 15
    assert {case.fmt.bits for case in cases} == {8, 16, 24, 32}
    assert max(len(case.pcm) for case in cases) > 400_000
