"""Where other Pythons come from, and what is told of them; what is tried with one is tests/installed.py's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import pythons
from tests.test_supply import PYTHONS

pytestmark = pytest.mark.posix("whose Pythons they are is something of Linux")


def interpreter(path: Path, version: str) -> Path:
    """Make a program that says of itself what a Python of this version would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n[ {version} = broken ] && exit 1\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose user has Pythons in `path` and in `pyenv` only."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def test_a_python_on_the_path_is_taken(machine: Path) -> None:
    there = interpreter(machine / "path/python3.91", "3.91.4")
    interpreter(machine / "pyenv/versions/3.91.7/bin/python", "3.91.7")
    assert pythons.of_machine("3.91") == str(there)


def test_else_the_newest_of_pyenv_that_runs(machine: Path) -> None:
    interpreter(machine / "path/python3.91", "broken")
    interpreter(machine / "pyenv/versions/3.91.9/bin/python", "3.91.9")
    newest = interpreter(machine / "pyenv/versions/3.91.10/bin/python", "3.91.10")
    interpreter(machine / "pyenv/versions/3.91.11/bin/python", "broken")
    interpreter(machine / "pyenv/versions/3.90.12/bin/python", "3.90.12")
    assert pythons.of_machine("3.91") == str(newest)
    assert pythons.of_machine("3.92") is None


def test_what_cannot_be_had_is_no_success(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pythons.main(["3.91"]) == pythons.UNKNOWN
    assert "not to be had: No Debian has Python 3.91" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(("script", "status", "result"), [("raise SystemExit(1)", 1, "FAILED"), ("", 0, "passed")])
def test_each_python_is_told_with_its_whole_version(
    machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str,
    status: int,
    result: str,
) -> None:
    (machine / "script.py").write_text(script)
    monkeypatch.setattr(pythons, "SCRIPT", str(machine / "script.py"))
    monkeypatch.setattr(pythons, "of_machine", lambda version: sys.executable)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert pythons.main([here]) == status
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(f"| {sys.version.split()[0]} | this machine's | ")
    assert told.endswith(f" | {result} |")


def test_the_checkout_is_copied_as_it_is_but_for_what_was_made_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    ours = {".env.example", "tray_app/a b.py", "tests/é.py"}
    made = {
        ".git/config",
        ".env",
        ".venv/pyvenv.cfg",
        "own/pyvenv.cfg",
        "tests/__pycache__/x.pyc",
        ".mypy_cache/x",
        "dist/x",
    }
    for name in ours | made:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(name)
    monkeypatch.setattr(pythons, "ROOT", here)
    pythons.copy(there)
    assert {str(path.relative_to(there)): path.read_text() for path in there.rglob("*") if path.is_file()} == {
        name: name for name in ours
    }


def test_all_are_tried_that_we_name() -> None:
    assert tuple(pythons.VERSIONS) == PYTHONS
    assert set(pythons.SUITES) <= set(PYTHONS)
