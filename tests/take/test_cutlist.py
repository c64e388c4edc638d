"""From a recording to its cut list, and no further: what a cut list says leads nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.take.cutlist import find, original_of_take
from tray_app.take.facts import Facts, read_sidecar, write_sidecar

FACTS = Facts("take", AudioFormat(8000, 1, 16), 8000, cuts=((100, 600),), kept_frames=4000, rule=CutRule(300, -50))


def listed(folder: Path, cut_list: str, original: str | None, trimmed: str | None, *files: str) -> Path:
    """Write a cut list about two files, and make some files."""
    path = folder / cut_list
    path.parent.mkdir(parents=True, exist_ok=True)
    at = [None if name is None else folder / name for name in (original, trimmed)]
    write_sidecar(Disk(), path, FACTS.with_files(path, *at))
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return path


def test_what_is_in_a_cut_list(tmp_path: Path) -> None:
    """The keys that docs/CUTLIST.md describes."""
    path = listed(tmp_path, "out/talk.json", "in/talk.wav", "out/talk.wav")
    found = json.loads(path.read_text())
    assert (found["original"], found["trimmed"]) == ("../in/talk.wav", "talk.wav")
    assert found["rule"]["min_silence_len"] == 300
    assert found["rule"]["silence_thresh"] == -50
    assert (found["cuts"], found["cut_frames"]) == ([[100, 600]], [[800, 4800]])
    assert (found["frames"], found["kept_frames"], found["format"]["rate"]) == (8000, 4000, 8000)
    described = (Path(__file__).parents[2] / "docs" / "CUTLIST.md").read_text()
    assert [key for key in found if f"`{key}`" not in described] == []


@pytest.mark.parametrize("asked", ["take.wav", "originals/take.wav", "take.mp3"])
def test_a_takes_files_have_one_cut_list(tmp_path: Path, asked: str) -> None:
    path = listed(tmp_path, "originals/take.json", "originals/take.wav", asked if "take.mp3" in asked else "take.wav")
    found = find(Disk(), tmp_path / asked)
    assert found is not None
    assert found.path == path
    assert found.facts.cuts == ((100, 600),)


def test_the_first_sidecar_of_a_take_names_no_files(tmp_path: Path) -> None:
    listed(tmp_path, "originals/take.json", None, None)
    for asked in ("take.wav", "originals/take.wav"):
        found = find(Disk(), tmp_path / asked)
        assert found is not None
        assert (found.original, found.trimmed) == (tmp_path / "originals" / "take.wav", tmp_path / "take.wav")


def test_a_trimmed_file_that_got_another_name_is_known(tmp_path: Path) -> None:
    listed(tmp_path, "originals/take.json", "originals/take.wav", "take (2).wav", "take (2).wav")
    assert find(Disk(), tmp_path / "take (2).wav") is not None
    assert find(Disk(), tmp_path / "take.wav") is None, "that is what took the name"


def test_a_take_that_was_exported_is_known_by_its_name(tmp_path: Path) -> None:
    listed(tmp_path, "originals/take.json", "originals/take.wav", "take.wav")
    assert find(Disk(), tmp_path / "take.flac") is not None
    (tmp_path / "take.wav").touch()
    assert find(Disk(), tmp_path / "take.flac") is None, "while the one that is meant is there, another is another"


def test_two_trimmed_files_of_one_original_have_their_own(tmp_path: Path) -> None:
    first = listed(tmp_path, "originals/take.json", "originals/take.wav", "take.wav")
    second = listed(tmp_path, "originals/take (2).json", "originals/take.wav", "take (2).wav")
    for name, path in (("take.wav", first), ("take (2).wav", second), ("originals/take.wav", first)):
        found = find(Disk(), tmp_path / name)
        assert found is not None
        assert (found.path, found.original) == (path, tmp_path / "originals" / "take.wav")


def test_only_the_kept_original_of_a_take_is_one(tmp_path: Path) -> None:
    listed(tmp_path, "originals/take.json", "originals/take.wav", "take.wav")
    listed(tmp_path, "talk_trimmed.json", "talk.wav", "talk_trimmed.wav")
    assert original_of_take(Disk(), tmp_path / "originals" / "take.wav") is not None
    for other in ("take.wav", "talk.wav", "talk_trimmed.wav", "originals/other.wav"):
        assert original_of_take(Disk(), tmp_path / other) is None


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "//server/share/x.wav", r"\\server\share\x.wav", "C:/x.wav", "a\0b", 7]
)
def test_no_cut_list_leads_to_another_machine_or_drive(tmp_path: Path, path: object) -> None:
    at = listed(tmp_path, "talk_trimmed.json", "talk.wav", "talk_trimmed.wav")
    found = json.loads(at.read_text()) | {"original": path}
    at.write_text(json.dumps(found))
    known = find(Disk(), tmp_path / "talk_trimmed.wav")
    assert known is not None
    assert known.original == tmp_path / "talk_trimmed.wav" or known.original is None


def test_a_sidecar_from_before_there_were_cut_lists_is_read(tmp_path: Path) -> None:
    path = tmp_path / "take.json"
    write_sidecar(Disk(), path, FACTS)
    old = json.loads(path.read_text())
    for key in ("rule", "original", "trimmed", "cut_frames", "sleeps"):
        del old[key]
    path.write_text(json.dumps(old))
    assert read_sidecar(Disk(), path) == replace(FACTS, rule=None)
