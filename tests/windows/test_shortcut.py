"""What no shortcut can hold, what the shell and Task Manager have to say, and whom it may hold up."""

from __future__ import annotations

import subprocess
import sys
import threading
import winreg
from dataclasses import replace
from pathlib import Path

import pytest
import pythoncom
import win32con
import win32file
from win32com.shell import shell, shellcon

from tests.desktop.starts import refusal
from tests.windows.program import ROOT
from tests.windows.shortcuts import DEADLINE, Make, exe, read_back, shell_link, target_of
from tray_app.desktop import shortcut
from tray_app.desktop.autostart import Launch
from tray_app.errors import StorageError

assert sys.platform == "win32"


def folder_of_length(length: int) -> Path:
    """A path that nobody made: a shortcut asks for no file."""
    return Path("C:\\" + "x" * (length - 3))


def test_a_path_may_be_as_long_as_a_shortcut_can_hold(make: Make) -> None:
    program = Path("C:\\" + "y" * 252 + ".exe")
    assert len(str(program)) == 259
    start = make(Launch(program, (), folder_of_length(259), program))
    start.enable()
    assert start.enabled()
    assert target_of(read_back(start.path)) == str(program)


@pytest.mark.parametrize("what", ["program", "folder"])
@pytest.mark.parametrize("length", [260, 300])
def test_a_longer_one_is_told(what: str, length: int, make: Make, tmp_path: Path) -> None:
    launch = exe(tmp_path / "here")
    launch = replace(launch, **{what: folder_of_length(length)})  # type: ignore[arg-type]
    start = make(launch)
    assert "no path of more than 259 characters" in refusal(start.enable, StorageError)
    assert not start.enabled()
    assert list(tmp_path.rglob("*.lnk*")) == []


def test_letters_that_take_two_units_count_as_two(make: Make) -> None:
    program = Path("C:\\" + "🎻" * 128 + "x.exe")
    assert len(str(program)) < 259
    start = make(Launch(program, (), Path("C:\\"), program))
    assert "259 characters" in refusal(start.enable, StorageError)


@pytest.mark.parametrize("what", ["program", "folder"])
def test_a_path_that_windows_would_take_for_a_variable_is_told(what: str, make: Make, tmp_path: Path) -> None:
    launch = replace(exe(tmp_path / "here"), **{what: tmp_path / "%TEMP%" / "x"})  # type: ignore[arg-type]
    start = make(launch)
    assert "variable" in refusal(start.enable, StorageError)
    assert list(tmp_path.rglob("*.lnk*")) == []


def note(switches: str, first: int) -> None:
    """Note what Task Manager notes: a first byte, and when it was switched off."""
    when = bytes(11) if first % 2 == 0 else b"\0\0\0\x80\x12\x34\x56\x78\x9a\xdb\x01"
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, switches, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, "Tray Recorder.lnk", 0, winreg.REG_BINARY, bytes([first]) + when)


@pytest.mark.parametrize("first", [3, 7, 1])
def test_what_was_switched_off_in_task_manager_is_off_until_it_is_switched_on(
    first: int, make: Make, switches: str, tmp_path: Path
) -> None:
    start = make(exe(tmp_path / "here"))
    start.enable()
    note(switches, first)
    assert not start.enabled()
    start.enable()
    assert start.enabled()


@pytest.mark.parametrize("first", [2, 6, 0])
def test_what_is_switched_on_in_task_manager_is_on(first: int, make: Make, switches: str, tmp_path: Path) -> None:
    start = make(exe(tmp_path / "here"))
    start.enable()
    note(switches, first)
    assert start.enabled()


def test_an_old_off_does_not_hold_for_a_new_shortcut(make: Make, switches: str, tmp_path: Path) -> None:
    start = make(exe(tmp_path / "here"))
    note(switches, 3)
    start.enable()
    assert start.enabled()


def test_a_shortcut_that_somebody_holds_open_is_told_and_stays(make: Make, tmp_path: Path) -> None:
    stale = make(exe(tmp_path / "elsewhere"))
    stale.enable()
    start = make(exe(tmp_path / "here"))
    held = win32file.CreateFile(
        str(start.path), win32con.GENERIC_READ, win32con.FILE_SHARE_READ, None, win32con.OPEN_EXISTING, 0, None
    )
    try:
        assert "Cannot write" in refusal(start.enable, StorageError)
        assert "Cannot remove" in refusal(start.disable, StorageError)
    finally:
        held.Close()
    assert stale.enabled()
    assert list(start.path.parent.iterdir()) == [start.path]


def test_a_startup_folder_that_cannot_be_made_is_told(make: Make, tmp_path: Path) -> None:
    start = make(exe(tmp_path / "here"))
    start.path.parent.touch()
    assert "Cannot write" in refusal(start.enable, StorageError)


def test_what_the_shell_refuses_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        shortcut.write(tmp_path / "missing" / "x.lnk", shortcut.Link(sys.executable, "", "", "", ""))


@pytest.mark.parametrize("kind", [pythoncom.COINIT_APARTMENTTHREADED, pythoncom.COINIT_MULTITHREADED])
def test_a_thread_that_asks_keeps_its_apartment(kind: int, make: Make, tmp_path: Path) -> None:
    """The device's thread may be of the kind that the shell's objects do not want, and goes on using COM."""
    start = make(exe(tmp_path / "here"))
    said: list[object] = []

    def ask() -> None:
        pythoncom.CoInitializeEx(kind)
        for _ in range(3):
            start.enable()
            said.append(start.enabled())
            start.disable()
        said.append(shell_link().GetArguments())
        pythoncom.CoUninitialize()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(DEADLINE)
    assert said == [True, True, True, ""]


HANGS = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tray_app.desktop import shortcut
hangs = threading.Event()
shortcut._load = lambda path: hangs.set() or threading.Event().wait()
threading.Thread(target=shortcut.read, args=(Path("x.lnk"),), daemon=True).start()
hangs.wait()
print("ends")
"""


def test_a_shell_that_hangs_does_not_hold_the_programs_end() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS, str(ROOT)], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "ends", "")


def test_the_startup_folder_is_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("APPDATA", str(tmp_path))
    assert shortcut.startup_folder() == Path(shell.SHGetFolderPath(0, shellcon.CSIDL_STARTUP, 0, 0))
