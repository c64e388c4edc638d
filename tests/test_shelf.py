"""What lies in the save folder, as the menu shows it: what is known of a recording, what goes with an original."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.picture.test_make import take
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.shelf import look, older_originals
from tray_app.take.take import Plan
from tray_app.tray.view import Recent

TRIMS = Plan(CutRule(500, -40.0))


def test_what_is_known_of_a_recording(tmp_path: Path) -> None:
    kept, gone, whole = (tmp_path / name for name in ("kept", "gone", "whole"))
    take(kept, TRIMS)
    take(gone, Plan(TRIMS.rule, keep_original=False))
    take(whole, Plan(None))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "song.mp3").touch()
    original = kept / "originals" / "take.wav"
    assert look(Disk(), kept).recent == (Recent(kept / "take.wav", True, original),)
    assert look(Disk(), gone).recent == (Recent(gone / "take.wav", True),), "what was cut is known all the same"
    assert look(Disk(), whole).recent == (Recent(whole / "take.wav"),), "nothing was cut"
    assert look(Disk(), tmp_path / "a").recent == (Recent(tmp_path / "a" / "song.mp3"),)


def test_an_original_that_is_worked_on_is_not_offered(tmp_path: Path) -> None:
    take(tmp_path, TRIMS)
    (tmp_path / "originals" / "take.take").touch()
    assert look(Disk(), tmp_path).recent == (Recent(tmp_path / "take.wav", True),)


def test_a_cut_list_stays_as_long_as_its_trimmed_file(tmp_path: Path) -> None:
    take(tmp_path, Plan(TRIMS.rule, labels=True))
    originals = tmp_path / "originals"
    for path in originals.iterdir():
        os.utime(path, (time.time() - 10 * 86_400,) * 2)
    old = [path.name for path in older_originals(Disk(), tmp_path, 7)]
    assert old == ["take.wav", "take.txt"]
    assert older_originals(Disk(), tmp_path, 30) == []
    (tmp_path / "take.wav").unlink()
    assert [path.name for path in older_originals(Disk(), tmp_path, 7)] == ["take.wav", "take.json", "take.txt"]
