"""PulseAudio and PipeWire, with real servers: what is played is what arrives, and a loss is told at once."""

from __future__ import annotations

import ctypes
import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
from tray_app.capture import libpulse
from tray_app.capture.base import Source, Stream
from tray_app.capture.libpulse import Connection
from tray_app.capture.pulse import PulseBackend
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError

MONITOR = f"{SINK}.monitor"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    with PulseServer(second="other", microphone=True) as running:
        running.use(monkeypatch)
        yield running


@pytest.fixture(params=[PulseServer, PipeWireServer])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundServer]:
    with request.param() as running:
        running.use(monkeypatch)
        yield running


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No server; the folder in which one would be looked for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/native")
    return tmp_path


def connected(ask: Callable[[Connection], list[libpulse.Device]]) -> list[libpulse.Device]:
    with Connection() as connection:
        return ask(connection)


def named(wanted: str) -> Source:
    return next(source for source in PulseBackend().sources() if source.id == wanted)


def opened(recording: Recording, source: str = MONITOR, chunk_frames: int = 512) -> Stream:
    stream = PulseBackend().open(named(source), chunk_frames, recording.on_chunk, recording.on_lost)
    recording.stream = stream
    wait_until(lambda: recording.chunks, what="the first chunk")
    return stream


def recorded(server: SoundServer, sound: Any, **play: Any) -> Recording:
    """Record the default output while `sound` plays, and a little after."""
    recording = Recording()
    stream = opened(recording)
    server.play(sound, **play).wait(30)
    end = recording.frames + stream.source.rate // 2
    wait_until(lambda: recording.frames > end, what="half a second more")
    stream.close()
    assert recording.lost == []
    return recording


def entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def tasks() -> int:
    return entries("/proc/self/task")


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


def test_a_removed_output_is_told_and_the_microphone_is_not_recorded(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording)
    server.unload(server.sink_module)
    removed = time.monotonic()
    wait_until(lambda: recording.lost, 1.0, "on_lost")
    assert time.monotonic() - removed < 1.0
    wait_until(lambda: not server.pactl("list", "short", "source-outputs"), what="nothing records any more")
    stream.close()
    assert len(recording.lost) == 1
    assert not recording.samples.any(), "the microphone was recorded"


def test_pipewire_ends_the_stream_of_a_removed_output(monkeypatch: pytest.MonkeyPatch) -> None:
    with PipeWireServer() as server:
        server.use(monkeypatch)
        server.add_sink("other")
        recording = Recording()
        stream = opened(recording)
        other = server.play(tone(440, -6, 5.0), sink="other")
        server.unload(server.sink_module)
        wait_until(lambda: recording.lost, 1.0, "on_lost")
        stream.close()
        assert other.poll() is None
    assert len(recording.lost) == 1
    assert not recording.samples.any(), "another source was recorded"


def test_a_killed_server_is_told_once(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording)
    server.kill()
    wait_until(lambda: recording.lost, 1.0, "on_lost")
    stream.close()
    stream.close()
    assert len(recording.lost) == 1


def test_close_ends_it_and_is_no_loss(server: PulseServer) -> None:
    recording = Recording()
    stream = opened(recording)
    closers = [threading.Thread(target=stream.close) for _ in range(3)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join(5)
    frames = recording.frames
    stream.close()
    assert not server.pactl("list", "short", "source-outputs")
    assert recording.frames == frames
    server.kill()
    assert recording.lost == []


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


def test_the_default_follows_the_server_and_the_watch_tells(server: PulseServer) -> None:
    told = threading.Event()
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5), "not told on connecting"
    told.clear()
    server.set_default("other")
    assert told.wait(2), "not told of the new default"
    assert [source.id for source in PulseBackend().sources() if source.default] == ["other.monitor"]
    watch.close()
    watch.close()
    told.clear()
    server.set_default(SINK)
    assert not told.wait(0.3), "told after close"


def test_a_default_that_is_gone_is_replaced_by_the_server(server: PulseServer) -> None:
    server.unload(server.sink_module)
    assert [source.id for source in PulseBackend().sources() if source.default] == ["other.monitor"]


def test_the_watch_sees_outputs_come_and_go(server: PulseServer) -> None:
    seen: list[set[str]] = []
    watch = PulseBackend().watch(lambda: seen.append({source.id for source in PulseBackend().sources()}))
    assert watch is not None
    wait_until(lambda: seen, what="connected")
    index = server.add_sink("headset")
    wait_until(lambda: "headset.monitor" in seen[-1], what="it came")
    server.unload(index)
    wait_until(lambda: "headset.monitor" not in seen[-1], what="it went")
    watch.close()


def test_the_watch_outlives_a_restart_of_the_server(server: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tray_app.capture.pulse.RETRY", 0.1)
    told = threading.Event()
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5)
    told.clear()
    server.kill()
    assert told.wait(2), "not told of the server's end"
    told.clear()
    server.start()
    assert told.wait(5), "not told of the server's return"
    watch.close()


def switches() -> dict[str, int]:
    """How often each thread but this one went to sleep."""
    own = str(threading.get_native_id())
    found = {}
    for task in Path("/proc/self/task").iterdir():
        if task.name != own:
            lines = (task / "status").read_text().splitlines()
            found[task.name] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return found


def test_the_watch_sleeps_while_nothing_happens(server: PulseServer) -> None:
    told = threading.Event()
    before_watch = set(switches())
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5)
    quiet = time.monotonic() + 1.0
    last = switches()
    while time.monotonic() < quiet:  # the setup's own events come first; then a second without any wake-up
        time.sleep(0.1)
        if (now := switches()) != last:
            last, quiet = now, quiet + 0.2
        assert quiet < time.monotonic() + 5, "the watch never sleeps"
    assert set(last) - before_watch, "no thread was looked at"
    watch.close()


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


def test_a_source_that_is_gone_is_named(server: PulseServer) -> None:
    source = named(MONITOR)
    server.unload(server.sink_module)
    with pytest.raises(SourceNotFoundError, match="Null Output"):
        PulseBackend().open(source, 512, lambda chunk: None, lambda reason: None)


@pytest.mark.parametrize(
    ("odd", "error"),
    [({"name": "went-just-now"}, SourceNotFoundError), ({"rate": 10**6}, SourceError), ({"rate": 0}, SourceError)],
)
def test_a_refusal_of_the_server_is_an_error_and_no_loss(
    server: PulseServer, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any], error: type[SourceError]
) -> None:
    real = next(device for device in connected(Connection.sources) if device.name == MONITOR)
    listed = dataclasses.replace(real, **odd)
    recording = Recording()
    source = dataclasses.replace(named(MONITOR), id=listed.name)
    monkeypatch.setattr(Connection, "sources", lambda _self: [listed])
    before = tasks()
    with pytest.raises(SourceError, match="Null Output") as caught:
        PulseBackend().open(source, 512, recording.on_chunk, recording.on_lost)
    assert type(caught.value) is error
    assert caught.value.detail
    assert recording.lost == []
    assert tasks() == before


def test_without_a_server_one_line_says_what_to_do(nowhere: Path) -> None:
    backend = PulseBackend()
    source = Source(MONITOR, "Speakers", "loopback", "pulse", 48_000, 2)
    actions = (
        backend.sources,
        lambda: backend.muted(source),
        lambda: backend.open(source, 512, lambda chunk: None, lambda reason: None),
    )
    before = tasks()
    for act in actions:
        with pytest.raises(BackendUnavailableError) as caught:
            act()
        assert "no sound server" in str(caught.value)
        assert "--source signal" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert tasks() == before


def test_without_the_library_there_is_no_watch_and_the_same_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    libpulse.load.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert PulseBackend().watch(lambda: None) is None
    with pytest.raises(BackendUnavailableError, match="no sound server") as caught:
        PulseBackend().sources()
    assert "libpulse.so.0" in caught.value.detail


def test_a_server_that_hangs_is_not_waited_for(server: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libpulse, "DEADLINE", 0.3)
    recording = Recording()
    stream = opened(recording)
    server.halt()
    try:
        begun = time.monotonic()
        with pytest.raises(BackendUnavailableError, match="does not answer"):
            PulseBackend().sources()
        stream.close()
        assert time.monotonic() - begun < 2.0
    finally:
        server.halt(on=False)


def test_nothing_is_left_after_close(server: PulseServer) -> None:
    def round_trip() -> None:
        recording = Recording()
        watch = PulseBackend().watch(lambda: None)
        opened(recording).close()
        assert watch is not None
        watch.close()

    threads = tasks()
    round_trip()
    files = entries("/proc/self/fd")
    for _ in range(20):
        round_trip()
    # A thread that was joined is the system's for a moment more.
    wait_until(lambda: tasks() == threads, what=f"{threads} threads, as before")
    assert threading.active_count() == 1
    assert entries("/proc/self/fd") == files


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
