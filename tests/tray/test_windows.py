"""The tray on pystray's own Windows code, over played functions of Windows: every system can run this."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.effort import tenth
from tests.sound import wait_until
from tests.tray.fake_windows import NIF_SHOWTIP, NIF_TIP, NIM_MODIFY, WM_RBUTTONUP, FakeWindows
from tests.tray.running import Running, running
from tests.tray.seen import RECORDING, bits, labels, show
from tests.tray.views import at_home, chosen, recording
from tray_app.states import State
from tray_app.tray.icon import picture
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action, Look, View, look


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
