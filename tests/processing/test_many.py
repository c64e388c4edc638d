"""Several files at once: in order, none after an error, none that goes on when nobody waits for it."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tests.sound import wait_until
from tray_app.processing.behind import Behind
from tray_app.processing.many import at_once
from tray_app.processing.progress import Cancelled


class Work:
    """Holds every item until it is let go, and writes down who is at work."""

    def __init__(self) -> None:
        self.running: set[int] = set()
        self.most = 0
        self.begun: list[int] = []
        self.cancelled: list[int] = []
        self.let_go = [threading.Event() for _ in range(10)]
        self._lock = threading.Lock()

    def __call__(self, item: int, cancelled: Cancelled) -> int:
        with self._lock:
            self.begun.append(item)
            self.running.add(item)
            self.most = max(self.most, len(self.running))
        while not self.let_go[item].wait(0.005):
            if cancelled():
                self.cancelled.append(item)
                break
        with self._lock:
            self.running.discard(item)
        if item == 7:
            raise ValueError("7")
        return item * item


@pytest.mark.parametrize("most", [1, 3, 20])
def test_results_come_in_order(most: int) -> None:
    work = Work()
    for event in reversed(work.let_go):
        event.set()
    assert list(at_once(work, range(7), most)) == [0, 1, 4, 9, 16, 25, 36]
    assert work.most <= most


def test_as_many_at_once_as_asked_for() -> None:
    work = Work()
    found = at_once(work, range(6), 3)
    taker = threading.Thread(target=lambda: list(found))
    taker.start()
    wait_until(lambda: work.running == {0, 1, 2}, 10, "three are at work")
    work.let_go[1].set()
    wait_until(lambda: work.running == {0, 2, 3}, 10, "the next one has begun")
    for event in work.let_go:
        event.set()
    taker.join(10)
    assert work.most == 3


def test_who_looks_away_ends_it() -> None:
    work = Work()
    work.let_go[0].set()
    with contextlib.closing(at_once(work, range(7), 2)) as found:
        assert next(found) == 0
        wait_until(lambda: work.running == {1, 2}, 10, "two more have begun")
    assert work.running == set()
    assert sorted(work.cancelled) == [1, 2]
    assert sorted(work.begun) == [0, 1, 2]


def test_an_error_ends_it() -> None:
    work = Work()
    work.let_go[7].set()
    with pytest.raises(ValueError, match="7"):
        list(at_once(work, [7, 1, 2, 3], 2))
    assert work.running == set()
    assert len(work.begun) < 4


def test_nothing_to_do() -> None:
    assert list(at_once(Work(), [])) == []


class Slow:
    """A disk that takes what it is given when it is let."""

    def __init__(self, fails_at: int = -1) -> None:
        self.taken: list[bytes] = []
        self.gate = threading.Semaphore(0)
        self._fails_at = fails_at
        self._writes = 0

    def write(self, view: memoryview) -> None:
        assert self.gate.acquire(timeout=10)
        self._writes += 1
        if self._writes == self._fails_at + 1:
            raise OSError(28, "No space left on device")
        self.taken.append(bytes(view))


def test_the_writer_does_not_hold_up_who_writes_but_for_the_last_turn() -> None:
    disk = Slow()
    buffer = bytearray(b"one")
    with Behind(disk.write) as behind:
        behind.write(memoryview(buffer))
        behind.turn()
        behind.write(memoryview(b"two"))
        assert disk.taken == []
        disk.gate.release()
        behind.turn()  # returns once `one` is written: its buffer is free, though `two` waits
        assert disk.taken == [b"one"]
        buffer[:] = b"bad"
        disk.gate.release()
        behind.finish()
        assert disk.taken == [b"one", b"two"]


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_what_the_disk_says_comes_out_and_nothing_is_written_after_it(fails_at: int) -> None:
    disk = Slow(fails_at)
    for _ in range(4):
        disk.gate.release()

    def write_all() -> None:
        with Behind(disk.write) as behind:
            for text in (b"a", b"b", b"c", b"d"):
                behind.write(memoryview(text))
                behind.turn()
            behind.finish()

    with pytest.raises(OSError, match="No space"):
        write_all()
    assert disk.taken == [b"a", b"b", b"c"][:fails_at]
    assert not [thread for thread in threading.enumerate() if thread.name == "writer"]


def test_an_error_of_the_last_write_is_not_lost() -> None:
    disk = Slow(0)
    disk.gate.release()
    with Behind(disk.write) as behind:
        behind.write(memoryview(b"a"))
        with pytest.raises(OSError, match="No space"):
            behind.finish()
