"""The end of the session, where the system only asks and tells: what is done then, and what is not."""

from __future__ import annotations

import threading

import pytest

from tray_app.desktop.session import Answers, SessionEnd, console_closing

WINDOW = 7


class Screen:
    """What the system shows: the windows that it waits for."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.waits_for: set[int] = set()

    def show(self, window: int) -> None:
        if self.broken:
            raise OSError("no reason")
        self.waits_for.add(window)

    def withdraw(self, window: int) -> None:
        self.waits_for.discard(window)


class Desk:
    """A program that may be busy, and how often it was finished."""

    def __init__(self, screen: Screen, busy: bool = True) -> None:
        self.screen, self.busy = screen, busy
        self.finished: list[set[int]] = []
        self.fails = False
        self.answers = Answers(self.is_busy, self.finish, screen)

    def is_busy(self) -> bool:
        if self.fails:
            raise RuntimeError("who knows")
        return self.busy

    def finish(self) -> None:
        self.finished.append(set(self.screen.waits_for))
        if self.fails:
            raise RuntimeError("full")


def test_asked_while_busy_the_screen_says_why_until_it_is_finished() -> None:
    desk = Desk(Screen())
    desk.answers.asked(WINDOW)
    assert desk.screen.waits_for == {WINDOW}
    assert desk.finished == []
    desk.answers.told(WINDOW, ends=True)
    assert desk.finished == [{WINDOW}]
    assert desk.screen.waits_for == set()


def test_cancelled_it_goes_on_and_works_the_next_time() -> None:
    desk = Desk(Screen())
    for _ in range(2):
        desk.answers.asked(WINDOW)
        desk.answers.told(WINDOW, ends=False)
        assert (desk.finished, desk.screen.waits_for) == ([], set())
    desk.answers.asked(WINDOW)
    desk.answers.told(WINDOW, ends=True)
    assert desk.finished == [{WINDOW}]


def test_it_finishes_once() -> None:
    desk = Desk(Screen())
    desk.answers.asked(WINDOW)
    desk.answers.told(WINDOW, ends=True)
    desk.answers.asked(WINDOW)
    assert desk.screen.waits_for == set()
    desk.answers.told(WINDOW, ends=True)
    assert len(desk.finished) == 1


def test_idle_shows_no_reason_and_is_finished_all_the_same() -> None:
    desk = Desk(Screen(), busy=False)
    desk.answers.asked(WINDOW)
    assert desk.screen.waits_for == set()
    desk.answers.told(WINDOW, ends=True)
    assert desk.finished == [set()]


def test_what_fails_is_logged_and_keeps_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Screen())
    desk.answers.asked(WINDOW)
    desk.fails = True
    desk.answers.asked(WINDOW)
    desk.answers.told(WINDOW, ends=True)
    assert desk.screen.waits_for == set()
    assert "who knows" in caplog.text
    assert "full" in caplog.text


def test_a_reason_that_cannot_be_shown_does_not_keep_from_finishing(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Screen(broken=True))
    desk.answers.asked(WINDOW)
    desk.answers.told(WINDOW, ends=True)
    assert desk.finished == [set()]
    assert "no reason" in caplog.text


@pytest.mark.posix("on Windows it does something, see windows/test_session.py")
def test_elsewhere_nothing_is_done() -> None:
    def fail() -> None:
        raise AssertionError("finished")

    before = threading.active_count()
    with SessionEnd(lambda: True, fail), console_closing(fail):
        assert threading.active_count() == before
