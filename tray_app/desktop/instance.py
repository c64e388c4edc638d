"""One program per user and session, and the way to talk to it.

Who has the claim also has the channel: it is open before `claim` returns, so that whoever finds the program running
can speak to it at once and is answered as soon as it serves.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from tray_app.desktop.channel import (
    Answer,
    Connection,
    FrameError,
    Listener,
    Request,
    parse_answer,
    read_frame,
    request_frame,
)
from tray_app.desktop.server import Server
from tray_app.errors import RecorderError
from tray_app.sentences import program as said

if sys.platform == "win32":
    from tray_app.desktop.windows import Place
else:
    from tray_app.desktop.unix_socket import Place

NAME = "TrayRecorder"

START_SECONDS = 3.0
"""How long one that just starts, or just ends, is waited for: it takes a millisecond, on a busy machine some more."""

_LOOK_SECONDS = 0.02

log = logging.getLogger(__name__)


class NotRunningError(RecorderError):
    """There is no program to talk to."""

    def __init__(self) -> None:
        super().__init__(said.NOT_RUNNING)


class Instance:
    """The claim of the one program that runs. Ends with `close`, and with the process, however that ends."""

    def __init__(self, free: Callable[[], object], listener: Listener | None) -> None:
        self._free = free
        self._listener = listener
        self._server: Server | None = None

    def __enter__(self) -> Instance:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def serve(self, answer: Callable[[Request], Answer]) -> None:
        """Answer other processes from now on. Call it once.

        `answer` is called on threads of the channel, for one request at a time. What it raises becomes an answer and
        a line in the log.
        """
        if self._listener is not None:
            self._server = Server(self._listener, answer)

    def close(self) -> None:
        """Stop answering, then free the claim. Waits up to a second for answers on their way. May be called again.

        Not to be called by `answer`, whose own answer would be waited for.
        """
        if self._server is not None:
            self._server.close()
        elif self._listener is not None:
            self._listener.close()
        self._free()


def claim(name: str = NAME) -> Instance | None:
    """Become the one program called `name` of this user in this session; None where another is it and listens.

    One that starts or ends at the same moment is waited for. Raises `RecorderError` where the system does not let us
    know. Where only the channel cannot be opened, the program runs without, and the log says why.
    """
    deadline = time.monotonic() + START_SECONDS
    try:
        place = Place(name)
        while (free := place.lock()) is None:
            if place.listening() or time.monotonic() >= deadline:
                return None
            time.sleep(_LOOK_SECONDS)
    except OSError as error:
        raise RecorderError(said.NOT_KNOWN, detail=repr(error)) from error
    return Instance(free, _listen(place, deadline))


def _listen(place: Place, deadline: float) -> Listener | None:
    # When a program is killed, Windows frees its mutex and its pipe one after the other, in any order.
    while True:
        try:
            return place.listen()
        except OSError as error:
            if time.monotonic() >= deadline:
                log.warning("The terminal's commands cannot reach this program: %r", error)
                return None
        time.sleep(_LOOK_SECONDS)


def ask(command: str, timeout: float = 5.0, name: str = NAME) -> Answer:
    """Ask the program called `name` to carry out one of `channel.COMMANDS`; return what it says within `timeout` s.

    Raises `NotRunningError` where there is none, `RecorderError` where it does not answer, or not as it should.
    """
    deadline = time.monotonic() + timeout
    try:
        connection = _connect(Place(name), deadline)
        try:
            connection.send(request_frame(Request(command)), deadline)
            return parse_answer(read_frame(connection, deadline))
        finally:
            connection.close()
    except TimeoutError as error:
        raise RecorderError(said.SILENT, detail=repr(error)) from error
    except PermissionError as error:
        raise RecorderError(said.NOT_YOURS, detail=repr(error)) from error
    except (FrameError, OSError) as error:
        raise RecorderError(said.ODD_ANSWER, detail=repr(error)) from error


def _connect(place: Place, deadline: float) -> Connection:
    latest = min(deadline, time.monotonic() + START_SECONDS)
    while (connection := place.connect(deadline)) is None:
        if not place.locked():
            raise NotRunningError
        if time.monotonic() >= latest:
            raise TimeoutError("it runs, but nobody listens")
        time.sleep(_LOOK_SECONDS)
    return connection
