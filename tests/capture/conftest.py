"""Fixtures for the tests of the Windows back end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.capture.fake_windows import POLL, FakeWindows
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
