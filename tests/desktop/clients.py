"""What the tests of claim and channel share: programs that play the first, and clients that do not behave."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

from tray_app.desktop.channel import Answer, Connection, Request, parse_answer, read_frame
from tray_app.desktop.instance import Instance, claim

if sys.platform == "win32":
    from tray_app.desktop.windows import Place as Place
else:
    from tray_app.desktop.unix_socket import Place as Place

DEADLINE = 20.0

DONE = Answer(True, "Done.")


def channel_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("channel")]


def locked(name: str) -> Callable[[], object]:
    """Take the lock alone, as one that has just begun to start; return what frees it."""
    free = Place(name).lock()
    assert free is not None
    return free


def claimed(name: str) -> Instance:
    found = claim(name)
    assert found is not None
    return found


def serving(name: str, answer: Callable[[Request], Answer] = lambda request: DONE) -> Instance:
    found = claimed(name)
    found.serve(answer)
    return found


def connect(name: str) -> AbstractContextManager[Connection]:
    connection = Place(name).connect(time.monotonic() + DEADLINE)
    assert connection is not None
    return closing(connection)


def client_that_says(name: str, data: bytes) -> Connection:
    connection = connect(name).__enter__()
    if data:
        connection.send(data, time.monotonic() + DEADLINE)
    return connection


def said(connection: Connection) -> Answer:
    """Return what the program answers, and see that it hangs up then."""
    answer = parse_answer(read_frame(connection, time.monotonic() + DEADLINE))
    assert hung_up(connection)
    return answer


def hung_up(connection: Connection) -> bool:
    """Wait until the other side has hung up; False when it says something instead."""
    try:
        return connection.receive(1, time.monotonic() + DEADLINE) == b""
    except ConnectionError:
        return True


class Log:
    """Answers that all is done, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request.command)
        return DONE
