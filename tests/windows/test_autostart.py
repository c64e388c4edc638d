"""The startup shortcut: written by the program, read back through the shell and started by it.

All but the last test use folders and a registry key of their own. The last one uses the user's real Startup folder,
unless there is a shortcut of the program already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import uuid
import winreg
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pythoncom
import win32api
import win32con
import win32file
from win32com.shell import shell, shellcon

from tests.sound import wait_until
from tests.windows.program import ROOT, User
from tray_app.desktop import autostart, shortcut
from tray_app.desktop.autostart import Launch
from tray_app.errors import OutputExistsError, RecorderError, StorageError

assert sys.platform == "win32"

DEADLINE = 30
LONGEST_ANSI = "prö 100% & it's"
STRANGE = ["plain", "two words", LONGEST_ANSI, "%no variable% $HOME", "Ж日本 🎻", "a;b,c=d(e)[f]{g}^!~`"]


@pytest.fixture
def switches() -> Iterator[str]:
    """A registry key for what the user switched off, in place of the real one."""
    key = rf"Software\Tray Recorder's tests\{uuid.uuid4()}"
    winreg.CreateKey(winreg.HKEY_CURRENT_USER, key).Close()
    yield key
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, os.path.dirname(key)) as above:  # noqa: PTH120 - no path of files
        last = winreg.QueryInfoKey(above)[0] == 0
    if last:
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, os.path.dirname(key))  # noqa: PTH120


Make = Callable[[Launch], shortcut.StartupShortcut]


@pytest.fixture
def make(tmp_path: Path, switches: str) -> Make:
    """Makes what starts a `Launch`, in a Startup folder of the test's own."""
    return lambda launch: shortcut.StartupShortcut(
        tmp_path / "Start Up ö" / "Tray Recorder.lnk", launch, switches=switches
    )


def exe(folder: Path, name: str = "tray-recorder.exe") -> Launch:
    """A program with an icon of its own, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return Launch(folder / name, (), folder, folder / name)


def refusal(call: Callable[[], object], kind: type[RecorderError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def shell_link() -> Any:
    return pythoncom.CoCreateInstance(shell.CLSID_ShellLink, None, pythoncom.CLSCTX_INPROC_SERVER, shell.IID_IShellLink)


def read_back(path: Path) -> Any:
    link = shell_link()
    link.QueryInterface(pythoncom.IID_IPersistFile).Load(str(path), 0)
    return link


def target_of(link: Any) -> str:
    name: Any = shell.SHGetNameFromIDList
    return str(name(link.GetIDList(), shellcon.SIGDN_FILESYSPATH))


def others_shortcut(path: Path, target: Path, folder: Path | str, arguments: str = "") -> None:
    """Write a shortcut as a user or another program would."""
    link = shell_link()
    link.SetPath(str(target))
    link.SetWorkingDirectory(str(folder))
    link.SetArguments(arguments)
    path.parent.mkdir(exist_ok=True)
    link.QueryInterface(pythoncom.IID_IPersistFile).Save(str(path), True)


@pytest.mark.parametrize("strange", STRANGE)
def test_the_exe_is_what_the_shell_reads_back(strange: str, make: Make, tmp_path: Path) -> None:
    launch = exe(tmp_path / strange)
    start = make(launch)
    assert not start.enabled()
    start.enable()
    assert start.enabled()
    link = read_back(start.path)
    assert target_of(link) == str(launch.program)
    assert link.GetArguments() == ""
    assert link.GetWorkingDirectory() == str(launch.folder)
    assert link.GetIconLocation(260) == (str(launch.program), 0)
    assert link.GetDescription() == "Records what the computer plays."
    assert list(start.path.parent.iterdir()) == [start.path]


@pytest.mark.parametrize("strange", STRANGE)
def test_so_is_python_with_its_arguments_and_its_folder(strange: str, make: Make, tmp_path: Path) -> None:
    checkout = tmp_path / strange
    checkout.mkdir()
    launch = replace(autostart.this_program(), folder=checkout)
    start = make(launch)
    start.enable()
    assert start.enabled()
    link = read_back(start.path)
    assert Path(target_of(link)).samefile(Path(sys.executable).with_name("pythonw.exe"))
    assert (link.GetArguments(), link.GetWorkingDirectory()) == ("-m tray_app", str(checkout))
    assert Path(link.GetIconLocation(260)[0]).name == "tray-recorder.ico"


def test_arguments_are_quoted_as_programs_take_them_apart(make: Make, tmp_path: Path) -> None:
    launch = replace(exe(tmp_path / "here"), arguments=("two words", 'a "quote"', "", "back\\"))
    start = make(launch)
    start.enable()
    line = read_back(start.path).GetArguments()
    assert shell_words(line) == list(launch.arguments)


def shell_words(line: str) -> list[str]:
    """Take a command line apart as Windows' own C library does: a Python writes what it was given."""
    code = "import sys; sys.stdout.reconfigure(encoding='utf-8'); print('\\0'.join(sys.argv[1:]), end='')"
    done = subprocess.run(f'"{sys.executable}" -c "{code}" {line}', capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split("\0")


def test_off_leaves_nothing(make: Make, tmp_path: Path) -> None:
    start = make(exe(tmp_path / "here"))
    start.disable()
    start.enable()
    start.disable()
    assert not start.enabled()
    assert list(start.path.parent.iterdir()) == []


@pytest.mark.parametrize("strange", ["plain", "two words", LONGEST_ANSI])
def test_the_shell_starts_the_exe(strange: str, make: Make, tmp_path: Path) -> None:
    folder = tmp_path / strange
    folder.mkdir()
    # A genuine program that writes a file. Wine's shell starts none whose path has letters that the code page lacks.
    shutil.copy(os.environ["COMSPEC"], folder / "tray-recorder.exe")
    launch = replace(exe(folder), arguments=("/d", "/c", "echo", "started>", "heard"))
    start = make(launch)
    start.enable()
    os.startfile(start.path)
    wait_until(lambda: (folder / "heard").exists() and (folder / "heard").read_text(), DEADLINE, "it was started")
    assert (folder / "heard").read_text().strip() == "started"


@pytest.mark.parametrize("strange", ["plain", "two words", LONGEST_ANSI, "Ж日本"])
def test_the_shell_starts_the_checkout_by_python(
    strange: str, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    package = tmp_path / strange / "tray_app"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(
        "import os, sys\n"
        "with open('part', 'w', encoding='utf-8') as file:\n"
        "    print(__file__, os.getcwd(), sys.executable, *sys.argv[1:], sep='\\n', end='', file=file)\n"
        "os.rename('part', 'heard')\n"
    )
    launch = replace(autostart.this_program(), folder=package.parent)
    start = make(launch)
    start.enable()
    os.startfile(start.path)
    heard = package.parent / "heard"
    wait_until(heard.exists, DEADLINE, "it was started")
    main, folder, program, *arguments = heard.read_text("utf-8").split("\n")
    assert Path(main).samefile(package / "__main__.py")
    assert Path(folder).samefile(package.parent)
    assert Path(program).name.lower() == "pythonw.exe"
    assert arguments == []


@pytest.mark.parametrize("moved", ["elsewhere", "Elsewhere too"])
def test_the_shortcut_of_a_moved_exe_is_off_and_is_put_right(moved: str, make: Make, tmp_path: Path) -> None:
    old = exe(tmp_path / "here")
    make(old).enable()
    old.folder.rename(tmp_path / moved)
    start = make(exe(tmp_path / moved))
    assert not start.enabled()
    start.enable()
    assert start.enabled()
    assert target_of(read_back(start.path)) == str(tmp_path / moved / "tray-recorder.exe")
    assert list(start.path.parent.iterdir()) == [start.path]


def test_off_removes_the_shortcut_of_a_moved_exe(make: Make, tmp_path: Path) -> None:
    make(exe(tmp_path / "here")).enable()
    start = make(exe(tmp_path / "there"))
    start.disable()
    assert not start.path.exists()


@pytest.mark.parametrize("change", ["program", "arguments", "folder"])
def test_another_program_arguments_or_folder_is_another_program(change: str, make: Make, tmp_path: Path) -> None:
    launch, other = exe(tmp_path / "here"), exe(tmp_path / "there")
    make(launch).enable()
    changes = {"program": other.program, "arguments": ("-m", "tray_app"), "folder": other.folder}
    assert not make(replace(launch, **{change: changes[change]})).enabled()  # type: ignore[arg-type]
    assert make(launch).enabled()


def test_a_path_is_the_same_in_capitals_and_by_its_short_name(make: Make, tmp_path: Path) -> None:
    launch = exe(tmp_path / "a long name with spaces")
    make(launch).enable()
    short = Path(win32api.GetShortPathName(str(launch.folder)))
    for folder in (Path(str(launch.folder).upper()), short):
        assert make(Launch(folder / launch.program.name, (), folder, launch.icon)).enabled()


def test_letters_may_differ_in_case_where_the_drive_cannot_be_asked(make: Make) -> None:
    program = Path("Q:\\nobody\\Tray Recorder\\tray-recorder.exe")
    make(Launch(program, (), program.parent, program)).enable()
    lower = Path(str(program).lower())
    assert make(Launch(lower, (), lower.parent, lower)).enabled()


def test_a_users_own_shortcut_that_starts_this_program_counts(make: Make, tmp_path: Path) -> None:
    launch = exe(tmp_path / "here")
    start = make(launch)
    others_shortcut(start.path, launch.program, launch.folder)
    assert start.enabled()
    start.disable()
    assert not start.path.exists()


def test_one_without_a_folder_is_another_wherever_this_program_stands(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = exe(tmp_path / "here")
    start = make(launch)
    others_shortcut(start.path, launch.program, "")
    monkeypatch.chdir(launch.folder)
    assert not start.enabled()


def test_a_shortcut_that_is_not_ours_stays_and_is_told(make: Make, tmp_path: Path) -> None:
    start = make(exe(tmp_path / "here"))
    mine = exe(tmp_path / "mine", "notes.exe")
    for write in (
        lambda: others_shortcut(start.path, mine.program, mine.folder),
        lambda: others_shortcut(start.path, tmp_path / "here" / "tray-recorder.exe", mine.folder),
        lambda: start.path.write_bytes(b"my notes"),
        lambda: start.path.write_bytes(b""),
    ):
        write()
        content = start.path.read_bytes()
        assert not start.enabled()
        told = refusal(start.enable, OutputExistsError)
        assert f"{start.path} is not Tray Recorder's own file." in told
        start.disable()
        assert start.path.read_bytes() == content
        assert list(start.path.parent.iterdir()) == [start.path]


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


@pytest.fixture
def free_place() -> Iterator[Path]:
    """The real shortcut's path, where there is none yet, and none afterwards."""
    path = shortcut.startup_folder() / "Tray Recorder.lnk"
    if path.exists():
        pytest.skip("this user starts Tray Recorder with Windows; that is not for a test to touch")
    yield path
    path.unlink(missing_ok=True)


def test_the_terminal_switches_the_real_one(free_place: Path, user: User) -> None:
    on = f"Tray Recorder starts with Windows: {free_place}\n"
    off = "Tray Recorder does not start with Windows.\n"
    for switch, said, there in [
        ("status", off, False),
        ("on", on, True),
        ("status", on, True),
        ("off", off, False),
    ]:
        done = user.run("autostart", switch)
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
        assert free_place.exists() is there
        if there:
            link = read_back(free_place)
            assert Path(target_of(link)).name == "pythonw.exe"
            assert link.GetArguments() == "-m tray_app"
            assert Path(link.GetWorkingDirectory()).samefile(autostart.this_program().folder)
