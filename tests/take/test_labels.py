"""Labels for Audacity, read back by what its manual says of the format ("Importing and Exporting Labels")."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.audio.format import AudioFormat
from tray_app.disk import Disk
from tray_app.take.facts import Facts
from tray_app.take.labels import as_text, labels_of, write_labels

FORMAT = AudioFormat(44_100, 2, 24)


def imported(text: str) -> list[tuple[float, float, str]]:
    """Read a label file as the manual describes it: start, end and text, parted by tabs, a line for each label."""
    found = []
    for line in text.split("\n")[:-1]:
        start, end, label = line.split("\t")
        assert len(start.split(".")[1]) == len(end.split(".")[1]) == 6, "seconds with six decimals"
        assert float(start) <= float(end)
        found.append((float(start), float(end), label))
    assert text == "" or text.endswith("\n")
    return found


def test_every_kind_is_where_it_belongs() -> None:
    facts = Facts(
        "take",
        FORMAT,
        frames=10 * 44_100,
        gaps=((44_100, 22_050),),
        dropped=((88_200, 441),),
        pauses=((132_300, 12.34),),
        sleeps=((176_400, 3600.0, "", ""),),
        cuts=((250, 750), (5000, 6000)),
        kept_frames=9 * 44_100,
    )
    assert imported(as_text(labels_of(facts))) == [
        (0.25, 0.75, "cut"),
        (1.0, 1.5, "gap"),
        (2.0, 2.01, "dropped"),
        (3.0, 3.0, "pause 12.3 s"),
        (4.0, 4.0, "sleep 3600.0 s"),
        (5.0, 6.0, "cut"),
    ]


RANGES = st.lists(st.integers(0, 86_400_000), unique=True, max_size=40).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@given(RANGES, st.sampled_from([8000, 44_100, 48_000, 96_000]))
def test_cuts_come_back_as_they_were(cuts: tuple[tuple[int, int], ...], rate: int) -> None:
    fmt = AudioFormat(rate, 1, 16)
    facts = Facts("take", fmt, fmt.ms_to_frame(90_000_000), cuts=cuts, kept_frames=1)
    found = imported(as_text(labels_of(facts)))
    frames = [(round(start * rate), round(end * rate)) for start, end, _ in found]
    assert frames == [(fmt.ms_to_frame(start), fmt.ms_to_frame(end)) for start, end in cuts]
    assert {text for *_, text in found} <= {"cut"}


def test_all_that_was_removed_is_one_cut() -> None:
    """The last part of a millisecond belongs to no cut of pydub's, and is gone all the same."""
    facts = Facts("take", FORMAT, 44_110, cuts=((0, 1000),), kept_frames=0)
    assert imported(as_text(labels_of(facts))) == [(0.0, round(44_110 / 44_100, 6), "cut")]


CUT = Facts("take", FORMAT, 44_100, cuts=((0, 500),), kept_frames=22_050)
OTHER = Facts("take", FORMAT, 44_100, cuts=((0, 600),), kept_frames=17_640)


def test_nothing_of_the_users_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "take.txt"
    path.write_text("what was said, in words")
    for replaces in (False, True):
        at = write_labels(Disk(), path, CUT, replaces=replaces)
        assert at == tmp_path / "take (2).txt", "the second time it is there already"
        assert imported(at.read_text()) == [(0.0, 0.5, "cut")]
    assert path.read_text() == "what was said, in words"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["take (2).txt", "take.txt"]


@pytest.mark.parametrize(("replaces", "name"), [(False, "take (2).txt"), (True, "take.txt")])
def test_labels_of_ours_are_replaced_only_where_that_is_wished(tmp_path: Path, replaces: bool, name: str) -> None:
    path = tmp_path / "take.txt"
    write_labels(Disk(), path, CUT)
    at = write_labels(Disk(), path, OTHER, replaces=replaces)
    assert at.name == name
    assert imported(at.read_text()) == [(0.0, 0.6, "cut")]


def test_a_label_that_the_user_has_named_makes_the_file_theirs(tmp_path: Path) -> None:
    path = tmp_path / "take.txt"
    path.write_text("0.000000\t0.500000\tcut\n0.700000\t0.700000\tthe decision\n")
    assert write_labels(Disk(), path, CUT, replaces=True).name == "take (2).txt"
