"""What notifications say, and that a matter is told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.events import DiskLow, JobFinished, Problem, StateChanged, TakeDiscarded, Unheard
from tray_app.notices import AGAIN, Notices, Told, describe
from tray_app.recorder.quiet import FORGOTTEN, NOTHING_HEARD, Quiet
from tray_app.sentences.forms import Notice
from tray_app.states import State
from tray_app.tray.tray import MAX_TEXT, MAX_TITLE
from tray_app.welcome import is_first_start, welcome

TAKE = Path("takes/talk.wav")
SAVED = JobFinished("talk", TAKE, Path("takes/originals/talk.wav"), seconds=185.0, kept_seconds=123.0)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("event", "title", "text"),
    [
        (SAVED, "Recording saved", "talk.wav, 2:03 without silence; 3:05 were recorded, 1:02 were silence."),
        (JobFinished("talk", None, TAKE, seconds=5.0, kept_seconds=5.0), "Recording saved", "talk.wav, 5.0 s."),
        (
            JobFinished("talk", None, TAKE, heard=False, seconds=5.0),
            "Recording saved",
            "Nothing was heard in talk (5.0 s), so there is no trimmed file. The original is kept.",
        ),
        (
            JobFinished("talk", TAKE, None, recovered=True, seconds=9.0, kept_seconds=8.0),
            "Recording recovered",
            "talk.wav, 8.0 s without silence; 9.0 s were recorded, 1.0 s were silence.",
        ),
        (TakeDiscarded("talk"), "Recording discarded", "talk is in the recycle bin."),
        (
            Unheard(15.0, from_start=True),
            "Nothing is heard",
            "Nothing has been heard yet. Is this the source that plays?",
        ),
        (
            Unheard(1800.0),
            "Nothing is heard",
            "Nothing has been heard for 30 minutes. The recording goes on.",
        ),
        (
            DiskLow(12.7, 812),
            "The disk is nearly full",
            "There is room for about 12 minutes (812 MB free). Then the recording ends, and is kept.",
        ),
        (
            DiskLow(0.4, 501),
            "The disk is nearly full",
            "There is room for less than a minute (501 MB free). Then the recording ends, and is kept.",
        ),
        (Problem("Headset is gone."), "Tray Recorder", "Headset is gone."),
        (Problem("talk is safe.", fatal=True), "A recording needs your attention", "talk is safe."),
    ],
)
def test_what_is_said(event: Told, title: str, text: str) -> None:
    assert Notices().of(event) == Notice(title, text)


def test_a_found_threshold_is_told() -> None:
    facts = {"rule": {"silence_thresh": -52.3, "auto": True}}
    done = JobFinished("talk", TAKE, None, seconds=100, kept_seconds=70, facts=facts)
    told = "were recorded, 30.0 s were silence. Silence was at most −52.3 dBFS (found)."
    assert describe(done).endswith(told)
    assert describe(replace(done, kept_seconds=100)).endswith("1:40. Silence was at most −52.3 dBFS (found).")
    fixed = replace(done, facts={"rule": {"silence_thresh": -40.0, "auto": False}})
    assert "dBFS" not in describe(fixed) + describe(replace(done, facts={"rule": None}))


@pytest.mark.parametrize(
    "event", [Unheard(0.0), StateChanged(State.RECORDING, source="Speakers"), StateChanged(State.IDLE)]
)
def test_what_is_not_worth_a_word(event: Told) -> None:
    assert Notices().of(event) is None


def test_a_device_that_is_back() -> None:
    notices = Notices()
    assert notices.of(StateChanged(State.RECORDING, waiting=True, source="Headset")) is None
    back = notices.of(StateChanged(State.RECORDING, source="Headset"))
    assert back is not None
    assert back.text == "Headset is there again, and is being recorded. The time without it holds silence."
    assert notices.of(StateChanged(State.RECORDING, source="Headset")) is None
    notices.of(StateChanged(State.RECORDING, waiting=True, source="Headset"))
    notices.of(StateChanged(State.IDLE))
    assert notices.of(StateChanged(State.RECORDING, source="Headset")) is None


def test_a_loose_plug_is_told_once_a_minute() -> None:
    clock = Clock()
    notices = Notices(clock)
    told = []
    for second in range(0, 300, 3):
        clock.now = second
        told.append(notices.of(Problem("Headset is gone.")))
    # It is told again only after it has been quiet for a minute.
    assert sum(notice is not None for notice in told) == 1
    clock.now += AGAIN
    assert notices.of(Problem("Headset is gone.")) is not None


def test_a_new_take_tells_again() -> None:
    notices = Notices(Clock())
    assert notices.of(Problem("The output is used by another program."))
    assert not notices.of(Problem("The output is used by another program."))
    notices.begins()
    assert notices.of(Problem("The output is used by another program."))


@pytest.mark.parametrize("takes", [0, 1, 2, 40])
def test_many_recovered_takes_are_one_matter(takes: int) -> None:
    notices = Notices(Clock())
    told: Sequence[Notice | None] = [notices.recovers(takes)]
    told = [*told, *(notices.of(JobFinished(f"t{i}", TAKE, None, recovered=True)) for i in range(takes))]
    assert sum(notice is not None for notice in told) == min(takes, 1)


# Nothing is heard


def said(peaks: Sequence[tuple[float, int]], threshold: float = -40.0) -> list[tuple[int, Unheard]]:
    """Return what is said, and when, of peaks that each last so many seconds; a look a second."""
    quiet, second, told = Quiet(threshold), 0, []
    for peak, lasts in peaks:
        for _ in range(lasts):
            second += 1
            event = quiet.hears(peak, second)
            told += [(second, event)] if event else []
    return told


DIGITAL = float("-inf")


def test_a_source_that_is_silent_from_the_start_is_told_once() -> None:
    assert said([(DIGITAL, 600)]) == [(15, Unheard(NOTHING_HEARD, from_start=True))]
    assert said([(DIGITAL, 20), (-20.0, 1), (DIGITAL, 600)]) == [
        (15, Unheard(NOTHING_HEARD, from_start=True)),
        (21, Unheard(0.0)),
    ]
    assert said([(-20.0, 1), (DIGITAL, 600)]) == []


def test_half_an_hour_without_sound_is_told_once_until_something_is_heard() -> None:
    hush = 4000
    assert said([(-20.0, 10), (-50.0, hush), (-20.0, 5), (DIGITAL, hush)]) == [
        (10 + FORGOTTEN, Unheard(FORGOTTEN)),
        (11 + hush, Unheard(0.0)),
        (15 + hush + FORGOTTEN, Unheard(FORGOTTEN)),
    ]
    assert said([(DIGITAL, 4000)]) == [
        (15, Unheard(NOTHING_HEARD, from_start=True)),
        (1800, Unheard(FORGOTTEN, from_start=True)),
    ]


@given(st.lists(st.tuples(st.sampled_from([DIGITAL, -90.0, -40.0, -39.0, 0.0]), st.integers(1, 2500)), max_size=6))
def test_it_never_nags(peaks: list[tuple[float, int]]) -> None:
    told = [event for _, event in said(peaks)]
    loud = sum(peak > -40 for peak, _ in peaks)
    assert sum(event.from_start and event.seconds == NOTHING_HEARD for event in told) <= 1
    assert sum(event.seconds == FORGOTTEN for event in told) <= loud + 2
    assert sum(event.seconds == 0 for event in told) <= loud + 1


# The first start


def test_the_first_start_is_one(tmp_path: Path) -> None:
    from tray_app.disk import Disk

    mark = tmp_path / "state" / "welcomed"
    assert is_first_start(Disk(), mark)
    assert not is_first_start(Disk(), mark)
    (tmp_path / "file").touch()
    assert not is_first_start(Disk(), tmp_path / "file" / "welcomed")


@pytest.mark.parametrize("system", ["win32", "linux", "darwin"])
@pytest.mark.parametrize("click_starts", [True, False])
def test_the_welcome_says_where_what_and_whom(system: str, click_starts: bool) -> None:
    notice = welcome(click_starts=click_starts, system=system)
    assert len(notice.title) <= MAX_TITLE
    assert len(notice.text) <= MAX_TEXT
    assert "icon is" in notice.text
    assert ("A click starts a recording" in notice.text) == click_starts
    assert "It records what you hear, not what you say." in notice.text
