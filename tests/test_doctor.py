"""What doctor says of the save folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.refusing import refused
from tray_app.commands.doctor import Check, _folder
from tray_app.disk import Disk
from tray_app.loading import load


def folder_checks(folder: Path) -> dict[str, Check]:
    settings = load({"RECORDER_SAVE_FOLDER": str(folder)}, {}, Path(os.devnull))
    return {check.name: check for check in _folder(settings)}


def test_a_save_folder_that_works_is_left_as_it_was(tmp_path: Path) -> None:
    checks = folder_checks(tmp_path)
    assert (checks["save folder"].status, checks["save folder"].text) == ("ok", str(tmp_path))
    assert "of recording" in checks["disk space"].text
    assert list(tmp_path.iterdir()) == []


def test_a_save_folder_that_is_still_to_be_made_is_not_made(tmp_path: Path) -> None:
    checks = folder_checks(tmp_path / "a" / "b")
    assert checks["save folder"].text == f"{tmp_path / 'a' / 'b'} (made when the first take begins)"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("code", "why"), [(5, "there is no permission"), (19, "the disk is read-only")])
def test_a_save_folder_that_refuses_is_told_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, why: str
) -> None:
    def refuse(_: Disk, path: Path) -> None:
        raise refused(code, path=path)

    monkeypatch.setattr(Disk, "create", refuse)
    (check,) = folder_checks(tmp_path).values()
    assert (check.status, check.text) == ("fail", f"Cannot write into {tmp_path}: {why}")
    assert "another folder" in check.remedy
