"""Whole takes against scripted devices in simulated time: whatever they do, sound stands where it sounded.

Scripts mix silences without packets, stalls with bursts, losses with returns in other formats, a default that flaps,
a disk that stands still, pauses and sleep. `python -m tests.faults` runs 500 of them, an ordinary run a tenth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.effort import tenth
from tests.faults.disks import BusyDisk
from tests.faults.simulated import HEADSET, OUTPUT, Studio, Time, stamps
from tray_app.events import Gap, Problem, StateChanged
from tray_app.states import Command, State

RATE = 8000
CHUNK = 80
AROUND = 0.7
"""Seconds of undisturbed sound after each thing that happens."""


@dataclass(frozen=True)
class Happening:
    """One thing that happens, and for how many seconds; `rate` and `channels` of a device that returns."""

    what: str
    seconds: float
    rate: int = RATE
    channels: int = 1


def lasting(what: str, least: float, most: float) -> st.SearchStrategy[Happening]:
    return st.builds(Happening, st.just(what), st.floats(least, most))


happenings = st.one_of(
    lasting("silence", 0.1, 30.0),
    lasting("stall", 0.06, 2.0),
    lasting("pause", 0.1, 5.0),
    lasting("sleep", 2.0, 5000.0),
    lasting("busy", 0.5, 14.0),
    lasting("flap", 0.05, 1.0),
    st.builds(
        Happening, st.just("loss"), st.floats(0.5, 1300.0), st.sampled_from([RATE, 16000, 11025]), st.integers(1, 2)
    ),
)


class Script:
    """A take in which one thing after the other happens."""

    def __init__(self, folder: Path, script: list[Happening], *, counts_sleep: bool, keeps: bool) -> None:
        time = Time()
        time.counts_sleep = counts_sleep
        self.disk = BusyDisk(lambda seconds: time.run(time.now + seconds))
        self.studio = Studio(folder, self.sound, self.disk, chunk=CHUNK, time=time, keeps=keeps)
        self.keeps = keeps
        self.refused = 0
        self.count_refused()
        at = 1.0
        self.losses = 0
        self.slept: list[float] = []
        self.paused: list[tuple[float, float]] = []
        for happening in script:
            at = getattr(self, happening.what)(at, happening) + AROUND
        self.length = at + 0.5
        self.studio.stop_at(self.length)
        self.studio.run()
        self.facts = self.studio.facts()
        self.heard: NDArray[np.int16] = soundfile.read(self.studio.takes[0][0].paths.original, dtype="int16")[0]
        self.studio.release()

    def sound(self, seconds: float, source: object, frames: int) -> NDArray[np.float32]:
        return stamps(seconds, source, frames)  # type: ignore[arg-type]

    def count_refused(self) -> None:
        inbox = self.studio.inbox
        offer = inbox.offer

        def counted(chunk: object, stream: object) -> None:
            before = inbox.dropped
            offer(chunk, stream)  # type: ignore[arg-type]
            self.refused += max(0, inbox.dropped - before)

        inbox.offer = counted  # type: ignore[method-assign]

    # What may happen; each returns when it is over

    def silence(self, at: float, it: Happening) -> float:
        return self.switch("quiet", at, it.seconds)

    def stall(self, at: float, it: Happening) -> float:
        return self.switch("stalled", at, it.seconds)

    def switch(self, name: str, at: float, seconds: float) -> float:
        self.studio.after(at, lambda: setattr(self.studio.device, name, True))
        self.studio.after(at + seconds, lambda: setattr(self.studio.device, name, False))
        return at + seconds

    def pause(self, at: float, it: Happening) -> float:
        self.studio.after(at, lambda: self.studio.tell(Command.PAUSE))
        self.studio.after(at + it.seconds, lambda: self.studio.tell(Command.RESUME))
        self.paused.append((at, at + it.seconds))
        return at + it.seconds

    def sleep(self, at: float, it: Happening) -> float:
        self.studio.after(at, lambda: self.studio.time.sleep(it.seconds))
        self.slept.append(it.seconds)
        return at

    def busy(self, at: float, it: Happening) -> float:
        self.studio.after(at, lambda: setattr(self.disk, "busy", it.seconds))
        return at + it.seconds

    def flap(self, at: float, it: Happening) -> float:
        device = self.studio.device
        for index in range(6):
            default = HEADSET if index % 2 == 0 else OUTPUT
            self.studio.after(at + it.seconds * index / 6, lambda default=default: device.appear(default))  # type: ignore[misc]
        return at + it.seconds + 1.0

    def loss(self, at: float, it: Happening) -> float:
        back = replace(OUTPUT, rate=it.rate, channels=it.channels)
        self.studio.after(at, self.studio.device.vanish)
        self.studio.after(at + it.seconds, lambda: self.studio.device.appear(back))
        self.losses += 1
        return at + it.seconds + 1.0

    # What came of it

    @property
    def taken_out(self) -> float:
        return sum(seconds for _, seconds in self.facts.pauses)

    def when(self, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """When, in seconds of the devices' time, the frames of the file sounded."""
        times = frames / RATE
        for frame, seconds in self.facts.pauses:
            times = times + np.where(frames >= frame, seconds, 0.0)
        found: NDArray[np.float64] = times
        return found

    def errors(self) -> NDArray[np.float64]:
        """How far, in seconds, what is heard stands from where it sounded: the median of every 50 ms of sound."""
        block = RATE // 20
        whole = self.heard[: len(self.heard) // block * block].reshape(-1, block)
        sounding = (whole != 0).all(axis=1)
        frames = np.arange(len(whole) * block).reshape(-1, block)
        sounded = (whole.astype(np.float64) - 1) / 10_000
        off = sounded - self.when(frames) % 3.0
        return np.median((off + 1.5) % 3.0 - 1.5, axis=1)[sounding]  # type: ignore[no-any-return]


SLEEPS = st.booleans()
KEEPS = st.booleans()
"""Whether the device delivers by itself, or keeps what comes until somebody collects it."""
ROUNDING = [
    Happening("loss", 1.0, 11025),
    *[Happening(what, 1.0) for what in ("silence", "silence", "pause", "silence")],
]
"""A converter's rounding left a frame of sound where a gap was listed to begin."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: tmp_path_factory.mktemp("script")


@settings(deadline=None, max_examples=tenth(500))
@given(st.lists(happenings, min_size=1, max_size=6), SLEEPS, KEEPS)
@example(ROUNDING, False, False)
def test_whatever_devices_do_the_take_is_true(
    folders: Callable[[], Path], script: list[Happening], counts_sleep: bool, keeps: bool
) -> None:
    folder = folders()
    take = Script(folder, script, counts_sleep=counts_sleep, keeps=keeps)
    slack = (2 + len(script)) * CHUNK
    assert_onsets(take)
    assert_length(take, slack)
    assert_lists(take)
    assert_said(take)
    for path in folder.rglob("*.wav"):
        path.unlink()


def assert_onsets(take: Script) -> None:
    errors = take.errors()
    assert len(errors) > 10, "most of it sounds"
    # What a device has kept may be late by up to a chunk, at every edge of a pause, too.
    chunks = 1 + take.keeps * len(take.paused)
    assert np.abs(errors).max() <= chunks * CHUNK / RATE + 0.001


def assert_length(take: Script, slack: int) -> None:
    assert abs(take.facts.frames - (take.length - take.taken_out) * RATE) <= slack + 1e-6
    assert len(take.heard) == take.facts.frames


def assert_lists(take: Script) -> None:
    """What is zero is listed, and what is listed is zero; what was refused is listed as dropped, to the frame."""
    facts = take.facts
    listed = np.zeros(facts.frames + 1, bool)
    for start, frames in (*facts.gaps, *facts.dropped):
        assert not take.heard[start : start + frames].any()
        listed[start : start + frames] = True
    # A converted wave may pass through zero for a frame, and ring out to it around what is listed.
    passing = np.convolve(take.heard == 0, np.ones(8), "same") >= 8
    zeros = np.flatnonzero(passing & ~listed[:-1])
    edges = np.flatnonzero(np.diff(listed.astype(np.int8)))
    assert all(len(edges) and np.abs(edges - zero).min() <= CHUNK for zero in zeros)
    assert sum(frames for _, frames in facts.dropped) == take.refused or take.paused or take.losses


def assert_said(take: Script) -> None:
    events = take.studio.events
    said = [(event.start, event.frames) for event in events if isinstance(event, Gap)]
    assert sorted(said) == sorted((*take.facts.gaps, *take.facts.dropped))
    assert sum("is gone" in problem.text for problem in events if isinstance(problem, Problem)) == take.losses
    states = [event for event in events if isinstance(event, StateChanged)]
    waits = [event.waiting for event in states]
    assert waits[0] is False
    assert waits[-1] is False, "every device is back in the end"
    assert sum(waits) >= take.losses
    assert sum(event.state is State.PAUSED for event in states) >= len(take.paused)
    assert states[-1].state is State.RECORDING
    assert not [problem for problem in take.studio.problems if problem.fatal]
    assert [seconds for _, seconds, _, _ in take.facts.sleeps] == pytest.approx(take.slept)
