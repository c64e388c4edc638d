"""PulseAudio and PipeWire, with real servers: what is played is what arrives, and a loss is told at once."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Any

import numpy as np
import pytest

from tests.capture.pulse_sound import MONITOR, named, opened, recorded, switches
from tests.sound import (
    MICROPHONE,
    MICROPHONE_HZ,
    SINK,
    PipeWireServer,
    PulseServer,
    Recording,
    SoundServer,
    as_float,
    find_in,
    frequency,
    level_dbfs,
    noise24,
    tone,
    wait_until,
)
from tray_app.capture.base import Source
from tray_app.capture.pulse import PulseBackend


def test_outputs_are_loopbacks_and_come_first(server: PulseServer) -> None:
    sources = PulseBackend().sources()
    assert [(source.id, source.kind, source.default) for source in sources] == [
        (MONITOR, "loopback", True),
        ("other.monitor", "loopback", False),
        (MICROPHONE, "input", False),
    ]
    assert sources[0].name == "Null Output"
    assert {(source.backend, source.rate) for source in sources} == {("pulse", 48_000)}


def test_a_tone_has_its_frequency_and_level(pulse_env: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pulse_env.use(monkeypatch)
    loud = recorded(pulse_env, tone(1000, -12, 2.0)).samples
    heard = np.flatnonzero(loud.any(axis=1))
    middle = loud[heard[0] + 9600 : heard[-1] - 9600]
    assert frequency(middle, 48_000) == pytest.approx(1000, abs=0.05)
    assert level_dbfs(middle) == pytest.approx(-12, abs=0.001)


def test_24_bits_arrive_sample_for_sample(either: SoundServer) -> None:
    noise = noise24(2.5, seed=1)
    assert find_in(recorded(either, noise).samples, as_float(noise)) is not None


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (96_000, 2), (48_000, 6)])
def test_a_source_keeps_its_rate_and_channels(monkeypatch: pytest.MonkeyPatch, rate: int, channels: int) -> None:
    noise = noise24(1.0, seed=2, rate=rate, channels=channels)
    with PulseServer(rate=rate, channels=channels) as server:
        server.use(monkeypatch)
        assert (named(MONITOR).rate, named(MONITOR).channels) == (rate, channels)
        recording = recorded(server, noise, rate=rate)
    assert find_in(recording.samples, as_float(noise)) is not None


def test_channels_come_in_the_order_of_wav_whatever_the_device_has(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = noise24(1.0, seed=3)
    with PulseServer(channel_map="front-right,front-left") as server:
        server.use(monkeypatch)
        recording = recorded(server, noise)
    assert find_in(recording.samples, as_float(noise)) is not None


def test_channels_that_wav_does_not_know_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = noise24(1.0, seed=5)
    with PulseServer(channel_map="aux0,aux1") as server:
        server.use(monkeypatch)
        recording = recorded(server, noise, channel_map="aux0,aux1")
    assert find_in(recording.samples, as_float(noise)) is not None


def test_the_stream_opens_with_the_format_of_now(server: PulseServer) -> None:
    stale = Source(MONITOR, "testsink", "loopback", "pulse", 8_000, 1)
    recording = Recording()
    stream = recording.stream = PulseBackend().open(stale, 512, recording.on_chunk, recording.on_lost)
    wait_until(lambda: recording.chunks)
    stream.close()
    assert (stream.source.rate, stream.source.channels) == (48_000, 2)
    assert recording.samples.shape[1] == 2


def test_a_microphone_is_heard(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording, MICROPHONE)
    wait_until(lambda: recording.frames > 48_000)
    stream.close()
    assert frequency(recording.samples, 48_000) == pytest.approx(MICROPHONE_HZ, abs=0.1)


def test_chunks_are_in_time_and_no_longer_than_what_came_between_two_looks(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording)
    wait_until(lambda: recording.frames > 2 * 48_000)
    arrived = time.perf_counter()
    stream.close()
    sizes = [len(chunk.samples) for chunk in recording.chunks]
    assert np.median(sizes) <= 512
    assert all(chunk.samples.dtype == np.float32 and chunk.samples.flags.c_contiguous for chunk in recording.chunks)
    first, last = recording.chunks[0], recording.chunks[-1]
    assert last.time - first.time == pytest.approx(sum(sizes[:-1]) / 48_000, abs=0.1)
    assert stream.started_at - 0.1 < first.time < last.time < arrived


def kept(stream: Any) -> int:
    """Bytes that libpulse keeps for the stream."""
    with stream._server.locked():
        return int(stream._lib.pa_stream_readable_size(stream._stream))


def test_what_nobody_has_looked_for_is_kept_and_comes_in_chunks_as_asked_for(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording)
    before, since = len(recording.chunks), recording.chunks[-1]
    wait_until(lambda: kept(stream) > 48_000 * 8, what="a second is kept")
    now = time.perf_counter()
    later = recording.chunks[before:]
    stream.close()
    assert {len(chunk.samples) for chunk in later[:-1]} == {512}
    joined = [since, *later]
    for one, other in itertools.pairwise(joined):
        # Each begins where the one before has ended; the first of them was late by as much as nobody had looked.
        assert other.time - one.time == pytest.approx(len(one.samples) / 48_000, abs=0.03)
    assert now - later[-1].time - len(later[-1].samples) / 48_000 == pytest.approx(0, abs=0.03)


def test_whoever_collects_nothing_is_lost_doubled_or_out_of_order(
    pulse_env: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse_env.use(monkeypatch)
    noise = noise24(2.0, seed=6)
    recording = Recording()
    stream = opened(recording)
    over = threading.Event()

    def collect() -> None:
        while not over.is_set():
            stream.collect()

    threads = [threading.Thread(target=collect) for _ in range(4)]
    for thread in threads:
        thread.start()
    pulse_env.play(noise).wait(30)
    end = recording.frames + 24_000
    wait_until(lambda: recording.frames > end, what="half a second more")
    stream.close()
    frames = recording.frames
    stream.collect()
    over.set()
    for thread in threads:
        thread.join(5)
    assert recording.frames == frames, "delivered after close"
    assert find_in(recording.samples, as_float(noise)) is not None


def test_libpulses_thread_does_not_wake_python(server: PulseServer) -> None:
    """What is not called back cannot cost: between two looks no thread but libpulse's own wakes."""
    recording = Recording()
    stream = opened(recording)
    first = switches()
    time.sleep(0.5)
    second = switches()
    stream.close()
    woken = {task: second[task] - first[task] for task in second if second[task] > first.get(task, 0)}
    assert len(woken) == 1, woken
    assert max(woken.values()) < 150, "once a fragment, and no more: else it waits for Python's lock, too"


def test_two_streams_of_one_source_hear_the_same(pulse_env: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    pulse_env.use(monkeypatch)
    noise = noise24(1.0, seed=4)
    second = Recording()
    stream = opened(second, chunk_frames=2048)
    first = recorded(pulse_env, noise)
    assert second.frames > len(noise)
    stream.close()
    for recording in (first, second):
        assert find_in(recording.samples, as_float(noise)) is not None


def test_mute_and_volume_zero_are_seen(either: SoundServer) -> None:
    backend, source = PulseBackend(), named(MONITOR)
    assert not backend.muted(source)
    either.mute(SINK)
    assert backend.muted(source)
    either.mute(SINK, on=False)
    either.volume(SINK, 0)
    assert backend.muted(source)
    either.volume(SINK, 1)
    assert not backend.muted(source)


def test_what_is_muted_is_not_heard(either: SoundServer) -> None:
    either.mute(SINK)
    assert level_dbfs(recorded(either, tone(1000, -6, 0.5)).samples) == -np.inf


def test_pipewire_hears_a_muted_output_where_its_monitor_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    with PipeWireServer() as server:
        server.use(monkeypatch)
        server.add_sink("before", properties="monitor.channel-volumes=false")
        server.mute("before")
        assert not PulseBackend().muted(named("before.monitor"))
        recording = Recording()
        stream = opened(recording, "before.monitor")
        server.play(tone(1000, -6, 3.0), sink="before")
        wait_until(lambda: recording.chunks[-1].samples.any(), what="sound")
        stream.close()


def test_a_microphone_has_a_mute_of_its_own(server: PulseServer) -> None:
    microphone = named(MICROPHONE)
    server.mute(SINK)
    assert not PulseBackend().muted(microphone)
    server.pactl("set-source-mute", MICROPHONE, "1")
    assert PulseBackend().muted(microphone)


class Hole:
    """libpulse, but the next thing that it shows is a hole of `size` bytes."""

    def __init__(self, lib: Any, size: int) -> None:
        self._lib, self._left, self._dropping = lib, size, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lib, name)

    def pa_stream_readable_size(self, stream: int) -> int:
        return self._left or int(self._lib.pa_stream_readable_size(stream))

    def pa_stream_peek(self, stream: int, data: Any, size: Any) -> int:
        if not self._left:
            return int(self._lib.pa_stream_peek(stream, data, size))
        data._obj.value, size._obj.value = None, self._left
        self._left, self._dropping = 0, True
        return 0

    def pa_stream_drop(self, stream: int) -> int:
        if not self._dropping:
            return int(self._lib.pa_stream_drop(stream))
        self._dropping = False
        return 0


def test_a_hole_is_silence_of_its_length(server: PulseServer) -> None:
    recording = Recording()
    stream: Any = opened(recording, MICROPHONE)
    before = recording.frames
    stream._lib = Hole(stream._lib, 120_000 * 4 * stream.source.channels)  # 2.5 s
    wait_until(lambda: recording.frames > before + 144_000, what="the hole, and sound again")
    stream.close()
    silent = np.flatnonzero(~recording.samples.any(axis=1))
    hole = max(np.split(silent, np.flatnonzero(np.diff(silent) > 1) + 1), key=len)
    assert len(hole) == pytest.approx(120_000, abs=1)
    assert recording.samples[hole[-1] + 2 :].any()
