"""What only Windows has of the claim and the channel: names that others see, owners, and the terminal's commands.

What they do is tested in `desktop/test_instance.py`, here too.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import pywintypes
import win32api
import win32con
import win32event
import win32file
import win32pipe
import win32security
import win32ts
import winerror

from tests.windows.program import User
from tray_app.desktop import instance
from tray_app.desktop.channel import Answer, Request
from tray_app.desktop.instance import NAME, Instance, NotRunningError, ask, claim
from tray_app.desktop.windows import Place
from tray_app.errors import RecorderError

DEADLINE = 20.0
DONE = Answer(True, "Done.")


@pytest.fixture
def name() -> str:
    return f"TrayRecorderTest{uuid.uuid4().hex[:12]}"


def claimed(name: str) -> Instance:
    found = claim(name)
    assert found is not None, "Quit Tray Recorder before its tests are run."
    return found


def user_and_session() -> tuple[str, int]:
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
    user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
    session = win32ts.ProcessIdToSessionId(win32api.GetCurrentProcessId())  # type: ignore[no-untyped-call]
    return win32security.ConvertSidToStringSid(user), session


def pipe_name(name: str) -> str:
    user, session = user_and_session()
    return rf"\\.\pipe\{name}-{user}-{session}"


def mutex_is_there(name: str) -> bool:
    try:
        win32event.OpenMutex(win32con.SYNCHRONIZE, False, rf"Local\{name}-{user_and_session()[0]}")
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_FILE_NOT_FOUND:
            raise
        return False
    return True


def make_pipe(name: str, owner: str, flags: int = 0) -> int:
    security = pywintypes.SECURITY_ATTRIBUTES()
    security.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        f"O:{owner}D:P(A;;GA;;;WD)", win32security.SDDL_REVISION_1
    )
    return win32pipe.CreateNamedPipe(
        pipe_name(name), win32pipe.PIPE_ACCESS_DUPLEX | flags, win32pipe.PIPE_TYPE_BYTE, 255, 100, 100, 0, security
    )


def test_the_mutex_is_named_after_user_and_lives_as_long_as_the_claim(name: str) -> None:
    assert not mutex_is_there(name)
    with claimed(name):
        assert mutex_is_there(name)
    assert not mutex_is_there(name)


def test_only_this_user_may_open_the_pipe(name: str) -> None:
    user, _ = user_and_session()
    access = win32con.GENERIC_READ | win32con.GENERIC_WRITE
    with claimed(name):
        pipe: Any = win32file.CreateFile(pipe_name(name), access, 0, None, win32con.OPEN_EXISTING, 0, None)
        what = win32security.OWNER_SECURITY_INFORMATION | win32security.DACL_SECURITY_INFORMATION
        found = win32security.GetSecurityInfo(pipe, win32security.SE_KERNEL_OBJECT, what)
        text = win32security.ConvertSecurityDescriptorToStringSecurityDescriptor(
            found, win32security.SDDL_REVISION_1, what
        )
    assert text in (f"O:{user}D:P(A;;GA;;;{user})", f"O:{user}D:P(A;;FA;;;{user})")


def test_the_pipe_cannot_be_opened_over_the_network(name: str) -> None:
    remote = pipe_name(name).replace(r"\\.", r"\\localhost")
    with claimed(name), pytest.raises(pywintypes.error):
        win32file.CreateFile(remote, win32con.GENERIC_READ, 0, None, win32con.OPEN_EXISTING, 0, None)


@pytest.mark.real_windows("Wine does not know the flag by which the first instance of a pipe is the first")
def test_nobody_can_be_first_where_the_program_is(name: str) -> None:
    with claimed(name), pytest.raises(pywintypes.error) as caught:
        make_pipe(name, user_and_session()[0], win32pipe.FILE_FLAG_FIRST_PIPE_INSTANCE)
    assert caught.value.winerror == winerror.ERROR_ACCESS_DENIED


@pytest.mark.real_windows("Wine does not know the flag by which the first instance of a pipe is the first")
def test_a_pipe_that_was_there_before_is_not_served(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(instance, "START_SECONDS", 0.2)
    squatter = make_pipe(name, user_and_session()[0])
    with claimed(name) as found:
        assert "cannot reach this program" in caplog.text
        found.serve(lambda request: DONE)
        with pytest.raises(RecorderError, match="does not answer"):
            ask("stop", 0.5, name)
    win32file.CloseHandle(squatter)


def test_a_pipe_of_another_user_is_not_spoken_to(name: str) -> None:
    try:
        # Everyone is an owner that only an administrator may choose, or Wine's user.
        impostor = make_pipe(name, "WD")
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_INVALID_OWNER:
            raise
        pytest.skip("this user may not make a pipe of another's")
    with pytest.raises(RecorderError, match="not started by you"):
        ask("stop", DEADLINE, name)
    with pytest.raises(pywintypes.error) as caught:
        win32pipe.PeekNamedPipe(impostor, 0)
    # It hung up and has left nothing to be read.
    assert caught.value.winerror == winerror.ERROR_BROKEN_PIPE


def test_a_send_that_nobody_reads_is_given_up_and_the_pipe_stays_usable(name: str) -> None:
    place = Place(name)
    with closing(place.listen()) as listener:
        client = place.connect(time.monotonic() + DEADLINE)
        server = listener.accept()
        assert client is not None
        assert server is not None
        with closing(client), closing(server):
            with pytest.raises(TimeoutError):
                client.send(b"x" * 10_000_000, time.monotonic() + 0.3)
            server.send(b"answer", time.monotonic() + DEADLINE)
            server.close()
            assert client.receive(100, time.monotonic() + DEADLINE) == b"answer"
            assert client.receive(100, time.monotonic() + DEADLINE) == b""


def test_where_no_further_pipe_can_be_made_it_is_tried_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make = win32pipe.CreateNamedPipe
    failures = [pywintypes.error(winerror.ERROR_NOT_ENOUGH_MEMORY, "CreateNamedPipe", "no memory")] * 3

    def refuse(*arguments: Any) -> int:
        if failures:
            raise failures.pop()
        return make(*arguments)

    with claimed(name) as found:
        found.serve(lambda request: DONE)
        monkeypatch.setattr(win32pipe, "CreateNamedPipe", refuse)
        assert [ask("status", DEADLINE, name) for _ in range(3)] == [DONE] * 3
    assert failures == []


# The terminal's commands


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The program under its real name; what the terminal tells it."""
    commands: list[str] = []

    def answer(request: Request) -> Answer:
        commands.append(request.command)
        if request.command == "pause":
            return Answer(False, "Es läuft nichts.")
        return Answer(True, f"{request.command} ✓", {"running": True, "state": "idle", "source": "Köpfe"})

    with claimed(NAME) as found:
        found.serve(answer)
        yield commands


def test_the_terminal_tells_the_program(told: list[str], user: User) -> None:
    done = user.run("stop")
    assert (done.returncode, done.stdout, done.stderr) == (0, "stop ✓\n", "")
    done = user.run("pause")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "tray-recorder: Es läuft nichts.\n")
    done = user.run("status", "--json")
    assert json.loads(done.stdout) == {"running": True, "state": "idle", "source": "Köpfe"}
    assert told == ["stop", "pause", "status"]


def test_the_terminal_where_the_program_does_not_run(user: User) -> None:
    claimed(NAME).close()
    done = user.run("stop")
    line = f"tray-recorder: {NotRunningError()}\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", line)
    done = user.run("status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"running": False})
