"""Memory does not grow with the length: what Python and numpy hold, counted, for minutes and for hours."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.in_memory import counted
from tests.audio.oracle import noise, pack
from tests.effort import effort
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.trim import TrimResult, trim

FMT = AudioFormat(48_000, 2, 24)
MIB = 1 << 20
CUT_BYTES = 400
"""What one cut in the list may take: that list is the answer, and grows."""
RUN_BYTES = 400
"""What a block's runs may take, for 7 s of sound, where a file is read twice."""


class Loop:
    """A file of any length: the same seconds again and again, none of it in memory twice."""

    def __init__(self, pcm: bytes, seconds: int) -> None:
        self.format, self.frames = FMT, seconds * FMT.rate
        self._pcm = memoryview(pcm)
        self._at = 0

    def seek(self, frame: int) -> None:
        self._at = frame * FMT.frame_bytes

    def readinto(self, buffer: memoryview) -> int:
        count = min(len(buffer), self.frames * FMT.frame_bytes - self._at)
        done = 0
        while done < count:
            place = (self._at + done) % len(self._pcm)
            part = self._pcm[place : place + count - done]
            buffer[done : done + len(part)] = part
            done += len(part)
        self._at += count
        return count


def loud_and_quiet() -> bytes:
    """Eleven seconds: no whole number of blocks, so that everything lies everywhere in a block some time."""
    rng = np.random.default_rng(3)
    levels = [(1.3, 1e6), (2.2, 1e4), (0.4, 1e6), (0.3, 0.0), (4.0, 1e6), (2.8, 0.0)]
    return pack(np.concatenate([noise(rng, int(s * FMT.rate), 2, level) for s, level in levels]), 24)


@pytest.mark.parametrize("window", [500, 60_000])
def test_an_hour_takes_what_minutes_take(window: int) -> None:
    """Also with the longest window that can be set, which lies in memory as 8 bytes a millisecond only."""
    pcm = loud_and_quiet()
    peaks: list[int] = []
    results: list[TrimResult] = []
    lengths = (180, effort(3600, 1200))
    for seconds in lengths:
        with counted(peaks):
            results.append(trim(Loop(pcm, seconds), len, CutRule(window)))
    lists = CUT_BYTES * (len(results[1].cuts) - len(results[0].cuts)) + RUN_BYTES * (lengths[1] - lengths[0]) // 7
    assert peaks[1] - peaks[0] < lists + 8 * window + 100_000
    assert peaks[1] < 24 * MIB
    assert [result.frames for result in results] == [seconds * FMT.rate for seconds in lengths]
    assert window > 500 or len(results[1].cuts) > lengths[1] // 11
