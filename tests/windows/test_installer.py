"""The installer as people use it: from nothing to a take, over a running program, and away again.

It installs for the user who runs the tests, in the real folders. Most of it needs no program at all: what is installed
there are files that have the program's names.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
import winreg
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import win32api

from tests.packing import release
from tests.sound import tone
from tests.windows.build import Build
from tests.windows.program import Running
from tests.windows.stage import Stage
from tests.windows.test_resident import IDLE, RECORDING, files, holds_the_tone
from tests.windows.tray_driver import TrayDriver
from tray_app import __version__
from tray_app.desktop import shortcut
from tray_app.tray.view import Action

assert sys.platform == "win32"

KEY = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\TrayRecorder"
NAME = "Tray Recorder"
WINDOWED, TERMINAL = release.PROGRAMS
DEADLINE = 60.0
FAST = "zlib"
"""A compressor for what is thrown away in a minute."""

windows: Any = win32api


@dataclass(frozen=True)
class Place:
    """Where the installer puts things, for the user who runs this."""

    local: Path
    roaming: Path

    @property
    def folder(self) -> Path:
        return self.local / "Programs" / NAME

    @property
    def settings(self) -> Path:
        return self.local / NAME

    @property
    def menu_link(self) -> Path:
        return self.roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / f"{NAME}.lnk"

    @property
    def startup_link(self) -> Path:
        return shortcut.startup_folder() / f"{NAME}.lnk"

    def everything(self) -> list[Path]:
        return [path for path in (self.folder, self.menu_link, self.startup_link) if path.exists()]


@pytest.fixture
def place() -> Iterator[Place]:
    """A user who has nothing of the program, before and after."""
    found = Place(Path(os.environ["LOCALAPPDATA"]), Path(os.environ["APPDATA"]))
    if registered() or found.everything() or found.settings.exists():
        pytest.skip("this user has Tray Recorder; that is not for a test to touch")
    yield found
    for process in running():
        process.kill()
        process.wait(30)
    with contextlib.suppress(FileNotFoundError):
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, KEY)
    for folder in (found.folder, found.settings):
        shutil.rmtree(folder, ignore_errors=True)
    for link in (found.menu_link, found.startup_link):
        link.unlink(missing_ok=True)


def registered() -> dict[str, Any]:
    """Return what Windows' list of programs says; nothing where the program is not in it."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, KEY) as key:
            count = winreg.QueryInfoKey(key)[1]
            return {name: value for name, value, _ in (winreg.EnumValue(key, index) for index in range(count))}
    except FileNotFoundError:
        return {}


def running() -> list[psutil.Process]:
    """Return the programs that run, by their names."""
    return [process for process in psutil.process_iter() if process.name() in (WINDOWED, TERMINAL)]


def wait(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def env() -> dict[str, str]:
    """A user's environment: nothing of the tests', and no settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RECORDER_"))}


def run(installer: Path, *switches: str) -> int:
    """Run an installer to its end; `/D=` must stand last, and must not be quoted."""
    line = subprocess.list2cmdline([str(installer), "/S"])
    return subprocess.run(" ".join([line, *switches]), env=env(), timeout=120, check=False).returncode


def uninstall(folder: Path, *switches: str) -> None:
    """Run the uninstaller, which goes on by itself after its start, and wait until it has removed itself."""
    assert run(folder / "uninstall.exe", *switches) == 0
    wait(lambda: not (folder / "uninstall.exe").exists(), "the uninstaller goes")
    wait(lambda: not registered(), "the list of programs forgets it")


def terminal(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program for the terminal."""
    command = [str(folder / TERMINAL), *arguments]
    return subprocess.run(command, env=env(), capture_output=True, encoding="utf-8", timeout=60, check=False)


def status(folder: Path) -> dict[str, Any]:
    done = terminal(folder, "status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def resident(folder: Path) -> Iterator[TrayDriver]:
    """Give the one program in the tray, once it answers."""
    (process,) = wait(lambda: [one for one in running() if one.name() == WINDOWED], "the program runs")
    driver = TrayDriver(process.pid)
    driver.wait_for_icon()
    wait(lambda: status(folder)["running"], "it answers")
    yield driver


def test_from_nothing_to_a_take_an_update_and_away(stage: Stage, exe: Build, place: Place, tmp_path: Path) -> None:
    old = exe.copy(tmp_path / "old")
    (old.folder / "_internal" / "gone.txt").write_text("only the old version has this", encoding="utf-8")
    before = stage.make_installer(old.folder, tmp_path, "0.0.1", FAST)
    after = stage.make_installer(exe.folder, tmp_path, __version__)
    print(f"installer: {after.stat().st_size:,} bytes")
    takes = tmp_path / "takes"

    # Install, and start from the Start menu.
    assert run(before, "/AUTOSTART") == 0
    assert files_in(place.folder) == [*files_in(old.folder), "uninstall.exe"]
    assert registered()["DisplayVersion"] == "0.0.1"
    assert Path(shortcut.read(place.startup_link).target).samefile(place.folder / WINDOWED)  # type: ignore[union-attr]
    (place.folder / ".env").write_text(
        f"# mine\nRECORDER_SAVE_FOLDER='{takes.as_posix()}'\nRECORDER_FILE_NAME=take\n", encoding="utf-8"
    )
    stage.play(tone(1000, -12, 120))
    os.startfile(place.menu_link)

    # A take by the menu.
    with resident(place.folder) as driver:
        driver.choose(Action.START, IDLE)
        wait(lambda: (now := status(place.folder))["seconds"] >= 2 and not now["waiting"], "two seconds are recorded")
        driver.choose(Action.STOP, RECORDING)
        wait(lambda: not (now := status(place.folder))["jobs"] and now["state"] == "idle", "the jobs are done")
        assert files(takes) == ["originals/take.json", "originals/take.wav", "take.wav"]

        # An update in the middle of the next one.
        driver.choose(Action.START, IDLE)
        wait(lambda: (now := status(place.folder))["seconds"] >= 2 and not now["waiting"], "two seconds are recorded")
        assert run(after) == 0
    for name in ("take.wav", "take (2).wav", "originals/take (2).wav"):
        holds_the_tone(takes / name, -12 if stage.exact else None)
    assert not list(takes.rglob("*.take"))
    assert files_in(place.folder) == [".env", *files_in(exe.folder), "uninstall.exe"]
    assert registered()["DisplayVersion"] == __version__

    # It runs again, as it did. Uninstalling has it quit.
    with resident(place.folder):
        before_leaving = files(takes)
        (place.settings / ".env").write_text("# mine too\n", encoding="utf-8")
        uninstall(place.folder)
    assert running() == []
    assert files(takes) == before_leaving
    assert [path.name for path in place.folder.iterdir()] == [".env"]
    assert place.everything() == [place.folder]
    assert {".env", "Logs"} <= {path.name for path in place.settings.iterdir()}


def files_in(folder: Path) -> list[str]:
    return [str(name) for name in release.files(folder)]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder that is packed in a moment: it has the programs' names, and nothing that runs."""
    folder = tmp_path / "Größe & 録音"
    for name in (WINDOWED, TERMINAL, "LICENSE.txt", ".env.example", "_internal/deep/er/library.dll", "_internal/$x"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"new {name}", encoding="utf-8")
    return folder


@pytest.fixture
def installer(stage: Stage, small: Path, tmp_path: Path) -> Path:
    return stage.make_installer(small, tmp_path, "1.2.3", FAST)


def contents(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text("utf-8") for name in files_in(folder) if name != "uninstall.exe"}


def test_the_list_of_programs_says_what_it_is(place: Place, installer: Path, small: Path) -> None:
    assert run(installer) == 0
    told = registered()
    assert told.pop("EstimatedSize") == release.size(small) // 1024
    assert told == {
        "DisplayName": NAME,
        "DisplayVersion": "1.2.3",
        "DisplayIcon": str(place.folder / WINDOWED),
        "Publisher": "The Tray Recorder authors",
        "InstallLocation": str(place.folder),
        "UninstallString": f'"{place.folder}\\uninstall.exe"',
        "QuietUninstallString": f'"{place.folder}\\uninstall.exe" /S',
        "NoModify": 1,
        "NoRepair": 1,
    }
    link = shortcut.read(place.menu_link)
    assert link is not None
    assert (Path(link.target), Path(link.folder)) == (place.folder / WINDOWED, place.folder)
    for file in (installer, place.folder / "uninstall.exe"):
        fixed = windows.GetFileVersionInfo(str(file), "\\")
        assert (fixed["ProductVersionMS"], fixed["ProductVersionLS"]) == (1 << 16 | 2, 3 << 16)
        texts = r"\StringFileInfo\040904b0"
        assert windows.GetFileVersionInfo(str(file), rf"{texts}\ProductName") == NAME
        assert windows.GetFileVersionInfo(str(file), rf"{texts}\CompanyName") == "The Tray Recorder authors"


def test_any_folder_and_back(place: Place, installer: Path, small: Path, tmp_path: Path) -> None:
    """Into a folder of one's own choice, over itself, into another one, and away with the settings."""
    first, second = tmp_path / "Töne & mehr 録音", tmp_path / "elsewhere"
    for _ in range(2):
        assert run(installer, f"/D={first}") == 0
        assert contents(first) == contents(small)
    (first / "notes.txt").write_text("mine", encoding="utf-8")
    assert run(installer, f"/D={second}") == 0
    assert contents(second) == contents(small)
    assert contents(first) == {"notes.txt": "mine"}
    place.settings.joinpath("Logs").mkdir(parents=True)
    for name in (".env", "welcomed", "Logs/tray-recorder.log", "Logs/tray-recorder.log.1", "Logs/other.log"):
        (place.settings / name).write_text("", encoding="utf-8")
    (second / ".env").write_text("", encoding="utf-8")
    uninstall(second, "/REMOVESETTINGS")
    wait(lambda: not second.exists(), "the folder goes")
    assert files_in(place.settings) == ["Logs/other.log"]
    assert place.everything() == []


def test_links_that_lead_elsewhere_stay(place: Place, installer: Path, tmp_path: Path) -> None:
    """The user has another copy, perhaps the portable one, and made the links lead there."""
    assert run(installer) == 0
    other = tmp_path / "Töne 録音" / WINDOWED
    other.parent.mkdir()
    other.write_text("", encoding="utf-8")
    link = shortcut.Link(str(other), "", str(other.parent), str(other), "")
    place.startup_link.parent.mkdir(parents=True, exist_ok=True)
    for path in (place.startup_link, place.menu_link):
        shortcut.write(path, link)
    uninstall(place.folder)
    assert place.everything() == [place.menu_link, place.startup_link]


def test_a_link_to_what_goes_goes_even_where_it_is_switched_off(place: Place, installer: Path) -> None:
    assert run(installer) == 0
    program = place.folder / WINDOWED
    shortcut.write(place.startup_link, shortcut.Link(str(program), "", str(place.folder), str(program), ""))
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, shortcut.SWITCHES) as key:
        winreg.SetValueEx(key, place.startup_link.name, 0, winreg.REG_BINARY, b"\3")
        uninstall(place.folder)
        with pytest.raises(FileNotFoundError):
            winreg.QueryValueEx(key, place.startup_link.name)
    assert place.everything() == []


def test_a_folder_with_files_of_these_names_is_somebody_elses(place: Place, installer: Path) -> None:
    place.folder.mkdir(parents=True)
    (place.folder / "LICENSE.txt").write_text("mine", encoding="utf-8")
    assert run(installer) == 2
    assert contents(place.folder) == {"LICENSE.txt": "mine"}
    assert registered() == {}


def test_where_nothing_can_be_written_nothing_is_left(
    stage: Stage, place: Place, installer: Path, tmp_path: Path
) -> None:
    for folder in (stage.forbidden_folder(tmp_path), stage.forbidden_folder(tmp_path) / "in it"):
        assert run(installer, f"/D={folder}") == 2
    assert registered() == {}
    assert place.everything() == []


@pytest.mark.parametrize(
    "name",
    [
        TERMINAL,
        pytest.param(
            "_internal/deep/er/library.dll",
            marks=pytest.mark.real_windows("a folder with open files in it is not renamed; Wine does it"),
        ),
    ],
)
def test_an_update_that_fails_leaves_the_old_version(
    stage: Stage, place: Place, small: Path, tmp_path: Path, name: str
) -> None:
    """Another program has one of the files open, so the update has to put back what it has moved already."""
    (small / "_internal" / "old.dll").write_text("old", encoding="utf-8")
    assert run(stage.make_installer(small, tmp_path, "1.0", FAST)) == 0
    was = contents(place.folder)
    (small / "_internal" / "old.dll").unlink()
    (small / TERMINAL).write_text("newer", encoding="utf-8")
    update = stage.make_installer(small, tmp_path, "2.0", FAST)
    with (place.folder / name).open("rb"):
        assert run(update, "/WAIT=1") == 2
    assert contents(place.folder) == was
    assert registered()["DisplayVersion"] == "1.0"
    assert run(update) == 0
    assert contents(place.folder) == contents(small)
    assert registered()["DisplayVersion"] == "2.0"


def test_a_recording_in_a_terminal_is_left_alone(exe: Build, stage: Stage, place: Place, installer: Path) -> None:
    """Nobody can ask it to end, so neither an update nor the uninstaller touches it, or the program."""
    assert run(installer) == 0
    for program in release.PROGRAMS:
        shutil.copyfile(exe.folder / program, place.folder / program)
    shutil.copytree(exe.folder / "_internal", place.folder / "_internal", dirs_exist_ok=True)
    takes = place.settings / "takes"
    with Running(
        [str(place.folder / TERMINAL), "record", "--source", "signal", "--json"],
        env() | {"RECORDER_SAVE_FOLDER": str(takes)},
    ) as recording:
        recording.hear("Recording")
        assert run(installer, "/WAIT=1") == 2
        assert run(place.folder / "uninstall.exe", "/WAIT=1", f"_?={place.folder}") == 2
        recording.tell("STOP")
        assert recording.result()["gaps"] == []
    uninstall(place.folder)
