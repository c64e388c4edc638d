"""The icon in Windows' taskbar, played: its sizes, its return, balloons, the session's end."""

from __future__ import annotations

import pytest

from tests.tray.fake_windows import (
    NIF_ICON,
    NIF_SHOWTIP,
    NIM_ADD,
    TASKBAR_CREATED,
    WM_CLOSE,
    WM_DISPLAYCHANGE,
    WM_QUERYENDSESSION,
    FakeWindows,
)
from tests.tray.running import Running, running
from tests.tray.seen import RECORDING, bits, show
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action, Look


@pytest.mark.parametrize(("scale", "size"), [(100, 16), (125, 20), (150, 24), (250, 40)])
def test_pictures_are_as_large_as_the_taskbar_shows_them(scale: int, size: int, windows: FakeWindows) -> None:
    windows.scale = scale
    with running() as program:
        show(program, windows, RECORDING)
        assert windows.icons[windows.shown.icon] == bits(Look.RECORDING, size)


@pytest.mark.parametrize("message", [WM_DISPLAYCHANGE, TASKBAR_CREATED])
def test_another_scale_brings_other_pictures(message: int, program: Running, windows: FakeWindows) -> None:
    windows.scale = 200
    windows.post(message)
    windows.settle()
    assert windows.icons[windows.shown.icon] == bits(Look.IDLE, 32)


def test_an_old_windows_has_sixteen_pixels(windows: FakeWindows) -> None:
    windows.old = True
    with running():
        assert windows.icons[windows.shown.icon] == bits(Look.IDLE, 16)


def test_the_icon_comes_back_with_the_taskbar(program: Running, windows: FakeWindows) -> None:
    show(program, windows, RECORDING)
    windows.taskbar.clear()
    windows.post(TASKBAR_CREATED)
    windows.settle()
    assert windows.icons[windows.shown.icon] == bits(Look.RECORDING, 16)
    assert windows.shown.tip == tooltip(RECORDING)


def test_a_taskbar_that_does_not_answer_is_asked_again(windows: FakeWindows) -> None:
    windows.taskbar_answers = False
    with running() as program:
        assert list(windows.timers.values()) == [1000]
        windows.fire_timers()
        windows.settle()
        assert windows.taskbar == {}
        windows.taskbar_answers = True
        windows.fire_timers()
        windows.settle()
        assert windows.icons[windows.shown.icon] == bits(Look.IDLE, 16)
        assert windows.timers == {}
        windows.taskbar_answers = False
        show(program, windows, RECORDING)
        windows.taskbar_answers = True
        windows.fire_timers()
        windows.settle()
        assert windows.icons[windows.shown.icon] == bits(Look.RECORDING, 16)
        assert windows.shown.tip == tooltip(RECORDING)
        assert windows.timers == {}


def test_an_icon_that_is_there_already_is_not_added_for_ever(program: Running, windows: FakeWindows) -> None:
    windows.post(TASKBAR_CREATED)
    windows.settle()
    assert windows.told[-1] == (NIM_ADD, 7 | NIF_SHOWTIP)
    windows.fire_timers()
    windows.settle()
    assert windows.timers == {}
    assert len(windows.taskbar) == 1


def test_the_first_answer_is_not_waited_for_twice(windows: FakeWindows) -> None:
    """A taskbar that hangs holds each call for seconds, and the program starts only after the first."""
    windows.taskbar_answers = False
    with running():
        assert len([code for code, flags in windows.told if flags & NIF_ICON]) == 1


def test_the_session_may_end(program: Running, windows: FakeWindows) -> None:
    assert [windows.call(window, WM_QUERYENDSESSION) for window in windows.windows] == [1, 1]


def test_being_asked_to_close_is_exit(program: Running, windows: FakeWindows) -> None:
    for window in windows.windows:
        windows.post(WM_CLOSE, window=window)
    program.wait_asked(Action.EXIT)
    windows.open_menu()
    windows.choose("Exit")
    program.wait_asked(Action.EXIT, Action.EXIT)


def test_balloons_have_the_room_that_windows_gives(program: Running, windows: FakeWindows) -> None:
    program.tray.notify("Saved", "one\ntwo\x00")
    program.tray.notify("🎧" * 60, "🎧" * 200)
    program.tray.notify("x" * 64, "y" * 256)
    program.tray.notify("x" * 63, "y" * 255)
    program.tray.notify("Saved", "")
    assert windows.balloons == [
        ("Saved", "one two"),
        ("🎧" * 31 + "…", "🎧" * 127 + "…"),
        ("x" * 62 + "…", "y" * 254 + "…"),
        ("x" * 63, "y" * 255),
        ("Saved", " "),
    ]
    assert windows.shown.tip == "Tray Recorder – Not recording"


def test_a_balloon_that_cannot_be_shown_is_told(program: Running, windows: FakeWindows) -> None:
    windows.taskbar_answers = False
    with pytest.raises(OSError, match="balloon"):
        program.tray.notify("Saved", "x.wav")
    windows.taskbar_answers = True
    assert windows.timers == {}


def test_there_is_no_balloon_without_an_icon(windows: FakeWindows) -> None:
    tray = Tray(lambda action, _value: None)
    with pytest.raises(OSError, match="no icon"):
        tray.notify("Saved", "x.wav")
    with running() as program:
        pass
    with pytest.raises(OSError, match="no icon"):
        program.tray.notify("Saved", "x.wav")
