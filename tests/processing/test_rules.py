"""Rules beyond pydub's through a whole take: live and afterwards the same bytes, adopted, compared, told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.processing.takes import FORMAT, RATE, finished, make, names, sound_of, speech
from tray_app.audio.rule import CutRule
from tray_app.capture.base import Samples
from tray_app.disk import Disk
from tray_app.errors import AudioFileError
from tray_app.processing.jobs import Jobs
from tray_app.processing.trimming import trim_file, trim_into
from tray_app.processing.verify import same_sound
from tray_app.take.facts import read_sidecar
from tray_app.take.take import Plan

TALK = speech((0.8, 0.001), (1.0, 0.5), (2.0, 0.001), (0.004, 0.9), (0.7, 0.001), (1.0, 0.5), (0.9, 0.001))
"""Silence, sound, a pause with a click in it, sound, silence: of a quiet room, about -65 dBFS."""

RULES = {
    "keep_silence": CutRule(keep_silence=150),
    "longest_pause": CutRule(longest_pause=301),
    "edges_only": CutRule(edges_only=True),
    "edges_only, faded": CutRule(edges_only=True, keep_silence=33, fade=20),
    "shortest_sound": CutRule(shortest_sound=50),
    "fade": CutRule(fade=15),
    "all": CutRule(400, -45.0, False, 50, 301, False, 50, 25),
}


@pytest.mark.parametrize("name", RULES)
def test_the_twin_is_complete_at_stop_and_is_what_trimming_the_file_gives(tmp_path: Path, name: str) -> None:
    rule = RULES[name]
    take, facts = finished(tmp_path, Plan(rule), TALK)
    assert take.memory.live
    assert facts.rule == rule
    again = trim_into(Disk(), take.paths.original, tmp_path / "again.wav", rule)
    assert (again.cuts, again.kept_frames, again.rule) == (facts.cuts, facts.kept_frames, rule)
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "take.wav").read_bytes()
    assert len(sound_of(tmp_path / "take.wav")) == facts.kept_frames
    take.release()


@pytest.mark.parametrize("name", RULES)
def test_the_original_goes_after_its_twin_was_compared_fades_and_all(tmp_path: Path, name: str) -> None:
    plan = Plan(RULES[name], keep_original=False)
    take, facts = finished(tmp_path, plan, TALK)
    outcome = Jobs(Disk()).finish(take, facts)
    assert outcome.original is None
    assert names(tmp_path) == ["originals/take.json", "take.wav"]
    assert outcome.facts.rule == RULES[name]


def test_one_wrong_bit_in_a_fade_keeps_the_original(tmp_path: Path) -> None:
    rule = CutRule(fade=15)
    take, facts = finished(tmp_path, Plan(rule, keep_original=False), TALK)
    trimmed = tmp_path / "take.wav"
    join = FORMAT.ms_to_frame(facts.cuts[0][1] - facts.cuts[0][0]) * 0 + len(sound_of(trimmed)) // 2
    whole = trimmed.read_bytes()
    damaged = bytearray(whole)
    at = len(whole) - (len(sound_of(trimmed)) - join) * 3
    damaged[at - 30] ^= 1
    trimmed.write_bytes(damaged)
    assert not same_sound(Disk(), take.paths.original, trimmed, facts.cuts, 15)
    trimmed.write_bytes(whole)
    assert same_sound(Disk(), take.paths.original, trimmed, facts.cuts, 15)
    assert not same_sound(Disk(), take.paths.original, trimmed, facts.cuts, 16)
    assert not same_sound(Disk(), take.paths.original, trimmed, facts.cuts)
    trimmed.write_bytes(damaged)
    with pytest.raises(AudioFileError, match="does not hold what the original does"):
        Jobs(Disk()).finish(take, facts)
    assert len(sound_of(tmp_path / "originals" / "take.wav")) == len(TALK)


def test_a_threshold_that_is_to_be_found_makes_no_twin_and_is_told_afterwards(tmp_path: Path) -> None:
    rule = CutRule(silence_thresh=None, auto=True, keep_silence=100)
    making = make(tmp_path, Plan(rule), TALK)
    assert not (tmp_path / "originals" / "take.part").exists()
    facts = making.finish(len(TALK) / RATE, "", "")
    assert not making.take.memory.live
    assert (facts.kept_frames, facts.rule) == (None, None)
    outcome = Jobs(Disk()).finish(making.take, facts)
    used = outcome.facts.rule
    assert used is not None
    assert used == replace(rule, silence_thresh=used.silence_thresh)
    assert -64 < used.threshold < -40
    assert outcome.facts.cuts == ((0, 700), (1900, 3700), (3904, 4404), (5604, 6404))
    assert outcome.facts.as_json()["rule"]["silence_thresh"] == used.threshold
    assert read_sidecar(Disk(), tmp_path / "originals" / "take.json") == outcome.facts
    by_hand = trim_file(Disk(), outcome.original or Path(), tmp_path / "by hand.wav", replace(used, auto=False))
    assert by_hand.cuts == outcome.facts.cuts
    assert (tmp_path / "by hand.wav").read_bytes() == (tmp_path / "take.wav").read_bytes()


def test_nothing_of_a_take_with_only_clicks_is_heard(tmp_path: Path) -> None:
    clicks = speech((0.8, 0.0), (0.004, 0.9), (0.7, 0.0), (0.004, 0.9), (0.9, 0.0))
    take, facts = finished(tmp_path, Plan(CutRule(shortest_sound=30, keep_silence=200, fade=10)), clicks)
    outcome = Jobs(Disk()).finish(take, facts)
    assert (outcome.trimmed, outcome.heard) == (None, False)
    assert names(tmp_path) == ["originals/take.json", "originals/take.wav"]


def test_edges_that_were_written_on_are_gone_from_the_file(tmp_path: Path) -> None:
    """An hour is not needed: the silence at the end is longer than the sound before it."""
    sound: Samples = np.concatenate([speech((0.5, 0.5)), speech((20.0, 0.0))])
    take, facts = finished(tmp_path, Plan(CutRule(edges_only=True, keep_silence=100)), sound)
    found, _ = soundfile.read(tmp_path / "take.wav", always_2d=True)
    assert len(found) == facts.kept_frames == round(0.6 * RATE)
    assert (tmp_path / "take.wav").stat().st_size < 0.62 * RATE * 3
    take.release()
