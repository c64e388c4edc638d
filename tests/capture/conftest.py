"""Fixtures for the tests of the back ends: sound servers of their own, and a Windows that is played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.capture.fake_windows import POLL, FakeWindows
from tests.sound import PipeWireServer, PulseServer, SoundServer
from tray_app.capture.wasapi import WasapiBackend


@pytest.fixture
def windows() -> Iterator[FakeWindows]:
    """A Windows that nothing was done to which would have ended the process."""
    fake = FakeWindows()
    yield fake
    fake.hang_in_stop.open()
    fake.hang_in_open.open()
    fake.hang_in_is_active.open()
    assert fake.killed == []
    assert fake.raised == [], "PyAudio raises these again in another thread"


@pytest.fixture
def backend(windows: FakeWindows) -> WasapiBackend:
    return WasapiBackend(windows, windows.portaudio(), poll=POLL)


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
