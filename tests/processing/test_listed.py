"""`trim` with its cut list and labels, and a kept original that is trimmed again: nothing of the user's is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.processing.takes import RATE, TALK, TRIMS, after_crash, crash, finished, make, names, sound_of, speech
from tests.sound import wait_until
from tray_app.app import App
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.errors import OutputExistsError, TakeBusyError
from tray_app.events import EventBus, JobFinished, Problem
from tray_app.loading import load
from tray_app.outputs import Output
from tray_app.processing.jobs import Jobs
from tray_app.processing.listed import Listed, again, beside, trim_listed
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import find
from tray_app.take.cutlist import find as find_list
from tray_app.take.facts import read_sidecar, write_sidecar
from tray_app.take.take import Plan, Take, begin_again

RULE = CutRule(500, -40.0)
WIDE = CutRule(1500, -40.0)
TWO = speech((1.0, 0.5), (1.0, 0.0), (1.0, 0.5), (2.0, 0.0), (1.0, 0.5))
"""A silence of one second, which only RULE cuts, and one of two, which both cut."""
KEPT = 4 * RATE - 24
"""What WIDE keeps of it: a silent window reaches over the edges of its silence by 3 ms."""


def wav(folder: Path, name: str = "talk.wav") -> Path:
    soundfile.write(folder / name, TWO, RATE, "PCM_24")
    return folder / name


def trim(folder: Path, name: str = "talk.wav", *, force: bool = False, labels: bool = False) -> Listed:
    source = folder / name
    target = beside(source.with_name(f"{source.stem}_trimmed.wav"))
    return trim_listed(Disk(), source, target, RULE, force=force, labels=labels)


def test_trim_leaves_a_cut_list_that_gives_the_trimmed_file(tmp_path: Path) -> None:
    """Whoever takes `cut_frames` out of the original has the trimmed file."""
    wav(tmp_path)
    done = trim(tmp_path)
    assert done.cut_list == tmp_path / "talk_trimmed.json"
    found = json.loads(done.cut_list.read_text())
    whole = sound_of(tmp_path / found["original"])
    gone = np.zeros(len(whole), bool)
    for start, end in found["cut_frames"]:
        gone[start:end] = True
    assert len(found["cut_frames"]) == 2
    assert np.array_equal(whole[~gone], sound_of(tmp_path / found["trimmed"]))
    assert (len(whole), int(np.sum(~gone))) == (found["frames"], found["kept_frames"])
    assert found["rule"]["min_silence_len"] == 500


THEIRS = '{"text": "what was said"}'


@pytest.mark.parametrize("force", [False, True])
def test_a_file_of_the_users_with_the_lists_name_stays(tmp_path: Path, force: bool) -> None:
    wav(tmp_path)
    (tmp_path / "talk_trimmed.json").write_text(THEIRS)
    done = trim(tmp_path, force=force, labels=True)
    assert names(tmp_path) == [
        *("talk.wav", "talk_trimmed.json"),
        *("talk_trimmed.wav", "talk_trimmed.wav.json", "talk_trimmed.wav.txt"),
    ]
    assert done.cut_list == tmp_path / "talk_trimmed.wav.json"
    assert (tmp_path / "talk_trimmed.json").read_text() == THEIRS


@pytest.mark.parametrize("force", [False, True])
def test_files_of_the_users_with_both_names_stay(tmp_path: Path, force: bool) -> None:
    wav(tmp_path)
    theirs = [tmp_path / "talk_trimmed.json", tmp_path / "talk_trimmed.wav.json", tmp_path / "talk_trimmed.txt"]
    for path in theirs:
        path.write_text("1.0\t2.0\tcut\n")
    if force:
        done = trim(tmp_path, force=True, labels=True)
        assert (done.cut_list, done.labels) == (None, tmp_path / "talk_trimmed (2).txt")
        assert (tmp_path / "talk_trimmed.wav").exists()
    else:
        with pytest.raises(OutputExistsError, match=r"talk_trimmed.json exists already.*--force to go without"):
            trim(tmp_path)
        assert len(names(tmp_path)) == 4
    assert [path.read_text() for path in theirs] == ["1.0\t2.0\tcut\n"] * 3


def test_the_cut_list_of_another_file_stays(tmp_path: Path) -> None:
    """A take's sidecar has the name that a file trimmed beside it would give its own."""
    wav(tmp_path)
    write_sidecar(Disk(), tmp_path / "out.json", replace(trim(tmp_path).facts, original="out.wav"))
    before = (tmp_path / "out.json").read_bytes()
    done = trim_listed(Disk(), tmp_path / "talk.wav", beside(tmp_path / "out.wav"), RULE)
    assert done.cut_list == tmp_path / "out.wav.json"
    assert (tmp_path / "out.json").read_bytes() == before
    found = find_list(Disk(), tmp_path / "out.wav")
    assert found is not None
    assert found.original == tmp_path / "talk.wav", "its own, though the other one is about a file of that name, too"


def test_files_that_differ_in_their_ending_only_have_a_cut_list_each(tmp_path: Path) -> None:
    """Of one input in two formats, or of two; made again each gets its own, in either order."""
    wav(tmp_path)
    soundfile.write(tmp_path / "talk.flac", TWO, RATE, "PCM_24")
    of = {"talk_trimmed.wav": ("talk.wav", RULE), "talk_trimmed.flac": ("talk.flac", WIDE)}
    lists = {"talk_trimmed.wav": "talk_trimmed.json", "talk_trimmed.flac": "talk_trimmed.flac.json"}
    for made in (list(of), list(of), list(reversed(of))):
        for name in made:
            source, rule = of[name]
            output = Output("flac", 5.0) if name.endswith("flac") else Output()
            target = beside(tmp_path / name)
            force = target.sound.exists()
            done = trim_listed(Disk(), tmp_path / source, target, rule, output=output, labels=True, force=force)
            assert done.cut_list == tmp_path / lists[name]
            assert done.labels == done.cut_list.with_suffix(".txt")
        assert names(tmp_path) == sorted(
            [*of, *lists.values(), "talk.flac", "talk.wav", "talk_trimmed.txt", "talk_trimmed.flac.txt"]
        )
        for name, (source, rule) in of.items():
            found = find_list(Disk(), tmp_path / name)
            assert found is not None
            assert (found.original, found.facts.rule) == (tmp_path / source, rule)


def test_the_list_of_a_trimmed_file_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    wav(tmp_path)
    trim(tmp_path)
    (tmp_path / "talk_trimmed.wav").unlink()
    (tmp_path / "talk_trimmed.json").write_text((tmp_path / "talk_trimmed.json").read_text().replace("500", "501"))
    assert trim(tmp_path).cut_list == tmp_path / "talk_trimmed.json"
    assert json.loads((tmp_path / "talk_trimmed.json").read_text())["rule"]["min_silence_len"] == 500
    with pytest.raises(OutputExistsError, match=r"talk_trimmed.wav exists already"):
        trim(tmp_path)


def test_of_two_lists_of_a_file_the_one_that_is_read_is_made_anew(tmp_path: Path) -> None:
    target = beside(wav(tmp_path).with_name("talk_trimmed.wav"))
    trim(tmp_path)
    for path in target.cut_lists[1:]:
        path.write_bytes(target.cut_lists[0].read_bytes())
    done = trim_listed(Disk(), tmp_path / "talk.wav", target, WIDE, force=True)
    found = find_list(Disk(), target.sound)
    assert found is not None
    assert (found.path, found.facts.rule) == (done.cut_list, WIDE)


def test_a_relative_name_is_known_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wav(tmp_path)
    trim(tmp_path)
    monkeypatch.chdir(tmp_path)
    source, target = Path("talk.wav"), beside(Path("talk_trimmed.wav"))
    with pytest.raises(OutputExistsError, match=r"talk_trimmed.wav exists already"):
        trim_listed(Disk(), source, target, RULE)
    assert trim_listed(Disk(), source, target, CutRule(501, -40), force=True).cut_list == Path("talk_trimmed.json")
    assert json.loads((tmp_path / "talk_trimmed.json").read_text())["rule"]["min_silence_len"] == 501


def test_an_output_that_has_the_lists_own_name_goes_without(tmp_path: Path) -> None:
    source = wav(tmp_path)
    done = trim_listed(Disk(), source, beside(tmp_path / "odd.json"), RULE, labels=True)
    assert done.cut_list is None
    assert names(tmp_path) == ["odd.json", "odd.txt", "talk.wav"]
    assert soundfile.info(tmp_path / "odd.json").frames == done.facts.kept_frames


def test_labels_lie_beside_the_cut_list(tmp_path: Path) -> None:
    wav(tmp_path)
    done = trim(tmp_path, labels=True)
    assert done.labels == tmp_path / "talk_trimmed.txt"
    assert [line.split("\t")[2] for line in done.labels.read_text().splitlines()] == ["cut", "cut"]
    assert trim(tmp_path, labels=True, force=True).labels == done.labels


# A kept original, trimmed again


def done_take(folder: Path) -> Path:
    """A take that is finished, with two gaps and a pause; return its original."""
    take, facts = finished(folder, TRIMS, TWO)
    facts = replace(facts, gaps=((8000, 800),), pauses=((24_000, 3.0),))
    write_sidecar(Disk(), take.paths.sidecar, facts)
    Jobs(Disk()).finish(take, facts)
    return folder / "originals" / "take.wav"


def test_the_terminal_trims_a_kept_original_into_the_save_folder(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    target = again(Disk(), original)
    assert target is not None
    done = trim_listed(Disk(), original, target, WIDE, labels=True)
    assert names(tmp_path) == sorted([*before, "take (2).wav", "originals/take (2).json", "originals/take (2).txt"])
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert len(sound_of(tmp_path / "take (2).wav")) == done.facts.kept_frames == KEPT
    listed = read_sidecar(Disk(), tmp_path / "originals" / "take (2).json")
    assert listed is not None
    assert (listed.original, listed.trimmed, listed.rule) == ("take.wav", "../take (2).wav", WIDE)
    assert (listed.gaps, listed.pauses) == (((8000, 800),), ((24_000, 3.0),)), "the recording's facts come along"
    assert again(Disk(), tmp_path / "take.wav") is None


def queued(take: Take) -> list[JobFinished | Problem]:
    bus, said = EventBus(), list[JobFinished | Problem]()
    bus.listen(JobFinished, said.append)
    bus.listen(Problem, said.append)
    queue = JobQueue(Disk(), bus)
    queue.submit(take)
    assert queue.wait(20)
    bus.deliver(0)
    return said


def test_the_queue_trims_again_as_it_finishes_a_take(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    (done,) = queued(begin_again(Disk(), original, Plan(WIDE, keep_original=False, labels=True)))
    assert isinstance(done, JobFinished)
    assert (done.trimmed, done.original, done.name) == (tmp_path / "take (2).wav", original, "take (2)")
    assert names(tmp_path) == sorted([*before, "take (2).wav", "originals/take (2).json", "originals/take (2).txt"])
    assert {name: (tmp_path / name).read_bytes() for name in before} == before, "the original stays, whatever the plan"
    whole, ((start, end),) = sound_of(original), done.facts["cut_frames"]
    assert (round(start / RATE, 1), round(end / RATE, 1)) == (3.0, 5.0), "only the long silence was cut"
    assert np.array_equal(sound_of(done.trimmed), np.concatenate([whole[:start], whole[end:]]))
    listed = read_sidecar(Disk(), tmp_path / "originals" / "take (2).json")
    assert listed is not None
    assert (listed.original, listed.trimmed, listed.rule) == ("take.wav", "../take (2).wav", WIDE)
    assert listed.gaps == ((8000, 800),)
    (third,) = queued(begin_again(Disk(), original, Plan(RULE)))
    assert isinstance(third, JobFinished)
    assert third.trimmed == tmp_path / "take (3).wav"


def test_what_a_crash_left_of_it_is_finished_by_the_next_start(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    before = original.read_bytes()
    begin_again(Disk(), original, Plan(WIDE)).release()
    assert "originals/take (2).take" in names(tmp_path)
    (tmp_path / "originals" / "take (2).part").write_bytes(b"half a file")
    (take,) = find(Disk(), tmp_path).takes
    assert take.paths.original == original
    (done,) = queued(take)
    assert isinstance(done, JobFinished)
    assert len(sound_of(tmp_path / "take (2).wav")) == KEPT
    assert "originals/take (2).take" not in names(tmp_path)
    assert original.read_bytes() == before


@pytest.mark.parametrize("marker", [b"", b"{", b'{"version": 2}', b"\xff" * 600])
def test_a_damaged_marker_of_it_touches_no_other_take(tmp_path: Path, marker: bytes) -> None:
    original = done_take(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    take = begin_again(Disk(), original, Plan(WIDE))
    take.release()
    take.paths.marker.write_bytes(marker)
    after_crash(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def forged(folder: Path, **changes: object) -> None:
    """Leave a marker that says something which no marker of ours says."""
    take = begin_again(Disk(), folder / "originals" / "take.wav", Plan(WIDE))
    take.release()
    found = json.loads(take.paths.marker.read_text())
    plan = found["plan"] | {key: changes.pop(key) for key in list(changes) if key in found["plan"]}
    take.paths.marker.write_text(json.dumps(found | changes | {"plan": plan}))


@pytest.mark.parametrize("changes", [{"stage": "recording"}, {"source": "../take"}, {"rule": None}])
def test_no_marker_has_another_takes_original_repaired_or_removed(tmp_path: Path, changes: dict[str, object]) -> None:
    done_take(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    forged(tmp_path, **changes)
    after_crash(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_the_other_takes_original_stays_though_the_marker_says_that_it_need_not(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    forged(tmp_path, keep_original=False)
    (take,) = find(Disk(), tmp_path).takes
    (done,) = queued(take)
    assert isinstance(done, JobFinished)
    assert original.exists()


def test_a_take_that_is_still_worked_on_cannot_be_trimmed_again(tmp_path: Path) -> None:
    making = make(tmp_path, TRIMS, TWO)
    making.finish(len(TWO) / RATE, "", "")
    original = tmp_path / "originals" / "take.wav"
    target = again(Disk(), original)
    for attempt in (
        lambda: begin_again(Disk(), original, Plan(WIDE)),
        lambda: trim_listed(Disk(), original, target, WIDE),
    ):
        with pytest.raises(TakeBusyError, match=r"take.wav is still recorded, or worked on"):
            attempt()
    crash(making)
    assert "take (2).wav" not in names(tmp_path)


def test_where_nothing_is_left_there_is_nothing_of_it(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    before = names(tmp_path)
    (done,) = queued(begin_again(Disk(), original, Plan(CutRule(500, 0.0), labels=True)))
    assert isinstance(done, JobFinished)
    assert (done.trimmed, done.heard) == (None, False)
    assert names(tmp_path) == before


def test_an_original_that_its_user_has_edited_is_trimmed_as_it_is(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    soundfile.write(original, TALK, RATE, "PCM_24")
    edited = original.read_bytes()
    (done,) = queued(begin_again(Disk(), original, Plan(RULE)))
    assert isinstance(done, JobFinished)
    assert len(sound_of(done.trimmed)) == 2 * RATE
    assert original.read_bytes() == edited
    listed = read_sidecar(Disk(), tmp_path / "originals" / "take (2).json")
    assert listed is not None
    assert listed.gaps == (), "what was known is about another sound"


def test_the_program_trims_again_by_its_settings(tmp_path: Path) -> None:
    original = done_take(tmp_path)
    app = App(load({"RECORDER_MIN_SILENCE_LEN": "1500", "RECORDER_SAVE_FOLDER": str(tmp_path)}, {}, None), None, [])
    told: list[JobFinished] = []
    app.bus.listen(JobFinished, told.append)
    app.trim_again(original)

    def over() -> bool:
        app.bus.deliver(0)
        return bool(told)

    wait_until(over, what="it is trimmed")
    assert told[0].trimmed == tmp_path / "take (2).wav"
    assert told[0].kept_seconds == KEPT / RATE
