"""What the program keeps to itself: files, names, settings. Channels are tested in `tests/desktop` and `tests/windows`.

ffmpeg's place is in `tests/processing/test_codecs.py`, the log's in `tests/test_logs.py`.
"""

from __future__ import annotations

import ast
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.effort import effort
from tests.faults.short import TRIMS, Start, record
from tray_app.disk import Disk
from tray_app.loading import load
from tray_app.take.take import begin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """A user whose files are open to everybody unless a program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.posix("modes")
@pytest.mark.usefixtures("open_to_all")
def test_every_file_and_folder_of_a_take_is_the_users_alone(tmp_path: Path) -> None:
    takes = tmp_path / "new" / "takes"
    modes: set[tuple[bool, int]] = set()

    class Looking(Disk):
        def sync(self, file: object) -> None:
            look()
            super().sync(file)  # type: ignore[arg-type]

    def look() -> None:
        for path in [tmp_path / "new", takes, *takes.rglob("*")]:
            modes.add((path.is_dir(), stat.S_IMODE(path.stat().st_mode)))

    studio = record(takes, Looking())
    assert list(takes.rglob("*.take"))
    look()
    Start(Disk(), takes, studio=studio)
    look()
    assert modes == {(True, 0o700), (False, 0o600)}


@settings(deadline=None, max_examples=effort(300, 30))
@given(st.text(max_size=40))
@example("../../outside")
@example("/etc/passwd")
@example("C:\\Windows\\x")
@example("\\\\server\\share\\x")
@example("..")
@example("a/../../b")
@example("CON")
def test_no_name_leaves_the_save_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("names") / "takes"
    take = begin(Disk(), folder, name, TRIMS)
    paths = take.paths
    for path in (paths.original, paths.trimmed, paths.part, paths.marker, paths.sidecar):
        assert path is not None
        assert path.resolve().is_relative_to(folder.resolve())
        assert path.parent in (folder, folder / "originals")
    assert [path.name for path in folder.parent.iterdir()] == ["takes"]
    take.done()


def calls() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted((ROOT / "tray_app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield file.name, node


def test_nothing_is_run_through_a_shell() -> None:
    forbidden = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "eval", "exec"}
    found = []
    runs = 0
    for file, call in calls():
        name = ast.unparse(call.func)
        runs += name.startswith("subprocess.")
        shell = [keyword for keyword in call.keywords if keyword.arg == "shell"]
        if name in forbidden or shell or "pickle" in name:
            found.append(f"{file}: {name}")
        if name in ("subprocess.run", "subprocess.Popen"):
            # A string would be parsed by somebody; a list is what it is.
            assert isinstance(call.args[0], ast.List | ast.Name), file
    assert runs, "programs are run"
    assert found == []


def test_settings_of_the_current_folder_are_not_obeyed_by_the_exe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is started from a folder of downloads, or of somebody else's."""
    foreign, program, home = tmp_path / "foreign", tmp_path / "program", tmp_path / "home"
    for folder in (foreign, program, home):
        folder.mkdir()
    (foreign / ".env").write_text("RECORDER_SAVE_FOLDER=/foreign\nRECORDER_BIT_DEPTH=7\n")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(program / "tray-recorder.exe"))
    for name in ("HOME", "XDG_CONFIG_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(foreign)
    chosen = load({}, {}, None)
    assert chosen.env_file is None
    assert chosen.bit_depth == 24
    assert "foreign" not in str(chosen.save_folder)
    (program / ".env").write_text("RECORDER_BIT_DEPTH=16\n")
    assert load({}, {}, None).bit_depth == 16, "what lies beside the exe is"
