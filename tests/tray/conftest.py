"""A played Windows, and the tray on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.tray.fake_windows import FakeWindows
from tests.tray.playing import played
from tests.tray.running import Running, running


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    """A Windows that finds no fault in the end, and to which nothing is owed."""
    with played(FakeWindows(double_click_ms=0), monkeypatch) as system:
        yield system
        assert system.faults == []
        assert system.left_over == {}
        assert system.timers == {}


@pytest.fixture
def program(windows: FakeWindows) -> Iterator[Running]:
    with running() as program:
        yield program
