"""The queue between the device's thread and the recorder's."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from tests.sound import wait_until
from tray_app.capture.base import Chunk
from tray_app.recorder.inbox import Inbox


def chunk(frames: int = 512, at: float = 0.0) -> Chunk:
    return Chunk(np.zeros((frames, 2), np.float32), at)


def test_everything_comes_in_its_order() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    sent: list[object] = []
    for number in range(5):
        sent += [("stream", chunk(at=number)), f"said {number}"]
        inbox.offer(chunk(at=number), "stream")
        inbox.post(f"said {number}")
    got = [inbox.get(1.0) for _ in sent]
    assert [one[1].time if isinstance(one, tuple) else one for one in got] == [
        one[1].time if isinstance(one, tuple) else one for one in sent
    ]
    assert inbox.get(0) is None


@pytest.mark.parametrize("what", ["a chunk", "a message"])
def test_who_sleeps_is_given_what_comes(what: str) -> None:
    """A chunk does not wake the thread, but is not slept through either."""
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    got: list[object] = []
    taker = threading.Thread(target=lambda: got.append(inbox.get(10)))
    taker.start()
    if what == "a chunk":
        inbox.offer(chunk(), "stream")
    else:
        inbox.post("said")
    taker.join(9)
    assert len(got) == 1
    assert got[0] is not None


def test_one_who_waits_in_vain_is_told_so() -> None:
    inbox = Inbox()
    inbox.post("said")
    assert inbox.get(0.1) == "said"
    assert [inbox.get(0.1), inbox.get(0), inbox.get(0.01)] == [None, None, None]


def test_chunks_that_nobody_takes_are_dropped_and_counted() -> None:
    inbox = Inbox()
    inbox.begin(512, 2, "stream")
    for _ in range(13):
        inbox.offer(chunk(), "stream")
    taken = []
    while (message := inbox.get(0)) is not None:
        assert isinstance(message, tuple)
        taken.append(message[1])
    assert len(taken) == 10
    inbox.offer(chunk(), "stream")
    last = inbox.get(0)
    assert isinstance(last, tuple)
    assert last[1].dropped == 3 * 512


def test_nothing_is_lost_between_a_fast_device_and_a_thread_that_naps() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")

    def deliver() -> None:
        for number in range(900):
            inbox.offer(chunk(at=number), "stream")

    device = threading.Thread(target=deliver)
    device.start()
    times: list[float] = []

    def take() -> bool:
        while isinstance(message := inbox.get(0.05), tuple):
            times.append(message[1].time)
        return len(times) == 900

    wait_until(take, 10, "all are taken")
    device.join()
    assert times == list(range(900))
