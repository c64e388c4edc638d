"""The policy of looking, opening and waiting, with the clock handed in."""

from __future__ import annotations

from dataclasses import replace

from tray_app.capture.base import Source
from tray_app.recorder.follow import CHECK, DEBOUNCE, RETRY, Follower, Step, target

SPEAKERS = Source("speakers", "Speakers", "loopback", "fake", 48000, 2, default=True)
HEADSET = Source("headset", "Headset", "loopback", "fake", 48000, 2)


def running(*, follows: bool = True, reported: bool = True) -> Follower:
    follower = Follower(follows, reported)
    follower.opened(SPEAKERS, 0.0)
    return follower


def due_at(follower: Follower, until: float = 10.0) -> float | None:
    """The time in tenths of a second at which a look is due, None when none is until then."""
    for tenth in range(round(until * 10) + 1):
        if follower.due(tenth / 10) is Step.LOOK:
            return tenth / 10
    return None


def test_nothing_is_looked_at_while_nothing_is_reported() -> None:
    assert due_at(running()) is None
    assert due_at(running(follows=False)) is None


def test_without_reports_a_followed_default_is_looked_at_and_a_pinned_source_is_not() -> None:
    assert due_at(running(reported=False)) == CHECK
    assert due_at(running(reported=False, follows=False)) is None


def test_a_pinned_source_is_not_looked_at_while_it_runs_whatever_is_reported() -> None:
    follower = running(follows=False)
    follower.changed(1.0)
    assert due_at(follower) is None
    follower.lost(11.0)
    follower.changed(11.1)
    assert follower.due(11.1 + DEBOUNCE) is Step.LOOK


def test_many_reports_settle_to_one_look() -> None:
    follower = running()
    for hundredth in range(20):
        follower.changed(1.0 + hundredth / 100)
        assert follower.due(1.0 + hundredth / 100) is Step.NOTHING
    assert follower.due(1.19 + DEBOUNCE) is Step.LOOK
    assert follower.due(5.0) is Step.NOTHING, "one look at a time"


def test_only_another_id_rate_or_channel_count_is_opened() -> None:
    for other in (replace(SPEAKERS, name="renamed"), replace(SPEAKERS, default=False), SPEAKERS):
        assert running().found(other, 1.0) is Step.NOTHING
    for other in (HEADSET, replace(SPEAKERS, rate=44100), replace(SPEAKERS, channels=6)):
        assert running().found(other, 1.0) is Step.OPEN


def test_what_is_reported_while_a_source_is_opened_is_looked_at_afterwards() -> None:
    """A headset that is plugged in becomes the default while the speakers' new format is opened."""
    follower = running()
    follower.changed(1.0)
    assert follower.due(1.0 + DEBOUNCE) is Step.LOOK
    assert follower.found(replace(SPEAKERS, rate=44100), 1.3) is Step.OPEN
    follower.changed(1.4)
    follower.opened(replace(SPEAKERS, rate=44100), 1.5)
    assert follower.due(1.4 + DEBOUNCE) is Step.LOOK
    assert follower.found(HEADSET, 1.7) is Step.OPEN


def test_what_is_reported_while_it_is_looked_is_looked_at_afterwards() -> None:
    follower = running()
    follower.changed(1.0)
    assert follower.due(1.0 + DEBOUNCE) is Step.LOOK
    follower.changed(1.26)
    assert follower.found(SPEAKERS, 1.27) is Step.NOTHING
    assert follower.due(1.26 + DEBOUNCE) is Step.LOOK


def test_a_lost_source_is_looked_for_until_it_is_back() -> None:
    follower = running(follows=False)
    follower.lost(1.0)
    assert follower.due(1.0 + DEBOUNCE) is Step.LOOK
    assert follower.found(None, 1.3) is Step.NOTHING
    assert follower.due(1.3 + RETRY - 0.01) is Step.NOTHING
    assert follower.due(1.3 + RETRY) is Step.LOOK
    assert follower.found(SPEAKERS, 1.9) is Step.OPEN
    follower.failed(2.0)
    assert follower.due(2.0 + RETRY) is Step.LOOK


def test_a_default_that_is_gone_for_now_leaves_the_running_stream() -> None:
    follower = running()
    follower.changed(1.0)
    assert follower.due(1.0 + DEBOUNCE) is Step.LOOK
    assert follower.found(None, 1.3) is Step.NOTHING
    assert follower.open_source == SPEAKERS
    assert follower.due(1.3 + RETRY) is Step.LOOK


def test_the_default_is_the_target_of_one_that_follows_and_the_id_of_one_that_does_not() -> None:
    sources = [replace(SPEAKERS, default=False), replace(HEADSET, default=True)]
    assert target(sources, SPEAKERS, follows=True) == sources[1]
    assert target(sources, SPEAKERS, follows=False) == sources[0]
    assert target(sources[1:], SPEAKERS, follows=False) is None
    assert target(sources[:1], SPEAKERS, follows=True) is None
