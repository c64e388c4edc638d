"""Every module can be imported here; and what tries the program with a Python tells when it does not work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import installed
from tests.installed import ELSEWHERE, IMPORT_ALL, FailedError, Trial

ROOT = Path(__file__).resolve().parent.parent


def import_all(path: Path, *elsewhere: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", IMPORT_ALL, *elsewhere]
    environ = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(command, env=environ, cwd=path, capture_output=True, text=True, timeout=120, check=False)


def test_every_module_that_is_for_this_system_can_be_imported() -> None:
    done = import_all(ROOT, *ELSEWHERE[sys.platform])
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout.split()[0]) > 100


@pytest.mark.parametrize("system", ELSEWHERE)
def test_what_is_for_another_system_is_there(system: str) -> None:
    missing = [name for name in ELSEWHERE[system] if not (ROOT / "tray_app" / f"{name.replace('.', '/')}.py").is_file()]
    assert missing == []


def test_a_module_that_cannot_be_imported_is_found(tmp_path: Path) -> None:
    for name, text in {
        "__init__": "",
        "good": "",
        "part/__init__": "",
        "part/bad": "import nothing_of_that_name",
    }.items():
        (tmp_path / "tray_app" / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tray_app" / f"{name}.py").write_text(text)
    done = import_all(tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "cannot be imported: tray_app.part.bad"
    assert import_all(tmp_path, "part.bad").returncode == 0


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('because'); raise SystemExit(3)", r"it ended with 3:\nbecause"),
        ("print('Traceback (most recent call last):')", "it ended with 0:\nTraceback"),
    ],
)
def test_a_step_that_fails_says_what_it_said(tmp_path: Path, code: str, told: str) -> None:
    with pytest.raises(FailedError, match=told):
        Trial(tmp_path).step("it", sys.executable, "-c", code)


def test_the_user_has_nothing_yet(tmp_path: Path) -> None:
    environ = {"RECORDER_SAVE_FOLDER": "x", "PYTHONPATH": "x", "XDG_CONFIG_HOME": "x", "HOME": "x", "PIP_CERT": "kept"}
    found = installed.environment(environ, tmp_path)
    assert [name for name, value in found.items() if value == "x"] == []
    assert found["PIP_CERT"] == "kept"
    assert found["HOME"] == str(tmp_path)


def test_a_program_that_does_not_work_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installing is left out here; the steps after it find nothing."""
    monkeypatch.setattr(Trial, "install", lambda self, tests: None)
    assert installed.main([]) == 1
    assert "FAILED: import: " in capsys.readouterr().out.splitlines()[-1]
