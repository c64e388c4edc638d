"""What is said between the program and its terminal commands, and how: one framed JSON object each way. Pure.

A frame is four bytes of length, big-endian, and that many bytes of UTF-8 JSON, at most `MAX_BODY`. A client sends one
request, reads one answer, and keeps its side open until it has it: who hangs up is taken to have given up.
"""

from __future__ import annotations

import enum
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from tray_app.states import Command

VERSION = 1
"""Of the protocol. Both sides are the same program, so another version only means one that is being replaced."""

MAX_BODY = 64 * 1024
"""Bytes of JSON in a frame. An answer has some hundred; more is not ours."""

COMMANDS = frozenset({*map(str, Command), "status", "show", "quit"})
"""What can be asked for: what a recorder obeys, and what only the program around it can do."""

_LENGTH = struct.Struct("!I")


class FrameError(ValueError):
    """What came is no frame of ours; the text says in a few words why."""


class Ended(FrameError):  # noqa: N818 - not always an error: who only looks whether somebody listens says nothing
    """The other side hung up before a whole frame had come; `began` tells whether any byte had."""

    def __init__(self, began: bool) -> None:
        super().__init__("it ends in the middle")
        self.began = began


@dataclass(frozen=True, slots=True)
class Request:
    """What another process of this user asks for: one of `COMMANDS`."""

    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is told: whether it was done, one line for people, and the program's status for scripts (JSON-able)."""

    ok: bool
    message: str
    status: Mapping[str, object] = field(default_factory=dict)


class Peer(enum.Enum):
    """What the other side of a connection is doing at the moment."""

    QUIET = enum.auto()
    SPEAKING = enum.auto()
    GONE = enum.auto()


class Connection(Protocol):
    """One end of a byte stream. `deadline` is a moment of `time.monotonic`; `OSError` is raised where it broke."""

    def receive(self, size: int, deadline: float) -> bytes:
        """Return 1 to `size` bytes, or none when the other side has hung up; `TimeoutError` when none came."""
        ...

    def send(self, data: bytes, deadline: float) -> None:
        """Send all of it; `TimeoutError` when the other side did not take it."""

    def look(self) -> Peer:
        """Tell whether the other side has sent more, waits, or is gone. Never waits."""
        ...

    def interrupt(self) -> None:
        """Have a `receive` that waits, now or later, return at once as if the other side had hung up. Any thread."""

    def close(self) -> None:
        """Hang up. What was sent can still be read by the other side."""


class Listener(Protocol):
    """Where clients come in. They can connect from the moment that it exists, and wait until they are accepted."""

    def accept(self) -> Connection | None:
        """Wait for a client; None once the listener is closed. `OSError` where the system refuses."""
        ...

    def close(self) -> None:
        """Take no more clients and wake who waits in `accept`. Returns at once; may be called again."""


def read_frame(connection: Connection, deadline: float) -> bytes:
    """Return the body of the next frame.

    Raises `FrameError` where none can come of it, `Ended` where the other side hung up, `TimeoutError` where it says
    too little, `OSError` where the connection broke.
    """
    (size,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size, deadline, began=False))
    if size > MAX_BODY:
        raise FrameError(f"it is longer than {MAX_BODY} bytes")
    return _exactly(connection, size, deadline, began=True)


def _exactly(connection: Connection, size: int, deadline: float, *, began: bool) -> bytes:
    got = bytearray()
    while len(got) < size:
        piece = connection.receive(size - len(got), deadline)
        if not piece:
            raise Ended(began or bool(got))
        got += piece
    return bytes(got)


def request_frame(request: Request) -> bytes:
    """Return a request as it is sent."""
    return _frame({"version": VERSION, "command": request.command})


def answer_frame(answer: Answer) -> bytes:
    """Return an answer as it is sent.

    Raises `FrameError` where it is too long, `TypeError` or `ValueError` where its status is no JSON.
    """
    body = {"version": VERSION, "ok": answer.ok, "message": answer.message, "status": dict(answer.status)}
    return _frame(body)


def parse_request(body: bytes) -> Request:
    """Return the request that a frame holds; `FrameError` where it holds anything else."""
    fields = _parse(body, {"version", "command"})
    if not isinstance(fields["command"], str) or fields["command"] not in COMMANDS:
        raise FrameError("there is no such command")
    return Request(fields["command"])


def parse_answer(body: bytes) -> Answer:
    """Return the answer that a frame holds; `FrameError` where it holds anything else."""
    fields = _parse(body, {"version", "ok", "message", "status"})
    ok, message, status = fields["ok"], fields["message"], fields["status"]
    if not (isinstance(ok, bool) and isinstance(message, str) and isinstance(status, dict)):
        raise FrameError("a field has a wrong type")
    return Answer(ok, message, status)


def _frame(fields: dict[str, object]) -> bytes:
    # Escapes for all but ASCII: a folder's name may hold halves of characters, for which UTF-8 has no bytes.
    body = json.dumps(fields, ensure_ascii=True, allow_nan=False).encode("ascii")
    if len(body) > MAX_BODY:
        raise FrameError(f"it is longer than {MAX_BODY} bytes")
    return _LENGTH.pack(len(body)) + body


def _parse(body: bytes, names: set[str]) -> dict[str, Any]:
    try:
        # Decoded here, since `json` would take UTF-16 and UTF-32 too.
        found = json.loads(body.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise FrameError("it is no JSON") from error
    if not isinstance(found, dict):
        raise FrameError("it is no JSON object")
    version = found.get("version")
    if type(version) is int and version != VERSION:
        raise FrameError("it is of another version of the program")
    if version is None or type(version) is not int or set(found) != names:
        raise FrameError("it has not the fields that it should have")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found
