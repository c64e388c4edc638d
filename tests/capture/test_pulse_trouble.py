"""What ends a stream, what the server refuses, and what is left of it: on real PulseAudio and PipeWire."""

from __future__ import annotations

import ctypes
import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.capture.pulse_sound import MONITOR, entries, named, opened, tasks
from tests.sound import PipeWireServer, PulseServer, Recording, tone, wait_until
from tray_app.capture import libpulse, pulse_connection
from tray_app.capture.base import Source
from tray_app.capture.pulse import PulseBackend
from tray_app.capture.pulse_connection import Connection, Device
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError


def connected(ask: Callable[[Connection], list[Device]]) -> list[Device]:
    with Connection() as connection:
        return ask(connection)


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
    monkeypatch.setattr(pulse_connection, "DEADLINE", 0.3)
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

    threads, pythons = tasks(), threading.active_count()
    round_trip()
    files = entries("/proc/self/fd")
    for _ in range(20):
        round_trip()
    # A thread that was joined is the system's for a moment more.
    wait_until(lambda: tasks() == threads, what=f"{threads} threads, as before")
    assert threading.active_count() == pythons
    assert entries("/proc/self/fd") == files
