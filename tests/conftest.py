"""Fixtures for everybody: sound servers of the test run's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.sound import PulseServer

# The same change gives the same verdict; `--hypothesis-profile=explore` looks for cases that nobody has seen yet.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")


@pytest.fixture(scope="session")
def pulse_env() -> Iterator[PulseServer]:
    """One PulseAudio for all tests that leave it as it was: no sink removed, nothing muted.."""
    with PulseServer() as server:
        yield server
