"""How the channel ends: at once, with what is on its way, and with nothing left open; on every system."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.desktop.clients import (
    DEADLINE,
    DONE,
    Log,
    Place,
    channel_threads,
    claimed,
    client_that_says,
    connect,
    hung_up,
    locked,
    said,
    serving,
)
from tests.sound import wait_until
from tray_app.desktop import server
from tray_app.desktop.channel import Answer, Connection, Listener, Peer, Request, request_frame
from tray_app.desktop.instance import NotRunningError, ask


def test_it_ends_at_once_while_it_waits_for_clients(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLOSE_SECONDS", DEADLINE)
    found = serving(name)
    assert ask("status", DEADLINE, name) == DONE
    began = time.monotonic()
    found.close()
    wait_until(lambda: not channel_threads(), DEADLINE / 2)
    assert time.monotonic() - began < DEADLINE / 2
    found.close()
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, name)


def test_it_ends_at_once_where_it_never_served(name: str) -> None:
    claimed(name).close()
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, name)


def test_silent_clients_do_not_hold_the_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLOSE_SECONDS", DEADLINE)
    monkeypatch.setattr(server, "CLIENT_SECONDS", DEADLINE)
    found = serving(name)
    silent = [client_that_says(name, b"\x00" * (number % 4)) for number in range(server.MAX_CLIENTS)]
    wait_until(lambda: len(channel_threads()) == server.MAX_CLIENTS + 1)
    began = time.monotonic()
    found.close()
    assert time.monotonic() - began < DEADLINE / 2
    with pytest.raises(NotRunningError):
        ask("status", DEADLINE, name)
    with serving(name):
        assert ask("status", DEADLINE, name) == DONE
    for one in silent:
        one.close()


def test_a_request_that_is_finished_after_the_end_is_not_carried_out(name: str) -> None:
    log = Log()
    found = serving(name, log)
    with connect(name) as late:
        frame = request_frame(Request("start"))
        late.send(frame[:10], time.monotonic() + DEADLINE)
        wait_until(lambda: len(channel_threads()) == 2)
        found.close()
        with suppress(OSError):
            late.send(frame[10:], time.monotonic() + DEADLINE)
        assert not said(late).ok
    assert log.asked == []


def test_what_waits_for_its_turn_at_the_end_is_not_carried_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLOSE_SECONDS", 0.1)
    log = Log()
    wake = threading.Event()

    def answer(request: Request) -> Answer:
        log(request)
        wake.wait(DEADLINE)
        return DONE

    found = serving(name, answer)
    with closing(client_that_says(name, request_frame(Request("status")))) as first:
        wait_until(lambda: log.asked == ["status"])
        with closing(client_that_says(name, request_frame(Request("start")))) as second:
            wait_until(lambda: len(channel_threads()) == 3)
            time.sleep(0.1)
            found.close()
            wake.set()
            assert said(first) == DONE
            assert hung_up(second)
    assert log.asked == ["status"]


class Late:
    """A listener whose client comes in only after the end."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.came = threading.Event()
        self.ended = threading.Event()

    def accept(self) -> Connection | None:
        connection = self.listener.accept()
        self.came.set()
        self.ended.wait(DEADLINE)
        return connection

    def close(self) -> None:
        self.listener.close()


def test_a_silent_client_that_comes_in_at_the_very_end_is_not_waited_for(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CLIENT_SECONDS", DEADLINE)
    place = Place(name)
    free = locked(name)
    listener = Late(place.listen())
    serving = server.Server(listener, lambda request: DONE)
    with connect(name) as client:
        assert listener.came.wait(DEADLINE)
        serving.close()
        began = time.monotonic()
        listener.ended.set()
        assert hung_up(client)
        assert time.monotonic() - began < DEADLINE / 2
    free()


def test_an_answer_on_its_way_arrives_before_the_end(name: str) -> None:
    asked = threading.Event()

    def answer(request: Request) -> Answer:
        asked.set()
        time.sleep(0.3)
        return Answer(True, "Tray Recorder ends.")

    found = serving(name, answer)
    with connect(name) as client:
        client.send(request_frame(Request("quit")), time.monotonic() + DEADLINE)
        assert asked.wait(DEADLINE)
        found.close()
        assert client.look() is Peer.SPEAKING
        assert said(client).message == "Tray Recorder ends."


def test_a_hanging_program_can_end(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLOSE_SECONDS", 0.2)
    wake = threading.Event()
    asked = threading.Event()

    def hang(request: Request) -> Answer:
        asked.set()
        wake.wait(DEADLINE)
        return DONE

    found = serving(name, hang)
    with ThreadPoolExecutor() as pool:
        told = pool.submit(ask, "quit", DEADLINE, name)
        assert asked.wait(DEADLINE)
        found.close()
        assert not told.done()
        wake.set()
        assert told.result() == DONE


def test_clients_leave_nothing_open(name: str) -> None:
    with serving(name):
        ask("status", DEADLINE, name)
        wait_until(lambda: len(channel_threads()) == 1)
        before = handles()
        for _ in range(100):
            ask("status", DEADLINE, name)
        wait_until(lambda: len(channel_threads()) == 1)
        assert handles() < before + 50


def handles() -> int:
    """Return how many files or handles this process has open."""
    if sys.platform != "win32":
        return len(list(Path("/dev/fd").iterdir()))
    count = ctypes.c_ulong()
    ctypes.windll.kernel32.GetProcessHandleCount(ctypes.c_void_p(-1), ctypes.byref(count))
    return count.value


def test_many_times_one_after_the_other_with_nothing_left_open(name: str) -> None:
    counts, kept = [], []
    for number in range(30):
        answer = Answer(True, str(number))
        with serving(name, lambda request, answer=answer: answer) as found:  # type: ignore[misc]
            assert ask("status", DEADLINE, name) == answer
        # Closed by `close`, and not only when nobody has it any more.
        kept.append(found)
        wait_until(lambda: not channel_threads())
        counts.append(handles())
    assert counts[-1] < counts[0] + 15


def test_a_child_does_not_keep_the_claim(name: str) -> None:
    found = serving(name)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        found.close()
        with pytest.raises(NotRunningError):
            ask("status", DEADLINE, name)
        with serving(name):
            assert ask("status", DEADLINE, name) == DONE
    finally:
        child.communicate(b"\n", timeout=DEADLINE)
