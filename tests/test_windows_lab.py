"""The parts of the Windows lab that need no Wine: mirrors, stamps, locks, the copy for a run, the stage's server."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sound import wait_until
from tests.windows.stage import LabStage

if sys.platform != "win32":
    from tests.windows import debian, lab, recipe
    from tests.windows.enclosure import Lab, LabError, check_machine, lab_folder, windows_path
    from tests.windows.host import StageServer

pytestmark = pytest.mark.posix("the Linux side of the lab")


def etc(folder: Path, sources: dict[str, str]) -> Path:
    (folder / "apt" / "sources.list.d").mkdir(parents=True)
    (folder / "os-release").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')
    for name, text in sources.items():
        (folder / "apt" / name).write_text(text)
    return folder


DEB822 = """\
# the mirror before: http://old.example/debian
Types: deb deb-src
URIs: {first}
Suites: {suites}
Components: main
"""


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"sources.list": "deb http://a.example/debian bookworm main\n"}, "http://a.example/debian"),
        ({"sources.list": "deb [arch=amd64 signed-by=/k] https://a.example/d bookworm main\n"}, "https://a.example/d"),
        ({"sources.list.d/x.list": "deb http://b.example/debian bookworm main\n"}, "http://b.example/debian"),
        (
            {"sources.list": "# deb http://no.example/d bookworm main\ndeb http://a.example/d bookworm main\n"},
            "http://a.example/d",
        ),
        (
            {
                "sources.list.d/node.sources": DEB822.format(first="https://node.example/x", suites="nodistro"),
                "sources.list.d/debian.sources": DEB822.format(
                    first="http://sec.example/debian-security", suites="bookworm-security"
                )
                + "\n"
                + DEB822.format(first="http://a.example/debian", suites="bookworm bookworm-updates"),
            },
            "http://a.example/debian",
        ),
        (
            {"sources.list.d/debian.sources": "Types: deb\nURIs:\n http://a.example/debian\nSuites: bookworm\n"},
            "http://a.example/debian",
        ),
        (
            {
                "sources.list.d/a.sources": "Enabled: no\n"
                + DEB822.format(first="http://off.example", suites="bookworm"),
                "sources.list.d/b.sources": DEB822.format(first="http://on.example/debian", suites="bookworm"),
            },
            "http://on.example/debian",
        ),
    ],
)
def test_the_mirror_is_the_one_that_apt_uses(tmp_path: Path, sources: dict[str, str], found: str) -> None:
    assert debian.mirror(etc(tmp_path, sources)) == found


def test_the_mirror_may_be_one_of_a_list(tmp_path: Path) -> None:
    (tmp_path / "mirrors").write_text("# ours\n\nhttps://a.example/debian\tpriority:1\n")
    text = DEB822.format(first=f"mirror+file:{tmp_path / 'mirrors'}", suites="bookworm")
    assert debian.mirror(etc(tmp_path, {"sources.list.d/debian.sources": text})) == "https://a.example/debian"


def test_no_mirror_is_said(tmp_path: Path) -> None:
    sources = {"sources.list": "deb http://a.example/debian bookworm-security main\ndeb cdrom:[x]/ bookworm main\n"}
    with pytest.raises(LabError, match="No Debian mirror for bookworm"):
        debian.mirror(etc(tmp_path, sources))


def test_whoever_is_not_root_gets_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian, "missing", lambda packages: ["xvfb", "debootstrap"])
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(LabError, match="Run: sudo apt-get install --no-install-recommends xvfb debootstrap"):
        debian.install(["xvfb", "debootstrap", "bash"], tmp_path / "log")
    with pytest.raises(LabError, match=r"Run: sudo python3 tests/windows/run\.py"):
        check_machine()


def test_where_the_lab_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RECORDER_WINDOWS_LAB", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert lab_folder() == tmp_path / ".cache" / "tray-recorder" / "windows-lab"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert lab_folder() == tmp_path / "cache" / "tray-recorder" / "windows-lab"
    monkeypatch.setenv("RECORDER_WINDOWS_LAB", "~/lab")
    assert lab_folder() == tmp_path / "lab"
    assert windows_path(Path("/home/a b")) == r"Z:\home\a b"


def make_a(bench: Any, folder: Path) -> None:
    (folder / "made").write_text("a")


def make_b(bench: Any, folder: Path) -> None:
    assert (bench.lab.folder / "a" / "made").read_text() == "a"
    (folder / "made").write_text("b")


def make_badly(bench: Any, folder: Path) -> None:
    (folder / "half").write_text("")
    bench.run("sh", "-c", "echo because of this; exit 3")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a lab of two small parts, in which nothing needs root or Debian."""
    monkeypatch.setattr(lab, "check_machine", lambda: None)
    monkeypatch.setattr(debian, "install", lambda packages, log: [])
    parts(monkeypatch)
    return tmp_path / "lab"


def parts(monkeypatch: pytest.MonkeyPatch, a: Any = make_a, of_a: str = "1", of_b: str = "1") -> None:
    monkeypatch.setattr(lab, "PARTS", (recipe.Part("a", a, (of_a,)), recipe.Part("b", make_b, (of_b,))))


def made(place: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Ensure the lab; return which parts were made for that."""
    with lab.ensure(place):
        assert (place / "a" / "made").exists()
        assert (place / "b" / "made").exists()
    lines = capsys.readouterr().out.splitlines()
    return [line.split()[3].rstrip(":") for line in lines]


def test_a_part_is_made_once_and_again_when_its_recipe_or_one_before_it_changes(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made(place, capsys) == ["a", "b"]
    assert made(place, capsys) == []
    parts(monkeypatch, of_b="2")
    assert made(place, capsys) == ["b"]
    parts(monkeypatch, of_a="2", of_b="2")
    assert made(place, capsys) == ["a", "b"]


def test_a_set_up_that_was_interrupted_is_repeated(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts(monkeypatch, a=make_badly)
    with pytest.raises(LabError, match=r"Making the Windows lab's a failed. .* status 3; the log is (.*a\.log)"):
        made(place, capsys)
    assert "because of this" in (place / "logs" / "a.log").read_text()
    assert not (place / "a").exists()
    parts(monkeypatch)
    assert made(place, capsys) == ["a", "b"]
    assert not (place / "a" / "half").exists()
    assert sorted(path.name for path in place.iterdir()) == ["a", "b", "lock", "logs"]


def test_nobody_makes_a_part_anew_while_another_run_uses_it(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run, with another recipe, waits until the first is over, which found all made already."""
    with lab.ensure(place):
        pass

    def second_run() -> None:
        with lab.ensure(place):
            pass

    with lab.ensure(place):
        parts(monkeypatch, of_a="2")
        waiting = threading.Thread(target=second_run)
        waiting.start()
        wait_until(lambda: "waiting for that" in capsys.readouterr().out)
        assert len(lab.stale_parts(Lab(place))) == 2
    waiting.join(20)
    assert lab.stale_parts(Lab(place)) == []


def test_what_runs_that_died_left_is_removed_and_what_others_use_is_not(place: Path) -> None:
    (place / "runs" / "dead").mkdir(parents=True)
    (place / "runs" / "dead" / "file").write_text("")
    with lab.run_folder(Lab(place)) as first, lab.run_folder(Lab(place)) as second:
        assert sorted((place / "runs").iterdir()) == sorted([first, second])
    assert list((place / "runs").iterdir()) == []


def test_a_run_cannot_change_the_lab_through_its_copy(tmp_path: Path) -> None:
    kept = tmp_path / "prefix"
    (kept / "drive_c" / "users").mkdir(parents=True)
    for name in ("system.reg", "user.reg", "drive_c/users/file", "drive_c/library"):
        (kept / name).write_text("kept")
    for part, file in (("python/Lib", "os.py"), ("packages", "numpy.py")):
        (tmp_path / part).mkdir(parents=True)
        (tmp_path / part / file).write_text("kept")
    (tmp_path / "run").mkdir()
    prefix = lab.fresh_prefix(Lab(tmp_path), tmp_path / "run")
    assert (prefix / "drive_c/Python311/Lib/site-packages/numpy.py").read_text() == "kept"
    assert (prefix / "drive_c/library").samefile(kept / "drive_c/library"), "1 GB would be copied"
    for name in ("system.reg", "user.reg", "drive_c/users/file"):
        (prefix / name).write_text("changed")
        assert (kept / name).read_text() == "kept"


class Doer:
    """A host that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, Any], bytes]] = []

    def do(self, request: dict[str, Any], sound: bytes) -> object:
        self.asked.append((request, sound))
        if request["do"] == "stop":
            raise OSError("no sound server")
        return 7


@pytest.fixture
def server() -> Iterator[Any]:
    with StageServer(Doer()) as running:  # type: ignore[arg-type]
        yield running
        running.shutdown()


def test_the_stage_hands_over_the_sound_as_it_is(server: Any) -> None:
    sound = np.array([[1, -1], [2**23 - 1, -(2**23)]], np.int32)
    LabStage(*server.address.split()).play(sound, rate=8000)
    ((request, data),) = server.host.asked
    assert (request["form"], request["channels"], request["rate"]) == ("<i4", 2, 8000)
    assert data == sound.astype("<i4").tobytes()


def test_what_the_host_cannot_do_is_said_by_the_stage(server: Any) -> None:
    stage = LabStage(*server.address.split())
    with pytest.raises(RuntimeError, match="cannot stop: OSError: no sound server"):
        stage.stop_playing()


def test_the_stage_serves_nobody_without_the_token(server: Any) -> None:
    port, _ = server.address.split()
    with pytest.raises(RuntimeError, match="wrong token"):
        LabStage(port, "guess").plug()
    assert server.host.asked == []
