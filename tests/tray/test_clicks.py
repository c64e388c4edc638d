from __future__ import annotations

import pytest

from tray_app.tray.clicks import Clicks


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ([0.0], [True]),
        ([0.0, 0.1], [True, False]),
        ([0.0, 0.5], [True, True]),
        ([0.0, 0.499, 0.9], [True, False, False]),
        ([0.0, 0.3, 0.6, 0.9, 1.2, 1.8, 1.9], [True, False, False, False, False, True, False]),
    ],
)
def test_only_the_first_of_a_train_counts(times: list[float], count: list[bool]) -> None:
    clock = iter(times)
    clicks = Clicks(0.5, lambda: next(clock))
    assert [clicks.counts() for _ in times] == count


def test_the_real_clock_is_the_default() -> None:
    clicks = Clicks(60)
    assert [clicks.counts(), clicks.counts()] == [True, False]
    clicks = Clicks(0)
    assert [clicks.counts(), clicks.counts()] == [True, True]
