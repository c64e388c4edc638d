"""Takes on Windows: loopbacks that deliver nothing in silence, defaults that change, devices that come and go.

PortAudio and the system's endpoints are fakes; the back end and the recorder are the real ones.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.capture.fake_portaudio import PACKET
from tests.capture.fake_windows import FakeWindows
from tests.recorder.test_making import Table
from tests.recorder.windows_desk import RATE, Desk
from tests.sound import frequency, wait_until
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Chunk, OnChunk, OnLost, Samples, Source, Stream
from tray_app.capture.wasapi import WasapiBackend
from tray_app.recorder.order import Order
from tray_app.take.facts import Facts
from tray_app.take.take import Plan

CHUNK = 512
START = 1000.0


# In simulated time


class Silence:
    """A take from the loopback of Windows' speakers, packet by packet, in simulated time."""

    def __init__(self, folder: Path) -> None:
        self.windows = FakeWindows()
        self.speakers = self.windows.add("Speakers")
        self.table = Table(folder, AudioFormat(RATE, 2, 24), Plan(CutRule(500, -40.0)), START)
        self._chunks: list[Chunk] = []
        self._lost: list[str] = []
        backend = WasapiBackend(self.windows, self.windows.portaudio(), clock=lambda: self.table.now)
        (source,) = backend.sources()
        self._stream = backend.open(source, CHUNK, self._chunks.append, self._lost.append)
        self.table.making.opened(RATE, 2)

    def sound(self, packets: int, level: float) -> None:
        """Windows mixes for a while: every 10 ms a packet of what sounded since the last one."""
        packet: Samples = np.full((PACKET, 2), level, np.float32)
        for _ in range(packets):
            self.table.wait_until(self.table.now + 0.01)
            self.windows.play(self.speakers, packet)
            for chunk in self._chunks:
                self.table.making.feed(chunk)
            self._chunks.clear()

    def silence(self, seconds: float) -> None:
        """Nothing plays: no packet, no callback."""
        self.table.wait_until(self.table.now + seconds)

    def finish(self) -> Facts:
        facts = self.table.finish()
        self._stream.close()
        assert self._lost == []
        assert self.windows.killed == []
        return facts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose large files do not stay."""
    yield tmp_path / "takes"
    shutil.rmtree(tmp_path / "takes", ignore_errors=True)


def first_of(path: Path, level: float) -> int:
    """The first frame of that level, without holding the whole file."""
    at = 0
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32"):
            found = np.flatnonzero(np.isclose(block[:, 0], level))
            if len(found):
                return at + int(found[0])
            at += len(block)
    raise AssertionError("not in the file")


def last_of(path: Path, level: float) -> int:
    at, last = 0, -1
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32"):
            found = np.flatnonzero(np.isclose(block[:, 0], level))
            last = at + int(found[-1]) if len(found) else last
            at += len(block)
    return last


@pytest.mark.parametrize(
    ("packets", "gap"),
    [(208, 0.3), (209, 0.3), (216, 0.3), (223, 0.3), (208, 30.0), (209, 30.0), (223, 30.0), (209, 600.0)],
)
def test_what_sounds_after_silence_stands_where_it_sounded(folder: Path, packets: int, gap: float) -> None:
    """PortAudio holds back what does not fill its buffer: 0, 480, 256 or 32 frames here."""
    take = Silence(folder)
    take.sound(packets, 0.5)
    take.silence(gap)
    take.sound(200, 0.25)
    facts = take.finish()
    original = take.table.take.paths.original
    first, onset = packets * PACKET, round((packets * 0.01 + gap) * RATE)
    assert first_of(original, 0.5) <= CHUNK
    assert abs(first_of(original, 0.25) - onset) <= CHUNK
    assert abs(facts.frames - (onset + 200 * PACKET)) <= 2 * CHUNK
    assert len(facts.gaps) == 1
    start, frames = facts.gaps[0]
    assert abs(start - first) <= CHUNK
    assert abs(frames - gap * RATE) <= CHUNK
    # What was held back belongs before the silence, and is with the sound behind it: a chunk's worth at the most.
    assert last_of(original, 0.5) - onset <= CHUNK
    expected = [] if gap < 0.5 else [pytest.approx((10 * packets, 10 * packets + 1000 * gap), abs=12)]
    assert list(facts.cuts) == expected


def test_ten_silences_do_not_add_up(folder: Path) -> None:
    take = Silence(folder)
    levels = [0.1 + 0.05 * number for number in range(10)]
    onsets = []
    for level in levels:
        onsets.append(round((take.table.now - START) * RATE))
        take.sound(137, level)
        take.silence(7.3)
    facts = take.finish()
    found = [first_of(take.table.take.paths.original, level) for level in levels]
    assert np.abs(np.array(found) - onsets).max() <= CHUNK
    assert len(facts.gaps) == 10
    assert abs(facts.frames - 10 * (137 * 0.01 + 7.3) * RATE) <= 2 * CHUNK


def test_silence_before_the_first_sound_is_in_the_file(folder: Path) -> None:
    take = Silence(folder)
    take.silence(30.0)
    take.sound(100, 0.5)
    facts = take.finish()
    assert abs(first_of(take.table.take.paths.original, 0.5) - 30 * RATE) <= CHUNK
    assert abs(facts.frames - 31 * RATE) <= 2 * CHUNK


# With the recorder


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "takes")
    with desk.recorder, desk.player:
        yield desk
        desk.recorder.close()
        desk.windows.hang_in_stop.open()
    for take, _ in desk.takes:
        take.release()
    wait_until(lambda: desk.windows.initialised == 0, what="PortAudio is ended")
    assert desk.windows.listeners == []
    assert desk.windows.killed == []
    assert desk.windows.raised == []


def test_stop_in_silence_does_not_wait_for_a_stuck_stream(desk: Desk) -> None:
    desk.start()
    time.sleep(0.6)
    desk.player.sounding.clear()
    time.sleep(0.8)
    desk.windows.hang_in_stop.shut()
    heard, facts = desk.stop()
    assert desk.recorder.close(10)
    assert desk.windows.hang_in_stop.waiting.wait(10)
    assert not desk.windows.streams[0].freed, "the stream was not stuck"
    assert facts.frames == len(heard)
    assert facts.frames / RATE == pytest.approx(1.4, abs=0.3)
    assert frequency(heard[2400 : facts.gaps[-1][0] - 960], RATE) == pytest.approx(1000, abs=5)
    assert not np.any(heard[facts.gaps[-1][0] :])


def test_a_take_goes_on_with_the_new_default(desk: Desk) -> None:
    desk.start()
    time.sleep(0.6)
    desk.windows.choose(desk.headset)
    desk.records("Headset")
    time.sleep(0.6)
    heard, facts = desk.stop()
    assert desk.opened == ["Speakers", "Headset"]
    assert frequency(heard[2400:19200], RATE) == pytest.approx(1000, abs=2)
    assert frequency(heard[-19200:-2400], RATE) == pytest.approx(2000, abs=2)
    assert sum(frames for _, frames in facts.gaps) < RATE


def test_a_headset_that_is_plugged_in_and_chosen_is_recorded_although_portaudios_list_is_old(desk: Desk) -> None:
    desk.start()
    time.sleep(0.3)
    new = desk.windows.add("Bluetooth", rate=44100)
    desk.player.sounding[new] = 3000.0
    desk.windows.choose(new)
    desk.records("Bluetooth")
    time.sleep(0.6)
    heard, _ = desk.stop()
    assert desk.opened == ["Speakers", new]
    assert frequency(heard[-19200:-2400], RATE) == pytest.approx(3000, abs=2)


def test_nothing_is_opened_again_when_nothing_really_changed(desk: Desk) -> None:
    desk.start()
    for _ in range(20):
        desk.windows.tell()
    desk.windows.add("Virtual cable")
    desk.windows.choose(desk.speakers)
    time.sleep(0.8)
    _, facts = desk.stop()
    assert desk.opened == ["Speakers"]
    assert facts.gaps == ()


def test_a_default_with_another_format_is_opened_again_and_the_file_keeps_its_own(desk: Desk) -> None:
    desk.start()
    time.sleep(0.4)
    desk.windows.reformat(desk.speakers, 96000, 6)
    wait_until(lambda: len(desk.windows.streams) == 2)
    desk.records("Speakers")
    time.sleep(0.6)
    heard, facts = desk.stop()
    assert (facts.format.rate, facts.format.channels) == (RATE, 2)
    assert frequency(heard[-19200:-2400], RATE) == pytest.approx(1000, abs=2)


def test_a_pinned_device_is_waited_for_and_found_again_and_never_replaced(desk: Desk) -> None:
    pinned = desk.windows.of(desk.headset)
    desk.start(pinned.id)
    time.sleep(0.4)
    desk.windows.remove(pinned.id)
    desk.hear(lambda: desk.states[-1].waiting)
    desk.windows.choose(desk.speakers)
    time.sleep(1.2)
    assert desk.opened == ["Headset"]
    desk.windows.add(pinned.name, identity=pinned.id)
    desk.records("Headset")
    time.sleep(0.6)
    heard, facts = desk.stop()
    assert desk.opened == ["Headset", "Headset"]
    assert len(facts.gaps) == 1
    start, frames = facts.gaps[0]
    assert frames > RATE
    assert not np.any(heard[start : start + frames])
    assert frequency(heard[-19200:-2400], RATE) == pytest.approx(2000, abs=2)


def test_a_pinned_device_stays_when_the_default_changes(desk: Desk) -> None:
    desk.start(desk.headset)
    desk.windows.choose(desk.headset)
    desk.windows.choose(desk.speakers)
    time.sleep(0.6)
    heard, facts = desk.stop()
    assert desk.opened == ["Headset"]
    assert facts.gaps == ()
    assert frequency(heard[2400:19200], RATE) == pytest.approx(2000, abs=2)


def test_the_last_output_may_go_and_come_back(desk: Desk) -> None:
    desk.start()
    desk.windows.remove(desk.headset)
    del desk.player.sounding[desk.speakers]
    desk.windows.remove(desk.speakers, portaudio_notices=False)
    desk.hear(lambda: desk.states[-1].waiting)
    desk.windows.add("Speakers", identity=desk.speakers)
    desk.records("Speakers")
    assert desk.recorder.close(10)
    assert desk.opened == ["Speakers", "Speakers"]


def test_a_device_in_exclusive_use_is_waited_for_once_the_take_runs(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.start()
    desk.windows.refusals[desk.headset] = 0x8889000A
    desk.windows.choose(desk.headset)
    desk.hear(lambda: sum(state.waiting for state in desk.states) >= 3)
    del desk.windows.refusals[desk.headset]
    desk.records("Headset")
    assert sum("exclusive mode" in message for message in caplog.messages) == 1, "it was tried again and again"


def test_a_device_in_exclusive_use_is_told_at_the_start(desk: Desk, tmp_path: Path) -> None:
    desk.windows.refusals[desk.speakers] = 0x8889000A
    order = Order(lambda: (desk.backend, desk.backend.sources()[0]), True, tmp_path, "take", Plan(None))
    desk.recorder.start(order)
    desk.hear(lambda: desk.problems)
    assert "exclusive mode" in desk.problems[0].text
    assert "0x" not in desk.problems[0].text
    assert list(tmp_path.iterdir()) == []


class Hasty(WasapiBackend):
    """Whatever is opened for the first time dies, and the default changes, before the recorder has it."""

    after: Callable[[], None] | None = None

    def muted(self, source: Source) -> bool:
        after, self.after = self.after, None
        if after is not None:
            after()
        return super().muted(source)

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        self.lost: list[str] = []

        def lose(reason: str) -> None:
            on_lost(reason)
            self.lost.append(reason)

        return super().open(source, chunk_frames, on_chunk, lose)


def test_a_device_that_dies_while_it_is_opened_is_waited_for(desk: Desk) -> None:
    backend = Hasty(desk.windows, desk.windows.portaudio())

    def die() -> None:
        desk.windows.streams[-1].lose()
        wait_until(lambda: backend.lost)

    backend.after = die
    desk.start(backend=backend)
    wait_until(lambda: len(desk.windows.streams) == 2)
    desk.records("Speakers")
    time.sleep(0.5)
    heard, _ = desk.stop()
    assert frequency(heard[-14400:-2400], RATE) == pytest.approx(1000, abs=5)


def test_a_default_that_changes_while_a_device_is_opened_is_followed(desk: Desk) -> None:
    backend = Hasty(desk.windows, desk.windows.portaudio())
    backend.after = lambda: desk.windows.choose(desk.headset)
    desk.start(backend=backend)
    desk.records("Headset")
