"""Every output of every recording: what comes back is the sound, whole; what a format cannot hold is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.processing.sounds import TONES, by_ffmpeg, chord, default, levels, probed, write_wav
from tests.sound import frequency
from tray_app.audio.format import AudioFormat
from tray_app.disk import Disk
from tray_app.outputs import FORMATS, Output
from tray_app.processing.encoding import EncodeError, encode

TAGS = {"title": "Gespräch 録音", "date": "2026-11-26", "comment": "Recorded from Speakers", "software": "A program"}
CODECS = {"flac": "flac", "mp3": "mp3", "ogg": "vorbis", "opus": "opus", "m4a": "aac"}
CODECS |= {"wav16": "pcm_s16le", "wav24": "pcm_s24le", "wav32": "pcm_s32le", "wavfloat": "pcm_f32le"}
WIDTHS = {"wav16": "PCM_16", "wav24": "PCM_24", "wav32": "PCM_32", "wavfloat": "FLOAT"}
CANNOT = {
    **{("mp3", bits, 6): "MP3 holds mono and stereo" for bits in (16, 24, 32)},
    **{("flac", 32, channels): "FLAC holds at most 24 bits" for channels in (1, 2, 6)},
}
"""All pairs that cannot be, and what is said."""


def source_of(folder: Path, bits: int, channels: int, rate: int = 48_000) -> Path:
    fmt = AudioFormat(rate, channels, bits)
    return write_wav(folder / "take.wav", fmt, chord(fmt))


def exact(path: Path) -> NDArray[np.int32]:
    found: NDArray[np.int32] = soundfile.read(path, dtype="int32", always_2d=True)[0]
    return found


@pytest.mark.posix("ffmpeg and ffprobe look at the files")
@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("name", [name for name in FORMATS if name != "wav"])
def test_every_output_of_every_recording(tmp_path: Path, name: str, bits: int, channels: int) -> None:
    source, made = source_of(tmp_path, bits, channels), tmp_path / f"made.{FORMATS[name].ending}"
    if (name, bits, channels) in CANNOT:
        with pytest.raises(EncodeError, match=CANNOT[name, bits, channels]):
            encode(Disk(), source, made, default(name), TAGS)
        assert [path.name for path in tmp_path.iterdir()] == ["take.wav"]
        return
    encode(Disk(), source, made, default(name), TAGS)
    sound = soundfile.read(source, dtype="float32", always_2d=True)[0]
    assert probed(made)["stream"]["codec_name"] == CODECS[name]
    heard = [by_ffmpeg(made, channels)]
    if name != "m4a":
        read = soundfile.read(made, dtype="float32", always_2d=True)[0]
        in_vorbis_order = name in ("ogg", "opus") and channels == 6  # which libsndfile leaves as it is
        heard.append(read[:, [0, 2, 1, 5, 3, 4]] if in_vorbis_order else read)
    for found in heard:
        assert 0 <= len(found) - len(sound) <= FORMATS[name].padding
        found = found[: len(sound)]
        off = np.abs(levels(found) - levels(sound))
        if name == "ogg" and channels == 6:
            off[3] -= 1.8  # libvorbis makes the LFE louder, whoever calls it
        assert off.max() < 0.1
        for channel in range(channels):
            assert frequency(found[:, [channel]], 48_000) == pytest.approx(TONES[channel], abs=0.3)
        assert np.corrcoef(found.reshape(-1), sound.reshape(-1))[0, 1] > 0.99, "at its place"
    if name in WIDTHS:
        assert soundfile.info(made).subtype == WIDTHS[name]
    if FORMATS[name].lossless or (name, bits) in (("wav16", 16), ("wav24", 16), ("wav24", 24)):
        assert np.array_equal(exact(made), exact(source))
    if name == "wavfloat":
        assert np.array_equal(heard[1], sound)


@pytest.mark.posix("ffprobe reads the tags")
@pytest.mark.parametrize("name", list(CODECS)[:5])
def test_a_file_says_what_it_is(tmp_path: Path, name: str) -> None:
    made = tmp_path / f"made.{name}"
    encode(Disk(), source_of(tmp_path, 24, 2), made, default(name), TAGS)
    tags = probed(made)["tags"]
    assert tags["title"] == TAGS["title"]
    assert tags["comment"] == TAGS["comment"]
    assert tags["date"] == ("2026" if name == "mp3" else TAGS["date"]), "MP3's tags know years"
    if name != "mp3":
        assert (tags.get("software") or tags["encoder"]).startswith(TAGS["software"])


@pytest.mark.parametrize(
    ("name", "small", "large", "least"),
    [
        ("flac", 8, 0, 1.01),
        ("mp3", 9, 0, 2.5),
        ("ogg", 0, 10, 3),
        ("opus", 32, 256, 5),
        pytest.param("m4a", 48, 256, 2, marks=pytest.mark.posix("needs ffmpeg")),
    ],
)
def test_quality_is_heard_in_the_size(tmp_path: Path, name: str, small: float, large: float, least: float) -> None:
    fmt = AudioFormat(48_000, 2, 16)
    noise = np.random.default_rng(4).normal(0, 0.05, (96_000, 2)).cumsum(axis=0)
    sound = (0.3 * np.sin(noise) + chord(fmt, 2.0) / 2).astype(np.float32)
    source = write_wav(tmp_path / "take.wav", fmt, sound)
    sizes = []
    for quality in (small, large):
        encode(Disk(), source, tmp_path / f"{quality}", Output(name, float(quality)), {})
        sizes.append((tmp_path / f"{quality}").stat().st_size)
    assert sizes[1] > least * sizes[0]


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("bitrate", [64, 192])
def test_an_opus_bitrate_is_that_of_stereo(tmp_path: Path, bitrate: int, channels: int) -> None:
    fmt = AudioFormat(48_000, channels, 16)
    noise = np.random.default_rng(4).uniform(-0.3, 0.3, (4 * 48_000, channels)).astype(np.float32)
    source = write_wav(tmp_path / "take.wav", fmt, noise)
    encode(Disk(), source, tmp_path / "made.opus", Output("opus", float(bitrate)), {})
    kbit = (tmp_path / "made.opus").stat().st_size * 8 / 4 / 1000
    # The sixth channel is the LFE, which gets next to nothing.
    assert kbit == pytest.approx(bitrate * min(channels, 5) / 2, rel=0.25)


@pytest.mark.parametrize("rate", [11_025, 44_100, 96_000])
def test_opus_takes_any_rate(tmp_path: Path, rate: int) -> None:
    source = source_of(tmp_path, 24, 2, rate)
    encode(Disk(), source, tmp_path / "made.opus", default("opus"), {})
    found, found_rate = soundfile.read(tmp_path / "made.opus", dtype="float32")
    assert found_rate == 48_000
    assert len(found) == round(soundfile.info(source).frames * 48_000 / rate)
    for channel in (0, 1):
        assert frequency(found[:, [channel]], 48_000) == pytest.approx(TONES[channel], abs=0.3)


@pytest.mark.parametrize(("name", "rate"), [("mp3", 96_000), ("mp3", 37_800), ("m4a", 192_000)])
def test_a_rate_that_cannot_be_is_said(tmp_path: Path, name: str, rate: int) -> None:
    source = source_of(tmp_path, 24, 2, rate)
    with pytest.raises(EncodeError, match=rf"holds .*44\.1.* kHz, and this has 24 bits .* at {rate / 1000:g} kHz"):
        encode(Disk(), source, tmp_path / "made", default(name), {})


@pytest.mark.parametrize("channels", [3, 4, 5, 7, 8])
@pytest.mark.parametrize("name", ["flac", "ogg", "opus"])
@pytest.mark.posix("ffmpeg reads the files")
def test_speakers_keep_their_places(tmp_path: Path, name: str, channels: int) -> None:
    fmt = AudioFormat(48_000, channels, 16)
    at = np.arange(72_000) / 48_000
    tones = [60 + 7 * channel for channel in range(channels)]  # low, for any of them may be the LFE
    sound = np.stack([0.2 * np.sin(2 * np.pi * hz * at) for hz in tones], axis=1).astype(np.float32)
    source = write_wav(tmp_path / "take.wav", fmt, sound)
    encode(Disk(), source, tmp_path / f"made.{name}", default(name), {})
    found = by_ffmpeg(tmp_path / f"made.{name}", channels)
    heard = [frequency(found[:, [channel]], 48_000) for channel in range(channels)]
    assert heard == pytest.approx(tones, abs=1.0)


@pytest.mark.parametrize("name", ["mp3", "opus"])
def test_a_codec_that_libsndfile_was_built_without_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    codecs = soundfile._subtypes | dict.fromkeys(("MPEG_LAYER_III", "OPUS"), 0x00F0)  # a number that stands for none
    monkeypatch.setattr(soundfile, "_subtypes", codecs)
    source = source_of(tmp_path, 16, 2)
    with pytest.raises(EncodeError, match=rf"{FORMATS[name].label} could not be written: .* does not know it"):
        encode(Disk(), source, tmp_path / "made", default(name), {})
    assert [path.name for path in tmp_path.iterdir()] == ["take.wav"]
