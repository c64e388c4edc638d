"""The startup shortcut: written by the program, read back through the shell and started by it.

All but the last test use folders and a registry key of their own. The last one uses the user's real Startup folder,
unless there is a shortcut of the program already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import win32api

from tests.desktop.starts import refusal
from tests.sound import wait_until
from tests.windows.program import User
from tests.windows.shortcuts import (
    DEADLINE,
    LONGEST_ANSI,
    STRANGE,
    Make,
    exe,
    others_shortcut,
    read_back,
    target_of,
)
from tray_app.desktop import autostart, shortcut
from tray_app.desktop.autostart import Launch
from tray_app.errors import OutputExistsError

assert sys.platform == "win32"


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
