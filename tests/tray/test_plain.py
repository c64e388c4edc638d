"""The tray on systems other than Windows, over a played back end of pystray."""

from __future__ import annotations

import importlib
import itertools
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sound import wait_until
from tests.tray.playing import fresh_modules
from tests.tray.running import Running, running
from tray_app.states import State
from tray_app.tray.host import TrayUnavailableError
from tray_app.tray.icon import picture
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action, Look, View, look


class Panel:
    """A desktop's panel with one icon, as its back end of pystray sees it. `back_end` is that, once it was made."""

    def __init__(self) -> None:
        self.orders: queue.Queue[str] = queue.Queue()
        self.icon: Any = None
        self.tip = ""
        self.menus = 0
        self.balloons: list[tuple[str, str]] = []
        self.refuses: type[Exception] | None = None
        self.back_end: Any = None

    def labels(self) -> list[str]:
        return [item.text for item in self.back_end.menu]

    def choose(self, label: str) -> None:
        """Choose from the menu, on the loop's thread."""
        assert label in self.labels()
        self.orders.put(label)


def back_end(panel: Panel, base: Any) -> Any:
    """Return a back end that is to pystray what GTK's is: a loop, and calls from any thread."""

    class Icon(base.Icon):  # type: ignore[misc]
        HAS_MENU = True

        def __init__(self, *facts: Any, **more: Any) -> None:
            super().__init__(*facts, **more)
            panel.back_end = self

        def _run(self) -> None:
            self._mark_ready()
            while (order := panel.orders.get()) != "stop":
                if order == "click":
                    self()
                elif order != "die":
                    self._handler(next(item for item in self.menu if item.text == order))()
                else:
                    return

        def _stop(self) -> None:
            panel.orders.put("stop")

        def _show(self) -> None:
            self._check()
            panel.icon, panel.tip = self.icon, self.title

        def _hide(self) -> None:
            panel.icon = None

        def _update_icon(self) -> None:
            self._check()
            self._icon_valid = True
            panel.icon = self.icon

        def _update_title(self) -> None:
            if len(self.title) > 127:
                raise ValueError("too long")
            panel.tip = self.title

        def _update_menu(self) -> None:
            panel.menus += 1

        def _notify(self, message: str, title: str) -> None:
            panel.balloons.append((title, message))

        def _check(self) -> None:
            if panel.refuses:
                raise panel.refuses("the panel has gone")

    return Icon


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("PYSTRAY_BACKEND", "dummy")
    with fresh_modules():
        pystray: Any = importlib.import_module("pystray")
        here = Panel()
        monkeypatch.setattr(pystray, "Icon", back_end(here, importlib.import_module("pystray._base")))
        yield here


@pytest.fixture
def program(panel: Panel) -> Iterator[Running]:
    with running() as program:
        yield program
    wait_until(lambda: "tray" not in {thread.name for thread in threading.enumerate()}, what="the tray's thread ends")


def wait_shown(panel: Panel, view: View, shown: Look) -> None:
    wait_until(
        lambda: panel.icon == picture(shown, 64, False, 0, view.alert) and panel.tip == tooltip(view),
        what=f"{view} in the panel",
    )


@pytest.mark.parametrize("state", State)
def test_each_state_is_shown(state: State, program: Running, panel: Panel) -> None:
    view = View(state, source="B&O", seconds=61, trouble="R&D")
    program.tray.show(view)
    wait_shown(panel, view, look(view))
    wait_until(lambda: "R&D" in panel.labels(), what="the menu, with a plain &")


def test_what_was_said_before_it_ran_is_shown(panel: Panel) -> None:
    program = Running()
    program.tray.show(View(State.PAUSED))
    program.start()
    assert panel.icon == picture(Look.PAUSED, 64)
    program.tray.stop()
    program.wait_ended()


def test_clicks_and_choices_arrive(program: Running, panel: Panel) -> None:
    program.tray.show(View(State.RECORDING))
    wait_until(lambda: "Pause recording" in panel.labels())
    panel.choose("Pause recording")
    panel.choose("Recording")
    panel.choose("Exit")
    panel.orders.put("click")
    program.wait_asked(Action.PAUSE, Action.EXIT, Action.STOP)
    assert threading.get_ident() not in program.threads
    assert len(program.threads) == 1


def test_a_double_click_acts_once(program: Running, panel: Panel) -> None:
    for _ in range(3):
        panel.orders.put("click")
    panel.choose("Exit")
    program.wait_asked(Action.START, Action.EXIT)


def test_a_panel_without_menus_is_no_tray(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["pystray"].Icon, "HAS_MENU", False)
    with pytest.raises(TrayUnavailableError, match="no tray"):
        Tray(lambda action, value: None).run(lambda: pytest.fail("there is nothing to be ready"))
    assert panel.back_end is None


def test_the_menu_is_rebuilt_only_when_it_changed(program: Running, panel: Panel) -> None:
    program.tray.show(View(State.RECORDING))
    wait_until(lambda: "Pause recording" in panel.labels())
    menus = panel.menus
    for seconds in range(5):
        view = View(State.RECORDING, seconds=seconds)
        program.tray.show(view)
        wait_shown(panel, view, Look.RECORDING)
    assert panel.menus == menus


def test_show_does_not_wait_for_the_panel(program: Running, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        held.set()
        assert go_on.wait(10)

    monkeypatch.setattr(panel.back_end, "_check", hang)
    program.tray.show(View(State.RECORDING))
    assert held.wait(10)
    program.tray.show(View(State.PAUSED))
    go_on.set()
    wait_shown(panel, View(State.PAUSED), Look.PAUSED)


def test_nothing_is_done_where_nothing_changes(program: Running, panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = itertools.count()
    monkeypatch.setattr(panel.back_end, "picture_size", lambda: 64 + 0 * next(looks))
    view = View(State.RECORDING)
    for _ in range(3):
        program.tray.show(view)
    wait_shown(panel, view, Look.RECORDING)
    panel.choose("Exit")
    program.wait_asked(Action.EXIT)
    program.tray.stop()
    program.wait_ended()
    assert next(looks) == 1


def test_a_picture_that_is_refused_is_logged_and_the_next_one_shown(
    program: Running, panel: Panel, caplog: pytest.LogCaptureFixture
) -> None:
    panel.refuses = RuntimeError
    program.tray.show(View(State.RECORDING))
    wait_until(lambda: "could not be changed" in caplog.text, what="the log")
    panel.refuses = None
    program.tray.show(View(State.PAUSED))
    wait_shown(panel, View(State.PAUSED), Look.PAUSED)


def test_an_icon_that_cannot_be_shown_is_no_tray(panel: Panel, caplog: pytest.LogCaptureFixture) -> None:
    panel.refuses = RuntimeError
    with pytest.raises(TrayUnavailableError, match="record"):
        Tray(lambda action, value: None).run(lambda: pytest.fail("there is nothing to be ready"))
    assert caplog.records[0].levelno == logging.ERROR


def test_notifications_are_the_panels(program: Running, panel: Panel) -> None:
    program.tray.notify("Saved", "x.wav")
    assert panel.balloons == [("Saved", "x.wav")]
    panel.back_end.HAS_NOTIFICATION = False
    with pytest.raises(OSError, match="balloon"):
        program.tray.notify("Saved", "y.wav")


def test_stop_from_a_handler_and_again(panel: Panel) -> None:
    with running() as program:
        program.does = lambda action: program.tray.stop()
        panel.choose("Exit")
        program.wait_ended()
        program.tray.stop()


def test_stop_from_ready(panel: Panel) -> None:
    tray = Tray(lambda action, value: None)
    tray.run(tray.stop)


def test_stop_before_run_shows_nothing(panel: Panel) -> None:
    tray = Tray(lambda action, value: None)
    tray.stop()
    tray.run(lambda: pytest.fail("there is nothing to be ready"))
    assert panel.back_end is None


def test_a_loop_that_ends_by_itself_is_told(panel: Panel) -> None:
    program = Running()
    program.start()
    panel.orders.put("die")
    program.wait_ended()
    assert isinstance(program.raised[0], TrayUnavailableError)


@pytest.mark.posix("Windows always has a desktop")
def test_no_desktop_is_said_in_a_line() -> None:
    code = (
        "from tray_app.tray.host import TrayUnavailableError\n"
        "from tray_app.tray.tray import Tray\n"
        "try:\n"
        "    Tray(lambda action, value: None).run(lambda: None)\n"
        "except TrayUnavailableError as error:\n"
        "    print(error); print(error.exit_status); print(bool(error.detail))\n"
    )
    environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, timeout=60)
    told = "There is no tray in this session, which has no desktop. Record in the terminal with `tray-recorder record`."
    assert (done.stdout.splitlines(), done.stderr) == ([told, "1", "True"], "")
