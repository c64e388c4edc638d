"""The desk at which the tests of the program in the tray sit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resident.desk import Desk


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals are the main thread's; the program's main loop is on another one here."""

    class Nothing:
        def __init__(self, end: object) -> None:
            pass

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr("tray_app.resident.Ending", Nothing)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "takes")
    desk.start()
    yield desk
    for hang in (desk.backend.hang_in_open, desk.backend.hang_in_close):
        hang.clear()
    desk.resident.quit()
    desk.ended()
