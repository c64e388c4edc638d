"""The back end on the system itself: its endpoints, PortAudio's devices, and what they deliver."""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sound import Recording, frequency, tone, wait_until
from tests.windows.stage import Stage
from tray_app.capture import all_sources, find, pick
from tray_app.capture.base import Backend, Source, Stream
from tray_app.capture.endpoints import SystemEndpoints
from tray_app.capture.wasapi import WasapiBackend
from tray_app.capture.wasapi_portaudio import SHARED
from tray_app.disk import Disk
from tray_app.errors import SourceError, SourceNotFoundError
from tray_app.events import EventBus, StateChanged
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

LISTING = """
import json
from tray_app.capture.wasapi import WasapiBackend
print(json.dumps([source.id for source in WasapiBackend().sources()]))
"""
NOWHERE = "{0.0.0.00000000}.{00000000-0000-0000-0000-000000000000}"
HOLE = 0.2
"""Seconds that a gap has at least; a machine that is too busy makes shorter holes of its own."""


@pytest.fixture
def backend() -> Iterator[WasapiBackend]:
    yield WasapiBackend()
    assert SHARED._streams == set(), "a stream was left open"


@pytest.fixture
def loopback(backend: WasapiBackend) -> Source:
    return find(backend.sources(), "default")


def opened(backend: Backend, source: Source, recording: Recording) -> Stream:
    return backend.open(source, 512, recording.on_chunk, recording.on_lost)


def test_the_systems_back_end_lists_real_devices() -> None:
    sources, errors = all_sources(pick())
    assert errors == []
    found = [source for source in sources if source.backend == "wasapi"]
    assert [source.kind for source in found] == sorted((source.kind for source in found), reverse=True)
    assert sum(source.default for source in found) == 1
    for source in found:
        assert source.name
        assert source.id.startswith("{0.0.0." if source.kind == "loopback" else "{0.0.1.")
        assert 8_000 <= source.rate <= 384_000
        assert 1 <= source.channels <= 32
    assert len({source.id for source in found}) == len(found)


def test_ids_are_the_same_in_another_process(backend: WasapiBackend) -> None:
    done = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(done.stdout)) == sorted(source.id for source in backend.sources())


def test_the_system_knows_what_it_lists(loopback: Source) -> None:
    endpoints = SystemEndpoints()
    assert endpoints.is_active(loopback.id)
    assert not endpoints.is_active(NOWHERE)
    assert endpoints.refusal(loopback.id, loopback=True) is None
    assert endpoints.refusal(NOWHERE, loopback=True) is not None
    assert endpoints.silent(loopback.id) in (False, True)


def test_what_is_played_arrives_in_the_mixs_own_format(backend: WasapiBackend, loopback: Source, stage: Stage) -> None:
    recording = Recording()
    stage.play(tone(1000, -12, 30))
    stream = opened(backend, loopback, recording)
    wait_until(lambda: recording.frames > 2 * loopback.rate, 60)
    stream.close()
    frames = recording.frames
    assert (stream.source.rate, stream.source.channels) == (loopback.rate, loopback.channels)
    assert {chunk.samples.shape for chunk in recording.chunks} == {(512, loopback.channels)}
    assert recording.samples.dtype == np.float32
    assert frequency(recording.samples[loopback.rate :], loopback.rate) == pytest.approx(1000, abs=1)
    # Capture times are those of the samples, whatever the machine does beside.
    span = recording.chunks[-1].time - recording.chunks[0].time
    assert span == pytest.approx((frames - 512) / loopback.rate, abs=0.3)
    assert recording.chunks[0].time == pytest.approx(stream.started_at, abs=0.5)
    assert recording.frames == frames, "something was handed over after close"
    assert recording.lost == []


def test_several_streams_run_at_once_and_again(backend: WasapiBackend, loopback: Source, stage: Stage) -> None:
    inputs = [source for source in backend.sources() if source.kind == "input"][:1]
    stage.play(tone(1000, -12, 60))
    for _ in range(2):
        recordings = [Recording() for _ in (loopback, loopback, *inputs)]
        streams = [
            opened(backend, source, recording)
            for source, recording in zip((loopback, loopback, *inputs), recordings, strict=True)
        ]
        wait_until(lambda: all(recording.frames > loopback.rate // 2 for recording in recordings), 60)  # noqa: B023
        assert [source.id for source in backend.sources() if source.default] == [loopback.id]
        for stream in streams:
            stream.close()
            stream.close()
        assert [recording.lost for recording in recordings] == [[]] * len(recordings)


def test_every_source_can_be_opened_or_says_why_not(backend: WasapiBackend) -> None:
    refused: dict[str, SourceError] = {}
    for source in backend.sources():
        try:
            opened(backend, source, Recording()).close()
        except SourceError as error:
            refused[source.name] = error
    assert len(refused) < len(backend.sources())
    for name, refusal in refused.items():
        assert name in str(refusal)
        assert refusal.todo
        assert refusal.detail


def test_a_source_that_does_not_exist_never_reaches_portaudio(backend: WasapiBackend, loopback: Source) -> None:
    gone = Source(NOWHERE, "Gone", "loopback", "wasapi", 48000, 2)
    with pytest.raises(SourceNotFoundError, match="Gone"):
        opened(backend, gone, Recording())


def test_a_watch_registers_with_windows_and_ends(backend: WasapiBackend) -> None:
    for _ in range(3):
        watches = [backend.watch(lambda: None) for _ in range(2)]
        assert None not in watches
        for watch in watches:
            assert watch is not None
            watch.close()
            watch.close()


def test_whether_an_input_is_muted_can_be_told(backend: WasapiBackend) -> None:
    for source in backend.sources():
        assert backend.muted(source) in (False, True)


def test_an_unplugged_output_is_lost_once_and_can_be_opened_again(
    backend: WasapiBackend, loopback: Source, stage: Stage
) -> None:
    if not stage.can_unplug:
        pytest.skip("nobody can unplug a real output here")
    stage.play(tone(1000, -12, 60))
    recording = Recording()
    stream = opened(backend, loopback, recording)
    wait_until(lambda: recording.frames > loopback.rate // 2, 60)
    stage.unplug()
    wait_until(lambda: recording.lost, 30)
    stream.close()
    again = Recording()
    other = opened(backend, find(backend.sources(), "default"), again)
    wait_until(lambda: again.frames > loopback.rate // 2, 60)
    other.close()
    assert (recording.lost, again.lost) == (["PortAudio's stream has ended"], [])


@contextlib.contextmanager
def chosen(identity: str) -> Iterator[None]:
    """Make an output the default, as Wine's settings do. It tells every program at once, as Windows does."""
    winreg: Any = importlib.import_module("winreg")  # it exists on Windows only
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\Wine\Drivers\winepulse.drv") as key:
        winreg.SetValueEx(key, "DefaultOutput", 0, winreg.REG_SZ, identity)
        try:
            yield
        finally:
            winreg.DeleteValue(key, "DefaultOutput")


def test_a_take_goes_with_the_default_that_changes_while_it_is_recorded(
    backend: WasapiBackend, loopback: Source, stage: Stage, tmp_path: Path
) -> None:
    if not stage.can_unplug:
        pytest.skip("nobody can choose a real default output here")
    other = next(source for source in backend.sources() if source.kind == "loopback" and not source.default)
    states: list[StateChanged] = []
    takes: list[tuple[Take, Facts]] = []
    bus = EventBus()
    bus.listen(StateChanged, states.append)

    def recorded(name: str) -> bool:
        while bus.deliver(0):
            pass
        return bool(states) and (states[-1].source, states[-1].waiting) == (name, False)

    with Recorder(Disk(), bus, lambda take, facts: takes.append((take, facts))) as recorder:
        order = Order(lambda: (backend, find(backend.sources(), "default")), True, tmp_path, "take", Plan(None))
        recorder.start(order)
        wait_until(lambda: recorded(loopback.name), 60)
        time.sleep(1.0)
        with chosen(other.id):
            wait_until(lambda: recorded(other.name), 60)
            time.sleep(1.0)
        wait_until(lambda: recorded(loopback.name), 60)
        time.sleep(1.0)
    take, facts = takes[0]
    take.release()
    assert facts.source == loopback.name
    assert facts.frames > 3 * loopback.rate
    assert sum(frames >= HOLE * loopback.rate for _, frames in facts.gaps) <= 2
    wait_until(lambda: not SHARED._streams)
