"""macOS' LaunchAgent, by launchd.plist(5)."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from tests.desktop.starts import launch, made, refusal
from tray_app.desktop.launch_agent import LaunchAgent
from tray_app.errors import StorageError


@pytest.mark.parametrize("folder", ["/Applications/Tray Recorder.app", "/opt/Ж日本 & <b> 100% it's"])
def test_the_launch_agent_says_what_launchd_asks_for(folder: str, tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path, launch(folder))
    start.enable()
    assert plistlib.loads(start.path.read_bytes()) == {
        "Label": start.path.stem,
        "ProgramArguments": [f"{folder}/python", "-m", "tray_app"],
        "WorkingDirectory": folder,
        "RunAtLoad": True,
        "ProcessType": "Interactive",
    }


@pytest.mark.parametrize("folder", ["/opt/a\x01b", "/opt/\udcff"])
def test_a_path_that_no_property_list_can_hold_is_told(folder: str, tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path, launch(folder))
    assert "cannot hold" in refusal(start.enable, StorageError)
    assert not start.enabled()
    assert list(tmp_path.rglob("*.*")) == []


@pytest.mark.parametrize("change", [{"Disabled": True}, {"RunAtLoad": False}])
def test_an_agent_that_was_switched_off_is_off(change: dict[str, bool], tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path)
    start.enable()
    start.path.write_bytes(plistlib.dumps(plistlib.loads(start.path.read_bytes()) | change))
    assert not start.enabled()
    start.enable()
    assert start.enabled()
