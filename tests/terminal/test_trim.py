"""`trim` as a user runs it: what it leaves is what pydub keeps of the original's bytes; what it refuses stays whole."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.oracle import Case, Values, noise, pydub_cuts, pydub_kept
from tests.audio.wav_files import chunk, ours, plain_fmt, riff
from tests.sound import wait_until
from tests.terminal.program import PROGRAM, clean_env, run
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader

RATE = 16_000
FMT = AudioFormat(RATE, 1, 24)
Tree = dict[str, bytes | None]
Made = Callable[[Path], Path]


def speech(fmt: AudioFormat = FMT, bursts: int = 3) -> Values:
    """Loud bursts with pauses between them, some longer than 500 ms and some shorter, in a murmur below -40 dBFS."""
    rng = np.random.default_rng(5)
    full = 2.0 ** (fmt.bits - 1)
    parts = [noise(rng, round(0.7 * fmt.rate), fmt.channels, full / 300)]
    for at in range(bursts):
        parts.append(noise(rng, round(0.4 * fmt.rate) + 77, fmt.channels, full / 2))
        parts.append(noise(rng, round((0.3, 0.9, 0.6)[at % 3] * fmt.rate) + 13, fmt.channels, full / 300))
    whole = np.concatenate(parts)
    return whole[: len(whole) // (fmt.rate // 10) * (fmt.rate // 10)]  # pydub pads a last part of a millisecond


def case(fmt: AudioFormat = FMT, window: int = 500, thresh: float = -40.0) -> Case:
    return Case(fmt, window, thresh, speech(fmt))


def wav(folder: Path, name: str = "talk.wav", fmt: AudioFormat = FMT) -> Path:
    path = folder / name
    path.write_bytes(ours(fmt, case(fmt).pcm))
    return path


def pcm_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return WavReader(file).read(1 << 40)


def tree(folder: Path) -> Tree:
    """Every name below `folder`, and every file's bytes."""
    return {str(p.relative_to(folder)): None if p.is_dir() else p.read_bytes() for p in folder.rglob("*")}


@pytest.fixture
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return clean_env(tmp_path_factory.mktemp("user"))


def assert_one_line(done: subprocess.CompletedProcess[str], status: int = 1) -> None:
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith("tray-recorder: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("\n")
    assert "Traceback" not in done.stderr


def assert_refused(
    folder: Path, done: subprocess.CompletedProcess[str], before: Tree, *parts: str, out: str = ""
) -> None:
    assert_one_line(done)
    assert done.stdout == out
    for part in parts:
        assert part in done.stderr
    assert tree(folder) == before


def test_what_is_left_is_the_originals_bytes_with_pydubs_cuts(tmp_path: Path, env: dict[str, str]) -> None:
    source, asked = wav(tmp_path), case()
    before = source.read_bytes()
    done = run("trim", source, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    target = tmp_path / "talk_trimmed.wav"
    cuts = pydub_cuts(asked)
    assert len(cuts) == 3
    assert pcm_of(target) == pydub_kept(asked, cuts)
    assert target.read_bytes() == ours(FMT, pydub_kept(asked, cuts))
    assert done.stdout == f"{target}: 3.7 s, {len(pcm_of(target)) / 3 / RATE:.1f} s without silence, 3 cuts\n"
    assert set(tree(tmp_path)) == {"talk.wav", "talk_trimmed.wav", "talk_trimmed.json"}
    assert source.read_bytes() == before


def test_json_tells_both_files_and_the_cuts(tmp_path: Path, env: dict[str, str]) -> None:
    source, asked = wav(tmp_path), case()
    done = run("trim", source, "--json", env=env)
    (found,) = json.loads(done.stdout)
    cuts = pydub_cuts(asked)
    assert found["original"] == str(source)
    assert found["trimmed"] == str(tmp_path / "talk_trimmed.wav")
    assert found["cuts"] == [list(cut) for cut in cuts]
    assert found["format"] == {"rate": RATE, "channels": 1, "bits": 24}
    assert found["frames"] == len(asked.values)
    assert found["kept_frames"] == len(pydub_kept(asked, cuts)) // 3
    assert found["seconds"] == pytest.approx(len(asked.values) / RATE, abs=1e-6)


def test_a_dry_run_lists_the_cuts_and_writes_nothing(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    done = run("trim", "--dry-run", source, "--output", tmp_path / "new" / "out.wav", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{source}: ")
    told = [tuple(float(word) for word in line.split() if word[0].isdigit()) for line in lines[1:]]
    assert told == [(start / 1000, end / 1000, (end - start) / 1000) for start, end in pydub_cuts(case())]
    (found,) = json.loads(run("trim", "--dry-run", "--json", source, env=env).stdout)
    assert found["trimmed"] is None
    assert found["cuts"] == [list(cut) for cut in pydub_cuts(case())]
    assert tree(tmp_path) == before


def test_output_may_be_a_file_or_a_folder(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    for output, target in (("my cut.wav", "my cut.wav"), ("new/", "new/talk.wav"), ("deep/er", "deep/er/talk.wav")):
        done = run("trim", source, "--output", output, env=env, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert pcm_of(tmp_path / target) == pydub_kept(case(), pydub_cuts(case()))


def test_several_inputs_go_into_one_folder(tmp_path: Path, env: dict[str, str]) -> None:
    one, two = wav(tmp_path, "one.wav"), wav(tmp_path, "two.wav", AudioFormat(RATE, 2, 16))
    done = run("trim", one, two, "--output", tmp_path / "out", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert [Path(found["trimmed"]).name for found in json.loads(done.stdout)] == ["one.wav", "two.wav"]
    stereo = case(AudioFormat(RATE, 2, 16))
    assert pcm_of(tmp_path / "out" / "two.wav") == pydub_kept(stereo, pydub_cuts(stereo))
    refused = run("trim", one, two, "--output", tmp_path / "both.wav", env=env)
    assert_one_line(refused, 2)
    assert not (tmp_path / "both.wav").exists()


@pytest.mark.parametrize(("window", "thresh"), [(100, -40.0), (250, -60.0), (800, -3.0)])
def test_what_silence_is_can_be_said(tmp_path: Path, env: dict[str, str], window: int, thresh: float) -> None:
    source, asked = wav(tmp_path), case(window=window, thresh=thresh)
    assert pydub_cuts(asked) != pydub_cuts(case())
    done = run("trim", source, "--min-silence-len", str(window), "--silence-thresh", str(thresh), "--json", env=env)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["cuts"] == [list(cut) for cut in pydub_cuts(asked)]
    assert pcm_of(tmp_path / "talk_trimmed.wav") == pydub_kept(asked, pydub_cuts(asked))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--min-silence-len", "long"),
        ("--min-silence-len", "0"),
        ("--min-silence-len", "-5"),
        ("--silence-thresh", "quiet"),
        ("--silence-thresh", "5"),
        ("--silence-thresh", "nan"),
        ("--silence-thresh", "automatic"),
        ("--keep-silence", "-1"),
        ("--keep-silence", "10001"),
        ("--longest-pause", "0.5"),
        ("--shortest-sound", "long"),
        ("--fade", "1001"),
    ],
)
def test_wrong_values_are_said_in_one_line(tmp_path: Path, env: dict[str, str], option: str, value: str) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    done = run("trim", source, f"{option}={value}", env=env)
    assert_one_line(done, 2)
    assert value in done.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_all_silence_leaves_an_empty_file_of_the_same_format(tmp_path: Path, env: dict[str, str], bits: int) -> None:
    fmt = AudioFormat(RATE, 2, bits)
    source = tmp_path / "quiet.wav"
    source.write_bytes(ours(fmt, fmt.zero * RATE))
    done = run("trim", source, env=env)
    assert done.returncode == 0, done.stderr
    target = tmp_path / "quiet_trimmed.wav"
    assert target.read_bytes() == ours(fmt, b"")
    info, was = soundfile.info(target), soundfile.info(source)
    assert (info.frames, info.samplerate, info.channels, info.subtype) == (0, RATE, 2, was.subtype)


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


def text(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text("What was said, in words.\n" * 50)
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.wav"
    path.touch()
    return path


def cut_short(folder: Path) -> Path:
    path = wav(folder)
    with path.open("rb") as file:
        start = WavReader(file).data_offset
    path.write_bytes(path.read_bytes()[: start + 2 * RATE * 3])
    return path


def a_folder(folder: Path) -> Path:
    path = folder / "folder.wav"
    (path / "deeper.wav").mkdir(parents=True)
    (path / "notes.txt").write_text("no sound")
    (path / "talk_trimmed.wav").write_bytes(b"made by trim, so nobody looks into it")
    return path


def damaged(folder: Path) -> Path:
    path = folder / "damaged.wav"
    path.write_bytes(riff(chunk(b"fmt ", plain_fmt(FMT, channels=0)), chunk(b"data", case().pcm)))
    return path


def no_data(folder: Path) -> Path:
    path = folder / "headless.wav"
    path.write_bytes(riff(chunk(b"fmt ", plain_fmt(FMT))))
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (text, "is not a sound file that can be read"),
        (empty, "is empty"),
        (cut_short, "cut short"),
        (a_folder, "no sound file"),
        (lambda folder: folder / "missing.wav", "is not there"),
        (damaged, "damaged"),
        (no_data, "damaged"),
    ],
    ids=["text", "empty", "cut short", "folder", "missing", "damaged", "no data"],
)
@pytest.mark.parametrize("output", [[], ["--output", "new/"], ["--dry-run"]], ids=["beside", "new folder", "dry"])
def test_what_cannot_be_trimmed_is_refused_in_one_line(
    tmp_path: Path, env: dict[str, str], make: Made, said: str, output: list[str]
) -> None:
    source = make(tmp_path)
    before = tree(tmp_path)
    done = run("trim", source, *output, env=env, cwd=tmp_path)
    assert_refused(tmp_path, done, before, said, str(source))


def test_force_trims_what_is_there_of_a_file_cut_short(tmp_path: Path, env: dict[str, str]) -> None:
    source = cut_short(tmp_path)
    whole = case()
    there = Case(FMT, 500, -40.0, whole.values[: 2 * RATE])
    done = run("trim", "--force", source, env=env)
    assert done.returncode == 0, done.stderr
    assert pcm_of(tmp_path / "talk_trimmed.wav") == pydub_kept(there, pydub_cuts(there))


def without_privilege() -> list[str]:
    """What to put before a command so that permissions count, even for root: take root's right to override them."""
    if os.geteuid():
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def run_without_privilege(*arguments: str | Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [*without_privilege(), *PROGRAM, *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_that_may_not_be_read(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    source.chmod(0)
    done = run_without_privilege("trim", source, env=env)
    source.chmod(0o600)
    assert_refused(tmp_path, done, before, f"Cannot read {source}: there is no permission")


def test_a_folder_that_may_not_be_written_to(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    tmp_path.chmod(0o500)
    done = run_without_privilege("trim", source, env=env)
    tmp_path.chmod(0o700)
    assert_refused(tmp_path, done, before, f"Cannot write {tmp_path / 'talk_trimmed.wav'}: there is no permission")


def test_an_output_that_exists_is_replaced_by_force_only(tmp_path: Path, env: dict[str, str]) -> None:
    source, target = wav(tmp_path), tmp_path / "talk_trimmed.wav"
    target.write_text("precious")
    before = tree(tmp_path)
    assert_refused(tmp_path, run("trim", source, env=env), before, f"{target} exists already", "--force")
    assert run("trim", source, "--force", env=env).returncode == 0
    assert pcm_of(target) == pydub_kept(case(), pydub_cuts(case()))
    assert set(tree(tmp_path)) == {*before, "talk_trimmed.json"}


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_the_input_is_never_the_output(tmp_path: Path, env: dict[str, str], force: list[str]) -> None:
    source, link = wav(tmp_path), tmp_path / "link.wav"
    link.symlink_to(source)
    before = tree(tmp_path)
    for output in (source, link, tmp_path / "." / "talk.wav", f"{tmp_path}/"):
        done = run("trim", source, "--output", output, *force, env=env)
        assert_refused(tmp_path, done, before, "the input itself")


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


def test_one_bad_file_does_not_keep_the_good_ones_from_being_trimmed(tmp_path: Path, env: dict[str, str]) -> None:
    one, bad, two = wav(tmp_path, "one.wav"), damaged(tmp_path), wav(tmp_path, "two.wav")
    done = run("trim", one, bad, two, "--json", env=env)
    assert_one_line(done)
    assert str(bad) in done.stderr
    assert [found["original"] for found in json.loads(done.stdout)] == [str(one), str(two)]
    for name in ("one", "two"):
        assert pcm_of(tmp_path / f"{name}_trimmed.wav") == pydub_kept(case(), pydub_cuts(case()))
    assert len(tree(tmp_path)) == 7, "and each has its cut list"


def test_all_sound_of_a_folder_is_trimmed_once(tmp_path: Path, env: dict[str, str]) -> None:
    for name in ("c.wav", "a.WAV", "b.wav"):
        wav(tmp_path, name)
    (tmp_path / "notes.txt").write_text("no sound")
    done = run("trim", tmp_path, "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert [Path(one["original"]).name for one in found] == ["a.WAV", "b.wav", "c.wav"]
    for one in found:
        assert pcm_of(Path(one["trimmed"])) == pydub_kept(case(), pydub_cuts(case()))
    (tmp_path / "a_trimmed.wav").unlink()
    (tmp_path / "b.wav").unlink()
    before = tree(tmp_path)
    again = run("trim", tmp_path, env=env)
    assert again.returncode == 1
    assert "c_trimmed.wav exists already" in again.stderr
    assert again.stdout.startswith(f"{tmp_path / 'a_trimmed.wav'}: ")
    assert set(tree(tmp_path)) - set(before) == {"a_trimmed.wav"}


def test_two_inputs_never_share_an_output(tmp_path: Path, env: dict[str, str]) -> None:
    """Not even with --force: the first one's sound would be lost."""
    (tmp_path / "other").mkdir()
    one, two = wav(tmp_path), tmp_path / "other" / "talk.wav"
    two.write_bytes(ours(FMT, case().pcm[: RATE * 3]))
    done = run("trim", one, two, "--output", tmp_path / "new", "--force", env=env)
    assert_one_line(done)
    assert "output of another input" in done.stderr
    assert pcm_of(tmp_path / "new" / "talk.wav") == pydub_kept(case(), pydub_cuts(case()))


def test_ctrl_c_leaves_nothing_half_made(tmp_path: Path, env: dict[str, str]) -> None:
    """Two long files at once, and Ctrl-C when both have begun to be written."""
    sources = [tmp_path / f"{name}.wav" for name in "ab"]
    for source in sources:
        with source.open("wb") as file:
            file.write(ours(FMT, b"")[:-4] + (3_000_000_000).to_bytes(4, "little"))
            file.truncate(3_000_000_000)  # silence that takes no room
    before = set(tree_names(tmp_path))
    command = [*PROGRAM, "trim", *map(str, sources), "--min-silence-len", "60000", "--silence-thresh=-120", "--force"]
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(tree_names(tmp_path)) == 4, 30, "both are being written")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (1, "tray-recorder: Stopped.\n")
    assert set(tree_names(tmp_path)) == before


def tree_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_bar_is_drawn_for_a_terminal_only(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, 80))  # a terminal of no size is drawn nothing
    process = subprocess.Popen([*PROGRAM, "trim", source], env=env, stdout=subprocess.PIPE, stderr=other)
    os.close(other)
    drawn = b""
    while part := read_terminal(main):
        drawn += part
    out, _ = process.communicate(timeout=30)
    os.close(main)
    assert process.returncode == 0
    assert b"talk.wav" in drawn
    assert b"100%|" in drawn
    assert out.decode().startswith(f"{tmp_path / 'talk_trimmed.wav'}: ")
    assert run("trim", source, "--force", env=env).stderr == ""


def read_terminal(main: int) -> bytes:
    try:
        return os.read(main, 4096)
    except OSError:
        return b""  # Linux says EIO when the other side has gone
