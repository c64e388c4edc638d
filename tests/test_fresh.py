"""What `tests.fresh` types and in what kind of Debian; the Debian itself is made by the command only."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import fresh, fresh_debian, run
from tests.fresh_debian import Debian
from tests.sound import wait_until
from tests.windows.enclosure import LabError, alone, check_machine

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.posix("a Debian in a folder is something of Linux")


def test_the_readme_has_both_commands() -> None:
    """Each in one line that can be typed: nothing in it is to be filled in."""
    found = fresh.commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert list(found) == ["first", "second"]
    for command in found.values():
        assert "\n" not in command
        assert not set("<>[]…") & set(command)
    checked = subprocess.run(["sh", "-n", "-c", "\n".join(found.values())], capture_output=True, check=False)
    assert checked.returncode == 0


def test_commands_are_found_wherever_they_stand() -> None:
    readme = (
        "Test it:\n\n```console\n$ python3 tests/run.py\n```\n\n```\nother tests/x.py\n```\n"
        "```sh\npip install . && tray-recorder record --demo\n```\n```sh\ntray-recorder record --demo --json\n```\n"
    )
    assert fresh.commands(readme) == {
        "first": "pip install . && tray-recorder record --demo",
        "second": "python3 tests/run.py",
    }


def test_a_readme_without_a_command_is_said() -> None:
    with pytest.raises(ValueError, match=r"no block of code with `tests/run\.py`"):
        fresh.commands("```sh\ntray-recorder record --demo\n```\n`tests/run.py`\n")


def test_of_this_machine_only_its_way_to_the_world_goes_along() -> None:
    environ = {
        **{"PIP_INDEX_URL": "a", "https_proxy": "b", "SSL_CERT_FILE": "c", "REQUESTS_CA_BUNDLE": "d"},
        **{"PIP_FIND_LINKS": "no", "HOME": "no", "RECORDER_NOTIFY": "no", "PYTHONPATH": "no", "LANG": "no"},
    }
    line = Debian(Path("/tree")).command("true", environ=environ)
    given = dict(word.split("=", 1) for word in line[line.index("-i") :] if "=" in word and not word.startswith("--"))
    assert {name for name in given if name not in ("PATH", "HOME")} == set(environ) - {
        *("PIP_FIND_LINKS", "HOME", "RECORDER_NOTIFY", "PYTHONPATH", "LANG"),
    }
    assert given["HOME"] == "/root"


def test_apt_is_told_how_to_reach_the_world_and_nothing_else() -> None:
    dump = 'Acquire::http::Proxy "http://p:1";\nAcquire::Check-Date "false";\nAcquire::Languages "";\nAPT::Get "x";\n'
    assert [found[0] for found in fresh_debian.APT_REACHES.finditer(dump)] == [
        'Acquire::http::Proxy "http://p:1";',
        'Acquire::Check-Date "false";',
    ]


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert fresh.main(["--only", "first"]) == 1
    told = capsys.readouterr()
    assert told.err.startswith("fresh: ")
    assert "needs root" in told.err
    assert told.err.count("\n") == 1


def test_what_failed_ends_it_and_the_table_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The Debian is this machine here, and the clone a folder."""
    typed: list[str] = []

    class Here(Debian):
        def command(self, *command: str, **_: object) -> list[str]:
            typed.append(command[-1])
            return [sys.executable, "-c", "raise SystemExit(3)"]

    def clone(to: Path) -> None:
        to.mkdir(parents=True)
        shutil.copyfile(ROOT / "README.md", to / "README.md")

    class Made:
        def __init__(self, packages: list[str], kind: str) -> None:
            assert {"python3", "python3-venv", "git"} <= set(packages)

        def __enter__(self) -> Debian:
            return Here(tmp_path)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(fresh, "fresh", Made)
    monkeypatch.setattr(fresh, "clone", clone)
    assert fresh.main([]) == 1
    (command,) = typed
    assert command == fresh.commands((ROOT / "README.md").read_text(encoding="utf-8"))["first"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"| `{command}` | 0 s | ended with 3 |"


MOUNT = "22 {parent} 0:21 / {where} rw,relatime {shared}- proc proc rw\n"


@pytest.mark.parametrize(
    ("mounts", "propagation"),
    [
        (MOUNT.format(parent=1, where="/", shared="shared:1 "), "private"),
        (MOUNT.format(parent=1, where="/", shared="") + MOUNT.format(parent=22, where="/proc", shared=""), "private"),
        (MOUNT.format(parent=1, where="/proc", shared=""), "unchanged"),
        (MOUNT.format(parent=1, where="/proc", shared="shared:7 "), "private"),
        ("", "private"),
    ],
)
def test_in_a_bare_chroot_mounts_are_ones_own_without_a_change(tmp_path: Path, mounts: str, propagation: str) -> None:
    (tmp_path / "mountinfo").write_text(mounts)
    words = run.own_namespace(tmp_path / "mountinfo")
    assert words[words.index("--propagation") + 1] == propagation


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What can be entered like a Debian: empty folders, and this machine's programs once `lent` has lent them."""
    for name in ("usr", "etc", "proc", "sys", "dev", "tmp", "root"):
        (tmp_path / "tree" / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (tmp_path / "tree" / name).symlink_to(f"usr/{name}")
    return tmp_path / "tree"


LEND = 'mount --bind /usr "$0/usr" && "$@"; exit $?'


def lent(debian: Debian, *command: str) -> list[str]:
    """Return the command that runs `command` in a tree, for as long with this machine's programs in it."""
    return [*alone(), "bash", "-c", LEND, str(debian.tree), *debian.command(*command, environ={"PIP_CERT": "a"})]


def said(command: list[str]) -> list[str]:
    """Return what a command has said; where nothing may be mounted, that is nothing, and it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) is run.may_mount(), done.stderr
    return done.stdout.splitlines()


LOOK = """
pwd; env | sort | tr '\\n' ' '; echo; ls /dev | tr '\\n' ' '; echo; ls -d /proc/[0-9]* | wc -l; echo x > /dev/shm/x
"""


@pytest.mark.parametrize("kind", fresh_debian.KINDS)
def test_in_it_nothing_of_this_machine_is_seen(tree: Path, kind: str) -> None:
    shared = set(Path("/dev/shm").iterdir())
    told = said(lent(Debian(tree, kind), "sh", "-c", LOOK))
    if told:
        at, variables, devices, processes = told
        assert at == "/root"
        assert {word.split("=")[0] for word in variables.split()} - {"PWD", "OLDPWD", "SHLVL", "_"} == {
            *("HOME", "PATH", "PIP_CERT"),
        }
        assert set(devices.split()) == {
            *("fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"),
            *("tty", "urandom", "zero"),
        }
        assert int(processes) < 8
    assert set(Path("/dev/shm").iterdir()) == shared
    assert str(tree) not in Path("/proc/mounts").read_text()


def test_only_an_unprivileged_root_may_not_mount(tree: Path) -> None:
    question = ("sh", "-c", "mount -t tmpfs tmpfs /tmp 2>/dev/null; echo $?")
    answers = {kind: said(lent(Debian(tree, kind), *question)) for kind in fresh_debian.KINDS}
    if run.may_mount():
        assert answers.pop("unprivileged") != ["0"]
        assert set(map(tuple, answers.values())) == {("0",)}


def test_what_is_killed_leaves_neither_process_nor_mount(tree: Path) -> None:
    sign = f"{os.getpid()}.5"
    process = subprocess.Popen(lent(Debian(tree), "sh", "-c", f"sleep {sign} & echo on; wait"), stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == (b"on\n" if run.may_mount() else b"")
        process.kill()
    wait_until(lambda: not any(sign.encode() in line for line in command_lines()))
    assert str(tree) not in Path("/proc/mounts").read_text()


def command_lines() -> Iterator[bytes]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_bytes()


def test_a_container_without_the_right_to_mount_is_told_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(run, "may_mount", lambda: True)
    assert run.why_not_windows() == ""
    monkeypatch.setattr(run, "may_mount", lambda: False)
    assert "docker run --privileged" in run.why_not_windows()
    with pytest.raises(LabError, match="docker run --privileged"):
        check_machine()


def test_from_a_bare_chroot_another_debian_is_entered_by_chroot(monkeypatch: pytest.MonkeyPatch) -> None:
    for bare, how in ((False, "container"), (True, "chroot")):
        monkeypatch.setattr(fresh_debian, "in_bare_chroot", lambda bare=bare: bare)
        line = Debian(Path("/tree")).command("true")
        assert line[line.index("/tree") + 1] == how
