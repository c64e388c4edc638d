"""Whole takes in simulated time: devices that deliver nothing for minutes or hours, and what is in the file then."""

from __future__ import annotations

import gc
import shutil
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import effort
from tests.recorder.device import Device
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.wav_repair import repair
from tray_app.capture.base import Chunk, Samples
from tray_app.disk import Disk
from tray_app.processing.trimming import trim_into
from tray_app.recorder.making import Making
from tray_app.take.facts import Facts, read_sidecar
from tray_app.take.take import Plan, Take, begin

RATE = 48000
CHUNK = 512
STALL = effort(10, 2) * 3600


def loud(chunk: Chunk) -> Chunk:
    """The chunk with sound in place of the device's time stamps: a square wave of −6 dBFS."""
    wave = np.where(np.arange(len(chunk.samples)) % 48 < 24, 0.5, -0.5).astype(np.float32)
    samples: Samples = np.repeat(wave[:, np.newaxis], chunk.samples.shape[1], axis=1)
    return Chunk(samples, chunk.time, chunk.dropped)


class Table:
    """A take on a real disk with simulated time."""

    def __init__(self, folder: Path, fmt: AudioFormat, plan: Plan, start: float = 1000.0) -> None:
        self.take: Take = begin(Disk(), folder, "take", plan)
        self.said: list[tuple[int, int, bool]] = []
        self.now = start
        self.making = Making(Disk(), self.take, fmt, start, "a device", lambda *what: self.said.append(what))

    def record(self, device: Device, seconds: float, rate: int, channels: int = 2) -> None:
        self.making.opened(rate, channels)
        for arrival, chunk in device.arrivals(seconds):
            self.wait_until(arrival)
            self.making.feed(loud(chunk))
        self.wait_until(device.start + seconds)

    def wait_until(self, time: float) -> None:
        """Let time pass as the recorder does: a tick every 100 ms."""
        while self.now + 0.1 < time:
            self.now += 0.1
            self.making.tick(self.now)
        self.now = time

    def finish(self) -> Facts:
        facts = self.making.finish(self.now, "then", "now")
        self.take.release()
        return facts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose large files do not stay."""
    yield tmp_path / "takes"
    shutil.rmtree(tmp_path / "takes", ignore_errors=True)


def onsets(path: Path) -> list[int]:
    """Frames at which sound begins after at least 50 ms of zeros, without holding the whole file."""
    found, quiet, at = [], RATE, 0
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32", always_2d=True):
            for index in np.flatnonzero(np.diff(np.concatenate([[0], block[:, 0] != 0]).astype(np.int8)) == 1):
                before = np.flatnonzero(block[:index, 0])
                if (index - before[-1] if len(before) else quiet + index) > 0.05 * RATE:
                    found.append(at + int(index))
            sounding = np.flatnonzero(block[:, 0])
            quiet = len(block) - int(sounding[-1]) if len(sounding) else quiet + len(block)
            at += len(block)
    return found


@pytest.mark.parametrize("gap", [0.3, 7.0, 600.0])
def test_onsets_in_the_file_lie_where_the_clock_says(folder: Path, gap: float) -> None:
    """A loopback that delivers nothing in silence, as Windows' does."""
    table = Table(folder, AudioFormat(RATE, 2, 24), Plan(CutRule(500, -40.0)))
    table.record(Device(gaps=[(2.0, 2.0 + gap)], late=0.02), 4.0 + gap, RATE)
    facts = table.finish()
    first, second = onsets(table.take.paths.original)
    assert first <= CHUNK
    assert abs(second - (2.0 + gap) * RATE) <= CHUNK
    assert abs(facts.frames - (4.0 + gap) * RATE) <= 2 * CHUNK
    assert len(facts.gaps) == 1
    assert table.said == [(*facts.gaps[0], False)]
    expected = [] if gap < 0.5 else [pytest.approx((2000, 2000 + 1000 * gap), abs=11)]
    assert list(facts.cuts) == expected
    assert read_sidecar(Disk(), table.take.paths.sidecar) == facts


def test_hours_of_stall_and_then_stop_owe_nothing(folder: Path) -> None:
    fmt = AudioFormat(8000, 1, 16)
    table = Table(folder, fmt, Plan(None))
    table.record(Device(rate=8000, chunk=80), 2.0, 8000)
    table.wait_until(table.now + STALL)
    left = (table.now - 1000.0) * 8000 - table.making.frames
    assert left <= 1.2 * 8000, "at Stop there is at most a second left to write"
    facts = table.finish()
    assert abs(facts.frames - (STALL + 2) * 8000) <= 160
    assert facts.gaps == ((16000, facts.frames - 16000),)
    assert soundfile.info(table.take.paths.original).frames == facts.frames


def test_hours_of_stall_and_then_a_kill_lose_the_last_second_at_most(folder: Path) -> None:
    fmt = AudioFormat(8000, 1, 16)
    table = Table(folder, fmt, Plan(None))
    table.record(Device(rate=8000, chunk=80), 2.0, 8000)
    table.wait_until(table.now + STALL)
    # A kill: nothing is finished; what the file holds is all there is.
    table.making.close()
    with Disk().open_update(table.take.paths.original) as file:
        frames = repair(file)
    assert (table.now - 1000.0) - frames / 8000 <= 1.3
    assert onsets(table.take.paths.original) == [0]
    table.take.release()


def test_a_resampled_take_has_its_length_after_many_gaps(folder: Path) -> None:
    """Zeros are counted from absolute positions, so that the converter's rounding never adds up."""
    gaps = [(1.0 + 0.9 * n, 1.4 + 0.9 * n) for n in range(60)]
    table = Table(folder, AudioFormat(48000, 1, 16), Plan(None))
    table.record(Device(rate=44100, chunk=441, gaps=gaps), 56.0, 44100)
    facts = table.finish()
    assert abs(facts.frames - 56 * 48000) <= 2 * 480
    assert facts.frames == table.making.timeline.frames
    found = onsets(table.take.paths.original)
    assert len(found) == 61
    for at, (_, end) in zip(found[1:], gaps, strict=True):
        assert abs(at - end * 48000) <= 600


@settings(deadline=None, max_examples=effort(25, 10))
@given(
    st.lists(st.tuples(st.floats(0.0, 1.5), st.floats(-60, 0)), min_size=1, max_size=6),
    st.sampled_from([(16, 1), (24, 2), (32, 2)]),
    st.sampled_from([8000, 11025, 44100]),
    st.integers(16, 4000),
)
def test_the_twin_made_while_recording_is_what_trimming_the_file_gives(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[float, float]],
    shape: tuple[int, int],
    rate: int,
    chunk: int,
) -> None:
    folder = tmp_path_factory.mktemp("twin")
    table = Table(folder, AudioFormat(rate, shape[1], shape[0]), Plan(CutRule(300, -35.0)))
    noise = np.random.default_rng(1)
    sound = [10 ** (level / 20) * noise.uniform(-1, 1, (round(seconds * rate), shape[1])) for seconds, level in parts]
    samples: Samples = np.concatenate(sound).astype(np.float32)
    table.making.opened(rate, shape[1])
    for at in range(0, len(samples), chunk):
        part = samples[at : at + chunk]
        table.making.feed(Chunk(np.ascontiguousarray(part), 1000.0 + at / rate))
    table.now = 1000.0 + len(samples) / rate
    facts = table.finish()
    assert facts.frames == len(samples)
    again = trim_into(Disk(), table.take.paths.original, folder / "again.wav", CutRule(300, -35.0))
    assert (again.cuts, again.kept_frames) == (facts.cuts, facts.kept_frames)
    trimmed = table.take.paths.trimmed
    assert trimmed is not None
    if facts.kept_frames:
        assert trimmed.read_bytes() == (folder / "again.wav").read_bytes()
    else:
        assert not trimmed.exists()


def test_a_longer_take_holds_no_more_memory(folder: Path) -> None:
    """All that is allocated is counted: a quarter of an hour leaves nothing behind but its cuts."""
    length = effort(900, 300)
    fmt = AudioFormat(8000, 1, 16)
    making = Table(folder, fmt, Plan(CutRule(500, -40.0)), 0.0).making
    making.opened(fmt.rate, 1)
    frames = 0

    def feed_until(seconds: int) -> int:
        nonlocal frames
        while frames < seconds * fmt.rate:
            chunk = Chunk(np.zeros((CHUNK, 1), np.float32), frames / fmt.rate)
            making.feed(loud(chunk) if frames // fmt.rate % 4 < 3 else chunk)
            frames += CHUNK
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    feed_until(60)
    tracemalloc.start()
    try:
        minutes = feed_until(180)
        whole = feed_until(length)
    finally:
        tracemalloc.stop()
    facts = making.finish(float(length), "then", "now")
    assert len(facts.cuts) == length // 4
    assert whole - minutes < 200 * (length - 180) // 4 + 20_000
