"""Fixtures for the tests that run the program as a user does."""

from __future__ import annotations

import pytest

from tests.terminal.program import clean_env


@pytest.fixture
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return clean_env(tmp_path_factory.mktemp("user"))
