"""Small things that a project loses when nobody looks."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tray_app
from tests.conftest import refuse_own_settings
from tray_app import settings

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    *("tray_app", "assets", "tests", "docs", "packaging", "pyproject.toml", "build.spec", "README.md", "CHANGELOG.md"),
    *("LICENSE", ".env.example", ".gitattributes", ".gitignore", ".git", ".ci", ".github"),
}

LONGEST_FILE = {"tray_app": 400, "packaging": 400, "tests": 450}
"""Lines. A longer one has more than one reason to change."""


def test_the_example_file_is_what_the_command_writes() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == settings.example()


def test_no_file_is_too_long() -> None:
    for folder, most in LONGEST_FILE.items():
        lengths = {
            str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / folder).rglob("*.py")
        }
        assert lengths
        assert {file: length for file, length in lengths.items() if length > most} == {}


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == tray_app.__version__


def test_only_known_things_lie_at_the_top() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [line.rstrip("/") for line in lines if line]
    names = {path.name for path in ROOT.iterdir()}
    assert {name for name in names - TOP_LEVEL if not any(fnmatch.fnmatch(name, one) for one in ignored)} == set()


def test_the_tests_do_not_run_beside_settings_of_ones_own(tmp_path: Path) -> None:
    refuse_own_settings(tmp_path)
    (tmp_path / ".env").touch()
    with pytest.raises(pytest.UsageError, match="Move it away"):
        refuse_own_settings(tmp_path)


@pytest.mark.posix("about a script of the shell")
def test_what_a_machine_runs_is_what_a_person_runs(tmp_path: Path) -> None:
    """Play `python3` and see what `.ci/run` starts, and where."""
    (tmp_path / "python3").write_text('#!/bin/sh\necho "$PWD: $*"\n')
    (tmp_path / "python3").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROOT / ".ci" / "run", "-k", "x"], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.stdout == f"{ROOT}: tests/run.py -k x\n"


@pytest.mark.posix("about a script of the shell")
def test_the_tests_pass_in_the_background_of_a_script() -> None:
    """There Ctrl-C is ignored, in all that is started."""
    test = "tests/desktop/test_signals.py::test_afterwards_everything_is_as_before"
    script = 'trap "" INT; exec "$@"'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout
