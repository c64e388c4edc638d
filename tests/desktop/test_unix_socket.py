"""What only Unix sockets have: files with owners and modes, in folders that may be somebody else's."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tray_app.desktop import instance, unix_socket
from tray_app.desktop.channel import Answer
from tray_app.desktop.instance import Instance, NotRunningError, ask, claim
from tray_app.desktop.unix_socket import MAX_PATH, Place
from tray_app.errors import RecorderError

assert sys.platform != "win32"

ROOT = Path(__file__).resolve().parents[2]
NAME = "Test"
DEADLINE = 20.0
DONE = Answer(True, "Done.")
NOBODY = 65534

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user too")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of the test's own, as a desktop session has one."""
    folder = Path(tempfile.mkdtemp(prefix="rt", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def claimed() -> Instance:
    found = claim(NAME)
    assert found is not None
    return found


def works() -> bool:
    """Claim, serve, ask, close."""
    with claimed() as found:
        found.serve(lambda request: DONE)
        return ask("status", DEADLINE, NAME) == DONE


def test_folder_lock_and_socket_are_for_this_user_alone(runtime: Path) -> None:
    old = os.umask(0)
    try:
        found = claimed()
    finally:
        os.umask(old)
    folder = runtime / NAME
    assert sorted(path.name for path in folder.iterdir()) == ["channel", "lock"]
    assert mode(folder) == 0o700
    assert mode(folder / "channel") == 0o600
    # Sticky: whoever cleans up temporary folders is to leave it.
    assert mode(folder / "lock") == 0o1600
    found.close()
    assert [path.name for path in folder.iterdir()] == ["lock"]


def connect_as_nobody(path: Path) -> str:
    """Return the name of the error that another user gets."""
    program = f"import os, socket; os.setuid({NOBODY}); socket.socket(socket.AF_UNIX).connect({str(path)!r})"
    command = [sys.executable, "-I", "-c", program]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False).stderr
    return told.splitlines()[-1].split(":")[0] if told else ""


@needs_root
def test_another_user_cannot_connect(runtime: Path) -> None:
    runtime.chmod(0o755)
    path = runtime / NAME / "channel"
    with claimed():
        assert connect_as_nobody(path) == "PermissionError"
        path.parent.chmod(0o755)
        assert connect_as_nobody(path) == "PermissionError"
        path.chmod(0o666)
        assert connect_as_nobody(path) == ""


@needs_root
def test_a_folder_of_another_user_is_not_used(runtime: Path) -> None:
    folder = runtime / NAME
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(RecorderError, match="cannot be found out"):
        claim(NAME)
    with pytest.raises(RecorderError, match="not started by you"):
        ask("status", DEADLINE, NAME)
    assert list(folder.iterdir()) == []


def test_a_link_in_the_folders_place_is_not_followed(runtime: Path, tmp_path: Path) -> None:
    (runtime / NAME).symlink_to(tmp_path)
    with pytest.raises(RecorderError, match="cannot be found out"):
        claim(NAME)
    with pytest.raises(RecorderError, match="not started by you"):
        ask("status", DEADLINE, NAME)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_may_enter_is_not_trusted_until_it_is_closed_to_them(runtime: Path) -> None:
    (runtime / NAME).mkdir()
    (runtime / NAME).chmod(0o777)
    with pytest.raises(RecorderError, match="not started by you"):
        ask("status", DEADLINE, NAME)
    assert works()
    assert mode(runtime / NAME) == 0o700


def test_the_socket_that_a_killed_program_left_is_replaced(runtime: Path) -> None:
    program = f"import os; from tray_app.desktop.instance import claim; c = claim({NAME!r}); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (runtime / NAME / "channel").is_socket()
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, NAME)
    assert works()


def test_the_socket_of_one_that_runs_is_never_removed(runtime: Path) -> None:
    with claimed():
        before = (runtime / NAME / "channel").stat().st_ino
        assert claim(NAME) is None
        assert (runtime / NAME / "channel").stat().st_ino == before


def test_asking_leaves_no_traces(runtime: Path) -> None:
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, NAME)
    assert list(runtime.iterdir()) == []


def test_something_else_in_the_sockets_place_only_costs_the_channel(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(instance, "START_SECONDS", 0.1)
    (runtime / NAME / "channel").mkdir(parents=True)
    with claimed():
        assert "cannot reach this program" in caplog.text


def test_a_file_in_the_sockets_place_is_no_program(runtime: Path) -> None:
    (runtime / NAME).mkdir(mode=0o700)
    (runtime / NAME / "channel").write_bytes(b"")
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, NAME)
    assert works()


# Where


def folder() -> Path:
    return Place(NAME)._folder


def test_the_sessions_runtime_folder_is_taken(runtime: Path) -> None:
    assert folder() == runtime / NAME


@needs_root
def test_a_runtime_folder_of_another_user_is_not_taken(runtime: Path) -> None:
    os.chown(runtime, NOBODY, NOBODY)
    assert runtime not in folder().parents
    os.chown(runtime, 0, 0)


@pytest.mark.parametrize("value", ["", "relative", "/does/not/exist"])
def test_without_a_runtime_folder_a_temporary_one_is_taken(
    value: str, runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = runtime
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    monkeypatch.setattr(tempfile, "tempdir", str(short))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relative").mkdir()
    found = folder()
    assert found in (short / f"{NAME}-{os.getuid()}", Path(f"/run/user/{os.getuid()}/{NAME}"))
    if found.parent == short:
        assert works()
        assert mode(found) == 0o700


def test_where_the_path_is_too_long_for_a_socket_a_short_one_is_taken(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for letter in "äb":
        for length in range(120):
            long = runtime / (letter * length)
            long.mkdir(exist_ok=True)
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
            assert len(os.fsencode(folder() / "channel")) <= MAX_PATH
            fits = len(os.fsencode(long / NAME / "channel")) <= MAX_PATH
            assert (folder() == long / NAME) == fits
            found.add(folder())
    # Two long ones are two places still.
    assert len(found) == 239
    assert works()
    shutil.rmtree(folder())


def test_the_longest_path_works(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = runtime / ("x" * (MAX_PATH - len(f"{runtime}//{NAME}/channel")))
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert len(os.fsencode(folder() / "channel")) == MAX_PATH
    assert works()


# How many


def test_a_full_door_is_no_program_that_does_not_run(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unix_socket, "_BACKLOG", 1)
    with claimed() as found, ExitStack() as waiting:
        for _ in range(10):
            client = waiting.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            try:
                client.connect(str(runtime / NAME / "channel"))
            except BlockingIOError:
                break
        else:
            pytest.skip("this system lets in as many as there are")
        monkeypatch.setattr(instance, "START_SECONDS", DEADLINE)
        began = time.monotonic()
        assert claim(NAME) is None
        assert time.monotonic() - began < DEADLINE / 2
        with pytest.raises(RecorderError, match="does not answer"):
            ask("status", 0.2, NAME)
        found.serve(lambda request: DONE)
        assert ask("status", DEADLINE, NAME) == DONE


def test_it_works_with_more_than_a_thousand_files_open(runtime: Path) -> None:
    program = f"""
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
files = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
from tray_app.desktop import instance, unix_socket
from tray_app.desktop.channel import Answer
from tray_app.desktop.instance import ask, claim
found = claim({NAME!r})
found.serve(lambda request: Answer(True, "Done."))
print(ask("status", 20, {NAME!r}).message)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "Done.\n", done.stderr


def test_a_program_without_files_left_serves_again_when_it_has_some(runtime: Path) -> None:
    program = f"""
import os, resource, socket, threading, time
from tray_app.desktop import instance, unix_socket
from tray_app.desktop.channel import Answer
from tray_app.desktop.instance import ask, claim
found = claim({NAME!r})
found.serve(lambda request: Answer(True, "Done."))
client = socket.socket(socket.AF_UNIX)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
files = []
try:
    while True:
        files.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
client.connect({str(runtime / NAME / "channel")!r})
time.sleep(0.5)
for file in files:
    os.close(file)
print(ask("status", 20, {NAME!r}).message, time.process_time() < 2)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "Done. True\n", done.stderr


def test_a_deadline_that_is_over_is_not_waited_for(runtime: Path) -> None:
    with claimed():
        connection = Place(NAME).connect(time.monotonic() - 1)
        assert connection is not None
        with closing(connection), pytest.raises(TimeoutError):
            connection.receive(1, time.monotonic() - 1)
