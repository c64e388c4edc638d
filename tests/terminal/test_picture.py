"""`picture`, and `--picture` of `trim` and `record`, as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import termios
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.terminal.program import PROGRAM, Record, run
from tests.terminal.talk import assert_one_line, read_terminal, tree, wav
from tray_app.picture import paint


def size_of(path: Path | str) -> tuple[int, int]:
    with Image.open(path) as found:
        found.load()
        assert found.format == "PNG"
        return found.size


def removed(path: Path | str) -> float:
    """The part of the picture's width under the bar that tells what was removed."""
    with Image.open(path) as found:
        pixels = np.asarray(found.convert("RGB")).astype(int)
    inked = (np.abs(pixels - np.array(paint.BAR)).max(axis=2) < 3).sum(axis=1)
    return float(inked.max() / pixels.shape[1])


def test_a_picture_of_any_sound_lies_beside_it(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    before = tree(tmp_path)
    done = run("picture", source, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'talk.png'}: 3.7 s recorded, 1.5 s kept, 3 cuts\n"
    assert size_of(tmp_path / "talk.png") == (1600, 500)
    assert 0.3 < removed(tmp_path / "talk.png") < 0.6
    assert run("picture", source, env=env).stdout.startswith(f"{tmp_path / 'talk (2).png'}: ")
    after = tree(tmp_path)
    assert {name: after[name] for name in before} == before, "nothing is written but pictures"
    assert set(after) - set(before) == {"talk.png", "talk (2).png"}


def test_options_say_what_would_be_cut_where_and_how_large(tmp_path: Path, env: dict[str, str]) -> None:
    source = wav(tmp_path)
    done = run(
        "picture",
        source,
        "--min-silence-len",
        "800",
        "--size",
        "640x240",
        "--output",
        "new/",
        "--json",
        env=env,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert Path(found["picture"]) == Path("new/talk.png")
    assert size_of(tmp_path / "new" / "talk.png") == (640, 240)
    assert len(found["cuts"]) == 1
    assert found["rule"]["min_silence_len"] == 800
    named = run("picture", source, "--output", "exactly.png", env=env, cwd=tmp_path)
    assert (named.returncode, size_of(tmp_path / "exactly.png")) == (0, (1600, 500))
    before = tree(tmp_path)
    refused = run("picture", source, "--output", "exactly.png", env=env, cwd=tmp_path)
    assert_one_line(refused)
    assert "exactly.png exists already" in refused.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("size", ["100x100", "1600", "x", "1600x90000", "9999x5000", "-5x500", "1600 x 500"])
def test_sizes_that_cannot_be_are_refused(tmp_path: Path, env: dict[str, str], size: str) -> None:
    done = run("picture", wav(tmp_path), f"--size={size}", env=env)
    assert done.returncode == 2
    assert size in done.stderr
    assert "Traceback" not in done.stderr
    assert set(tree(tmp_path)) == {"talk.wav"}


def test_what_is_no_sound_is_said_in_one_line(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "notes.wav").write_text("no sound")
    for name in ("notes.wav", "missing.wav"):
        assert_one_line(run("picture", tmp_path / name, env=env))
    assert set(tree(tmp_path)) == {"notes.wav"}


def viewer(folder: Path) -> Path:
    """A program that notes what it is to open, under the name by which desktops open files."""
    (folder / "bin").mkdir()
    program = folder / "bin" / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" >> {folder}/opened\n')
    program.chmod(0o755)
    return program.parent


def opened(folder: Path) -> list[str]:
    return (folder / "opened").read_text().splitlines() if (folder / "opened").exists() else []


def test_it_is_opened_where_that_is_asked_for(tmp_path: Path, env: dict[str, str]) -> None:
    env["PATH"] = f"{viewer(tmp_path)}{os.pathsep}{env['PATH']}"
    source = wav(tmp_path)
    run("picture", source, env=env | {"DISPLAY": ":9"})
    assert opened(tmp_path) == [], "nobody looks at a pipe"
    done = run("picture", source, "--open", env=env)
    assert done.returncode == 0, done.stderr
    assert opened(tmp_path) == [str(tmp_path / "talk (2).png")]
    program = tmp_path / "bin" / "xdg-open"
    program.write_text("#!/bin/sh\nexit 3\n")
    failed = run("picture", source, "--open", env=env)
    assert_one_line(failed)
    assert "The picture is complete" in failed.stderr
    assert (tmp_path / "talk (3).png").exists()


@pytest.mark.parametrize(("display", "option", "opens"), [(":9", [], 1), ("", [], 0), (":9", ["--no-open"], 0)])
def test_on_a_terminal_with_a_desktop_it_is_opened_by_itself(
    tmp_path: Path, env: dict[str, str], display: str, option: list[str], opens: int
) -> None:
    env["PATH"] = f"{viewer(tmp_path)}{os.pathsep}{env['PATH']}"
    source = wav(tmp_path)
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, 80))
    command = [*PROGRAM, "picture", str(source), *option]
    process = subprocess.Popen(command, env=env | {"DISPLAY": display}, stdout=other, stderr=other)
    os.close(other)
    drawn = b""
    while part := read_terminal(main):
        drawn += part
    assert process.wait(30) == 0
    os.close(main)
    assert b"100%|" in drawn, "a bar tells how far it is"
    assert b"talk.png: 3.7 s recorded" in drawn
    assert len(opened(tmp_path)) == opens


def test_trim_draws_what_it_cut_beside_each_output(tmp_path: Path, env: dict[str, str]) -> None:
    for name in ("one.wav", "two.wav"):
        wav(tmp_path, name)
    done = run("trim", tmp_path, "--picture", "--labels", "--json", "--output", tmp_path / "out", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    for one, name in zip(found, ("one", "two"), strict=True):
        places = {key: Path(one[key]) for key in ("trimmed", "cut_list", "labels", "picture")}
        endings = {"trimmed": ".wav", "cut_list": ".json", "labels": ".txt", "picture": ".png"}
        assert places == {key: tmp_path / "out" / f"{name}{ending}" for key, ending in endings.items()}
        assert size_of(places["picture"]) == (1600, 500)
        assert removed(places["picture"]) > 0.3
        assert len(places["labels"].read_text().splitlines()) == len(one["cuts"]) == 3
    refused = run("trim", tmp_path / "one.wav", "--picture", "--dry-run", env=env)
    assert_one_line(refused, 2)


def test_a_picture_that_cannot_be_does_not_take_the_trimmed_file_along(tmp_path: Path, env: dict[str, str]) -> None:
    source = tmp_path / "none.wav"
    soundfile.write(source, np.zeros((0, 1)), 8000, "PCM_16")
    done = run("trim", source, "--picture", "--json", env=env)
    assert_one_line(done)
    assert "holds no sound" in done.stderr
    (found,) = json.loads(done.stdout)
    assert (Path(found["trimmed"]).exists(), found["picture"]) == (True, None)


def test_a_kept_original_is_trimmed_again_beside_the_earlier_file(tmp_path: Path, env: dict[str, str]) -> None:
    takes = Path(env["RECORDER_SAVE_FOLDER"])
    arguments = ("--source", "signal", "--seconds", "5", "--picture", "--labels")
    with Record(*arguments, env=env | {"RECORDER_FILE_NAME": "take"}) as record:
        first = record.result()
    assert Path(first["picture"]) == takes / "take.png"
    assert size_of(first["picture"]) == (1600, 500)
    assert removed(first["picture"]) > 0.1
    assert (takes / "originals" / "take.txt").read_text().endswith("\tcut\n")
    before = tree(takes)
    original = takes / "originals" / "take.wav"
    done = run("trim", original, "--min-silence-len", "5000", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(done.stdout)
    assert Path(found["trimmed"]) == takes / "take (2).wav"
    assert Path(found["cut_list"]) == takes / "originals" / "take (2).json"
    assert (found["cuts"], found["kept_frames"]) == ([], first["frames"])
    after = tree(takes)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"take (2).wav", "originals/take (2).json"}
    shown = run("picture", takes / "take.wav", "--json", env=env)
    assert json.loads(shown.stdout)["cuts"] == first["cuts"], "each trimmed file is shown as it was cut"
    shown = run("picture", takes / "take (2).wav", "--json", env=env)
    assert json.loads(shown.stdout)["cuts"] == []
