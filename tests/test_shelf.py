"""What lies in the save folder, as the menu shows it: what is known of a recording, what goes with an original."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from tests.picture.test_make import take
from tests.processing.takes import TALK, finished
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Samples
from tray_app.disk import Disk
from tray_app.outputs import Output
from tray_app.processing.jobs import Jobs
from tray_app.shelf import LOOKED_INTO, MOST, look, older_originals
from tray_app.take.take import Plan, begin_again
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


def unheard(folder: Path, plan: Plan = TRIMS, sound: Samples = TALK * 0.001) -> Path:
    """Finish a take in which nothing was heard; return its original, which is all that there is of it."""
    made, facts = finished(folder, plan, sound)
    Jobs(Disk()).finish(made, facts)
    return folder / "originals" / "take.wav"


def trim_again(original: Path, rule: CutRule) -> None:
    Jobs(Disk()).finish(begin_again(Disk(), original, Plan(rule)), None)


@pytest.mark.parametrize(
    "plan",
    [TRIMS, Plan(TRIMS.rule, keep_original=False), Plan(TRIMS.rule, output=Output("flac", 5.0))],
    ids=["kept", "not to be kept", "another format"],
)
def test_where_nothing_was_heard_the_original_is_shown(tmp_path: Path, plan: Plan) -> None:
    original = unheard(tmp_path, plan)
    assert [path.name for path in tmp_path.iterdir()] == ["originals"]
    assert look(Disk(), tmp_path).recent == (Recent(original, True, original, heard=False),)
    (tmp_path / "originals" / "take.take").touch()
    assert look(Disk(), tmp_path).recent == (), "while it is worked on nobody knows"


def test_trimmed_again_it_is_shown_as_what_it_has_become(tmp_path: Path) -> None:
    original = unheard(tmp_path)
    trim_again(original, CutRule(500, -50.0))
    assert look(Disk(), tmp_path).recent == (Recent(original, True, original, heard=False),), "still nothing"
    trim_again(original, CutRule(500, -80.0))
    assert look(Disk(), tmp_path).recent == (Recent(tmp_path / "take (2).wav", True, original),)
    (tmp_path / "take (2).wav").unlink()
    assert look(Disk(), tmp_path).recent == (Recent(original, True, original, heard=False),)
    original.unlink()
    assert look(Disk(), tmp_path).recent == ()


def test_an_original_whose_trimmed_file_was_moved_away_is_no_recording_without_sound(tmp_path: Path) -> None:
    take(tmp_path, TRIMS)
    (tmp_path / "take.wav").unlink()
    (tmp_path / "originals" / "unknown.wav").write_bytes((tmp_path / "originals" / "take.wav").read_bytes())
    assert look(Disk(), tmp_path).recent == ()


def test_a_take_that_was_stopped_before_its_first_frame_has_nothing_to_trim(tmp_path: Path) -> None:
    assert unheard(tmp_path, TRIMS, TALK[:0]).exists()
    assert look(Disk(), tmp_path).recent == ()


def test_the_newest_are_shown_in_their_order(tmp_path: Path) -> None:
    original = unheard(tmp_path)
    for number in range(MOST):
        path = tmp_path / f"{number}.wav"
        path.touch()
        os.utime(path, (time.time() - 60 * number,) * 2)
    for age, place in ((90, 2), (60 * MOST, None)):
        os.utime(original, (time.time() - age,) * 2)
        shown = [recent.path for recent in look(Disk(), tmp_path).recent]
        assert len(shown) == MOST
        assert (shown.index(original) if original in shown else None) == place


def test_a_folder_of_that_name_is_a_save_folder_as_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "originals"
    take(folder, TRIMS)
    assert look(Disk(), folder).recent == (Recent(folder / "take.wav", True, folder / "originals" / "take.wav"),)


class Asked(Disk):
    """A disk that knows of which recordings the cut lists were asked for."""

    def __init__(self) -> None:
        self.asked = set[str]()

    def open_read(self, path: Path) -> io.FileIO:
        self.asked.add(path.name.split(".")[0])
        return super().open_read(path)


def test_thousands_of_originals_are_not_all_looked_into(tmp_path: Path) -> None:
    original = unheard(tmp_path)
    for number in range(3 * LOOKED_INTO):
        path = original.with_name(f"{number}.wav")
        path.touch()
        os.utime(path, (time.time() - 3600 - number,) * 2)
    disk = Asked()
    assert [recent.path for recent in look(disk, tmp_path).recent] == [original]
    assert len(disk.asked) == LOOKED_INTO


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
