"""The files for Linux and macOS, read by the rules that their readers have. For Windows see `tests/windows`."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from tests.desktop.starts import KINDS, FailingDisk, Kind, SlowDisk, launch, made, refusal
from tray_app.desktop import autostart
from tray_app.desktop.autostart import Launch
from tray_app.desktop.desktop_entry import DesktopEntry
from tray_app.desktop.launch_agent import LaunchAgent
from tray_app.errors import OutputExistsError, StorageError


@KINDS
def test_on_is_on_and_off_leaves_nothing(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    assert not start.enabled()
    start.disable()
    start.enable()
    assert start.enabled()
    assert list(start.path.parent.iterdir()) == [start.path]
    start.disable()
    assert not start.enabled()
    assert list(start.path.parent.iterdir()) == []


@KINDS
@pytest.mark.parametrize(
    "moved",
    [
        launch("/elsewhere"),
        launch(program="/usr/bin/python3"),
        launch("/opt/Other", program="/opt/Tray Recorder/python"),
        launch("/opt/Tray Recorder", "-m", "other"),
    ],
)
def test_a_file_that_a_moved_program_left_is_off_and_is_put_right(kind: Kind, moved: Launch, tmp_path: Path) -> None:
    made(kind, tmp_path, moved).enable()
    start = made(kind, tmp_path)
    assert not start.enabled()
    start.enable()
    assert start.enabled()
    assert not made(kind, tmp_path, moved).enabled()
    assert list(start.path.parent.iterdir()) == [start.path]


@KINDS
def test_off_removes_what_a_moved_program_left(kind: Kind, tmp_path: Path) -> None:
    made(kind, tmp_path, launch("/elsewhere")).enable()
    made(kind, tmp_path).disable()
    assert list((tmp_path / "autostart").iterdir()) == []


@KINDS
@pytest.mark.parametrize("folder", ["/opt/a=b", "/opt/a\x01b", "/opt/\udcff"])
def test_off_removes_it_even_where_no_file_could_hold_this_programs_path(
    kind: Kind, folder: str, tmp_path: Path
) -> None:
    made(kind, tmp_path).enable()
    start = made(kind, tmp_path, launch(folder))
    assert not start.enabled()
    start.disable()
    assert not start.path.exists()


@KINDS
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"my notes",
        b"\xff\xfe\x00",
        b"[Desktop Entry]\nName=Tray Recorder\nExec=/home/me/mine\n",
        b"[Other]\nComment=Records what the computer plays.\n",
        plistlib.dumps({"Label": "org.example.mine", "ProgramArguments": ["/home/me/mine"]}),
        plistlib.dumps({"ProgramArguments": ["/home/me/mine"]}),
        plistlib.dumps(["local.tray-recorder"]),
        b"<?xml version='1.0'?><plist><dict>",
        b"bplist00broken",
    ],
)
def test_a_file_that_is_not_ours_stays_and_is_told(kind: Kind, content: bytes, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    start.path.parent.mkdir()
    start.path.write_bytes(content)
    assert not start.enabled()
    told = refusal(start.enable, OutputExistsError)
    assert str(start.path) in told
    assert "not Tray Recorder's" in told
    start.disable()
    assert start.path.read_bytes() == content
    assert list(start.path.parent.iterdir()) == [start.path]


@KINDS
def test_what_is_on_already_is_not_written_again(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    start.enable()
    changed = start.path.read_bytes().replace(b"Terminal=false\n", b"Terminal=false\nX-Delay=5\n") + b"\n"
    start.path.write_bytes(changed)
    assert start.enabled()
    start.enable()
    assert start.path.read_bytes() == changed


@KINDS
@pytest.mark.parametrize("failing", ["make_folder", "create", "write", "sync", "rename_new"])
def test_a_full_disk_leaves_nothing_behind(kind: Kind, failing: str, tmp_path: Path) -> None:
    told = refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).enable, StorageError)
    assert "the disk is full" in told
    assert "Cannot write" in told
    assert list(tmp_path.rglob("*.*")) == []


@KINDS
@pytest.mark.parametrize("failing", ["create", "write", "sync", "replace"])
def test_a_full_disk_leaves_the_stale_file_as_it_was(kind: Kind, failing: str, tmp_path: Path) -> None:
    stale = made(kind, tmp_path, launch("/elsewhere"))
    stale.enable()
    refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).enable, StorageError)
    assert stale.enabled()
    assert list(stale.path.parent.iterdir()) == [stale.path]


@KINDS
@pytest.mark.parametrize(("failing", "told"), [("open_read", "Cannot read"), ("remove", "Cannot remove")])
def test_what_cannot_be_read_or_removed_is_told(kind: Kind, failing: str, told: str, tmp_path: Path) -> None:
    made(kind, tmp_path).enable()
    assert told in refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).disable, StorageError)
    assert made(kind, tmp_path).enabled()


@KINDS
def test_a_file_that_appears_meanwhile_is_not_replaced(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path, launch(), SlowDisk())
    refusal(start.enable, StorageError)
    assert start.path.read_bytes() == b"theirs"
    assert list(start.path.parent.iterdir()) == [start.path]


# Where


def test_linux_asks_for_the_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for value, folder in [
        (str(tmp_path / "config"), tmp_path / "config"),
        ("", tmp_path / "home" / ".config"),
        ("not/absolute", tmp_path / "home" / ".config"),
    ]:
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        for system in ("linux", "freebsd14"):
            start = autostart.for_system(system, launch())
            assert isinstance(start, DesktopEntry)
            assert start.path == folder / "autostart" / "tray-recorder.desktop"


def test_macos_has_a_folder_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    start = autostart.for_system("darwin", launch())
    assert isinstance(start, LaunchAgent)
    assert start.path == tmp_path / "Library" / "LaunchAgents" / "local.tray-recorder.plist"


def test_other_systems_have_none() -> None:
    assert autostart.for_system("aix", launch()) is None
