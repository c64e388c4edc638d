"""The built-in test signal: every sample as its table says, in real time."""

from __future__ import annotations

import threading
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydub import AudioSegment
from pydub.silence import detect_nonsilent

from tests.sound import Recording, frequency, level_dbfs, wait_until
from tray_app.capture.base import Chunk, Source, Stream
from tray_app.capture.signal import CYCLE_FRAMES, RATE, SignalBackend, samples_at
from tray_app.errors import SourceNotFoundError

BACKEND = SignalBackend()
(SIGNAL,) = BACKEND.sources()


def sample(frame: int) -> float:
    """One sample by the table of `samples_at`, the slow way."""
    ms = frame % (5 * 48_000) / 48
    peak = 0.0
    if ms < 1500 or 1800 <= ms < 3000:
        peak = 10 ** (-12 / 20)
    elif ms >= 4000:
        peak = 10 ** (-52 / 20)
    return float(peak * np.sin(2 * np.pi * 1000 * (frame % 48) / 48_000))


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 300))
def test_every_sample_is_as_the_table_says(first: int, frames: int) -> None:
    got = samples_at(first, frames)
    assert got.dtype == np.float32
    assert got.shape == (frames, 2)
    assert got.flags.c_contiguous
    expected = np.array([[sample(frame)] * 2 for frame in range(first, first + frames)]).reshape(-1, 2)
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "peak"),
    [(0, 1500, -12), (1500, 1800, -np.inf), (1800, 3000, -12), (3000, 4000, -np.inf), (4000, 5000, -52)],
)
def test_each_part_has_its_level(start: int, end: int, peak: float) -> None:
    part = samples_at(start * 48, (end - start) * 48)
    assert level_dbfs(part) == pytest.approx(peak, abs=0.001)


def test_the_tone_is_1_khz() -> None:
    assert frequency(samples_at(0, RATE), RATE) == pytest.approx(1000, abs=0.05)


def test_a_caller_may_change_what_it_got() -> None:
    before = samples_at(0, 100).copy()
    samples_at(0, 100)[:] = 9
    np.testing.assert_array_equal(samples_at(0, 100), before)


def test_pydub_removes_what_the_docstring_says() -> None:
    pcm = np.round(samples_at(0, 2 * CYCLE_FRAMES) * 32767).astype("<i2").tobytes()
    sound = AudioSegment(pcm, sample_width=2, frame_rate=RATE, channels=2)
    kept = detect_nonsilent(sound, min_silence_len=500, silence_thresh=-40, seek_step=1)
    assert kept == [[0, 2999], [5001, 7999]]


def test_it_is_one_source_of_its_own_kind() -> None:
    assert Source("signal", "Built-in test signal", "signal", "signal", 48_000, 2, default=False) == SIGNAL


@pytest.mark.parametrize("chunk_frames", [1, 512, 4800])
def test_chunks_join_without_a_seam(chunk_frames: int) -> None:
    recording = Recording()
    stream = BACKEND.open(SIGNAL, chunk_frames, recording.on_chunk, recording.on_lost)
    wait_until(lambda: recording.frames >= 20 * chunk_frames)
    stream.close()
    assert {len(chunk.samples) for chunk in recording.chunks} == {chunk_frames}
    np.testing.assert_array_equal(recording.samples, samples_at(0, recording.frames))
    times = [chunk.time - stream.started_at for chunk in recording.chunks]
    assert times == pytest.approx([index * chunk_frames / RATE for index in range(len(times))], abs=1e-9)
    assert recording.lost == []


def test_it_keeps_real_time_and_never_runs_ahead() -> None:
    recording = Recording()
    early: list[float] = []

    def on_chunk(chunk: Chunk) -> None:
        early.append(chunk.time + len(chunk.samples) / RATE - time.perf_counter())
        recording.on_chunk(chunk)

    stream = BACKEND.open(SIGNAL, 512, on_chunk, recording.on_lost)
    wait_until(lambda: time.perf_counter() > stream.started_at + 1.0)
    wait_until(lambda: recording.frames >= RATE - 512, 1.0, "a second of sound in about a second")
    stream.close()
    assert max(early) <= 0.001, "a chunk came before its sound was over"


def test_a_late_wake_up_is_made_good_by_a_burst() -> None:
    recording = Recording()
    arrivals: list[float] = []

    def on_chunk(chunk: Chunk) -> None:
        recording.on_chunk(chunk)
        arrivals.append(time.perf_counter())
        if len(arrivals) == 5:
            time.sleep(0.3)  # a machine that is busy

    stream = BACKEND.open(SIGNAL, 480, on_chunk, recording.on_lost)
    wait_until(lambda: len(arrivals) >= 60)
    stream.close()
    assert arrivals[30] - arrivals[5] < 0.15, "the missing chunks do not come at once"
    assert recording.chunks[59].time == pytest.approx(stream.started_at + 0.59)
    np.testing.assert_array_equal(recording.samples, samples_at(0, recording.frames))


def test_nothing_comes_after_close_and_its_thread_is_gone() -> None:
    threads = threading.active_count()
    recording = Recording()
    stream = BACKEND.open(SIGNAL, 48_000 * 60, recording.on_chunk, recording.on_lost)
    begun = time.monotonic()
    stream.close()
    stream.close()
    assert time.monotonic() - begun < 1, "close waits for the next chunk"
    assert threading.active_count() == threads
    assert recording.chunks == []


def test_it_can_be_closed_from_its_own_callback() -> None:
    closed = threading.Event()
    streams: list[Stream] = []
    opened = threading.Event()

    def on_chunk(chunk: Chunk) -> None:
        opened.wait(5)
        streams[0].close()
        closed.set()

    streams.append(BACKEND.open(SIGNAL, 64, on_chunk, lambda reason: None))
    opened.set()
    assert closed.wait(5)


def test_another_source_is_refused() -> None:
    other = Source("speakers", "Speakers", "loopback", "pulse", 48_000, 2)
    with pytest.raises(SourceNotFoundError, match="'speakers'"):
        BACKEND.open(other, 512, lambda chunk: None, lambda reason: None)


def test_memory_does_not_grow_with_time() -> None:
    samples_at(0, 1)
    tracemalloc.start()
    samples_at(10**12, 512)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64_000
