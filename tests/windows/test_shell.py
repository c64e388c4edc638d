"""What the program asks Windows' shell to show: a folder, and the box of a program without a terminal."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import win32con
import win32gui

from tests.sound import wait_until
from tests.windows.program import ROOT
from tray_app.desktop import reveal

assert sys.platform == "win32"

DEADLINE = 30.0


def titles() -> dict[int, str]:
    """Return the titles of all windows that are shown."""
    found: dict[int, str] = {}

    def look(window: int, _: object) -> bool:
        if win32gui.IsWindowVisible(window):
            found[window] = win32gui.GetWindowText(window)
        return True

    win32gui.EnumWindows(look, None)
    return found


def text_in(box: int) -> list[str]:
    found: list[str] = []

    def look(window: int, _: object) -> bool:
        if win32gui.GetClassName(window) == "Static":
            found.append(win32gui.GetWindowText(window))
        return True

    # While the box is being made, Windows may name a child that is not there yet.
    with contextlib.suppress(win32gui.error):
        win32gui.EnumChildWindows(box, look, None)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that is missing, with a program beside it that must not be started in its place."""
    folder = tmp_path / "täkes of today"
    folder.with_suffix(".bat").write_text(f'echo started > "{tmp_path}\\started"\n')
    yield folder
    for window, title in titles().items():
        if folder.name in title:
            win32gui.PostMessage(window, win32con.WM_CLOSE, 0, 0)


def test_the_folder_is_made_and_shown(folder: Path, tmp_path: Path) -> None:
    reveal.open_folder(folder)
    wait_until(lambda: any(folder.name in title for title in titles().values()), DEADLINE, "the folder is shown")
    assert folder.is_dir()
    assert not (tmp_path / "started").exists()


def start(code: str) -> subprocess.Popen[str]:
    """Start Python code as a windowed program runs it: without standard error."""
    lines = ["import sys", f"sys.path.insert(0, {str(ROOT)!r})", "sys.stderr = None", code]
    return subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdin=subprocess.DEVNULL, text=True)


def test_the_box_shows_the_line_and_waits_until_it_is_closed() -> None:
    with start("from tray_app.desktop import alert\nalert.show('RECORDER_BIT_DEPTH is „20“.')\nsys.exit(7)") as program:
        try:
            wait_until(lambda: win32gui.FindWindow("#32770", "Tray Recorder"), DEADLINE, "the box is shown")
            box = win32gui.FindWindow("#32770", "Tray Recorder")
            wait_until(lambda: "RECORDER_BIT_DEPTH is „20“." in text_in(box), DEADLINE, "the line is in it")
            assert program.poll() is None
            win32gui.PostMessage(box, win32con.WM_COMMAND, win32con.IDOK, 0)
            assert program.wait(DEADLINE) == 7
        finally:
            program.kill()


INVISIBLE = """
import win32service, win32con
win32service.CreateWindowStation(None, 0, win32con.MAXIMUM_ALLOWED, None).SetProcessWindowStation()
from tray_app.desktop import alert
alert.show("nobody can close this")
sys.exit(7)
"""


def test_where_nobody_could_close_a_box_there_is_none() -> None:
    """A service's window station is not on any screen; a box there would hold the program for ever."""
    with start(INVISIBLE) as program:
        try:
            assert program.wait(DEADLINE) == 7
        finally:
            program.kill()
