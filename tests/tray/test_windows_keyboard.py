"""The tray on Windows, played, by the keyboard."""

from __future__ import annotations

import pytest

from tests.sound import wait_until
from tests.tray.fake_windows import ICON_AT, MOUSE_AT, TASKBAR_CREATED, FakeWindows
from tests.tray.running import Running, running
from tests.tray.seen import show
from tests.tray.views import at_home, recording
from tray_app.states import State
from tray_app.tray.view import Action, View

# By the keyboard


@pytest.mark.parametrize("press", ["press_enter", "press_space"])
def test_enter_on_the_icon_does_what_a_click_does(press: str, windows: FakeWindows) -> None:
    windows.double_click_ms = 60_000
    with running() as program:
        getattr(windows, press)()
        windows.settle()
        assert program.asked == [Action.START]
        assert windows.open is None


def test_the_menu_key_opens_the_menu_at_the_icon_and_letters_choose(program: Running, windows: FakeWindows) -> None:
    program.does = lambda action: program.tray.show(View(State.RECORDING if action is Action.START else State.IDLE))
    for _ in range(2):
        windows.press_menu_key()
        wait_until(lambda: windows.open, what="the menu opens")
        assert windows.opened_at == ICON_AT
        windows.press_keys("s")
        windows.settle()
    assert program.asked == [Action.START, Action.STOP]
    show(program, windows, at_home())
    windows.press_menu_key()
    wait_until(lambda: windows.open, what="the menu opens")
    windows.press_keys("c", "1", "f")
    program.wait_asked(Action.START, Action.STOP, Action.SHOW_FILE)
    assert windows.focused == 0, "who has chosen something turns to what comes of it"


def test_escape_gives_the_focus_back_to_the_icon(program: Running, windows: FakeWindows) -> None:
    windows.press_menu_key()
    wait_until(lambda: windows.open, what="the menu opens")
    windows.choose(None)
    windows.settle()
    assert windows.focused == 1
    windows.open_menu()
    windows.in_front = 12345
    windows.choose(None)
    windows.settle()
    assert windows.focused == 1, "who has clicked elsewhere stays there"


def test_the_keyboard_after_the_taskbar_was_started_anew(program: Running, windows: FakeWindows) -> None:
    windows.taskbar.clear()
    windows.post(TASKBAR_CREATED)
    windows.settle()
    windows.press_space()
    program.wait_asked(Action.START)


def test_a_taskbar_that_knows_no_version_4_opens_the_menu_for_every_key(windows: FakeWindows) -> None:
    windows.version = 3
    with running() as program:
        for press in (windows.press_space, windows.press_menu_key, windows.open_menu):
            press()
            wait_until(lambda: windows.open, what="the menu opens")
            assert windows.opened_at == MOUSE_AT
            windows.choose("Start recording")
        windows.click()
        program.wait_asked(*[Action.START] * 4)


def test_a_name_keeps_its_ampersand_and_has_no_key(program: Running, windows: FakeWindows) -> None:
    show(program, windows, recording(waiting=True, source="B&O & Co"))
    (name,) = (entry for entry in windows.menu if "B&O" in entry.label)
    assert (name.label, name.key) == ("Waiting for B&O & Co", "")
    assert {entry.label: entry.key for entry in windows.menu if entry.default} == {"Stop recording": "S"}
