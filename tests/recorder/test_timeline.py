"""The timeline against devices in simulated time: what sounded at t stands at t, whatever the device did."""

from __future__ import annotations

import random
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import effort
from tests.recorder.device import Device
from tray_app.capture.base import Chunk
from tray_app.recorder.pieces import Break, Fill, Piece, Sound
from tray_app.recorder.timeline import Timeline

CHUNK_SECONDS = 512 / 48000


class Placed:
    """Collects pieces and checks that they follow each other without a hole or an overlap."""

    def __init__(self) -> None:
        self.frames = 0
        self.zeros = 0
        self.sounds: list[tuple[int, float, int]] = []

    def take(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Sound):
                assert piece.at == self.frames
                self.sounds.append((piece.at, float(piece.samples[0, 0]), len(piece.samples)))
                self.frames += len(piece.samples)
            elif isinstance(piece, Fill):
                assert piece.start == self.frames
                assert piece.end > piece.start
                self.frames = piece.end
                self.zeros += piece.end - piece.start
            else:
                assert isinstance(piece, Break)

    def worst(self, rate: int = 48000) -> float:
        """The largest distance in seconds between where a frame stands and when it sounded."""
        return max(abs(at / rate - true) for at, true, _ in self.sounds)


def run(device: Device, seconds: float, *, stop: float | None = None) -> tuple[Timeline, Placed]:
    """Record a device as the recorder does: feed what arrives, tick every 100 ms while nothing does."""
    timeline, placed = Timeline(device.rate, device.start), Placed()
    placed.take(timeline.open(device.rate))
    now = device.start
    for arrival, chunk in device.arrivals(seconds):
        while now + 0.1 < arrival:
            now += 0.1
            placed.take(timeline.tick(now))
        now = arrival
        placed.take(timeline.feed(chunk))
    end = device.start + (seconds if stop is None else stop)
    while now + 0.1 < end:
        now += 0.1
        placed.take(timeline.tick(now))
    placed.take(timeline.stop(end))
    assert placed.frames == timeline.frames
    return timeline, placed


@pytest.mark.parametrize("gap", [0.3, 7.0, 600.0])
@pytest.mark.parametrize("late", [0.0, 0.03])
def test_silence_without_packets_is_a_gap_of_the_right_length(gap: float, late: float) -> None:
    timeline, placed = run(Device(gaps=[(2.0, 2.0 + gap)], late=late, latency=0.01), 4.0 + gap)
    assert placed.worst() <= CHUNK_SECONDS
    assert len(timeline.gaps) == 1
    start, frames = timeline.gaps[0]
    assert abs(start / 48000 - 2.0) <= CHUNK_SECONDS
    assert abs(frames / 48000 - gap) <= CHUNK_SECONDS
    assert abs(timeline.frames / 48000 - (4.0 + gap)) <= 2 * CHUNK_SECONDS


def test_silence_before_the_first_sound_is_a_gap() -> None:
    timeline, placed = run(Device(gaps=[(0.0, 10.0)]), 12.0)
    assert placed.worst() <= CHUNK_SECONDS
    assert timeline.gaps == [(0, timeline.gaps[0][1])]
    assert abs(timeline.gaps[0][1] - 480000) <= 512


@pytest.mark.parametrize("ppm", [200.0, -200.0])
def test_a_clock_that_drifts_for_hours_gets_no_zero(ppm: float) -> None:
    device = Device(rate=8000, chunk=2000, ppm=ppm, late=0.01)
    seconds = effort(24, 3) * 3600.0
    timeline, placed = run(device, seconds)
    assert placed.zeros == 0
    assert timeline.gaps == []
    assert timeline.drift_ppm == pytest.approx(ppm, abs=5)
    assert abs(timeline.frames - seconds * 8000 * (1 + ppm * 1e-6)) <= 4000


def test_drift_is_unknown_in_a_short_take() -> None:
    assert run(Device(late=0.03), 5.0)[0].drift_ppm is None


@pytest.mark.parametrize("seed", effort([1, 2, 3], [1]))
def test_a_thousand_gaps_with_late_callbacks_do_not_add_up(seed: int) -> None:
    random_source = random.Random(seed)
    gaps, at = [], 1.0
    for _ in range(1000):
        length = random_source.uniform(0.1, 5.0)
        gaps.append((at, at + length))
        at += length + random_source.uniform(0.5, 3.0)
    timeline, placed = run(Device(gaps=gaps, late=0.03, seed=seed), at + 3.0)
    assert len(timeline.gaps) == 1000
    for at_frame, true, frames in placed.sounds[-200:]:
        assert abs(at_frame / 48000 - true) <= CHUNK_SECONDS, (at_frame, frames)
    lengths = [end - begin for begin, end in gaps]
    # A single gap is known to what the lateness of the callbacks around it leaves: held for 250 ms, 23 of them.
    assert np.abs(np.array([n for _, n in timeline.gaps]) / 48000 - lengths).max() <= 2 * CHUNK_SECONDS


@pytest.mark.parametrize("length", [0.2, 1.0, 2.0])
def test_a_stall_whose_frames_come_in_a_burst_is_no_gap(length: float) -> None:
    timeline, placed = run(Device(stalls=[(3.0, 3.0 + length)], late=0.005), 8.0 + length)
    assert timeline.gaps == []
    assert placed.zeros == 0
    assert placed.worst() <= CHUNK_SECONDS


def test_frames_that_come_after_a_long_stall_was_filled_are_counted_not_inserted() -> None:
    timeline, placed = run(Device(stalls=[(3.0, 13.0)]), 20.0)
    assert timeline.late_frames > 0
    assert timeline.gaps[0][1] == pytest.approx(timeline.late_frames, abs=1)
    assert placed.worst() <= CHUNK_SECONDS
    assert abs(timeline.frames / 48000 - 20.0) <= 2 * CHUNK_SECONDS


def test_a_burst_that_brings_only_a_part_leaves_a_gap_for_the_rest() -> None:
    device = Device(gaps=[(2.0, 3.0)], stalls=[(2.0, 4.0)])
    timeline, placed = run(device, 8.0)
    assert placed.worst() <= CHUNK_SECONDS
    assert abs(timeline.gaps[0][1] - 48000) <= 512


def test_nothing_is_owed_after_a_stall_of_ten_hours() -> None:
    device = Device(rate=8000, chunk=80)
    timeline, placed = Timeline(8000, device.start), Placed()
    placed.take(timeline.open(8000))
    for _, chunk in device.arrivals(1.0):
        placed.take(timeline.feed(chunk))
    now = device.start + 1.0
    while now < device.start + 36000.0:
        now += 0.1
        placed.take(timeline.tick(now))
        assert now - device.start - placed.frames / 8000 <= (1.2 if now > device.start + 5 else 5)
    placed.take(timeline.stop(now))
    assert abs(placed.frames / 8000 - (now - device.start)) <= 0.02
    assert timeline.gaps == [(8000, placed.frames - 8000)]


def test_after_the_program_stood_still_a_burst_is_still_taken() -> None:
    device = Device(stalls=[(2.0, 32.0)])
    timeline, placed = Timeline(48000, device.start), Placed()
    placed.take(timeline.open(48000))
    for arrival, chunk in device.arrivals(40.0):
        placed.take(timeline.tick(arrival))
        placed.take(timeline.feed(chunk))
    placed.take(timeline.stop(device.start + 40.0))
    assert placed.zeros == 0
    assert placed.worst() <= CHUNK_SECONDS


def test_dropped_frames_are_zeros_of_exactly_that_number_listed_apart() -> None:
    timeline, placed = Timeline(48000, 0.0), Placed()
    placed.take(timeline.open(48000))
    at = 0
    for index in range(400):
        dropped = 5000 if index == 200 else 0
        at += dropped
        samples = np.full((512, 2), at / 48000, np.float32)
        placed.take(timeline.feed(Chunk(samples, at / 48000, dropped)))
        at += 512
    placed.take(timeline.stop(at / 48000))
    assert timeline.dropped == [(200 * 512, 5000)]
    assert timeline.gaps == []
    assert placed.worst() < 1e-4


def test_a_pause_leaves_nothing_and_its_edges_are_the_commands_times() -> None:
    device = Device(latency=0.0)
    timeline, placed = Timeline(48000, device.start), Placed()
    placed.take(timeline.open(48000))
    events = [(3.0, "pause"), (5.0, "resume")]
    for arrival, chunk in device.arrivals(8.0):
        while events and arrival >= device.start + events[0][0]:
            at, what = events.pop(0)
            (timeline.pause if what == "pause" else timeline.resume)(device.start + at)
        placed.take(timeline.feed(chunk))
    placed.take(timeline.stop(device.start + 8.0))
    ((at, seconds),) = timeline.pauses
    assert at == pytest.approx(3.0 * 48000, abs=512)
    assert seconds == 2.0
    assert placed.zeros == 0
    assert abs(placed.frames / 48000 - 6.0) <= 2 * CHUNK_SECONDS
    edge = timeline.pauses[0][0]
    after = [(at, true) for at, true, _ in placed.sounds if at >= edge]
    assert after[0][1] == pytest.approx(5.0, abs=CHUNK_SECONDS)
    assert max(abs(true - 2.0 - at / 48000) for at, true in after) <= CHUNK_SECONDS


def test_a_gap_within_a_pause_leaves_no_zero() -> None:
    device = Device(gaps=[(3.0, 3.5)])
    timeline, placed = Timeline(48000, device.start), Placed()
    placed.take(timeline.open(48000))
    for arrival, chunk in device.arrivals(6.0):
        if arrival >= device.start + 2.0 and not timeline._pauses.running:
            timeline.pause(device.start + 2.0)
        placed.take(timeline.feed(chunk))
    timeline.resume(device.start + 6.0)
    placed.take(timeline.stop(device.start + 6.0))
    assert placed.zeros == 0
    assert timeline.gaps == []
    assert abs(placed.frames - 96000) <= 512


def test_a_device_that_returns_with_another_rate_goes_on_in_place() -> None:
    timeline, placed = Timeline(48000, 1000.0), Placed()
    placed.take(timeline.open(48000))
    for _, chunk in Device().arrivals(3.0):
        placed.take(timeline.feed(chunk))
    placed.take(timeline.lost())
    for step in range(1, 70):
        placed.take(timeline.tick(1003.0 + step * 0.1))
    placed.take(timeline.open(16000))
    before = placed.frames
    for _, chunk in Device(rate=16000, gaps=[(0.0, 10.0)]).arrivals(13.0):
        for piece in timeline.feed(chunk):
            if isinstance(piece, Sound):
                assert abs(piece.at / 48000 - float(piece.samples[0, 0])) <= 512 / 16000
            elif isinstance(piece, Fill):
                assert piece.start >= before
    timeline.stop(1013.0)
    assert abs(timeline.frames / 48000 - 13.0) <= 2 * 512 / 16000
    assert len(timeline.gaps) == 1


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(["gap", "stall", "sound"]), st.floats(0.06, 6.0)), min_size=1, max_size=8),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.005, 0.03]),
    st.sampled_from([-100.0, 0.0, 100.0]),
)
def test_any_script_of_gaps_and_stalls_keeps_every_onset(
    script: list[tuple[str, float]], seed: int, late: float, ppm: float
) -> None:
    gaps, stalls, at = [], [], 1.0
    for what, length in script:
        if what == "gap":
            gaps.append((at, at + max(length, 0.1 + late)))
            at = gaps[-1][1]
        elif what == "stall":
            stalls.append((at, at + length))
            at += length
        at += 0.6
    device = Device(gaps=gaps, stalls=stalls, late=late, ppm=ppm, seed=seed, rate=8000, chunk=80)
    _, placed = run(device, at + 2)
    allowed = 0.01 + late + at * abs(ppm) * 1e-6
    for at_frame, true, _ in placed.sounds:
        assert abs(at_frame / 8000 - true) <= allowed
    assert abs(placed.frames / 8000 - (at + 2)) <= 0.03 + allowed
