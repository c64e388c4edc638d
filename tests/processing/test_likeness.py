"""A lossy file of the sound passes at every codec's lowest rate; another sound, or a damaged one, does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.processing.sounds import write_wav
from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import Samples
from tray_app.disk import Disk
from tray_app.outputs import FORMATS, Output
from tray_app.processing.encoding import encode
from tray_app.processing.likeness import Likeness

RATE = 48_000
AT = np.arange(3 * RATE) / RATE
CHANCE = np.random.default_rng(3)
NOISE = CHANCE.standard_normal((len(AT), 2))


def both(wave: np.ndarray) -> Samples:
    return np.repeat(wave[:, np.newaxis], 2, axis=1).astype(np.float32)


SOUNDS: dict[str, Samples] = {
    "white noise": (0.1 * NOISE).astype(np.float32),
    "faint noise": (0.003 * NOISE).astype(np.float32),
    "a tone": both(0.3 * np.sin(2 * np.pi * 440 * AT)),
    "a high tone": both(0.3 * np.sin(2 * np.pi * 9000 * AT)),
    "turned phase": both(0.3 * np.sin(2 * np.pi * 440 * AT)) * np.array([1, -1], np.float32),
    "clicks": both(np.where(CHANCE.random(len(AT)) < 1e-4, 0.9, 0.0)),
    "full scale": both(0.999 * np.sign(np.sin(2 * np.pi * 220 * AT))),
    "rumble": np.clip(0.002 * NOISE.cumsum(axis=0), -0.99, 0.99).astype(np.float32),
    "an offset": both(0.2 + 0.01 * np.sin(2 * np.pi * 700 * AT)),
    "late noise": np.where(AT < 1.5, 0, 0.1)[:, np.newaxis].astype(np.float32) * NOISE.astype(np.float32),
    "digital silence": np.zeros((len(AT), 2), np.float32),
}


@pytest.mark.posix("needs ffmpeg")
@pytest.mark.parametrize("name", ["mp3", "ogg", "opus", "m4a"])
@pytest.mark.parametrize("sound", SOUNDS)
def test_the_least_that_can_be_chosen_is_still_the_sound(tmp_path: Path, name: str, sound: str) -> None:
    quality = FORMATS[name].quality
    assert quality is not None
    worst = quality.most if name == "mp3" else quality.least
    source = write_wav(tmp_path / "take.wav", AudioFormat(RATE, 2, 24), SOUNDS[sound])
    encode(Disk(), source, tmp_path / "made", Output(name, float(worst)), {})
    assert (tmp_path / "made").stat().st_size > 500


def difference(original: Samples, copy: Samples) -> str:
    likeness = Likeness(RATE)
    for at in range(0, len(original), 1 << 15):
        likeness.feed(original[at : at + (1 << 15)], copy[at : at + (1 << 15)])
    return likeness.difference()


TALK = SOUNDS["white noise"] * (0.2 + np.abs(np.sin(3 * AT)))[:, np.newaxis].astype(np.float32)


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (np.zeros_like(TALK), "its level is -inf dB off"),
        (np.roll(TALK, 480, axis=0), "it is another sound"),
        (TALK[::-1], "it is another sound"),
        (-TALK, "it is another sound"),
        (TALK[:, ::-1], "it is another sound"),
        (TALK / 100, "its level is -40 dB off"),
        (np.clip(TALK * 100, -1, 1), "dB off"),
        (np.where(AT[:, np.newaxis] > 2.0, 0, TALK), "dB off"),
        (np.where(AT[:, np.newaxis] > 2.0, np.float32(np.nan), TALK), "no numbers"),
    ],
    ids=["silent", "10 ms off", "backwards", "inverted", "swapped", "faint", "loud", "cut off", "not a number"],
)
def test_another_sound_is_seen(copy: Samples, said: str) -> None:
    assert said in difference(TALK, copy.astype(np.float32))


def test_sound_where_there_was_none_is_seen() -> None:
    silence = SOUNDS["digital silence"]
    assert difference(silence, TALK) == "there is sound where there should be silence"
    assert difference(silence, silence) == ""


@pytest.mark.posix("needs ffmpeg")
def test_a_wrong_file_of_another_program_is_seen(tmp_path: Path) -> None:
    """An MP3 that ffmpeg made of other music, where ours should be."""
    write_wav(tmp_path / "other.wav", AudioFormat(RATE, 2, 16), SOUNDS["a tone"])
    source = write_wav(tmp_path / "take.wav", AudioFormat(RATE, 2, 16), TALK)

    class Swapping(Disk):
        def sync(self, file: object) -> None:
            other, made = str(tmp_path / "other.wav"), str(tmp_path / "made")
            subprocess.run(["ffmpeg", "-y", "-v", "error", "-i", other, "-f", "mp3", made], check=True)

    with pytest.raises(Exception, match=r"did not read back as it should: (it is another sound|its level)"):
        encode(Swapping(), source, tmp_path / "made", Output("mp3", 2.0), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.wav", "take.wav"]
