"""Balloons in a real notification area, by the notifier as the program uses it.

Wine shows a balloon 2 s after its icon. On Windows itself balloons belong to the shell, which tells nobody of them;
there the window that each of them has stands for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
import win32api
import win32con
import win32gui
import win32process

from tests.sound import wait_until
from tests.windows.tray_driver import TrayDriver, icons_under_wine, under_wine
from tray_app.desktop.notify import Notifier, Pace

DEADLINE = 30.0
FOR_EVER = 3600.0


def windows() -> list[int]:
    """Return plyer's windows in this process."""
    found: list[int] = []

    def look(window: int, _: object) -> bool:
        owner = win32process.GetWindowThreadProcessId(window)[1]
        if owner == os.getpid() and name_of_class(window).startswith("PlyerTaskbar"):
            found.append(window)
        return True

    win32gui.EnumWindows(look, None)
    return found


def name_of_class(window: int) -> str:
    return str(win32gui.GetClassName(window))


def is_registered(name: str) -> bool:
    """Whether there is a window class of that name: Windows lets nobody register one twice."""
    kind = win32gui.WNDCLASS()
    kind.lpszClassName = name  # type: ignore[misc]  # it can be set, whatever the stubs say
    kind.hInstance = win32api.GetModuleHandle(None)  # type: ignore[misc]
    try:
        atom = win32gui.RegisterClass(kind)
    except win32gui.error:
        return True
    win32gui.UnregisterClass(atom, win32api.GetModuleHandle(None))
    return False


def wait_for_balloon() -> str:
    """Return the name of the class of the window whose balloon shows, once it can be seen."""
    wait_until(windows, DEADLINE, "the balloon's window")
    name = name_of_class(windows()[0])
    TrayDriver(os.getpid()).wait_for_balloon()
    return name


def nothing_is_left() -> bool:
    return not windows() and not icons_under_wine() and TrayDriver(os.getpid()).balloon() is None


def test_a_balloon_comes_and_goes_with_all_that_it_brought() -> None:
    notifier = Notifier(True, pace=Pace(4.0))
    assert notifier.notify("Recording saved", "Quartett „Ä“ 🎻.wav, 0:41:12 without silence; 1:02:33 were recorded.")
    name = wait_for_balloon()
    assert is_registered(name)
    wait_until(nothing_is_left, DEADLINE, "window, icon and balloon are gone")
    assert not is_registered(name)
    assert notifier.close(DEADLINE)
    assert "notify" not in [thread.name for thread in threading.enumerate()]


def test_there_is_one_at_a_time_and_each_has_its_turn() -> None:
    notifier = Notifier(True, pace=Pace(FOR_EVER, 0.5))
    assert all(notifier.notify("Recording saved", f"{number}.wav") for number in range(4))
    seen: set[int] = set()

    def look() -> bool:
        now = windows()
        assert len(now) <= 1
        assert len(icons_under_wine()) <= 1
        seen.update(now)
        return len(seen) == 4

    wait_until(look, DEADLINE, "four balloons")
    assert notifier.close(DEADLINE)
    wait_until(nothing_is_left, DEADLINE, "window, icon and balloon are gone")


def test_the_longest_texts_are_shown_and_no_other_way_is_needed(caplog: pytest.LogCaptureFixture) -> None:
    other: list[str] = []
    notifier = Notifier(True, fallback=lambda title, text: other.append(title), pace=Pace(FOR_EVER, 0.1))
    for character in ("x", "🎻", "x🎻", "\n"):
        assert notifier.notify(character * 300, character * 300)
    assert notifier.close(DEADLINE)
    assert other == []
    assert caplog.text == ""


def test_its_window_answers_while_it_shows() -> None:
    notifier = Notifier(True, pace=Pace(FOR_EVER))
    notifier.notify("Recording saved", "x.wav")
    wait_until(windows, DEADLINE, "the balloon's window")
    # What Windows sends to all windows at the end of the session, and what anybody may send.
    for message in (win32con.WM_QUERYENDSESSION, win32con.WM_NULL):
        answered = win32gui.SendMessageTimeout(windows()[0], message, 0, 0, win32con.SMTO_NORMAL, int(DEADLINE * 1000))
        assert answered[0]
    # What is posted waits in the queue until the thread looks; this one takes the window away.
    win32gui.PostMessage(windows()[0], win32con.WM_CLOSE, 0, 0)
    wait_until(lambda: not windows(), DEADLINE, "the window is closed")
    assert notifier.close(DEADLINE)
    wait_until(nothing_is_left, DEADLINE, "window, icon and balloon are gone")


PROGRAM = """
import sys, time
from tray_app.desktop.notify import Notifier, Pace

notifier = Notifier(True, pace=Pace(3600.0, 3600.0))
for number in range(int(sys.argv[1])):
    notifier.notify("Recording saved", f"{number}.wav")
print("said", flush=True)
sys.stdin.readline()
began = time.monotonic()
closed = notifier.close(5.0)
print(closed, time.monotonic() - began, flush=True)
"""


@pytest.mark.parametrize("notifications", [1, 12])
def test_the_program_ends_soon_though_a_balloon_shows(notifications: int) -> None:
    command = [sys.executable, "-c", PROGRAM, str(notifications)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin
        assert program.stdout
        assert program.stdout.readline() == "said\n"
        if under_wine():
            TrayDriver(program.pid).wait_for_balloon()
        began = time.monotonic()
        program.stdin.write("\n")
        program.stdin.flush()
        closed, seconds = program.stdout.readline().split()
        assert program.wait(DEADLINE) == 0
        print(f"{notifications} balloons: closed in {float(seconds):.2f} s, ended in {time.monotonic() - began:.2f} s")
    assert closed == "True"
    # Measured below 1 s; a busy machine may take longer, but the balloon would have stayed for an hour.
    assert float(seconds) < 3
    wait_until(lambda: not icons_under_wine(), DEADLINE, "the icon is gone")
