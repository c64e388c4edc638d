"""`autostart on`, `off` and `status`, as a user types them on Linux. For Windows see `tests/windows`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import tray_app
from tests.terminal.program import clean_env, run
from tray_app.desktop import desktop_entry

if sys.platform != "linux":
    pytest.skip("elsewhere these would change the user's own log-on", allow_module_level=True)

OFF = "Tray Recorder does not start with the desktop.\n"


def autostart(switch: str, folder: Path, **env: str) -> str:
    """Switch it; return the one line that was said."""
    done = run("autostart", switch, env=clean_env(folder, env))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return done.stdout


def test_on_off_and_status(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".config" / "autostart" / "tray-recorder.desktop"
    on = f"Tray Recorder starts with the desktop: {file}\n"
    assert autostart("status", tmp_path) == OFF
    assert not file.exists()
    assert [autostart(switch, tmp_path) for switch in ("on", "status", "on")] == [on, on, on]
    assert file.is_file()
    assert [autostart(switch, tmp_path) for switch in ("off", "status", "off")] == [OFF, OFF, OFF]
    assert not file.exists()


def test_what_was_switched_on_starts_this_program(tmp_path: Path) -> None:
    autostart("on", tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config"))
    values = desktop_entry.read((tmp_path / "config" / "autostart" / "tray-recorder.desktop").read_bytes())
    env = clean_env(tmp_path)
    del env["PYTHONPATH"]
    # A shell's rules are the specification's for so plain a path as that of a test's Python.
    command = [*shlex.split(values["Exec"]), "--version"]
    done = subprocess.run(command, cwd=values["Path"], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"Tray Recorder {tray_app.__version__}\n"


def test_a_file_of_the_users_is_told_in_a_line_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "home" / ".config" / "autostart" / "tray-recorder.desktop"
    file.parent.mkdir(parents=True)
    file.write_text("[Desktop Entry]\nName=mine\nExec=true\n")
    done = run("autostart", "on", env=clean_env(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tray-recorder: {file} is not Tray Recorder's own file. It was left as it is. Rename or remove it, and try"
        " again.\n"
    )
    assert autostart("status", tmp_path) == OFF
    assert autostart("off", tmp_path) == OFF
    assert "mine" in file.read_text()


@pytest.mark.parametrize("words", [[], ["maybe"], ["on", "off"]])
def test_wrong_usage_is_told(words: list[str], tmp_path: Path) -> None:
    done = run("autostart", *words, env=clean_env(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: tray-recorder" in done.stderr
