"""The end of the session, asked and told to a real window of another process as Windows does it; and the console's.

That Windows then ends the process, and what a shutdown of the whole session does, is tested with the program itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

import pytest
import win32con
import win32gui
import win32process

from tests.sound import wait_until

DEADLINE = 30.0
CTRL_C, CTRL_BREAK, CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN = 0, 1, 2, 5, 6
HEADER = """
import sys, threading, time
from tray_app.desktop.session import SessionEnd, console_closing

def say(text):
    print(text, flush=True)

def finish():
    say(f"finishing on {threading.current_thread().name}")
    time.sleep(slow)
    if fails:
        raise OSError("full")
    say("finished")
"""

PROGRAM = """
import win32gui

with SessionEnd(lambda: busy, finish):
    kind = win32gui.WNDCLASS()
    kind.lpszClassName = win32gui.GetClassName(win32gui.FindWindow(None, "Tray Recorder"))
    say("open")
    sys.stdin.readline()
say("left")
say([thread.name for thread in threading.enumerate()])
win32gui.RegisterClass(kind)  # Windows lets nobody register one twice
say("its name is free")
sys.stdin.readline()
"""


class Program:
    """A program that must not be ended in the middle, and what it said."""

    def __init__(self, code: str, *, busy: bool = True, slow: float = 0.0, fails: bool = False) -> None:
        values = f"busy, slow, fails = {busy}, {slow}, {fails}"
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEADER + values + code], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        self.said: list[str] = []
        self.complaints: list[str] = []
        self.listeners = [
            threading.Thread(target=self.listen, args=(self.process.stdout, self.said), daemon=True),
            threading.Thread(target=self.listen, args=(self.process.stderr, self.complaints), daemon=True),
        ]
        for listener in self.listeners:
            listener.start()
        self.wait_for("open")

    @staticmethod
    def listen(lines: IO[str], heard: list[str]) -> None:
        heard.extend(line.strip() for line in lines)

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.said, DEADLINE, text)

    def windows(self) -> list[int]:
        """Return the top-level windows of the program that are told of the session's end."""
        found: list[int] = []

        def look(window: int, _: object) -> bool:
            owner = win32process.GetWindowThreadProcessId(window)[1]
            if owner == self.process.pid and str(win32gui.GetClassName(window)).startswith("TrayRecorder"):
                found.append(window)
            return True

        win32gui.EnumWindows(look, None)
        return found

    @property
    def window(self) -> int:
        return self.windows()[0]

    def asks(self) -> int:
        """Ask whether the session may end."""
        return int(win32gui.SendMessage(self.window, win32con.WM_QUERYENDSESSION, 0, 0))

    def tells(self, ends: bool) -> int:
        """Tell that the session ends, or that it goes on."""
        # The high bit as logging off has it: values of 64 bits must come through.
        return int(win32gui.SendMessage(self.window, win32con.WM_ENDSESSION, int(ends), -(1 << 31)))

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End the program if it still runs, and hear all that it said."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE)
        for listener in self.listeners:
            listener.join(DEADLINE)
        assert self.process.stdin
        with contextlib.suppress(OSError):  # what was not read
            self.process.stdin.close()

    def reason(self) -> str:
        """Return what Windows would show as the reason to wait. Wine has none of that."""
        text = ctypes.create_unicode_buffer(256)
        size = ctypes.c_ulong(len(text))
        user32: Any = getattr(ctypes, "WinDLL")("user32")  # noqa: B009 - mypy knows it on Windows only
        there = user32.ShutdownBlockReasonQuery(ctypes.c_void_p(self.window), text, ctypes.byref(size))
        return text.value if there else ""


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        program.end()


def start(programs: list[Program], code: str = PROGRAM, **values: Any) -> Program:
    programs.append(Program(code, **values))
    return programs[-1]


def test_its_window_is_a_hidden_one_that_windows_can_name(programs: list[Program]) -> None:
    program = start(programs)
    assert len(program.windows()) == 1
    assert win32gui.GetParent(program.window) == 0
    assert not win32gui.IsWindowVisible(program.window)
    assert win32gui.GetWindowText(program.window) == "Tray Recorder"


def test_asked_it_agrees_and_told_it_finishes_once_before_it_answers(programs: list[Program]) -> None:
    program = start(programs, slow=0.5)
    assert program.asks() == 1
    assert program.said == ["open"]
    began = time.monotonic()
    assert program.tells(ends=True) == 0
    assert time.monotonic() - began > 0.4
    program.wait_for("finished")
    assert program.tells(ends=True) == 0
    assert program.said == ["open", "finishing on session", "finished"]


def test_cancelled_it_goes_on_and_hears_the_next_time(programs: list[Program]) -> None:
    program = start(programs)
    for _ in range(2):
        assert program.asks() == 1
        assert program.tells(ends=False) == 0
    # Nor does somebody make it deaf who closes all the windows that he finds.
    win32gui.SendMessage(program.window, win32con.WM_CLOSE, 0, 0)
    assert program.said == ["open"]
    assert program.asks() == 1
    program.tells(ends=True)
    program.wait_for("finished")


def test_idle_it_agrees_and_is_finished_all_the_same(programs: list[Program]) -> None:
    program = start(programs, busy=False)
    assert program.asks() == 1
    program.tells(ends=True)
    program.wait_for("finished")


def test_what_cannot_be_finished_keeps_nobody_waiting(programs: list[Program]) -> None:
    program = start(programs, fails=True)
    assert program.asks() == 1
    assert program.tells(ends=True) == 0
    assert program.asks() == 1
    program.end()
    assert any("before the end of the session" in line for line in program.complaints)
    assert "OSError: full" in program.complaints


@pytest.mark.real_windows("Wine knows no reasons for blocking a shutdown")
def test_windows_shows_why_it_waits(programs: list[Program]) -> None:
    program = start(programs)
    assert program.reason() == ""
    program.asks()
    assert program.reason() == "A recording is being finished."
    program.tells(ends=False)
    assert program.reason() == ""
    program.asks()
    program.tells(ends=True)
    assert program.reason() == ""


def test_afterwards_window_its_class_and_thread_are_gone(programs: list[Program]) -> None:
    program = start(programs)
    program.go_on()
    program.wait_for("its name is free")
    assert program.windows() == []
    assert program.said == ["open", "left", "['MainThread']", "its name is free"]
    program.go_on()
    assert program.process.wait(DEADLINE) == 0
    program.end()
    assert program.complaints == []


def test_leaving_waits_but_a_moment_for_a_session_that_ends(programs: list[Program]) -> None:
    program = start(programs, slow=DEADLINE)
    win32gui.PostMessage(program.window, win32con.WM_ENDSESSION, 1, 0)
    program.wait_for("finishing on session")
    program.go_on()
    program.wait_for("left")
    assert "finished" not in program.said


CONSOLE = """
import ctypes
from ctypes import wintypes

kernel = ctypes.WinDLL("kernelbase")
pointer = ctypes.c_void_p
kernel.CreateThread.argtypes = [pointer, ctypes.c_size_t, pointer, pointer, wintypes.DWORD, pointer]
kernel.CreateThread.restype = wintypes.HANDLE
kernel.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]

def tell(event):
    "Start the thread that Windows starts in a console program to tell it something, and wait for its end."
    routine = ctypes.cast(kernel.CtrlRoutine, ctypes.c_void_p)
    thread = kernel.CreateThread(None, 0, routine, event, 0, None)
    assert kernel.WaitForSingleObject(thread, 20_000) == 0
    say(f"told {event}")

say("open")
with console_closing(finish):
    try:
        for line in sys.stdin:
            tell(int(line))
    except KeyboardInterrupt:
        say("Ctrl-C")
say("left")
tell(2)
say("not ended")
"""


def test_a_console_program_finishes_before_it_answers(programs: list[Program]) -> None:
    program = start(programs, CONSOLE, slow=0.2)
    assert program.process.stdin
    for event in (CTRL_BREAK, CTRL_CLOSE, CTRL_LOGOFF, CTRL_SHUTDOWN):
        program.process.stdin.write(f"{event}\n")
        program.process.stdin.flush()
        program.wait_for(f"told {event}")
    # Windows names no threads, and Python calls what it does not know Dummy.
    said = [line.split(" on ")[0] for line in program.said]
    assert [line for line in program.said if "MainThread" in line] == []
    assert said == ["open", *(line for event in (1, 2, 5, 6) for line in ("finishing", "finished", f"told {event}"))]


def test_ctrl_c_stays_pythons_and_afterwards_all_is_as_before(programs: list[Program]) -> None:
    program = start(programs, CONSOLE)
    assert program.process.stdin
    program.process.stdin.write(f"{CTRL_C}\n")
    program.process.stdin.close()
    # The last event is Windows' own again, which ends the program.
    program.process.wait(DEADLINE)
    program.end()
    assert "Ctrl-C" in program.said
    assert program.said[-1] == "left"


def test_what_a_console_program_cannot_finish_keeps_nobody_waiting(programs: list[Program]) -> None:
    program = start(programs, CONSOLE, fails=True)
    assert program.process.stdin
    program.process.stdin.write(f"{CTRL_CLOSE}\n")
    program.process.stdin.flush()
    program.wait_for(f"told {CTRL_CLOSE}")
    program.end()
    assert "OSError: full" in program.complaints
