"""The tray on pystray's own Windows code, over played functions of Windows: every system can run this."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.effort import tenth
from tests.sound import wait_until
from tests.tray.fake_windows import (
    ICON_AT,
    MOUSE_AT,
    NIF_ICON,
    NIF_SHOWTIP,
    NIF_TIP,
    NIM_ADD,
    NIM_MODIFY,
    TASKBAR_CREATED,
    WM_CLOSE,
    WM_DISPLAYCHANGE,
    WM_QUERYENDSESSION,
    WM_RBUTTONUP,
    Entry,
    FakeWindows,
    played,
)
from tests.tray.running import Running, running
from tests.tray.views import at_home, chosen, recording
from tray_app.states import State
from tray_app.tray.host import TrayUnavailableError
from tray_app.tray.icon import picture
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action, Look, View, look

RECORDING = View(State.RECORDING, source="Speakers", since=datetime(2026, 11, 24, 14, 3))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    """A Windows that finds no fault in the end, and to which nothing is owed."""
    with played(FakeWindows(double_click_ms=0), monkeypatch) as system:
        yield system
        assert system.faults == []
        assert system.left_over == {}
        assert system.timers == {}


@pytest.fixture
def program(windows: FakeWindows) -> Iterator[Running]:
    with running() as program:
        yield program


def show(program: Running, windows: FakeWindows, view: View) -> None:
    program.tray.show(view)
    windows.settle()


def labels(menu: list[Entry]) -> list[str]:
    return ["---" if entry.separator else "*" * entry.default + entry.label for entry in menu]


def bits(look: Look, size: int) -> bytes:
    return picture(look, size).tobytes("raw", "BGRA")


def test_the_icon_shows_what_was_said_before_it_ran(windows: FakeWindows) -> None:
    program = Running()
    program.tray.show(RECORDING)
    program.start()
    windows.settle()
    assert windows.icons[windows.shown.icon] == bits(Look.RECORDING, 16)
    assert windows.shown.tip == "Tray Recorder – Recording 0:00 – Speakers"
    assert labels(windows.menu)[0] == "*Stop recording"
    assert not any(entry.grey for entry in windows.menu)
    program.tray.stop()
    program.wait_ended()
    assert program.raised == []


@pytest.mark.parametrize("state", State)
def test_each_state_has_its_picture_tooltip_and_menu(state: State, program: Running, windows: FakeWindows) -> None:
    view = View(state, source="Speakers", seconds=61)
    show(program, windows, view)
    assert windows.icons[windows.shown.icon] == bits(Look(state.value), 16)
    assert windows.shown.tip == tooltip(view)
    show(program, windows, View(State.RECORDING, waiting=True))
    assert windows.icons[windows.shown.icon] == bits(Look.WAITING, 16)


@pytest.mark.parametrize(
    ("state", "action"),
    [(State.IDLE, Action.START), (State.RECORDING, Action.STOP), (State.PAUSED, Action.RESUME)],
)
def test_a_click_does_the_default(state: State, action: Action, program: Running, windows: FakeWindows) -> None:
    show(program, windows, View(state))
    windows.click()
    program.wait_asked(action)


def test_every_item_asks_for_what_it_says(program: Running, windows: FakeWindows) -> None:
    show(program, windows, View(State.PAUSED, autostart=True, trouble="B&O && Co"))
    wanted = {
        "Resume recording": Action.RESUME,
        "Stop recording": Action.STOP,
        "Open recordings folder": Action.OPEN_FOLDER,
        "Start with Windows": Action.AUTOSTART,
        "Start with the desktop": Action.AUTOSTART,
        "Exit": Action.EXIT,
    }
    asked = []
    for label in [entry.label for entry in windows.menu if not entry.separator]:
        windows.open_menu()
        windows.choose(label)
        asked += [wanted[label]] if label in wanted else []
    windows.settle()
    assert program.asked == asked
    assert len(asked) == 5
    assert {"Paused", "B&O && Co"} <= {entry.label for entry in windows.menu}
    assert [entry.checked for entry in windows.menu if entry.label.startswith("Start with")] == [True]


def test_a_menu_that_is_open_stays_and_is_new_afterwards(program: Running, windows: FakeWindows) -> None:
    windows.open_menu()
    show(program, windows, RECORDING)
    show(program, windows, View(State.PAUSED))
    assert windows.open
    assert labels(windows.menu)[0] == "*Start recording"
    assert windows.icons[windows.shown.icon] == bits(Look.PAUSED, 16), "the icon does not wait for the menu"
    windows.choose("Start recording")
    program.wait_asked(Action.START)
    windows.settle()
    assert labels(windows.menu)[0] == "*Resume recording"


def test_clicks_while_the_menu_is_open(program: Running, windows: FakeWindows) -> None:
    windows.open_menu()
    windows.click(WM_RBUTTONUP)
    windows.settle()
    show(program, windows, RECORDING)
    windows.click()
    windows.settle()
    assert windows.open
    assert program.asked == [Action.STOP], "a click does what the icon shows now"
    windows.choose(None)
    windows.settle()
    assert labels(windows.menu)[0] == "*Stop recording"


def test_a_view_shown_by_what_was_chosen_waits_for_nothing(program: Running, windows: FakeWindows) -> None:
    program.does = lambda action: program.tray.show(RECORDING)
    windows.open_menu()
    windows.choose("Start recording")
    program.wait_asked(Action.START)
    windows.settle()
    assert labels(windows.menu)[0] == "*Stop recording"


def test_only_what_differs_is_told_to_windows(program: Running, windows: FakeWindows) -> None:
    show(program, windows, RECORDING)
    windows.told.clear()
    windows.posted.clear()
    menus = windows.menus_made
    for step in range(100):
        show(program, windows, View(State.RECORDING, source="Speakers", since=RECORDING.since, seconds=step / 10))
    assert windows.told == [(NIM_MODIFY, NIF_TIP | NIF_SHOWTIP)] * 9
    assert len(windows.posted) == 9, "the loop is woken only when there is something to show"
    assert windows.menus_made == menus
    show(program, windows, View(State.RECORDING, source="Speakers", since=RECORDING.since, seconds=9.9, autostart=True))
    assert len(windows.told) == 9
    assert windows.menus_made == menus + 1


def test_choosing_does_not_rebuild_the_menu(program: Running, windows: FakeWindows) -> None:
    menus = windows.menus_made
    for _ in range(3):
        windows.open_menu()
        windows.choose("Open recordings folder")
        windows.click()
    windows.settle()
    assert windows.menus_made == menus


def test_a_picture_is_made_once(program: Running, windows: FakeWindows) -> None:
    for _ in range(25):
        for state in State:
            show(program, windows, View(state))
            show(program, windows, View(state, waiting=True))
    assert windows.icons_made == 4
    assert len(windows.icons) == 4


def test_what_an_icon_holds_does_not_grow_with_what_it_shows(program: Running, windows: FakeWindows) -> None:
    """As many handles after all states and levels as after the first of each; no file is ever written."""
    takes = (at_home(), recording(), recording(state=State.PAUSED), recording(waiting=True), at_home(trouble="x"))
    held: list[tuple[int, int]] = []
    for number in range(tenth(1000)):
        show(program, windows, replace(takes[number % 5], seconds=float(number), autostart=number % 7 == 0))
        held.append((len(windows.icons), len(windows.menus)))
    for number in range(tenth(10_000)):
        show(program, windows, recording(seconds=float(number), level=number % 6))
    assert (len(windows.icons), windows.icons_made) == (10, 10)
    # One menu, and the menus in it: never more than a take's menu has.
    assert max(menus for _, menus in held) == max(menus for _, menus in held[:35]) < 20


def test_menus_in_the_menu(program: Running, windows: FakeWindows) -> None:
    show(program, windows, at_home())
    windows.open_menu()
    silence = next(entry for entry in windows.menu if entry.label.startswith("Remove silence"))
    inner = {entry.label: entry for entry in windows.menus[silence.opens]}
    assert (inner["Exact"].checked, inner["Exact"].radio, inner["Speech"].checked) == (True, True, False)
    assert (inner["Remove silence"].checked, inner["Remove silence"].radio) == (True, False)
    levels = {entry.label: entry for entry in windows.menus[inner["Silence is at most: −40 dBFS"].opens]}
    assert (levels["−40 dBFS"].checked, levels["−40 dBFS"].radio, levels["−35 dBFS"].checked) == (True, True, False)
    windows.choose(silence.label, "Silence is at most: −40 dBFS", "−60 dBFS")
    program.wait_asked(Action.CHOOSE)
    windows.open_menu()
    windows.choose("Recent recordings", "1 b.wav", "Open")
    program.wait_asked(Action.CHOOSE, Action.OPEN_FILE)
    assert program.values == ["RECORDER_SILENCE_THRESH=-60", str(Path("takes/b.wav"))]
    fixed = at_home(settings=chosen({"RECORDER_BIT_DEPTH": "16"}))
    show(program, windows, fixed)
    windows.open_menu()
    windows.choose(next(entry.label for entry in windows.menu if entry.label.startswith("Format")), "24 bits")
    windows.settle()
    assert len(program.asked) == 2, "what is set outside asks for nothing"


def test_a_light_taskbar_and_the_level_have_pictures_of_their_own(program: Running, windows: FakeWindows) -> None:
    for view in (at_home(light=True), recording(level=3), recording(level=3, light=True, trouble="x")):
        show(program, windows, view)
        wanted = picture(look(view), 16, view.light, view.level, view.alert)
        assert windows.icons[windows.shown.icon] == wanted.tobytes("raw", "BGRA")


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


@pytest.mark.parametrize("clicks", [2, 3])
def test_a_train_of_clicks_acts_once(clicks: int, windows: FakeWindows) -> None:
    windows.double_click_ms = 60_000
    with running() as program:
        for _ in range(clicks):
            windows.click()
        windows.settle()
        assert program.asked == [Action.START]
        windows.open_menu()
        windows.choose("Start recording")
        program.wait_asked(Action.START, Action.START)


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


def test_an_error_in_the_program_is_logged_and_the_icon_lives_on(
    program: Running, windows: FakeWindows, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(action: Action) -> None:
        raise OSError("no such folder")

    program.does = fail
    windows.open_menu()
    windows.choose("Open recordings folder")
    windows.click()
    program.wait_asked(Action.OPEN_FOLDER, Action.START)
    windows.settle()
    told = [record for record in caplog.records if record.name == "tray_app.tray.tray"]
    assert [record.getMessage().split(",")[0] for record in told] == ["open folder", "start"]
    assert all(record.levelno == logging.ERROR and record.exc_info for record in told)


def test_show_does_not_wait_for_the_loop(program: Running, windows: FakeWindows) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold(action: Action) -> None:
        held.set()
        assert go_on.wait(10)

    program.does = hold
    windows.click()
    assert held.wait(10)
    for seconds in range(1000):
        program.tray.show(View(State.RECORDING, seconds=seconds))
    go_on.set()
    windows.settle()
    assert windows.shown.tip == "Tray Recorder – Recording 16:39"


def test_what_ready_does_holds_nobody(windows: FakeWindows) -> None:
    asked = threading.Event()

    def ready() -> None:
        windows.click()
        assert asked.wait(10)
        tray.stop()

    tray = Tray(lambda action, _value: asked.set())
    tray.run(ready)
    assert asked.is_set()


def test_all_is_asked_on_the_loops_thread(program: Running, windows: FakeWindows) -> None:
    windows.click()
    windows.open_menu()
    windows.choose("Exit")
    program.wait_asked(Action.START, Action.EXIT)
    assert program.threads == {windows._loop}
    assert threading.get_ident() not in program.threads


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


def test_stop_before_run_shows_nothing(windows: FakeWindows) -> None:
    tray = Tray(lambda action, _value: None)
    tray.stop()
    tray.run(lambda: pytest.fail("there is nothing to be ready"))
    assert windows.told == []


def test_stop_while_the_icon_comes_up_is_obeyed(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Running()
    create = windows.CreateWindowExW

    def create_and_stop(*arguments: int) -> int:
        program.tray.stop()
        return create(*arguments)

    windows.CreateWindowExW = create_and_stop  # type: ignore[method-assign, assignment]
    program._thread.start()
    program.wait_ended()
    assert (program.raised, program.ready.is_set(), windows.taskbar) == ([], False, {})


def test_stop_may_come_from_everywhere_and_again(windows: FakeWindows) -> None:
    with running() as program:
        program.does = lambda action: program.tray.stop()
        windows.open_menu()
        windows.choose("Exit")
        program.wait_ended()
        assert program.asked == [Action.EXIT]
        program.tray.stop()
        program.tray.show(RECORDING)


def test_stop_from_ready(windows: FakeWindows) -> None:
    tray = Tray(lambda action, _value: None)
    tray.run(tray.stop)


def test_stop_closes_the_open_menu(program: Running, windows: FakeWindows) -> None:
    windows.open_menu()
    program.tray.stop()
    program.wait_ended()
    assert windows.open is None


def test_a_loop_that_ends_by_itself_is_told(windows: FakeWindows) -> None:
    program = Running()
    program.start()
    windows.post(0x400 + 10)
    program.wait_ended()
    (error,) = program.raised
    assert isinstance(error, TrayUnavailableError)
    assert "record" in str(error)


@pytest.mark.parametrize("function", ["RegisterClassExW", "CreateWindowExW"])
def test_windows_that_cannot_be_made_are_told(
    function: str, windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, function, lambda *facts: 0)
    with pytest.raises(TrayUnavailableError, match="no tray"):
        Tray(lambda action, _value: None).run(lambda: None)
    windows._classes.clear()


def test_show_from_many_threads_ends_with_one_of_the_last(program: Running, windows: FakeWindows) -> None:
    def tell(number: int) -> None:
        for seconds in range(200):
            program.tray.show(View(State.RECORDING, source=f"Device {number}", seconds=seconds))

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    wait_until(lambda: windows.shown.tip.startswith("Tray Recorder – Recording 3:19 – Device "))
