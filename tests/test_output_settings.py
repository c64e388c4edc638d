"""What recordings are saved as, by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tray_app.errors import SettingError
from tray_app.loading import changed, load
from tray_app.outputs import Output


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"OUTPUT_FORMAT": "mp3", "CHANNELS": "6"}, "MP3 holds mono and stereo, and RECORDER_CHANNELS is 6"),
        ({"OUTPUT_FORMAT": "mp3", "SAMPLE_RATE": "192000"}, "44.1 or 48 kHz, and RECORDER_SAMPLE_RATE is 192000"),
        ({"OUTPUT_FORMAT": "m4a", "SAMPLE_RATE": "192000"}, "88.2 or 96 kHz, and RECORDER_SAMPLE_RATE is 192000"),
        ({"OUTPUT_FORMAT": "flac", "BIT_DEPTH": "32"}, "FLAC holds at most 24 bits, and RECORDER_BIT_DEPTH is 32"),
    ],
)
def test_a_format_that_cannot_hold_the_recording_is_refused(texts: dict[str, str], said: str) -> None:
    outside = {f"RECORDER_{name}": text for name, text in texts.items()}
    with pytest.raises(SettingError) as caught:
        load({}, outside, None)
    assert said in str(caught.value)
    assert f"RECORDER_OUTPUT_FORMAT is {texts['OUTPUT_FORMAT']} (from the environment)" in str(caught.value)
    held = str(caught.value).rsplit("what holds this: ", 1)[1].removesuffix(".").split(", ")
    for name in held:
        assert load({}, {**outside, "RECORDER_OUTPUT_FORMAT": name}, None).output_format == name
    assert texts["OUTPUT_FORMAT"] not in held
    with pytest.raises(SettingError):
        load({"RECORDER_OUTPUT_FORMAT": texts["OUTPUT_FORMAT"]}, {**outside, "RECORDER_OUTPUT_FORMAT": "wav"}, None)


def test_a_choice_that_makes_a_pair_impossible_is_refused(tmp_path: Path) -> None:
    chosen = load({}, {"RECORDER_OUTPUT_FORMAT": "flac"}, None)
    with pytest.raises(SettingError, match="FLAC holds at most 24 bits"):
        changed(chosen, {"RECORDER_BIT_DEPTH": "32"}, tmp_path / ".env")
    assert changed(chosen, {"RECORDER_BIT_DEPTH": "16"}, tmp_path / ".env").bit_depth == 16


def test_the_output_has_its_formats_own_quality() -> None:
    outside = {"RECORDER_MP3_QUALITY": "4.5", "RECORDER_OPUS_BITRATE": "96", "RECORDER_FLAC_LEVEL": "8"}
    qualities = {"mp3": 4.5, "opus": 96.0, "flac": 8.0, "ogg": 5.0, "m4a": 192.0, "wav": None, "wav16": None}
    for name, quality in qualities.items():
        assert load({}, {**outside, "RECORDER_OUTPUT_FORMAT": name}, None).output == Output(name, quality)


def test_a_wav_of_the_recordings_own_width_is_the_recording() -> None:
    assert load({}, {"RECORDER_OUTPUT_FORMAT": "WAV24"}, None).output == Output("wav")
    assert load({}, {"RECORDER_OUTPUT_FORMAT": "wav24", "RECORDER_BIT_DEPTH": "16"}, None).output == Output("wav24")
