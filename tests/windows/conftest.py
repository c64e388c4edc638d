"""Fixtures for the tests that run in Windows' Python only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows.build import Build, build
from tests.windows.program import User
from tests.windows.stage import Stage, find_stage


@pytest.fixture(scope="session")
def _stage() -> Stage:
    return find_stage()


@pytest.fixture
def stage(_stage: Stage) -> Iterator[Stage]:
    """The outputs and the screen, as they should be before and after each test."""
    _stage.reset()
    yield _stage
    _stage.reset()


@pytest.fixture(scope="session")
def exe() -> Build:
    """The programs that `build.spec` makes of the checkout as it is."""
    return build()


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody who starts the program and has nothing of it yet."""
    return User(tmp_path)
