"""The tray on Windows itself: a real icon, a real menu, and clicks as the taskbar sends them."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.effort import tenth
from tests.windows.tray_driver import TrayDriver, icons_under_wine, place_of
from tray_app.states import State
from tray_app.tray.view import Action, View

IDLE = ["*&Start recording", "", "Not recording", "", "&Open recordings folder", "", "Start &with Windows", "", "E&xit"]
RECORDING = ["*&Stop recording", "&Pause recording", "", "Recording since 14:03", *IDLE[3:]]
PAUSED = ["*&Resume recording", "&Stop recording", "", "Paused", *IDLE[3:]]


class Sample:
    """The sample program, what it has written, and the hand on its icon."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "said.txt"
        self.temporary = folder / "temp"
        self.temporary.mkdir()
        command = [sys.executable, "-m", "tests.windows.sample_tray_program", str(self.file)]
        environ = {**os.environ, "TEMP": str(self.temporary), "TMP": str(self.temporary)}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, env=environ)
        self.driver = TrayDriver(self.process.pid)
        self._read = 0

    def said(self) -> list[Any]:
        """Return what the program wrote so far, but not what `order` was answered."""
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [word for word in map(json.loads, lines) if word not in ("shown", "notified") and isinstance(word, str)]

    def wait_said(self, *words: str) -> None:
        """Wait until these, and nothing before them, were said since the last time that this was waited for."""
        self.driver.wait(lambda: len(self.said()) >= self._read + len(words), f"{words}, not {self.said()}")
        assert self.said()[self._read :][: len(words)] == list(words)
        self._read += len(words)

    def order(self, **what: Any) -> Any:
        """Have the program do something, and return its answer."""
        before = self._answers()
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        self.driver.wait(lambda: len(self._answers()) > len(before), f"an answer to {what}")
        return self._answers()[-1]

    def _answers(self) -> list[Any]:
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [word for word in map(json.loads, lines) if word in ("shown", "notified") or isinstance(word, list)]

    def begins_with(self, label: str) -> bool:
        """Whether the menu that Windows has now begins with this item."""
        # It may be just going, and have no item any more.
        return bool(self.order(menu=None)[:1] == [label])

    def wait_menu(self, labels: list[str]) -> None:
        """Wait until Windows has this menu."""
        self.driver.wait(lambda: self.order(menu=None) == labels, f"the menu {labels}")

    def wait_ended(self) -> None:
        """Wait until the program has ended of itself, as it should, and left nothing."""
        assert self.process.wait(20) == 0
        self.wait_said("ended")
        self.driver.wait_until_gone()
        assert list(self.temporary.iterdir()) == []


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Sample]:
    sample = Sample(folder)
    try:
        sample.driver.wait_for_icon()
        sample.wait_said("ready")
        yield sample
    finally:
        sample.process.kill()
        sample.process.communicate()
        sample.driver.wait_until_gone()


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[Sample]:
    with started(tmp_path) as sample:
        yield sample


def test_a_recording_by_clicks_and_by_the_menu(sample: Sample) -> None:
    driver = sample.driver
    sample.wait_menu(IDLE)
    driver.click()
    sample.wait_said("start")
    sample.wait_menu(RECORDING)
    driver.choose(Action.PAUSE, View(State.RECORDING, autostart=False))
    sample.wait_said("pause")
    sample.wait_menu(PAUSED)
    driver.choose(Action.RESUME, View(State.PAUSED, autostart=False))
    sample.wait_said("resume")
    sample.wait_menu(RECORDING)
    driver.wait_out_double_click()
    driver.click()
    sample.wait_said("stop")
    sample.wait_menu(IDLE)
    driver.choose(Action.START, View(autostart=False))
    sample.wait_said("start")
    driver.choose(Action.STOP, View(State.RECORDING, autostart=False))
    sample.wait_said("stop")
    driver.choose(Action.EXIT, View(autostart=False))
    sample.wait_said("exit")
    sample.wait_ended()


@pytest.mark.parametrize(
    ("view", "first", "asks"),
    [
        ({"state": "idle"}, "*&Start recording", ["start", None, "open folder", "autostart"]),
        ({"state": "recording"}, "*&Stop recording", ["stop", "pause", None, "open folder", "autostart"]),
        (
            {"state": "paused", "waiting": True},
            "*&Resume recording",
            ["resume", "stop", None, None, "open folder", "autostart"],
        ),
    ],
    ids=["idle", "recording", "paused"],
)
def test_each_item_of_the_real_menu(view: dict[str, Any], first: str, asks: list[str | None], sample: Sample) -> None:
    for place, action in enumerate(asks):
        sample.order(show=view)
        # Windows has the new menu a moment after the program has taken the view.
        sample.driver.wait(functools.partial(sample.begins_with, first), first)
        sample.driver.pick(place)
        sample.wait_said(*[action] if action else [])
    sample.driver.pick(-1)
    sample.wait_said("exit")
    sample.wait_ended()


def test_a_menu_that_is_open_stays_and_is_new_afterwards(sample: Sample) -> None:
    driver = sample.driver
    driver.open_menu()
    window, box = driver.menu(), driver.menu_box()
    sample.order(show={"state": "recording", "autostart": True})
    sample.order(show={"state": "paused", "source": "Speakers (B&O)", "waiting": True})
    driver.right_click()
    driver.click()
    sample.wait_said("resume")
    assert (driver.menu(), driver.menu_box()) == (window, box)
    assert sample.order(menu=None) == IDLE
    driver.close_menu()
    sample.wait_menu(
        [
            *("*&Stop recording", "&Pause recording", "", "Recording since 14:03", "Waiting for Speakers (B&&O Audio)"),
            *("", "&Open recordings folder", "", "+Start &with Windows", "", "E&xit"),
        ]
    )
    driver.open_menu()
    driver.close_menu()


def test_a_recording_by_the_keyboard_alone(sample: Sample) -> None:
    """Enter is a click, the menu key a right click, and letters choose; the mouse may be anywhere."""
    driver = sample.driver
    driver.press_enter()
    sample.wait_said("start")
    for letters, said, menu in (("p", "pause", PAUSED), ("s", "stop", IDLE), ("s", "start", RECORDING)):
        driver.press_menu_key()
        driver.press_letters(letters)
        sample.wait_said(said)
        sample.wait_menu(menu)
    driver.wait_out_double_click()
    driver.press_enter()
    sample.wait_said("stop")
    driver.press_menu_key()
    driver.press_letters("x")
    sample.wait_said("exit")
    sample.wait_ended()


def test_letters_go_into_the_menus_in_the_menu(sample: Sample) -> None:
    sample.order(show={"recent": ["b & c.wav", "a_b.wav"]})
    sample.wait_menu([*IDLE[:4], "Re&cent recordings", *IDLE[4:]])
    sample.driver.press_menu_key()
    sample.driver.press_letters("c2f")
    sample.wait_said("show file")


def test_a_double_click_acts_once(sample: Sample) -> None:
    sample.driver.double_click()
    sample.wait_said("start")
    sample.driver.wait_out_double_click()
    sample.driver.double_click()
    sample.wait_said("stop")
    # The loop has dealt with all clicks before it deals with this.
    sample.driver.pick(-1)
    sample.wait_said("exit")


def test_an_item_that_fails_leaves_the_icon_alive(sample: Sample) -> None:
    sample.driver.choose(Action.OPEN_FOLDER, View(autostart=False))
    sample.wait_said("open folder")
    sample.driver.choose(Action.AUTOSTART, View(autostart=False))
    sample.wait_said("autostart")
    sample.wait_menu([label.replace("Start &with", "+Start &with") for label in IDLE])


def test_stop_while_the_menu_is_open(sample: Sample) -> None:
    sample.driver.open_menu()
    assert sample.process.stdin
    sample.process.stdin.write('{"stop": null}\n')
    sample.process.stdin.flush()
    sample.wait_ended()


def test_a_balloon_can_be_seen(sample: Sample) -> None:
    assert sample.order(notify=["Recording saved 🎧" * 9, "recording.wav " * 40]) == "notified"
    sample.driver.wait_for_balloon()


def test_the_icon_comes_back_with_the_taskbar(sample: Sample) -> None:
    sample.driver.forget_icon()
    sample.driver.announce_taskbar()
    sample.driver.wait_for_icon()
    sample.driver.click()
    sample.wait_said("start")


def test_windows_may_shut_down_and_ask_to_close(sample: Sample) -> None:
    assert sample.driver.lets_windows_shut_down()
    sample.driver.ask_to_close()
    sample.wait_said("exit")
    sample.wait_ended()


def test_the_driver_counts_as_the_menu_does() -> None:
    view = View(State.RECORDING, working=True, trouble="x", autostart=False)
    assert [place_of(action, view) for action in (Action.STOP, Action.PAUSE)] == [0, 1]
    assert [place_of(action, view) for action in (Action.OPEN_FOLDER, Action.AUTOSTART, Action.EXIT)] == [-3, -2, -1]
    assert place_of(Action.OPEN_FOLDER, View()) == -2


def test_what_an_icon_holds_does_not_grow_with_what_it_shows(tmp_path: Path) -> None:
    """A tenth of a thousand states, each with its menus, and of ten thousand levels, on Windows itself."""
    environ = {**os.environ, "TEMP": str(tmp_path), "TMP": str(tmp_path)}
    command = [sys.executable, "-m", "tests.tray.steady", str(tenth(1000)), str(tenth(10_000))]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    before, after = map(json.loads, done.stdout.splitlines())
    print(f"before: {before}\nafter:  {after}")
    assert (before["pictures"], after["pictures"]) == (0, 0), "no picture is a file"
    assert after["threads"] <= before["threads"]
    assert after["handles"] <= before["handles"] + 2
    assert after["megabytes"] <= before["megabytes"] + 8


def test_no_icon_is_left_behind() -> None:
    assert icons_under_wine() == []
