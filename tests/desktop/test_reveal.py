"""The folder in the file manager: with the shell's part played, or by the real `xdg-open` of the test's own."""

from __future__ import annotations

import logging
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from tests.sound import wait_until
from tray_app.desktop import reveal

DEADLINE = 30


class Shell:
    """Plays the system's shell: it takes folders, and answers when it is told to."""

    def __init__(self) -> None:
        self.opened: list[tuple[Path, bool]] = []
        self.answers = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, folder: Path) -> None:
        self.opened.append((folder, folder.is_dir()))
        self.threads.append(threading.current_thread())
        assert self.answers.wait(DEADLINE)


def test_a_shell_that_hangs_holds_neither_the_menu_nor_the_end(tmp_path: Path) -> None:
    shell = Shell()
    reveal.open_folder(tmp_path, shell)
    wait_until(lambda: shell.opened, DEADLINE, "the folder is being opened")
    (thread,) = shell.threads
    assert thread.is_alive()
    assert thread.daemon
    shell.answers.set()
    thread.join(DEADLINE)
    assert shell.opened == [(tmp_path, True)]


def test_a_folder_that_is_missing_is_made_for_this_user_alone(tmp_path: Path) -> None:
    shell = Shell()
    shell.answers.set()
    folder = tmp_path / "takes" / "Ж 100%"
    reveal.open_folder(folder, shell)
    wait_until(lambda: shell.opened, DEADLINE)
    assert shell.opened == [(folder, True)]
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_is_named_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell()
    shell.answers.set()
    reveal.open_folder(Path("-x"), shell)
    wait_until(lambda: shell.opened, DEADLINE)
    assert shell.opened == [(tmp_path / "-x", True)]


def test_a_failure_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fail(folder: Path) -> None:
        raise OSError("nobody is at home")

    reveal.open_folder(tmp_path, fail)
    wait_until(lambda: caplog.records, DEADLINE)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"The folder {tmp_path} could not be opened: nobody is at home" in caplog.text


def test_a_folder_that_cannot_be_made_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shell = Shell()
    (tmp_path / "file").touch()
    reveal.open_folder(tmp_path / "file", shell)
    wait_until(lambda: caplog.records, DEADLINE)
    assert str(tmp_path / "file") in caplog.text
    assert shell.opened == []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is searched for programs before all others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.mark.posix("Windows has no program for it; see tests/windows/test_shell.py")
@pytest.mark.parametrize(("system", "name"), [("linux", "xdg-open"), ("darwin", "open")])
def test_the_systems_own_program_gets_the_folder(
    system: str,
    name: str,
    programs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    heard, folder = tmp_path / "heard", tmp_path / "two words $HOME"
    script = programs / name
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\nprint('noise')\nprint('noise', file=sys.stderr)\n"
        f"with open('{heard}.part', 'w') as file:\n    print(os.getsid(0), *sys.argv[1:], sep='\\n', file=file)\n"
        f"os.rename('{heard}.part', '{heard}')\n"
    )
    script.chmod(0o755)
    reveal.open_folder(folder)
    wait_until(heard.exists, DEADLINE, f"{name} was called")
    session, *arguments = heard.read_text().splitlines()
    assert arguments == [str(folder)]
    # Ctrl-C in the terminal of this session is nothing to a file manager.
    assert int(session) != os.getsid(0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.posix("Windows has no program for it; see tests/windows/test_shell.py")
def test_a_program_that_fails_is_told(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    script = programs / "xdg-open"
    script.write_text("#!/bin/sh\nexit 3\n")
    script.chmod(0o755)
    reveal.open_folder(tmp_path)
    wait_until(lambda: caplog.records, DEADLINE)
    assert "xdg-open ended with 3" in caplog.text


@pytest.mark.posix("Windows has no program for it; see tests/windows/test_shell.py")
def test_a_program_that_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    reveal.open_folder(tmp_path)
    wait_until(lambda: caplog.records, DEADLINE)
    assert "xdg-open" in caplog.text
