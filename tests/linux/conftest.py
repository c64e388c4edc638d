"""Fixtures for the tests of the program on a Linux desktop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.linux.desktop import LinuxDesktop
from tests.sound import PulseServer


@pytest.fixture
def desktop() -> Iterator[LinuxDesktop]:
    """A desktop with a tray host."""
    with LinuxDesktop() as desktop:
        yield desktop


@pytest.fixture(scope="module")
def sound() -> Iterator[PulseServer]:
    """A sound server with two outputs and a microphone."""
    with PulseServer(second="headset", microphone=True) as server:
        yield server
