"""How this program is started again: which one, with what, and where."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tray_app
from tray_app import assets
from tray_app.desktop import autostart

ROOT = Path(__file__).resolve().parents[2]


def test_this_program_is_what_runs_here(tmp_path: Path) -> None:
    this = autostart.this_program()
    assert this.folder == ROOT
    assert this.arguments == ("-m", "tray_app")
    assert this.icon.is_file()
    # pythonw has no standard output to ask for the version on.
    program = Path(sys.executable) if sys.platform == "win32" else this.program
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [program, *this.arguments, "--version"], cwd=this.folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"Tray Recorder {tray_app.__version__}\n", done.stderr


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Makes empty files in a folder with a space, and returns the folder."""

    def make(*names: str) -> Path:
        folder = tmp_path / "Tray Recorder"
        folder.mkdir()
        for name in names:
            (folder / name).touch()
        return folder

    return make


@pytest.mark.parametrize(
    ("system", "ending", "icon"), [("win32", ".exe", "tray-recorder.exe"), ("linux", "", "tray-recorder.png")]
)
@pytest.mark.parametrize("asked", ["tray-recorder", "tray-recorder-cli"])
def test_the_exe_without_a_console_is_started(
    system: str, ending: str, icon: str, asked: str, files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files(f"tray-recorder{ending}", f"tray-recorder-cli{ending}")
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / f"{asked}{ending}"))
    this = autostart.this_program()
    assert (this.program, this.arguments, this.folder) == (folder / f"tray-recorder{ending}", (), folder)
    assert this.icon.name == icon


def test_a_console_exe_that_is_alone_starts_itself(files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files("tray-recorder-cli.exe")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "tray-recorder-cli.exe"))
    assert autostart.this_program().program == folder / "tray-recorder-cli.exe"


@pytest.mark.parametrize(
    ("there", "started"),
    [(("python.exe", "pythonw.exe"), "pythonw.exe"), (("python.exe",), "python.exe")],
)
def test_windows_takes_the_python_without_a_console_beside_the_one_that_runs(
    there: tuple[str, ...], started: str, files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files(*there)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", str(folder / "python.exe"))
    this = autostart.this_program()
    assert (this.program, this.arguments, this.folder) == (folder / started, ("-m", "tray_app"), ROOT)
    assert this.icon == assets.path("tray-recorder.ico")


def test_an_installed_package_needs_no_folder_of_its_own(
    files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files("python")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setattr(autostart, "program_folder", lambda: None)
    this = autostart.this_program()
    assert (this.program, this.folder) == (folder / "python", folder)
