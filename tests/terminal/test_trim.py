"""`trim` as a user runs it: what it leaves is what pydub keeps of the original's bytes; what it refuses stays whole."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import termios
from pathlib import Path

import pytest
import soundfile

from tests.audio.oracle import pydub_cuts, pydub_kept
from tests.audio.wav_files import ours
from tests.sound import wait_until
from tests.terminal.program import PROGRAM, run
from tests.terminal.talk import FMT, RATE, assert_one_line, case, damaged, pcm_of, read_terminal, tree, wav
from tray_app.audio.format import AudioFormat


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
