"""What is to be seen of a tray on a played Windows."""

from __future__ import annotations

from datetime import datetime

from tests.tray.fake_windows import Entry, FakeWindows
from tests.tray.running import Running
from tray_app.states import State
from tray_app.tray.icon import picture
from tray_app.tray.view import Look, View

RECORDING = View(State.RECORDING, source="Speakers", since=datetime(2026, 11, 24, 14, 3))


def show(program: Running, windows: FakeWindows, view: View) -> None:
    program.tray.show(view)
    windows.settle()


def labels(menu: list[Entry]) -> list[str]:
    return ["---" if entry.separator else "*" * entry.default + entry.label for entry in menu]


def bits(look: Look, size: int) -> bytes:
    return picture(look, size).tobytes("raw", "BGRA")
