"""Fixtures for the tests that run in Windows' Python only."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows.build import Build, build
from tests.windows.program import User
from tests.windows.shortcuts import Make
from tests.windows.stage import Stage, find_stage


@pytest.fixture(scope="session")
def _stage() -> Stage:
    return find_stage()


@pytest.fixture
def stage(_stage: Stage) -> Iterator[Stage]:
    """The outputs and the screen, as they should be before and after each test."""
    _stage.reset()
    yield _stage
    _stage.reset()


@pytest.fixture(scope="session")
def exe() -> Build:
    """The programs that `build.spec` makes of the checkout as it is."""
    return build()


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody who starts the program and has nothing of it yet."""
    return User(tmp_path)


if sys.platform == "win32":
    import winreg

    from tray_app.desktop.shortcut import StartupShortcut

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

    @pytest.fixture
    def make(tmp_path: Path, switches: str) -> Make:
        """Makes what starts a `Launch`, in a Startup folder of the test's own."""
        return lambda launch: StartupShortcut(tmp_path / "Start Up ö" / "Tray Recorder.lnk", launch, switches=switches)
