"""The options of `trim` and `record` that say what is cut, as a user gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.audio.oracle import Case, pydub_cuts
from tests.audio.slow import kept_values, shaped
from tests.audio.wav_files import ours
from tests.terminal.program import run
from tests.terminal.talk import FMT, RATE, case, pcm_of, speech, wav
from tray_app.audio.rule import CutRule
from tray_app.presets import NAMES, PRESETS


def trimmed(source: Path, *options: str, env: dict[str, str]) -> dict[str, Any]:
    done = run("trim", source, *options, "--json", "--force", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    return dict(found)


def length(asked: Case) -> int:
    return asked.fmt.length_ms(len(asked.values))


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        (["--keep-silence", "120"], CutRule(keep_silence=120)),
        (["--longest-pause", "333"], CutRule(longest_pause=333)),
        (["--edges-only"], CutRule(edges_only=True)),
        (["--shortest-sound", "410"], CutRule(shortest_sound=410)),
        (["--fade", "12"], CutRule(fade=12)),
        (
            ["--keep-silence=50", "--longest-pause=250", "--shortest-sound=20", "--fade=9", "--min-silence-len=300"],
            CutRule(300, -40.0, False, 50, 250, False, 20, 9),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_does_what_its_slow_statement_says(
    tmp_path: Path, env: dict[str, str], options: list[str], rule: CutRule
) -> None:
    source, asked = wav(tmp_path), case(window=rule.min_silence_len)
    found = trimmed(source, *options, env=env)
    cuts = shaped(pydub_cuts(asked), length(asked), rule)
    assert cuts != pydub_cuts(asked) or rule.fade
    assert found["cuts"] == [list(cut) for cut in cuts]
    values, faded = kept_values(asked, cuts, rule.fade)
    assert found["kept_frames"] == len(values)
    assert any(faded) == bool(rule.fade)
    got = soundfile.read(tmp_path / "talk_trimmed.wav", dtype="int32", always_2d=True)[0] >> 8
    assert np.abs(got - values).max() <= (1 if rule.fade else 0)
    told = found["rule"]
    assert told.pop("auto") is False
    assert all(told[name] == getattr(rule, name) for name in told)


@pytest.mark.parametrize("preset", PRESETS, ids=NAMES)
def test_a_preset_is_its_values(tmp_path: Path, env: dict[str, str], preset: Any) -> None:
    source = wav(tmp_path)
    by_name = trimmed(source, "--preset", preset.name, env=env)
    by_values = trimmed(source, env=env | dict(preset.texts))
    assert by_name == by_values


def test_options_beside_a_preset_are_stronger_wherever_they_stand(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = trimmed(source, "--keep-silence", "70", "--preset", "speech", env=env)["rule"]
    after = trimmed(source, "--preset", "speech", "--keep-silence", "70", env=env)["rule"]
    assert before == after
    assert (before["keep_silence"], before["silence_thresh"], before["min_silence_len"]) == (70, -45, 750)
    outside = env | {"RECORDER_FADE": "3", "RECORDER_CUT": "edges"}
    assert trimmed(source, "--preset", "speech", env=outside)["rule"]["fade"] == 10, "the command line is strongest"
    assert trimmed(source, env=outside)["rule"]["edges_only"] is True


def test_a_threshold_that_was_found_is_told(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    done = run("trim", source, "--silence-thresh", "auto", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    found = trimmed(source, "--silence-thresh=auto", "--dry-run", env=env)
    threshold = found["rule"]["silence_thresh"]
    # The murmur of `speech` has a peak of 1/300, so about -54 dBFS; the sound one of 1/2.
    assert found["rule"]["auto"] is True
    assert -54 < threshold < -35
    assert done.stdout.endswith(f" cuts, silence at most {threshold:g} dBFS (found)\n".replace("-", "−"))
    by_hand = trimmed(source, f"--silence-thresh={threshold}", "--dry-run", env=env)
    assert (by_hand["cuts"], by_hand["kept_frames"]) == (found["cuts"], found["kept_frames"])
    assert len(found["cuts"]) == 3


def test_a_whole_file_of_one_murmur_is_kept_by_a_found_threshold(tmp_path: Path, env: dict[str, str]) -> None:
    source = tmp_path / "murmur.wav"
    murmur = Case(FMT, 500, -40.0, speech()[: round(0.7 * RATE)])
    source.write_bytes(ours(FMT, murmur.pcm))
    assert trimmed(source, env=env)["kept_frames"] == 0
    assert trimmed(source, "--silence-thresh", "auto", env=env)["cuts"] == []
    assert pcm_of(tmp_path / "murmur_trimmed.wav") == murmur.pcm


def test_a_preset_that_is_none_names_those_that_are(tmp_path: Path, env: dict[str, str]) -> None:
    done = run("trim", wav(tmp_path), "--preset", "podcast", env=env)
    assert done.returncode == 2
    for name in NAMES:
        assert name in done.stderr


def test_a_recording_follows_its_rule_and_tells_it(tmp_path: Path, env: dict[str, str]) -> None:
    """The test signal is a tone of -12 dBFS by turns with digital silence, and a quiet one with an RMS of -55 dBFS."""
    options = ("--source", "signal", "--seconds", "5.5", "--output", str(tmp_path / "takes"))
    done = run("record", *options, "--preset", "speech", "--json", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rule"]["keep_silence"], found["rule"]["fade"], found["rule"]["auto"]) == (200, 10, False)
    ((start, end),) = found["cuts"]
    assert (start, end) == (pytest.approx(3200, abs=25), pytest.approx(4800, abs=25))
    kept = soundfile.info(found["trimmed"]).frames
    assert kept == found["kept_frames"]
    auto = run("record", *options, "--silence-thresh", "auto", env=env)
    assert auto.returncode == 0, auto.stderr
    assert ", silence at most −48.6 dBFS (found))" in auto.stdout


def test_a_picture_shows_what_a_preset_or_a_found_threshold_would_cut(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    for options in (["--preset", "speech"], ["--silence-thresh", "auto", "--keep-silence", "60"]):
        done = run("picture", source, *options, "--json", env=env)
        assert (done.returncode, done.stderr) == (0, "")
        shown = json.loads(done.stdout)
        asked = trimmed(source, *options, "--dry-run", env=env)
        assert (shown["rule"], shown["cuts"]) == (asked["rule"], asked["cuts"])
        assert shown["cuts"]
