"""The queue between the device's thread and the recorder's."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest

from tests.sound import wait_until
from tray_app.capture.base import Chunk
from tray_app.recorder.inbox import Inbox


def chunk(frames: int = 512, at: float = 0.0) -> Chunk:
    return Chunk(np.zeros((frames, 2), np.float32), at)


def test_all_of_a_kind_comes_in_its_order_and_what_is_told_before_the_chunks() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    for number in range(5):
        inbox.offer(chunk(at=number), "stream")
        inbox.post(f"said {number}")
    got = [inbox.get(1.0) for _ in range(10)]
    assert got[:5] == [f"said {number}" for number in range(5)]
    assert [one[1].time for one in got[5:] if isinstance(one, tuple)] == list(range(5))
    assert inbox.get(0) is None


def test_before_a_moment_comes_what_began_before_it_and_the_rest_stays() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    for number in range(5):
        inbox.offer(chunk(at=number), "stream")
    waits = [chunk(at=number) for number in range(5, 10)]

    def collect() -> None:
        while waits:
            inbox.offer(waits.pop(0), "stream")

    inbox.ask(collect)
    assert [one.time for _, one in inbox.before(7.0)] == list(range(7))
    rest = [inbox.get(0) for _ in range(3)]
    assert [one[1].time for one in rest if isinstance(one, tuple)] == [7, 8, 9]
    assert inbox.get(0) is None


def test_a_stream_that_does_not_deliver_by_itself_is_asked_after_every_nap_until_another_is_open() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    asked = itertools.count()
    inbox.ask(lambda: inbox.offer(chunk(at=next(asked)), "stream"))
    got = [inbox.get(5), inbox.get(5)]
    assert [one[1].time for one in got if isinstance(one, tuple)] == [0, 1]
    inbox.ask(None)
    assert inbox.get(0.1) is None


def test_what_is_told_is_not_kept_waiting_by_the_stream() -> None:
    inbox = Inbox()
    inbox.begin(48_000, 2, "stream")
    inbox.ask(lambda: pytest.fail("asked before what is told was given"))
    inbox.post("said")
    assert inbox.get(1.0) == "said"


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


def test_what_is_dropped_is_one_piece_though_a_shorter_chunk_would_fit() -> None:
    inbox = Inbox()
    inbox.begin(512, 2, "stream")
    for frames in (5000, 512, 30, 30):
        inbox.offer(chunk(frames), "stream")
    assert inbox.dropped == 512 + 60
    assert inbox.get(0) is not None
    inbox.offer(chunk(30), "stream")
    taken = inbox.get(0)
    assert isinstance(taken, tuple)
    assert taken[1].dropped == 512 + 60
