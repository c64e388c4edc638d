"""Fixtures for everybody: sound servers of the test run's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sound import PulseServer


@pytest.fixture(scope="session")
def pulse_env() -> Iterator[PulseServer]:
    """One PulseAudio for all tests that leave it as it was: no sink removed, nothing muted.."""
    with PulseServer() as server:
        yield server
