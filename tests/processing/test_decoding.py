"""What `trim` takes in: every format that libsndfile or ffmpeg reads, with its rate, channels and bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.processing.sounds import TONES, chord, levels, probed, write_wav
from tests.sound import frequency
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.trim import TrimCancelledError
from tray_app.disk import Disk
from tray_app.errors import AudioFileError
from tray_app.outputs import Output
from tray_app.processing.codecs import decode
from tray_app.processing.trimming import trim_file

KEEPS_ALL = CutRule(500, -90.0)
SILENCE = CutRule(500, -40.0)
RATE = 22_050


def encoded(folder: Path, name: str, kind: str, subtype: str, channels: int = 2) -> Path:
    """The chord as libsndfile writes it."""
    path = folder / name
    fmt = AudioFormat(RATE if subtype != "OPUS" else 24_000, channels, 24)
    with soundfile.SoundFile(path, "w", fmt.rate, channels, subtype, format=kind) as file:
        for block in np.array_split(chord(fmt), 8):
            file.write(block)
    return path


@pytest.mark.parametrize(
    ("name", "kind", "subtype", "bits"),
    [
        ("a.flac", "FLAC", "PCM_24", 24),
        ("a.flac", "FLAC", "PCM_16", 16),
        ("a.aiff", "AIFF", "PCM_24", 24),
        ("a.caf", "CAF", "PCM_24", 24),
        ("a.caf", "CAF", "ALAC_24", 24),
        ("a.w64", "W64", "PCM_32", 32),
        ("a.au", "AU", "PCM_16", 16),
        ("a.wav", "WAV", "FLOAT", 32),
        ("a.wav", "WAV", "ULAW", 16),
        ("a.wav", "WAV", "IMA_ADPCM", 16),
        ("a.ogg", "OGG", "VORBIS", 16),
        ("a.opus", "OGG", "OPUS", 16),
        ("a.mp3", "MP3", "MPEG_LAYER_III", 16),
        ("no ending", "FLAC", "PCM_24", 24),
    ],
)
def test_without_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, subtype: str, bits: int
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    source = encoded(tmp_path, name, kind, subtype)
    was = soundfile.info(source)
    facts = trim_file(Disk(), source, tmp_path / "out.wav", KEEPS_ALL)
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.channels, info.subtype) == (was.samplerate, 2, f"PCM_{bits}")
    assert info.frames == facts.frames == was.frames
    sound, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert np.abs(sound - soundfile.read(source, dtype="float32")[0]).max() <= 2.0 ** (1 - bits)
    assert frequency(sound[:, [1]], info.samplerate) == pytest.approx(TONES[1], abs=0.5)


@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_24"), ("CAF", "PCM_24"), ("AIFF", "PCM_16")])
def test_whole_numbers_stay_what_they_are(tmp_path: Path, kind: str, subtype: str) -> None:
    source = encoded(tmp_path, "in", kind, subtype, channels=1)
    decode(Disk(), source, tmp_path / "out.wav")
    one, other = (soundfile.read(path, dtype="int32")[0] for path in (source, tmp_path / "out.wav"))
    assert np.array_equal(one, other)


@pytest.mark.posix("needs ffmpeg")
@pytest.mark.parametrize(
    ("name", "options", "subtype"),
    [
        ("a.m4a", [], "PCM_16"),
        ("a.m4a", ["-c:a", "alac", "-sample_fmt", "s32p"], "PCM_24"),
        ("a.mp4", [], "PCM_16"),
        ("a.wma", [], "PCM_16"),
        ("a.ac3", ["-ar", "44100"], "PCM_16"),
        ("a.mka", ["-c:a", "pcm_s24le"], "PCM_24"),
        ("a.webm", ["-c:a", "libopus", "-ar", "48000"], "PCM_16"),
    ],
)
def test_by_ffmpeg(tmp_path: Path, name: str, options: list[str], subtype: str) -> None:
    fmt = AudioFormat(44_100, 2, 24)
    wav = write_wav(tmp_path / "in.wav", fmt, chord(fmt))
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, *options, tmp_path / name], check=True)
    trim_file(Disk(), tmp_path / name, tmp_path / "out.wav", KEEPS_ALL)
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.channels, info.subtype) == (2, subtype)
    assert info.samplerate == int(probed(tmp_path / name)["stream"]["sample_rate"])
    sound, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert frequency(sound[:, [0]], info.samplerate) == pytest.approx(TONES[0], abs=0.5)
    assert np.abs(levels(sound) - levels(chord(fmt))).max() < 0.3
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.wav", name, "out.wav"])


@pytest.mark.posix("needs ffmpeg")
@pytest.mark.parametrize("name", ["ogg", "opus", "flac"])
def test_six_channels_come_in_in_the_order_of_wav(tmp_path: Path, name: str) -> None:
    fmt = AudioFormat(48_000, 6, 16)
    wav = write_wav(tmp_path / "in.wav", fmt, chord(fmt))
    subprocess.run(["ffmpeg", "-v", "error", "-i", wav, "-strict", "-2", tmp_path / f"in.{name}"], check=True)
    trim_file(Disk(), tmp_path / f"in.{name}", tmp_path / "out.wav", KEEPS_ALL)
    sound, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert [frequency(sound[:, [at]], 48_000) for at in range(6)] == pytest.approx(TONES, abs=0.5)


def test_floating_point_beyond_full_scale_is_clipped(tmp_path: Path) -> None:
    """32 bits hold no more than full scale; what is below stays what it is, to the last bit of its own."""
    sound = np.array([0.5, 1.5, -2.0, 0.25, 2.0**-20], np.float32).repeat(2000)
    soundfile.write(tmp_path / "in.wav", sound, 8000, "FLOAT")
    trim_file(Disk(), tmp_path / "in.wav", tmp_path / "out.wav", KEEPS_ALL)
    found, _ = soundfile.read(tmp_path / "out.wav", dtype="float64")
    assert np.array_equal(found[::2000], [0.5, 1 - 2.0**-31, -1.0, 0.25, 2.0**-20])


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_24"), ("FLAC", "PCM_16")])
def test_a_file_that_is_cut_short_is_refused_without_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, subtype: str, force: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    source = encoded(tmp_path, "in", kind, subtype)
    content = source.read_bytes()
    source.write_bytes(content[: len(content) // 2])
    if force:
        facts = trim_file(Disk(), source, tmp_path / "out.wav", KEEPS_ALL, force=True)
        assert 0.2 < facts.seconds < 1.2
        return
    with pytest.raises(AudioFileError, match="cut short"):
        trim_file(Disk(), source, tmp_path / "out.wav", KEEPS_ALL)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("content", [b"no sound at all" * 99, b"fLaC" + bytes(99)])
def test_what_nobody_reads_without_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    (tmp_path / "in").write_bytes(content)
    with pytest.raises(AudioFileError, match="missing"):
        trim_file(Disk(), tmp_path / "in", tmp_path / "out.wav", SILENCE)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_tags_go_along(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "in.flac", "w", 8000, 1, "PCM_16") as file:
        file.title, file.artist = "Gespräch", "Somebody"
        file.write(chord(AudioFormat(8000, 1, 16)))
    trim_file(Disk(), tmp_path / "in.flac", tmp_path / "out.ogg", KEEPS_ALL, output=Output("ogg", 5.0))
    with soundfile.SoundFile(tmp_path / "out.ogg") as file:
        assert (file.title, file.artist) == ("Gespräch", "Somebody")


def test_all_silence_is_no_flac(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "in.wav", np.zeros(8000, np.int16), 8000)
    with pytest.raises(AudioFileError, match="knows no empty file"):
        trim_file(Disk(), tmp_path / "in.wav", tmp_path / "out.flac", SILENCE, output=Output("flac", 5.0))
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_of_a_cancelled_one_nothing_is_left(tmp_path: Path) -> None:
    source = encoded(tmp_path, "in.flac", "FLAC", "PCM_24")
    looks = iter([False] * 3)
    with pytest.raises(TrimCancelledError):
        trim_file(
            Disk(),
            source,
            tmp_path / "out.mp3",
            KEEPS_ALL,
            output=Output("mp3", 2.0),
            cancelled=lambda: next(looks, True),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.flac"]
