"""What is free against how fast it goes: warned once, ended in time."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from tray_app.recorder.space import AHEAD, WARN_MINUTES, Look, Space

MB = 1_000_000
TAKE = 576_000
"""Bytes a second: 48 kHz, stereo, 24 bits, original and twin."""


def run(space: Space, free: float, seconds: int, rate: float, others: float = 0.0) -> list[Look]:
    """Look every 2 s while the take writes `rate` bytes a second, and `others` write too."""
    return [space.look(at, int(free - at * (rate + others)), int(at * rate)) for at in range(0, seconds, 2)]


def test_a_disk_with_room_is_no_news() -> None:
    assert not any(look.low or look.over for look in run(Space(500 * MB, TAKE), 100_000 * MB, 3600, TAKE))


def test_it_is_said_once_while_there_is_time_and_over_before_the_least_is_reached() -> None:
    looks = run(Space(500 * MB, TAKE), 1600 * MB, 4000, TAKE)
    low = [index for index, look in enumerate(looks) if look.low]
    over = next(index for index, look in enumerate(looks) if look.over)
    assert len(low) == 1
    assert WARN_MINUTES - 0.1 < looks[low[0]].minutes <= WARN_MINUTES
    assert (over - low[0]) * 2 / 60 > WARN_MINUTES - 1, "so much time is left, as was said"
    assert 500 * MB <= looks[over].free <= 500 * MB + TAKE * (AHEAD + 2)


def test_what_silence_saves_and_others_take_is_counted() -> None:
    half = run(Space(0, TAKE), 400 * MB, 60, TAKE / 2)[-1]
    assert math.isclose(half.minutes, half.free / (TAKE / 2) / 60, rel_tol=0.01)
    much = run(Space(0, TAKE), 40_000 * MB, 1200, TAKE, others=10 * MB)[-1]
    assert math.isclose(much.minutes, much.free / (TAKE + 10 * MB) / 60, rel_tol=0.01)


def test_somebody_who_copies_a_large_file_is_no_alarm() -> None:
    space, free = Space(500 * MB, TAKE), 60_000 * MB
    for at in range(0, 3600, 2):
        copying = 1000 < at < 1060
        free -= 2 * TAKE + (2 * 100 * MB if copying else 0)
        look = space.look(at, free, at * TAKE)
        assert not look.low
        assert not look.over


def test_who_fills_the_disk_fast_ends_the_take_in_time() -> None:
    looks = run(Space(500 * MB, TAKE), 3000 * MB, 60, TAKE, others=100 * MB)
    over = next(look for look in looks if look.over)
    assert over.free > 500 * MB


def test_without_a_least_a_take_is_warned_of_and_never_ended() -> None:
    looks = run(Space(0, TAKE), 300 * MB, 600, TAKE)
    assert sum(look.low for look in looks) == 1
    assert not any(look.over for look in looks)


def test_a_disk_that_gets_room_has_for_ever() -> None:
    space = Space(MB, TAKE)
    for at in range(100):
        look = space.look(at, (1000 + at) * MB, 0)
    assert look.minutes == math.inf


@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(0, 10**13), st.integers(0, 10**9)), max_size=50))
def test_any_course_gives_a_number_and_one_warning(course: list[tuple[float, int, int]]) -> None:
    space, now, written, low = Space(500 * MB, TAKE), 0.0, 0, 0
    for seconds, free, more in course:
        now, written = now + seconds, written + more
        look = space.look(now, free, written)
        low += look.low
        assert look.minutes >= 0
        assert look.over or free >= 500 * MB or look.minutes == 0 or look.minutes == math.inf
    assert low <= 1
