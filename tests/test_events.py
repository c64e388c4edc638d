from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tray_app.events import (
    Event,
    EventBus,
    Gap,
    JobFinished,
    JobProgress,
    Level,
    Problem,
    StateChanged,
)
from tray_app.states import State


def recording_bus() -> tuple[EventBus, list[Event]]:
    bus = EventBus()
    seen: list[Event] = []
    bus.listen(StateChanged, seen.append)
    bus.listen(Level, seen.append)
    bus.listen(Gap, seen.append)
    bus.listen(JobProgress, seen.append)
    bus.listen(JobFinished, seen.append)
    bus.listen(Problem, seen.append)
    return bus, seen


def test_every_kind_reaches_its_listeners_only() -> None:
    bus = EventBus()
    first: list[Gap] = []
    second: list[Gap] = []
    problems: list[Problem] = []
    bus.listen(Gap, first.append)
    bus.listen(Gap, second.append)
    bus.listen(Problem, problems.append)
    bus.post(Gap(1, 2))
    bus.post(StateChanged(State.IDLE))
    assert bus.deliver(0) is True
    assert first == second == [Gap(1, 2)]
    assert problems == []


def test_deliver_tells_whether_there_was_anything_and_waits_no_longer() -> None:
    bus, seen = recording_bus()
    began = time.monotonic()
    assert bus.deliver(0.05) is False
    assert 0.04 <= time.monotonic() - began < 5
    assert seen == []


def test_deliver_wakes_for_what_is_posted() -> None:
    bus, seen = recording_bus()
    poster = threading.Timer(0.05, bus.post, [Problem("x")])
    poster.start()
    began = time.monotonic()
    assert bus.deliver(60) is True
    assert time.monotonic() - began < 30
    assert seen == [Problem("x")]
    poster.join()


EVENTS = st.one_of(
    st.builds(Gap, st.integers(0, 9), st.integers(1, 9), st.booleans()),
    st.builds(StateChanged, st.sampled_from(list(State))),
    st.builds(Problem, st.text(max_size=3)),
    st.builds(JobFinished, st.just("x"), st.none(), st.none()),
    st.builds(Level, st.floats(-90, 0), st.floats(0, 9)),
    st.builds(JobProgress, st.just("x"), st.floats(0, 1)),
)


def is_passing(event: Event) -> bool:
    return isinstance(event, Level | JobProgress)


@hypothesis_settings(deadline=None)
@given(events=st.lists(EVENTS, max_size=40))
def test_order_is_kept_and_only_levels_and_progress_are_replaced(events: list[Event]) -> None:
    bus, seen = recording_bus()
    for event in events:
        bus.post(event)
    bus.deliver(0)
    assert [event for event in seen if not is_passing(event)] == [event for event in events if not is_passing(event)]
    rest = iter(events)
    assert all(any(event is posted for posted in rest) for event in seen)
    for kind in (Level, JobProgress):
        newest = [event for event in events if isinstance(event, kind)][-1:]
        assert [event for event in seen if isinstance(event, kind)][-1:] == newest


def test_a_loop_that_is_away_does_not_let_memory_grow() -> None:
    bus, seen = recording_bus()
    for number in range(10_000):
        bus.post(Level(-number / 100, number))
    bus.deliver(0)
    assert seen == [Level(-99.99, 9999)]


def test_posting_from_many_threads_loses_nothing_and_keeps_each_ones_order() -> None:
    bus, seen = recording_bus()

    def post(who: int) -> None:
        for number in range(2000):
            bus.post(Gap(who, number))

    threads = [threading.Thread(target=post, args=[who]) for who in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        bus.deliver(0.01)
    bus.deliver(0)
    gaps = [event for event in seen if isinstance(event, Gap)]
    assert len(gaps) == 16_000
    for who in range(8):
        assert [gap.frames for gap in gaps if gap.start == who] == list(range(2000))


def test_a_slow_listener_holds_nobody_who_posts() -> None:
    bus = EventBus()
    entered, leave = threading.Event(), threading.Event()

    def slow(_: Problem) -> None:
        entered.set()
        assert leave.wait(30)

    bus.listen(Problem, slow)
    bus.post(Problem("slow"))
    loop = threading.Thread(target=bus.deliver, args=[30])
    loop.start()
    assert entered.wait(30)
    began = time.monotonic()
    for number in range(1000):
        bus.post(Gap(number, 1))
    assert time.monotonic() - began < 5
    leave.set()
    loop.join(30)
    assert not loop.is_alive()


def test_a_listener_may_post() -> None:
    bus, seen = recording_bus()
    bus.listen(Gap, lambda gap: bus.post(Problem(str(gap.frames))))
    bus.post(Gap(0, 7))
    bus.deliver(0)
    bus.deliver(0)
    assert seen == [Gap(0, 7), Problem("7")]


def test_wake_ends_a_wait_that_has_no_end() -> None:
    bus, seen = recording_bus()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(bus.deliver(None)), daemon=True)
    thread.start()
    bus.wake()
    thread.join(10)
    assert woken == [False]
    assert seen == []


def test_wake_before_the_wait_counts_once() -> None:
    bus, _ = recording_bus()
    bus.wake()
    assert bus.deliver(None) is False
    bus.post(Gap(1, 2))
    assert bus.deliver(None) is True
