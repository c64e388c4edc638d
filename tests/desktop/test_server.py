"""What the channel does with clients that do not behave, and with failures inside; on every system."""

from __future__ import annotations

import json
import logging
import random
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.clients import (
    DEADLINE,
    DONE,
    Log,
    Place,
    channel_threads,
    client_that_says,
    connect,
    locked,
    said,
    serving,
)
from tests.sound import wait_until
from tray_app.desktop import server
from tray_app.desktop.channel import MAX_BODY, Answer, Connection, Listener, Request, request_frame
from tray_app.desktop.instance import ask, claim
from tray_app.errors import RecorderError
from tray_app.sentences.forms import Said

# What goes wrong inside


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (RecorderError(Said("The disk is full.", todo="Free some space.")), "The disk is full. Free some space."),
        (KeyError("x"), "The program failed in a way that nobody expected (KeyError). The log tells more."),
        (Answer(True, "", {"folder": Path()}), "The program failed in a way that nobody expected (TypeError)."),
        (Answer(True, "x" * MAX_BODY), "The program failed in a way that nobody expected (FrameError)."),
        (None, "The program failed in a way that nobody expected (AttributeError)."),
    ],
    ids=["an expected error", "an unexpected one", "no JSON", "too long", "no answer at all"],
)
def test_a_failure_becomes_an_answer_and_a_line_in_the_log(
    name: str, result: Any, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(request: Request) -> Answer:
        if request.command == "status":
            return DONE
        if isinstance(result, Exception):
            raise result
        return result  # type: ignore[no-any-return]

    with serving(name, answer):
        found = ask("stop", DEADLINE, name)
        assert not found.ok
        assert found.message.startswith(told)
        assert ask("status", DEADLINE, name) == DONE
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "stop" in errors[0].getMessage()


# Clients that do not behave


def test_a_client_that_says_nothing_keeps_nobody_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLIENT_SECONDS", DEADLINE)
    with serving(name), connect(name):
        assert ask("status", DEADLINE / 2, name) == DONE


def test_many_that_say_nothing_keep_nobody_out_for_long(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLIENT_SECONDS", 0.4)
    with serving(name):
        beginnings = [b"", b"\x00\x00", struct.pack("!I", 40) + b'{"version": 1']
        silent = [client_that_says(name, beginnings[number % 3]) for number in range(server.MAX_CLIENTS + 3)]
        assert ask("status", DEADLINE, name) == DONE
        for one in silent:
            answer = said(one)
            assert not answer.ok
            assert "did not come within" in answer.message
            one.close()


def test_a_client_that_never_reads_keeps_nobody_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "CLIENT_SECONDS", 0.4)
    log = Log()
    long = Answer(True, "x" * (MAX_BODY - 100))
    with serving(name, lambda request: long if log(request) else DONE):
        deaf = [client_that_says(name, request_frame(Request("status"))) for _ in range(server.MAX_CLIENTS + 3)]
        assert ask("status", DEADLINE, name) == long
        for one in deaf:
            one.close()


def test_a_transfer_has_a_deadline(name: str) -> None:
    place = Place(name)
    free = locked(name)
    with closing(place.listen()) as listener, connect(name) as client:
        accepted = listener.accept()
        assert accepted is not None
        with closing(accepted):
            with pytest.raises(TimeoutError):
                accepted.receive(1, time.monotonic() + 0.1)
            with pytest.raises(TimeoutError):
                accepted.send(b"x" * 10_000_000, time.monotonic() + 0.3)
            client.send(b"still there", time.monotonic() + DEADLINE)
            assert accepted.receive(100, time.monotonic() + DEADLINE) == b"still there"
    free()


def test_more_than_a_request_is_refused_and_not_carried_out(name: str) -> None:
    log = Log()
    with serving(name, log), connect(name) as client:
        client.send(request_frame(Request("stop")) + request_frame(Request("quit")), time.monotonic() + DEADLINE)
        answer = said(client)
    assert not answer.ok
    assert log.asked == []


def test_what_nobody_waits_for_any_more_is_not_carried_out(name: str) -> None:
    log = Log()
    wake = threading.Event()

    def answer(request: Request) -> Answer:
        log(request)
        wake.wait(DEADLINE)
        return DONE

    with serving(name, answer), ThreadPoolExecutor() as pool:
        first = pool.submit(ask, "status", DEADLINE, name)
        wait_until(lambda: log.asked == ["status"])
        with pytest.raises(RecorderError, match="does not answer"):
            ask("start", 0.3, name)
        wake.set()
        assert first.result() == DONE
        assert ask("pause", DEADLINE, name) == DONE
    assert log.asked == ["status", "pause"]


def test_a_look_that_says_nothing_is_no_line_in_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(name):
        for _ in range(20):
            assert claim(name) is None
        assert ask("status", DEADLINE, name) == DONE
    assert [record for record in caplog.records if record.name.startswith("tray_app")] == []


def test_a_client_that_gets_no_thread_is_told_and_the_next_is_served(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [RuntimeError("can't start new thread")] * (server.MAX_CLIENTS + 1)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "channel-client" and failures:
            raise failures.pop()
        start(thread)

    monkeypatch.setattr(server, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(server, "CLOSE_SECONDS", DEADLINE)
    with serving(name):
        monkeypatch.setattr(threading.Thread, "start", refuse)
        for _ in range(server.MAX_CLIENTS + 1):
            with pytest.raises(RecorderError, match="did not answer as it should"):
                ask("status", DEADLINE, name)
        assert ask("status", DEADLINE, name) == DONE
        began = time.monotonic()
    # The end waits for none of those that were never served.
    assert time.monotonic() - began < DEADLINE / 2
    assert caplog.text.count("could not be taken") == server.MAX_CLIENTS + 1


class Exhausted:
    """A listener for which the system has no file left, `times` times."""

    def __init__(self, listener: Listener, times: int) -> None:
        self.listener, self.times = listener, times

    def accept(self) -> Connection | None:
        if self.times:
            self.times -= 1
            raise OSError(24, "Too many open files")
        return self.listener.accept()

    def close(self) -> None:
        self.listener.close()


def test_where_no_client_can_be_taken_it_is_tried_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_RETRY_SECONDS", 0.01)
    place = Place(name)
    free = locked(name)
    serving = server.Server(Exhausted(place.listen(), server.MAX_CLIENTS + 1), lambda request: DONE)
    assert ask("status", DEADLINE, name) == DONE
    serving.close()
    free()


def test_a_server_that_can_take_nobody_waits_between_tries_and_can_end(name: str) -> None:
    place = Place(name)
    free = locked(name)
    listener = Exhausted(place.listen(), 10**9)
    serving = server.Server(listener, lambda request: DONE)
    time.sleep(0.5)
    assert 10**9 - listener.times < 20
    serving.close()
    wait_until(lambda: not channel_threads())
    free()


def strange_frames(count: int) -> Iterator[tuple[bytes, bool]]:
    """Yield frames that are no requests, and whether the program can know it from what it has got."""
    chance = random.Random(20)
    good = json.dumps({"version": 1, "command": "stop"}).encode()
    for number in range(count):
        size = chance.choice([1, 10, 100, 5_000, MAX_BODY])
        noise = chance.randbytes(size)
        kind = number % 10
        if kind == 0:
            yield struct.pack("!I", chance.randint(MAX_BODY + 1, 2**32 - 1)) + noise, True
        elif kind == 1:
            yield struct.pack("!I", size) + noise, True
        elif kind == 2:
            yield struct.pack("!I", size + 1) + noise, False
        elif kind == 3:
            yield noise[: chance.randint(1, 3)], False
        elif kind == 4:
            yield struct.pack("!I", 0), True
        elif kind == 5:
            cut = good[: chance.randint(1, len(good) - 1)]
            yield struct.pack("!I", len(cut)) + cut, True
        elif kind == 6:
            deep = b"[" * size
            yield struct.pack("!I", len(deep)) + deep, True
        elif kind == 7:
            many = good * chance.randint(2, 50)
            yield struct.pack("!I", len(many)) + many, True
        elif kind == 8:
            wrong = json.dumps({"version": chance.choice([1, 2, "1", None]), "command": chance.random()}).encode()
            yield struct.pack("!I", len(wrong)) + wrong, True
        else:
            yield struct.pack("!I", len(good)) + good + noise[:100], True


def test_a_thousand_strange_frames_are_refused_and_the_program_goes_on(name: str) -> None:
    log = Log()
    refused = 0
    with serving(name, log):
        for frame, whole in strange_frames(1000):
            with connect(name) as client:
                try:
                    client.send(frame, time.monotonic() + DEADLINE)
                    if whole:
                        refused += not said(client).ok
                except ConnectionError:
                    # It has refused the beginning and hung up before the rest was sent.
                    refused += 1
        assert log.asked == []
        assert ask("status", DEADLINE, name) == DONE
    assert refused == 800
    assert log.asked == ["status"]


def test_clients_that_hang_up_at_any_moment_do_no_harm(name: str) -> None:
    frame = request_frame(Request("show"))
    with serving(name):
        for length in range(len(frame) + 1):
            with connect(name) as client:
                client.send(frame[:length], time.monotonic() + DEADLINE)
        assert ask("status", DEADLINE, name) == DONE
