"""Where ffmpeg is looked for, on every system. What it decodes is tested where there is one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tray_app.ffmpeg import find_ffmpeg

NAME = "ffmpeg.exe" if sys.platform == "win32" else "ffmpeg"


def put(folder: Path) -> Path:
    """Put what looks like ffmpeg into a folder."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).touch(mode=0o755)
    return folder / NAME


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with an ffmpeg that nobody asked for."""
    monkeypatch.chdir(put(tmp_path / "here").parent)
    return tmp_path / "here"


def look_in(monkeypatch: pytest.MonkeyPatch, *entries: str | Path) -> Path | None:
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, entries)))
    return find_ffmpeg()


def test_never_in_the_current_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.parent / "empty").mkdir()
    assert look_in(monkeypatch, ".", "", here, here.parent / "empty", "../here") is None


def test_what_lies_there_does_not_hide_the_one_behind_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = put(here.parent / "first"), put(here.parent / "second")
    assert look_in(monkeypatch, ".", here, first.parent, second.parent) == first


def test_the_one_beside_the_exe_comes_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = put(here.parent / "other")
    monkeypatch.setattr(sys, "executable", str(here / "tray-recorder"))
    assert look_in(monkeypatch, other.parent) == other, "that is Python's own folder, and not ours"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert look_in(monkeypatch, other.parent) == here / NAME
    (here / NAME).unlink()
    assert look_in(monkeypatch, other.parent) == other


def test_without_a_path_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert find_ffmpeg() is None
