"""The formats that `trim` reads and writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.oracle import pydub_cuts, pydub_kept
from tests.audio.wav_files import ours
from tests.terminal.program import run
from tests.terminal.talk import FMT, RATE, assert_one_line, assert_refused, case, pcm_of, speech, tree, wav
from tray_app.audio.format import AudioFormat


def test_rf64_and_8_bit_files_are_read(tmp_path: Path, env: dict[str, str]) -> None:
    large, small, eight = tmp_path / "large.wav", tmp_path / "eight.wav", AudioFormat(RATE, 2, 8)
    large.write_bytes(ours(FMT, case().pcm, promote_at=1000))
    assert large.read_bytes()[:4] == b"RF64"
    small.write_bytes(ours(eight, case(eight).pcm))
    done = run("trim", large, small, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    for name, asked in (("large", case()), ("eight", case(eight))):
        cuts = pydub_cuts(asked)
        assert cuts
        assert (tmp_path / f"{name}_trimmed.wav").read_bytes() == ours(asked.fmt, pydub_kept(asked, cuts))


def ffmpeg(source: Path, target: Path, *options: str) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, *options, target], check=True)
    return target


def test_an_m4a_without_ffmpeg_is_refused(tmp_path: Path, env: dict[str, str]) -> None:
    sound = tmp_path / "sound"
    sound.mkdir()
    source = ffmpeg(wav(tmp_path), sound / "talk.m4a")
    before = tree(sound)
    bare = tmp_path / "bin"
    bare.mkdir()
    assert shutil.which("ffmpeg", path=str(bare)) is None
    done = run("trim", source, env=env | {"PATH": str(bare)})
    assert_refused(sound, done, before, str(source), "ffmpeg", "missing", "Install ffmpeg")


def test_an_mp3_becomes_a_wav_without_its_silence(tmp_path: Path, env: dict[str, str]) -> None:
    fmt = AudioFormat(44_100, 2, 16)
    (tmp_path / "sound").mkdir()
    source = ffmpeg(wav(tmp_path, fmt=fmt), tmp_path / "sound" / "talk.mp3")
    done = run("trim", source, "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    assert set(tree(tmp_path / "sound")) == {"talk.mp3", "talk_trimmed.wav", "talk_trimmed.json"}
    info = soundfile.info(found["trimmed"])
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("WAV", "PCM_16", 44_100, 2)
    asked = pydub_cuts(case(fmt))
    assert len(found["cuts"]) == len(asked)
    assert np.abs(np.array(found["cuts"]) - np.array(asked)).max() <= 60  # an mp3's frames smear 26 ms, and pad
    assert info.frames == found["kept_frames"] < found["frames"]


@pytest.mark.parametrize("name", ["talk.flac", "talk.mp3", "talk.ogg", "talk.opus", "talk.m4a"])
def test_the_outputs_ending_chooses_its_format(tmp_path: Path, env: dict[str, str], name: str) -> None:
    (tmp_path / "out").mkdir()
    fmt = AudioFormat(48_000, 2, 24)
    source = wav(tmp_path, fmt=fmt)
    done = run("trim", source, "--output", tmp_path / "out" / name, "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    assert found["trimmed"] == str(tmp_path / "out" / name)
    assert set(tree(tmp_path / "out")) == {name, "talk.json"}
    whole = ffmpeg(tmp_path / "out" / name, tmp_path / "back.wav", "-c:a", "pcm_s24le")
    info = soundfile.info(whole)
    assert (info.samplerate, info.channels) == (48_000, 2)
    assert 0 <= info.frames - found["kept_frames"] < 1024
    if name == "talk.flac":
        assert pcm_of(whole) == pydub_kept(case(fmt), pydub_cuts(case(fmt)))


def test_the_format_may_be_named_and_its_quality(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path, fmt=AudioFormat(48_000, 2, 16))
    for name, option, values in (
        *(("flac", "--flac-level", ("8", "0")), ("mp3", "--mp3-quality", ("9", "0"))),
        *(("ogg", "--ogg-quality", ("0", "9.5")), ("opus", "--opus-bitrate", ("48", "320"))),
    ):
        sizes = []
        for value in values:
            done = run("trim", source, "--format", name, option, value, "--force", env=env)
            assert (done.returncode, done.stderr) == (0, "")
            sizes.append((tmp_path / f"talk_trimmed.{name}").stat().st_size)
        assert sizes[0] < sizes[1], option
    done = run("trim", source, "--format", "wav16", "--output", tmp_path / "new", env=env)
    assert done.returncode == 0
    assert soundfile.info(tmp_path / "new" / "talk.wav").subtype == "PCM_16"


def test_two_files_of_a_folder_that_differ_in_their_ending_only(tmp_path: Path, env: dict[str, str]) -> None:
    """One output is not written twice, not even by force; outputs in two formats have a cut list each."""
    sound, made = tmp_path / "sound", wav(tmp_path, fmt=AudioFormat(44_100, 2, 16))
    sound.mkdir()
    for name in ("talk.flac", "talk.mp3"):
        ffmpeg(made, sound / name)

    def trims(*arguments: str | Path) -> tuple[int, set[str], str]:
        """Return the status, which files are new or others now, and what is said of errors."""
        before = tree(sound)
        done = run("trim", *arguments, env=env)
        return done.returncode, {name for name, data in tree(sound).items() if before.get(name) != data}, done.stderr

    whole = {"talk_trimmed.wav", "talk_trimmed.json"}
    told = f"{sound / 'talk_trimmed.wav'} is the output of another input already. {sound / 'talk.mp3'} was not trimmed."
    status, changed, said = trims(sound)
    assert (status, changed, said.count("\n")) == (1, whole, 1)
    assert told in said
    assert json.loads((sound / "talk_trimmed.json").read_text())["original"] == "talk.flac"
    status, changed, said = trims(sound)
    assert (status, changed, said.count("\n")) == (1, set(), 2)
    assert trims(sound / "talk.mp3", "--format", "mp3") == (0, {"talk_trimmed.mp3", "talk_trimmed.mp3.json"}, "")
    assert trims(sound / "talk.flac", "--format", "flac") == (0, {"talk_trimmed.flac", "talk_trimmed.flac.json"}, "")
    status, changed, said = trims(sound, "--keep-silence", "100", "--force")
    assert (status, changed, said.count("\n")) == (1, whole, 1)
    assert told in said
    for name in ("talk_trimmed.json", "talk_trimmed.flac.json", "talk_trimmed.mp3.json"):
        found = json.loads((sound / name).read_text())
        assert found["rule"]["keep_silence"] == (100 if name == "talk_trimmed.json" else 0)
        assert found["original"] == ("talk.mp3" if "mp3" in name else "talk.flac")


def test_sound_in_another_format_becomes_wav_or_what_is_asked_for(tmp_path: Path, env: dict[str, str]) -> None:
    source = ffmpeg(wav(tmp_path, fmt=AudioFormat(44_100, 2, 16)), tmp_path / "talk.flac")
    assert run("trim", source, env=env).returncode == 0
    assert run("trim", source, "--format", "FLAC", "--output", tmp_path / "new", env=env).returncode == 0
    files = (tmp_path / "talk_trimmed.wav", tmp_path / "new" / "talk.flac")
    one, other = (soundfile.read(file, dtype="int32")[0] for file in files)
    assert len(one) > 44_100
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--output", "talk.xyz"],
            ".xyz is no format that can be written; .wav, .flac, .mp3, .ogg, .opus or .m4a are.",
        ),
        (
            ["--format", "wma"],
            "--format wma is not known; wav, wav16, wav24, wav32, wavfloat, flac, mp3, ogg, opus, m4a",
        ),
        (["--output", "new.flac", "--format", "mp3"], "is FLAC by its ending, --format asks for mp3"),
        (["--format", "mp3", "--mp3-quality", "10"], 'RECORDER_MP3_QUALITY is "10" (from the command line); allowed'),
    ],
)
def test_what_cannot_be_written_is_wrong_usage(
    tmp_path: Path, env: dict[str, str], arguments: list[str], said: str
) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    done = run("trim", source, *arguments, env=env, cwd=tmp_path)
    assert_one_line(done, 2)
    assert said in done.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("fmt", "name", "said"),
    [
        (
            AudioFormat(48_000, 6, 16),
            "new.mp3",
            "MP3 holds mono and stereo, and this has 16 bits and 6 channels at 48 kHz",
        ),
        (AudioFormat(96_000, 2, 24), "new.mp3", "MP3 holds 8, 11.025, 12, 16, 22.05, 24, 32, 44.1 or 48 kHz, and"),
        (AudioFormat(48_000, 1, 32), "new.flac", "FLAC holds at most 24 bits, and this has 32 bits and 1 channel"),
    ],
)
def test_a_pair_that_cannot_be_names_what_can(
    tmp_path: Path, env: dict[str, str], fmt: AudioFormat, name: str, said: str
) -> None:
    source = wav(tmp_path, fmt=fmt)
    before = tree(tmp_path)
    done = run("trim", source, "--output", tmp_path / name, env=env)
    assert_refused(tmp_path, done, before, f"{source} cannot be saved as", said, "Nothing was changed.")


def test_writing_m4a_without_ffmpeg_says_so(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    done = run("trim", source, "--format", "m4a", env=env | {"PATH": str(tmp_path / "nowhere")})
    assert_refused(tmp_path, done, before, "ffmpeg, which M4A needs, is missing", "Install ffmpeg")


def test_without_libsndfile_it_says_so(tmp_path: Path, env: dict[str, str]) -> None:
    """soundfile's wheel for every system brings none, and raises this."""
    (tmp_path / "sound").mkdir()
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')")
    bare = env | {"PYTHONPATH": os.pathsep.join([str(tmp_path), env["PYTHONPATH"]])}
    source = wav(tmp_path / "sound")
    before = tree(tmp_path / "sound")
    done = run("trim", source, "--format", "mp3", env=bare)
    assert_refused(tmp_path / "sound", done, before, "cannot be saved as MP3: libsndfile is missing.", "Install it")
    assert run("trim", source, "--format", "wav16", env=bare).returncode == 0


def test_a_float_wav_is_read(tmp_path: Path, env: dict[str, str]) -> None:
    source = tmp_path / "float.wav"
    soundfile.write(source, speech() / 2.0**23, RATE, "FLOAT")
    done = run("trim", source, "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    assert found["cuts"] == [list(cut) for cut in pydub_cuts(case())]
    assert soundfile.info(found["trimmed"]).subtype == "PCM_32"
    kept, _ = soundfile.read(found["trimmed"], dtype="int32")
    raw = np.frombuffer(pydub_kept(case(), pydub_cuts(case())), np.uint8).reshape(-1, 3)
    wide = np.concatenate([np.zeros((len(raw), 1), np.uint8), raw], axis=1).view("<i4")[:, 0]
    assert np.array_equal(kept, wide)
    assert set(tree(tmp_path)) == {"float.wav", "float_trimmed.wav", "float_trimmed.json"}
