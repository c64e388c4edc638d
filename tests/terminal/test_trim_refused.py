"""What `trim` refuses, in one line and with every file as it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audio.oracle import Case, pydub_cuts, pydub_kept
from tests.audio.wav_files import chunk, plain_fmt, riff
from tests.terminal.program import PROGRAM, run
from tests.terminal.talk import FMT, RATE, assert_one_line, assert_refused, case, damaged, pcm_of, tree, wav
from tray_app.audio.wav import WavReader

Made = Callable[[Path], Path]


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
