from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tray_app.desktop.channel import (
    COMMANDS,
    MAX_BODY,
    VERSION,
    Answer,
    Ended,
    FrameError,
    Peer,
    Request,
    answer_frame,
    parse_answer,
    parse_request,
    read_frame,
    request_frame,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)

TEXT = st.text(st.characters() | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF, categories=["Cs"]))
"""Text with the halves of characters that stand for bytes in names that are no text (PEP 383)."""


class Bytes:
    """A connection from which `data` comes in the given pieces, and then the other side hangs up."""

    def __init__(self, data: bytes, pieces: list[int] | None = None) -> None:
        self.data = data
        self.pieces = list(pieces or [])

    def receive(self, size: int, deadline: float) -> bytes:
        assert size > 0
        count = min(size, max(1, self.pieces.pop(0)) if self.pieces else size)
        piece, self.data = self.data[:count], self.data[count:]
        return piece

    def send(self, data: bytes, deadline: float) -> None:
        raise BrokenPipeError

    def look(self) -> Peer:
        return Peer.SPEAKING if self.data else Peer.GONE

    def interrupt(self) -> None:
        self.data = b""

    def close(self) -> None:
        pass


def body_of(frame: bytes) -> bytes:
    return read_frame(Bytes(frame), 0)


def packed(body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + body


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_request_arrives_as_it_was_sent(command: str) -> None:
    assert parse_request(body_of(request_frame(Request(command)))) == Request(command)


def test_what_can_be_asked_for() -> None:
    assert {"start", "pause", "resume", "stop", "toggle", "status", "show", "quit"} == COMMANDS


def test_a_request_on_the_wire() -> None:
    assert request_frame(Request("stop")) == b'\x00\x00\x00\x21{"version": 1, "command": "stop"}'


def test_an_answer_with_a_number_that_is_none_is_refused() -> None:
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        with pytest.raises(FrameError):
            parse_answer(b'{"version": 1, "ok": true, "message": "", "status": {"seconds": ' + word + b"}}")


@settings(max_examples=40)
@given(st.booleans(), TEXT, st.dictionaries(TEXT, JSON))
@example(True, "C:\\Aufnahmen\\Gespräch 日本 \udce4.wav", {"save_folder": "\udcff", "nested": {"a": [1, None]}})
def test_an_answer_arrives_as_it_was_sent(ok: bool, message: str, status: dict[str, Any]) -> None:
    assert parse_answer(body_of(answer_frame(Answer(ok, message, status)))) == Answer(ok, message, status)


@given(st.lists(st.integers(1, 9)))
def test_a_frame_may_come_in_pieces(pieces: list[int]) -> None:
    connection = Bytes(request_frame(Request("pause")) + b"rest", pieces)
    assert parse_request(read_frame(connection, 0)) == Request("pause")
    assert connection.data == b"rest"


def test_the_end_in_the_middle_is_told_from_the_end_before_a_word() -> None:
    frame = request_frame(Request("pause"))
    for length in range(len(frame)):
        with pytest.raises(Ended) as caught:
            read_frame(Bytes(frame[:length]), 0)
        assert caught.value.began == (length > 0)


def test_a_long_frame_is_refused_before_any_of_it_is_read() -> None:
    for length in (MAX_BODY + 1, 2**31, 2**32 - 1):
        connection = Bytes(struct.pack("!I", length) + b"x" * 10)
        with pytest.raises(FrameError, match="longer than"):
            read_frame(connection, 0)
        assert len(connection.data) == 10


def test_the_longest_frame_is_taken() -> None:
    longest = packed(b" " * MAX_BODY)
    assert len(body_of(longest)) == MAX_BODY


def test_an_answer_that_is_too_long_is_not_sent() -> None:
    room = MAX_BODY - len(answer_frame(Answer(True, ""))) + 4
    assert len(answer_frame(Answer(True, "x" * room))) == MAX_BODY + 4
    with pytest.raises(FrameError):
        answer_frame(Answer(True, "x" * (room + 1)))


def test_an_answer_that_is_no_json_is_not_sent() -> None:
    with pytest.raises(TypeError):
        answer_frame(Answer(True, "", {"since": object()}))
    with pytest.raises(ValueError, match="JSON"):
        answer_frame(Answer(True, "", {"level": float("nan")}))


def with_fields(**fields: object) -> bytes:
    return json.dumps({"version": VERSION, "command": "stop"} | fields).encode()


STRANGE = {
    "nothing": b"",
    "no JSON": b"stop",
    "cut short": with_fields()[:-1],
    "more after it": with_fields() + b" {}",
    "a byte order mark": b"\xef\xbb\xbf" + with_fields(),
    "UTF-16": with_fields().decode().encode("utf-16-le"),
    "UTF-32": with_fields().decode().encode("utf-32-le"),
    "no UTF-8": b'{"version": 1, "command": "st\xffop"}',
    "a list": b'[1, "stop"]',
    "a text": b'"stop"',
    "a number": b"1",
    "null": b"null",
    "nothing in it": b"{}",
    "no version": b'{"command": "stop"}',
    "no command": b'{"version": 1}',
    "another field": with_fields(save_folder="/"),
    "a name twice": b'{"version": 1, "command": "status", "command": "stop"}',
    "an unknown command": with_fields(command="record"),
    "capitals": with_fields(command="STOP"),
    "no text as a command": with_fields(command=1),
    "a list as a command": with_fields(command=["stop"]),
    "an object as a command": with_fields(command={"stop": 1}),
    "half a character": b'{"version": 1, "command": "\\ud800"}',
    "a text as version": with_fields(version="1"),
    "true as version": with_fields(version=True),
    "a fraction as version": with_fields(version=1.0),
    "NaN": b'{"version": NaN, "command": "stop"}',
    "Infinity": b'{"version": 1, "command": -Infinity}',
    "a number without end": b'{"version": ' + b"9" * 60_000 + b', "command": "stop"}',
    "a great number": with_fields(version=10**4000),
    "a great exponent": b'{"version": 1e99999, "command": "stop"}',
    "lists in lists": b"[" * MAX_BODY,
    "objects in objects": b'{"version":' * 5000,
    "deep and whole": b'{"version": 1, "command": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_request_is_refused(body: bytes) -> None:
    with pytest.raises(FrameError):
        parse_request(body)
    with pytest.raises(FrameError):
        parse_answer(body)


def test_another_version_is_called_so() -> None:
    with pytest.raises(FrameError, match="another version"):
        parse_request(with_fields(version=VERSION + 1, command="newer", more=1))


@pytest.mark.parametrize(
    "fields", [{"ok": 1}, {"ok": None}, {"message": 5}, {"status": []}, {"status": None}, {"a": 1}]
)
def test_an_answer_with_a_wrong_field_is_refused(fields: dict[str, object]) -> None:
    good = {"version": VERSION, "ok": True, "message": "", "status": {}}
    assert parse_answer(json.dumps(good).encode()) == Answer(True, "")
    with pytest.raises(FrameError):
        parse_answer(json.dumps(good | fields).encode())


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_is_refused_or_a_command_that_we_know(body: bytes) -> None:
    try:
        found = parse_request(body).command
    except FrameError:
        return
    assert json.loads(body) == {"version": VERSION, "command": found}
    assert found in COMMANDS


@given(
    st.sampled_from(sorted(COMMANDS)),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_a_damaged_request_is_refused_or_another_good_one(command: str, damage: list[tuple[int, int]]) -> None:
    frame = bytearray(request_frame(Request(command)))
    for place, value in damage:
        frame[place % len(frame)] = value
    with contextlib.suppress(FrameError):
        assert parse_request(read_frame(Bytes(bytes(frame)), 0)).command in COMMANDS
