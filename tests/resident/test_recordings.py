"""What the menu does with recordings that are there, and with a take that nobody wants."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.resident.desk import WHOLE, Desk
from tests.sound import wait_until
from tray_app.disk import Disk
from tray_app.states import State
from tray_app.take.facts import read_sidecar
from tray_app.tray.view import Action, Originals, Recent


def test_the_folder_is_opened(desk: Desk) -> None:
    desk.tray.pick(Action.OPEN_FOLDER)
    assert desk.opened == [desk.folder]


def test_a_take_is_discarded_into_the_recycle_bin(desk: Desk) -> None:
    desk.record(0.5)
    assert desk.sees(lambda view: view.name).name == "take"
    desk.tray.pick(Action.DISCARD)
    desk.sees(lambda view: view.state is State.IDLE)
    wait_until(lambda: not desk.app.working(), 20, "it is done")
    assert desk.files() == []
    binned = ["originals-take.json", "originals-take.wav", "takes-take.wav"]
    assert sorted(path.name for path in desk.bin.iterdir()) == binned
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.recent, "the next one is kept")


def test_a_take_that_the_bin_does_not_take_is_kept(desk: Desk) -> None:
    desk.bin_full = True
    desk.record(0.5)
    desk.sees(lambda view: view.name)
    desk.tray.pick(Action.DISCARD)
    assert "it is kept" in desk.sees(lambda view: view.trouble).trouble
    desk.sees(lambda view: view.recent and not view.working)
    assert [name.replace("\\", "/") for name in desk.files()] == WHOLE


def test_a_take_gets_no_blame_for_the_name_of_an_earlier_one(desk: Desk) -> None:
    """One that was to be discarded may have failed before it was complete, and its name is free again."""
    desk.app.discards.mark("take")
    desk.record(0.3)
    desk.tray.pick(Action.STOP)
    assert desk.sees(lambda view: view.recent and not view.working).recent[0].path == desk.folder / "take.wav"
    assert not desk.bin.exists()


def test_old_originals_go_to_the_recycle_bin(desk: Desk) -> None:
    originals = desk.folder / "originals"
    originals.mkdir(parents=True)
    for name, days in (("old", 8), ("older", 31), ("new", 0), ("busy", 40)):
        for ending in (".wav", ".json"):
            (originals / name).with_suffix(ending).write_bytes(b"x" * 100)
            os.utime((originals / name).with_suffix(ending), (time.time() - days * 86400 - 60,) * 2)
    (originals / "busy.take").touch()
    desk.resident._shelf.soon()
    shown = desk.sees(lambda view: view.originals).originals
    assert shown == Originals(3, 300, ((7, 2, 200), (30, 1, 100), (90, 0, 0)))
    desk.tray.pick(Action.RECYCLE_ORIGINALS, "7")
    desk.sees(lambda view: view.originals and view.originals.count == 1)
    binned = [f"originals-{name}" for name in ("old.json", "old.wav", "older.json", "older.wav")]
    assert sorted(path.name for path in desk.bin.iterdir()) == binned
    assert sorted(path.stem for path in originals.glob("*.wav")) == ["busy", "new"]


def test_recordings_are_opened_shown_and_named(desk: Desk, tmp_path: Path) -> None:
    path = str(tmp_path / "a b.wav")
    for action in (Action.OPEN_FILE, Action.SHOW_FILE, Action.COPY_PATH):
        desk.tray.pick(action, path)
    desk.tray.pick(Action.OPEN_LOG)
    wait_until(lambda: len(desk.asked) == 4, 20, "all are asked for")
    assert {("open", path), ("show", path), ("copy", path)} < set(desk.asked)
    assert [Path(of).name for what, of in desk.asked if of != path] == ["tray-recorder.log"]
    desk.tray.pick(Action.OPEN_ORIGINALS)
    assert desk.opened == [desk.folder / "originals"]


def test_what_was_cut_is_drawn_and_opened(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: cache)
    stale = cache / "pictures" / "long ago.png"
    stale.parent.mkdir(parents=True)
    stale.touch()
    os.utime(stale, (time.time() - 8 * 86400,) * 2)
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    recent = desk.sees(lambda view: view.recent and not view.working).recent[0]
    assert recent.known
    before = desk.files()
    for asked in (1, 2):
        desk.tray.pick(Action.SHOW_CUTS, str(recent.path))
        wait_until(lambda asked=asked: len(desk.asked) == asked, 20, "it is shown")  # type: ignore[misc]
    assert desk.asked == [("open", str(cache / "pictures" / "take.png"))] * 2, "the second over the first"
    with Image.open(cache / "pictures" / "take.png") as found:
        assert found.size == (1600, 500)
    assert not stale.exists()
    assert desk.files() == before, "nothing is put beside the recordings"
    desk.tray.pick(Action.SHOW_CUTS, str(desk.folder / "gone.wav"))
    assert "gone.wav" in desk.sees(lambda view: view.trouble).trouble


def test_a_kept_original_is_trimmed_again_by_the_settings_as_they_are_then(desk: Desk) -> None:
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    recent = desk.sees(lambda view: view.recent and not view.working).recent[0]
    before = desk.files()
    desk.tray.pick(Action.CHOOSE, "RECORDER_SILENCE_THRESH=-60")
    desk.tray.pick(Action.TRIM_AGAIN, str(recent.original))
    shown = desk.sees(lambda view: len(view.recent) == 2 and not view.working).recent
    assert {one.path.name for one in shown} == {"take.wav", "take (2).wav"}
    assert {one.original for one in shown} == {recent.original}, "either can be trimmed again"
    assert sorted(set(desk.files()) - set(before)) == sorted([str(Path("originals/take (2).json")), "take (2).wav"])
    known = read_sidecar(Disk(), desk.folder / "originals" / "take (2).json")
    assert known is not None
    assert known.rule is not None
    assert known.rule.silence_thresh == -60
    (desk.folder / "originals" / "take.take").touch()
    desk.tray.pick(Action.TRIM_AGAIN, str(recent.original))
    assert "still recorded, or worked on" in desk.sees(lambda view: view.trouble).trouble


def test_a_take_in_which_nothing_was_heard_is_trimmed_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = desk.folder.parent / "cache"
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: cache)
    desk.tray.pick(Action.CHOOSE, "RECORDER_SILENCE_THRESH=0")
    desk.record(0.5)
    desk.tray.pick(Action.STOP)
    original = desk.folder / "originals" / "take.wav"
    unheard = Recent(original, True, original, heard=False)
    assert desk.sees(lambda view: view.recent and not view.working).recent == (unheard,)
    assert not (desk.folder / "take.wav").exists()
    desk.tray.pick(Action.SHOW_CUTS, str(unheard.path))
    wait_until(lambda: desk.asked == [("open", str(cache / "pictures" / "take.png"))], 20, "all that was cut is shown")
    desk.tray.pick(Action.CHOOSE, "RECORDER_SILENCE_THRESH=-40")
    desk.tray.pick(Action.TRIM_AGAIN, str(unheard.original))
    made = Recent(desk.folder / "take (2).wav", True, original)
    desk.sees(lambda view: view.recent == (made,) and not view.working, "there is something of it now")


def test_a_desktop_that_fails_is_said(desk: Desk, tmp_path: Path) -> None:
    def fails(what: str, of: Path | str) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", str(of))

    desk._asked = fails  # type: ignore[method-assign]
    desk.tray.pick(Action.OPEN_FILE, str(tmp_path / "gone.wav"))
    assert "gone.wav" in desk.sees(lambda view: view.trouble).trouble
