"""Markers: locked while a process owns the take, and readable however damaged."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import effort
from tests.sound import wait_until
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.errors import OutputExistsError, StorageError
from tray_app.outputs import Output
from tray_app.take.facts import Facts, read_sidecar, write_sidecar
from tray_app.take.take import (
    MARKER_VERSION,
    Memory,
    NewerMarkerError,
    Plan,
    Stage,
    begin,
    begin_exactly,
    claim,
    markers,
)

TRIMS = Plan(CutRule(700, -35.5), keep_original=False)
ALL = CutRule(60000, -119.5, True, 10000, 60000, True, 10000, 1000)
"""A rule whose every value is another than the default, and as long as the settings let it be."""


def test_a_take_is_owned_until_it_is_released_and_remembers(tmp_path: Path) -> None:
    take = begin(Disk(), tmp_path, "take", TRIMS)
    assert markers(Disk(), tmp_path) == [tmp_path / "originals" / "take.take"]
    assert claim(Disk(), take.paths.marker) is None
    take.remember(stage=Stage.FINISHING, live=True)
    take.remember(stage=Stage.PARKED, live=False, reason="x" * 5000)
    take.remember(stage=Stage.FINISHING, live=True, reason="")
    take.release()
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert again.memory == take.memory
    assert again.paths == take.paths
    again.done()
    assert markers(Disk(), tmp_path) == []


def test_without_silence_removal_the_original_is_in_the_save_folder(tmp_path: Path) -> None:
    take = begin(Disk(), tmp_path / "originals", "take", Plan(None))
    assert take.paths.original == tmp_path / "originals" / "take.wav"
    take.release()
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert again.paths == take.paths, "a save folder that is called originals is still the save folder"
    again.release()


def test_a_process_that_dies_gives_its_take_up(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tray_app.disk import Disk; "
        "from tray_app.take.take import begin, Plan; "
        "take = begin(Disk(), Path(sys.argv[1]), 'take', Plan(None)); print('ready', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    marker = tmp_path / "take.take"
    assert claim(Disk(), marker) is None
    process.kill()
    process.wait()
    taken = claim(Disk(), marker)
    assert taken is not None
    assert taken.memory.stage is Stage.RECORDING
    taken.release()


def test_many_takes_at_once_get_a_name_each(tmp_path: Path) -> None:
    names: list[str] = []

    def one() -> None:
        take = begin(Disk(), tmp_path, "take", TRIMS)
        names.append(take.paths.name)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(names) == 20)
    assert len(set(names)) == 20


def test_a_name_that_the_user_gave_is_taken_exactly_or_refused(tmp_path: Path) -> None:
    begin_exactly(Disk(), tmp_path, "mine", TRIMS).done()
    (tmp_path / "mine.flac").write_text("precious")
    with pytest.raises(OutputExistsError, match="exists already"):
        begin_exactly(Disk(), tmp_path, "mine", TRIMS)
    assert markers(Disk(), tmp_path) == []
    assert (tmp_path / "mine.flac").read_text() == "precious"


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Cannot record into"):
        begin(Disk(), tmp_path / "file" / "folder", "take", TRIMS)


def test_what_a_take_becomes_is_remembered_and_leads_nowhere_else(tmp_path: Path) -> None:
    plan = Plan(None, True, Output("mp3", 4.5))
    take = begin(Disk(), tmp_path, "take", plan)
    assert take.paths.original == tmp_path / "originals" / "take.wav", "something is made of it, so it lies apart"
    take.remember(stage=Stage.FINISHING, saved="take.mp3", sound="take.wav")
    take.release()
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert (again.memory, again.paths) == (take.memory, take.paths)
    again.release()
    found = json.loads(take.paths.marker.read_text())
    for forged in ({"saved": "../../else"}, {"sound": "a\\b"}, {"plan": {**found["plan"], "output": {"name": "exe"}}}):
        take.paths.marker.write_text(json.dumps(found | forged))
        damaged = claim(Disk(), take.paths.marker)
        assert damaged is not None
        assert (damaged.memory.stage, damaged.memory.saved) == (Stage.RECORDING, ""), "as a crashed recording"
        assert damaged.paths.original == take.paths.original
        damaged.release()


class Lockless(Disk):
    """A drive that knows no locks, as some network drives do."""

    def lock(self, file: io.FileIO) -> bool:
        raise OSError(errno.ENOLCK, "No locks available")


def test_a_drive_without_locks_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not support") as caught:
        begin(Lockless(), tmp_path, "take", Plan(None))
    assert "another drive" in caught.value.todo
    assert list(tmp_path.iterdir()) == []


class Quick(Disk):
    """The real disk, where another start claims a new marker before its owner has locked it; once."""

    def __init__(self) -> None:
        self.left = 1

    def lock(self, file: io.FileIO) -> bool:
        self.left -= 1
        return self.left < 0 and super().lock(file)


def test_a_marker_that_another_start_was_quicker_to_claim_is_left_to_it(tmp_path: Path) -> None:
    take = begin(Quick(), tmp_path, "take", Plan(None))
    assert take.paths.name == "take (2)"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["take (2).take", "take.take"]
    take.done()


def test_a_marker_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    take = begin(Disk(), tmp_path, "take", TRIMS)
    take.release()
    found = json.loads(take.paths.marker.read_text())
    take.paths.marker.write_text(json.dumps(found | {"version": MARKER_VERSION + 1, "stage": "unheard of"}))
    before = take.paths.marker.read_bytes()
    with pytest.raises(NewerMarkerError):
        claim(Disk(), take.paths.marker)
    assert take.paths.marker.read_bytes() == before


@pytest.mark.parametrize(("silence", "rule"), [([700, -35.5], CutRule(700, -35.5)), (None, None)])
def test_a_marker_of_the_first_version_is_read(
    tmp_path: Path, silence: list[float] | None, rule: CutRule | None
) -> None:
    take = begin(Disk(), tmp_path, "take", TRIMS)
    take.release()
    plan = {"silence": silence, "keep_original": False}
    first = {"version": 1, "stage": "finishing", "plan": plan, "live": True, "attempts": 1, "reason": "why"}
    take.paths.marker.write_text(json.dumps(first))
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert again.memory == Memory(Stage.FINISHING, Plan(rule, keep_original=False), live=True, attempts=1, reason="why")
    again.release()


@pytest.mark.parametrize("rule", [ALL, CutRule(silence_thresh=None, auto=True), CutRule(keep_silence=200, fade=5)])
def test_a_marker_holds_all_of_the_rule_in_one_write_that_is_as_long_as_ever(tmp_path: Path, rule: CutRule) -> None:
    take = begin(Disk(), tmp_path, "take", Plan(rule))
    size = take.paths.marker.stat().st_size
    take.remember(stage=Stage.PARKED, attempts=3, reason="The disk is full. " * 20)
    assert take.paths.marker.stat().st_size == size
    take.release()
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert again.memory.plan.rule == rule
    again.release()


def test_what_a_marker_of_the_second_version_does_not_say_is_the_default(tmp_path: Path) -> None:
    take = begin(Disk(), tmp_path, "take", TRIMS)
    take.release()
    plan = {"rule": {"min_silence_len": 700, "silence_thresh": -35.5}, "keep_original": False}
    text = {"version": 2, "stage": "finishing", "plan": plan, "live": True, "attempts": 0, "reason": ""}
    take.paths.marker.write_text(json.dumps(text))
    again = claim(Disk(), take.paths.marker)
    assert again is not None
    assert again.memory.plan == TRIMS
    again.release()


@settings(deadline=None, max_examples=effort(300, 60))
@given(st.binary(max_size=300) | st.text().map(str.encode), st.integers(0, 200), st.booleans())
def test_a_damaged_marker_is_a_crashed_recordings(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, whole: bool
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    take = begin(Disk(), folder, "take", TRIMS)
    take.release()
    text = take.paths.marker.read_bytes()
    take.paths.marker.write_bytes(junk if whole else text[:at] + junk + text[at:])
    try:
        again = claim(Disk(), take.paths.marker)
    except NewerMarkerError:
        return
    assert again is not None
    assert again.paths.name == "take"
    again.release()


FACTS = Facts(
    name="täke",
    format=AudioFormat(44100, 6, 24),
    frames=12345,
    source="Output",
    gaps=((1, 2), (30, 4)),
    dropped=((9, 9),),
    pauses=((100, 1.5),),
    drift_ppm=1.25,
    cuts=((0, 500),),
    kept_frames=100,
    stop_ms=0.5,
    rule=ALL,
)


def test_facts_come_back_from_the_sidecar(tmp_path: Path) -> None:
    write_sidecar(Disk(), tmp_path / "take.json", FACTS)
    assert read_sidecar(Disk(), tmp_path / "take.json") == FACTS
    told = json.loads((tmp_path / "take.json").read_text("utf-8"))
    assert told["rule"]["silence_thresh"] == -119.5
    del told["rule"], told["sleeps"]
    (tmp_path / "take.json").write_text(json.dumps(told), "utf-8")
    assert read_sidecar(Disk(), tmp_path / "take.json") == replace(FACTS, rule=None), "the first sidecars have no rule"
    assert [path.name for path in tmp_path.iterdir()] == ["take.json"]


@settings(deadline=None, max_examples=effort(300, 60))
@given(st.binary(max_size=40), st.integers(0, 600), st.integers(0, 40))
def test_a_damaged_sidecar_is_facts_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, cut: int
) -> None:
    path = tmp_path_factory.mktemp("sidecar") / "take.json"
    write_sidecar(Disk(), path, FACTS)
    text = path.read_bytes()
    path.write_bytes(text[:at] + junk + text[at + cut :])
    found = read_sidecar(Disk(), path)
    assert found is None or isinstance(found, Facts)
