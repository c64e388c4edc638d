"""The claim, and asking, with the system's own locks, sockets and pipes; the same tests on every system."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType

import pytest

from tests.desktop.clients import DEADLINE, DONE, Log, Place, claimed, connect, locked, serving
from tests.sound import wait_until
from tray_app.desktop import instance, server
from tray_app.desktop.channel import Answer, Listener, Request, read_frame
from tray_app.desktop.instance import NotRunningError, ask, claim
from tray_app.errors import RecorderError

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from tray_app.desktop.channel import Answer
from tray_app.desktop.instance import ask, claim
print("ready", flush=True)
sys.stdin.readline()
claimed = claim(sys.argv[1])
if claimed is None:
    print("second", ask("show", 20, sys.argv[1]).message, flush=True)
else:
    claimed.serve(lambda request: Answer(True, f"{request.command}: done"))
    print("first", flush=True)
    sys.stdin.readline()
    if sys.argv[2:] == ["close"]:
        claimed.close()
"""
"""Plays the program: at the first line on standard input it starts, at the second it ends."""


class Program:
    """A process that claims `name`; a context manager that leaves nothing running."""

    def __init__(self, name: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, name, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self.hear() == "ready"

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE)

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")


# The claim


def test_there_is_one(name: str) -> None:
    for _ in range(2):
        with claimed(name):
            assert claim(name) is None
            assert claim(name) is None


def test_another_name_is_another_program(name: str) -> None:
    with claimed(name), claimed(f"{name}-2"):
        pass


def test_the_second_finds_the_first_and_is_answered(name: str) -> None:
    with Program(name) as first, Program(name) as second:
        first.go()
        assert first.hear() == "first"
        second.go()
        assert second.hear() == "second show: done"
        assert claim(name) is None
        assert ask("stop", DEADLINE, name) == Answer(True, "stop: done")


def test_of_those_that_start_at_once_one_is_the_first(name: str) -> None:
    with ExitStack() as running:
        programs = [running.enter_context(Program(name)) for _ in range(5)]
        for program in programs:
            program.go()
        heard = sorted(program.hear() for program in programs)
        assert heard == ["first", *["second show: done"] * 4]


@pytest.mark.parametrize("how", ["killed", "closed", "returned"])
def test_it_is_free_when_the_first_ends_however_it_ends(name: str, how: str) -> None:
    for _ in range(2):
        with Program(name, "close" if how == "closed" else "") as first:
            first.go()
            assert first.hear() == "first"
            assert claim(name) is None
            if how == "killed":
                first.process.kill()
            else:
                first.go()
            first.process.wait(DEADLINE)
            with pytest.raises(NotRunningError):
                ask("status", DEADLINE, name)
            with serving(name):
                assert ask("status", DEADLINE, name) == DONE


def test_one_that_is_just_ending_is_waited_for(name: str) -> None:
    free = locked(name)
    threading.Timer(0.3, free).start()
    with claimed(name) as found:
        found.serve(lambda request: DONE)
        assert ask("status", DEADLINE, name) == DONE


def test_one_that_just_starts_is_waited_for(name: str) -> None:
    place = Place(name)
    free = locked(name)
    listeners: list[Listener] = []
    threading.Timer(0.3, lambda: listeners.append(place.listen())).start()
    assert claim(name) is None
    wait_until(lambda: listeners)
    listeners[0].close()
    free()


def test_a_command_waits_for_one_that_just_starts(name: str) -> None:
    place = Place(name)
    free = locked(name)
    servers: list[server.Server] = []
    threading.Timer(0.3, lambda: servers.append(server.Server(place.listen(), lambda request: DONE))).start()
    assert ask("status", DEADLINE, name) == DONE
    wait_until(lambda: servers)
    servers[0].close()
    free()


def test_a_command_is_answered_once_the_program_serves(name: str) -> None:
    with claimed(name) as found, ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, "status", DEADLINE, name) for _ in range(3)]
        time.sleep(0.2)
        assert not any(one.done() for one in asked)
        found.serve(lambda request: DONE)
        assert [one.result() for one in asked] == [DONE] * 3


def test_the_second_need_not_be_let_in_to_see_the_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "START_SECONDS", DEADLINE)
    with claimed(name), connect(name):
        began = time.monotonic()
        assert claim(name) is None
        assert time.monotonic() - began < DEADLINE / 2


def test_one_that_came_and_went_before_the_program_served_does_no_harm(name: str) -> None:
    with claimed(name) as found:
        with connect(name):
            pass
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(ask, "status", DEADLINE, name)
            found.serve(lambda request: DONE)
            assert asked.result() == DONE
        assert ask("status", DEADLINE, name) == DONE


def test_one_that_never_listens_is_not_waited_for_for_ever(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "START_SECONDS", 0.2)
    free = locked(name)
    assert claim(name) is None
    began = time.monotonic()
    with pytest.raises(RecorderError, match="does not answer") as caught:
        ask("status", DEADLINE, name)
    assert time.monotonic() - began < DEADLINE / 2
    assert not isinstance(caught.value, NotRunningError)
    free()


def test_without_a_channel_the_program_runs_nevertheless(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Place) -> Listener:
        raise PermissionError("no")

    monkeypatch.setattr(Place, "listen", refuse)
    monkeypatch.setattr(instance, "START_SECONDS", 0.2)
    with serving(name):
        assert "cannot reach this program" in caplog.text
        assert claim(name) is None
    claimed(name).close()


def test_a_channel_that_is_not_free_at_once_is_waited_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    listen = Place.listen
    failures = [PermissionError("its owner was killed just now")] * 3

    def refuse(self: Place) -> Listener:
        if failures:
            raise failures.pop()
        return listen(self)

    monkeypatch.setattr(Place, "listen", refuse)
    with serving(name):
        assert ask("status", DEADLINE, name) == DONE


def test_where_nothing_can_be_found_out_it_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Place) -> Callable[[], object] | None:
        raise PermissionError("no")

    monkeypatch.setattr(Place, "lock", refuse)
    with pytest.raises(RecorderError, match="cannot be found out"):
        claim(name)


# Asking


def test_not_running(name: str) -> None:
    with pytest.raises(NotRunningError) as caught:
        ask("start", DEADLINE, name)
    assert str(caught.value) == "Tray Recorder is not running. Start it with `tray-recorder`."


def test_the_answer_arrives_as_it_was_given(name: str) -> None:
    answer = Answer(False, "Nichts läuft 日本 \udce4", {"seconds": 1.25, "since": None, "nested": {"a": [1, "ß"]}})
    log = Log()
    with serving(name, lambda request: answer if log(request) else DONE):
        assert ask("pause", DEADLINE, name) == answer
        assert ask("toggle", DEADLINE, name) == answer
    assert log.asked == ["pause", "toggle"]


def test_an_unknown_command_is_refused_by_the_channel(name: str) -> None:
    log = Log()
    with serving(name, log):
        answer = ask("format", DEADLINE, name)
    assert not answer.ok
    assert "no such command" in answer.message
    assert log.asked == []


def test_one_at_a_time_and_all_are_answered(name: str) -> None:
    inside = 0
    most = 0

    def answer(request: Request) -> Answer:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1
        return DONE

    with serving(name, answer), ThreadPoolExecutor(20) as pool:
        assert list(pool.map(lambda _: ask("status", DEADLINE, name), range(40))) == [DONE] * 40
    assert most == 1


def test_one_that_hangs_is_told_from_one_that_does_not_run(name: str) -> None:
    wake = threading.Event()

    def hang(request: Request) -> Answer:
        wake.wait(DEADLINE)
        return DONE

    with serving(name, hang):
        with pytest.raises(RecorderError, match="does not answer") as caught:
            ask("status", 0.2, name)
        assert not isinstance(caught.value, NotRunningError)
        wake.set()


class Impostor(threading.Thread):
    """Listens in the program's place, and sends `data` to the first who comes."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(name="channel-impostor")
        self.listener = Place(name).listen()
        self.data = data
        self.start()

    def run(self) -> None:
        connection = self.listener.accept()
        assert connection is not None
        with closing(connection):
            read_frame(connection, time.monotonic() + DEADLINE)
            connection.send(self.data, time.monotonic() + DEADLINE)
        self.listener.close()


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00", struct.pack("!I", 5) + b"abc", b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack("!I", 2) + b"{}"],
    ids=["nothing", "half a length", "half a frame", "another protocol", "no answer"],
)
def test_a_strange_answer_is_said_in_plain_words(name: str, data: bytes) -> None:
    free = locked(name)
    impostor = Impostor(name, data)
    with pytest.raises(RecorderError, match="did not answer as it should"):
        ask("status", DEADLINE, name)
    impostor.join(DEADLINE)
    free()
