"""Balloons, with a notification area that is as strict as Windows and as forgetful as plyer 2.1.0."""

from __future__ import annotations

import atexit
import gc
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.sound import wait_until
from tray_app.desktop.balloon import Balloons, default_seconds
from tray_app.desktop.notify import Notifier, Pace

DEADLINE = 20.0
FOR_EVER = 3600.0


class ShellError(Exception):
    """What plyer raises where Windows says no."""


@dataclass
class Shell:
    """Windows: what is made there, by which thread, and what was freed wrongly."""

    windows: dict[int, threading.Thread] = field(default_factory=dict)
    classes: dict[int, int] = field(default_factory=dict)
    pictures: set[int] = field(default_factory=set)
    icons: dict[int, tuple[str, str]] = field(default_factory=dict)
    shown: list[tuple[float, str, str]] = field(default_factory=list)
    removed: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tips: list[weakref.ref[FakeTip]] = field(default_factory=list)
    pumped: list[threading.Thread] = field(default_factory=list)
    refuses_icons: bool = False
    refuses_windows: bool = False
    numbers: int = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    @property
    def left(self) -> list[object]:
        return [*self.windows, *self.classes, *self.pictures, *self.icons]

    def add_icon(self, window: int, title: str, text: str) -> None:
        if self.icons:
            self.wrong.append("two balloons at once")
        if self.refuses_icons:
            raise ShellError("Shell_NotifyIconW failed.")
        self.icons[window] = (title, text)
        self.shown.append((time.monotonic(), title, text))

    def remove_icon(self, window: int) -> None:
        if self.icons.pop(window, None):
            self.removed.append(time.monotonic())

    def destroy_window(self, window: int) -> None:
        if self.windows.get(window) is not threading.current_thread():
            self.wrong.append("a window destroyed that is gone or another thread's")
            return
        self.remove_icon(window)
        del self.windows[window]
        self.classes = {atom: (0 if owner == window else owner) for atom, owner in self.classes.items()}

    def destroy_picture(self, picture: int) -> None:
        if picture not in self.pictures:
            self.wrong.append("a picture destroyed that is gone")
        self.pictures.discard(picture)

    def unregister(self, atom: int, instance: int) -> bool:
        assert instance == 400
        if atom not in self.classes or self.classes[atom]:
            return False  # ERROR_CLASS_HAS_WINDOWS
        del self.classes[atom]
        return True


class FakeTip:
    """plyer's `WindowsBalloonTip`: the same attributes, the same order of freeing, the same limits."""

    shell: Shell
    _class_atom = 0
    _wnd_class_ex: Any = None
    _hwnd: int | None = None
    _hicon: int | None = None
    _notify_data: object = None

    def __init__(self, title: str, message: str, app_name: str, app_icon: str = "", timeout: float = 10) -> None:
        atexit.register(self.__del__)
        self.shell.tips.append(weakref.ref(self))
        self._class_atom = self.shell.number()
        self._wnd_class_ex = types.SimpleNamespace(hInstance=400)
        self.shell.classes[self._class_atom] = 0
        if self.shell.refuses_windows:
            raise ShellError("Could not get create window.")
        self._hwnd = self.shell.number()
        self.shell.windows[self._hwnd] = threading.current_thread()
        self.shell.classes[self._class_atom] = self._hwnd
        assert Path(app_icon).suffix == ".ico"
        assert Path(app_icon).is_file()
        self._hicon = self.shell.number()
        self.shell.pictures.add(self._hicon)
        for text, room in ((title, 64), (message, 256), (app_name, 128)):
            # A text that fills the field leaves no room for the zero, and Windows reads on into the next one.
            if len(text.encode("utf-16-le")) // 2 >= room:
                raise ValueError("string too long")
        self.shell.add_icon(self._hwnd, title, message)
        self._notify_data = object()
        if timeout:
            time.sleep(timeout)

    def __del__(self) -> None:
        if self._notify_data is not None and self._hwnd is not None:
            self.shell.remove_icon(self._hwnd)
            self._notify_data = None
        if self._hicon is not None:
            self.shell.destroy_picture(self._hicon)
        if self._wnd_class_ex is not None:
            self.shell.unregister(self._class_atom, self._wnd_class_ex.hInstance)
        if self._hwnd is not None:
            self.shell.destroy_window(self._hwnd)


def module(name: str, **content: object) -> types.ModuleType:
    made = types.ModuleType(name)
    made.__dict__.update(content)
    return made


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A notification area that plyer and pywin32 find."""
    made = Shell()

    def wait(handles: object, everything: bool, milliseconds: int, mask: int) -> None:
        assert (handles, everything, mask) == ((), False, 0x4FF)
        time.sleep(milliseconds / 1000)

    libs = "plyer.platforms.win.libs"
    pump = module("win32gui", PumpWaitingMessages=lambda: made.pumped.append(threading.current_thread()))
    fakes = {
        "win32event": module("win32event", QS_ALLINPUT=0x4FF, MsgWaitForMultipleObjects=wait),
        "win32gui": pump,
        libs: module(libs),
        f"{libs}.balloontip": module("balloontip", WindowsBalloonTip=type("Tip", (FakeTip,), {"shell": made})),
        f"{libs}.win_api_defs": module("win_api_defs", UnregisterClassW=made.unregister),
    }
    for name, fake in fakes.items():
        monkeypatch.setitem(sys.modules, name, fake)
    yield made
    gc.collect()
    assert made.wrong == []


def notifier_of(pace: Pace, **more: Any) -> Notifier:
    notifier = Notifier(True, pace=pace, **more)
    notifier._find_sender = lambda: Balloons(notifier.left)
    return notifier


def test_a_balloon_shows_what_was_said_and_goes_by_itself(shell: Shell) -> None:
    notifier = notifier_of(Pace(0.3))
    assert notifier.notify("Recording saved", "x.wav")
    wait_until(lambda: shell.icons, DEADLINE, "it shows")
    assert list(shell.icons.values()) == [("Recording saved", "x.wav")]
    wait_until(lambda: not shell.left, DEADLINE, "icon, window, class and picture are gone")
    assert shell.removed[0] - shell.shown[0][0] >= 0.3
    assert notifier.close(DEADLINE)


def test_nothing_holds_a_balloon_that_is_gone(shell: Shell) -> None:
    notifier = notifier_of(Pace(0.01, 0.01))
    for number in range(3):
        notifier.notify("Recording saved", f"{number}.wav")
    wait_until(lambda: len(shell.removed) == 3, DEADLINE, "they were shown")
    assert notifier.close(DEADLINE)
    gc.collect()
    # Whatever waits for the end of the process would hold it.
    assert [tip() for tip in shell.tips] == [None, None, None]


def test_one_that_waits_ends_the_one_that_shows_but_not_at_once(shell: Shell) -> None:
    notifier = notifier_of(Pace(FOR_EVER, 0.3))
    texts = ["0.wav", "1.wav", "2.wav"]
    assert all(notifier.notify("Recording saved", text) for text in texts)
    wait_until(lambda: len(shell.shown) == 3, DEADLINE, "each gets its turn")
    assert [text for _, _, text in shell.shown] == texts
    assert all(gone - came >= 0.3 for (came, _, _), gone in zip(shell.shown, shell.removed, strict=False))
    assert len(shell.icons) == 1
    assert notifier.close(DEADLINE)
    assert shell.left == []


def test_closing_shows_what_waits_for_a_moment_each(shell: Shell) -> None:
    notifier = notifier_of(Pace(FOR_EVER, FOR_EVER, 1.5))
    assert all(notifier.notify("Recording saved", f"{number}.wav") for number in range(3))
    wait_until(lambda: shell.icons, DEADLINE, "the first shows")
    assert notifier.close(DEADLINE)
    assert [text for _, _, text in shell.shown] == ["0.wav", "1.wav", "2.wav"]
    # An equal share of the time that is left; a busy machine may take some of it.
    assert all(gone - came > 0.1 for (came, _, _), gone in zip(shell.shown, shell.removed, strict=True))
    assert shell.left == []


def test_nothing_is_shown_that_would_be_gone_at_once(shell: Shell) -> None:
    notifier = notifier_of(Pace(FOR_EVER, FOR_EVER, 0.0))
    assert all(notifier.notify("Recording saved", f"{number}.wav") for number in range(3))
    wait_until(lambda: shell.icons, DEADLINE, "the first shows")
    assert notifier.close(DEADLINE)
    assert [text for _, _, text in shell.shown] == ["0.wav"]


def test_a_balloons_window_is_never_deaf(shell: Shell) -> None:
    notifier = notifier_of(Pace(FOR_EVER))
    notifier.notify("Recording saved", "x.wav")
    wait_until(lambda: len(shell.pumped) > 2, DEADLINE, "its messages are answered")
    assert set(shell.pumped) == set(shell.windows.values())
    assert notifier.close(DEADLINE)


def test_the_longest_texts_fit(shell: Shell) -> None:
    notifier = notifier_of(Pace(0.01, 0.01))
    for character in ("x", "🎻", "Ä", "x🎻"):
        notifier.notify(character * 300, character * 300)
    wait_until(lambda: len(shell.removed) == 4, DEADLINE, "all were shown")
    assert notifier.close(DEADLINE)
    assert all(title.endswith("…") and text.endswith("…") for _, title, text in shell.shown)
    _, title, text = shell.shown[0]
    assert (len(title), len(text)) == (63, 255)


@pytest.mark.parametrize("broken", ["refuses_icons", "refuses_windows"])
def test_what_cannot_be_shown_is_freed_and_goes_another_way(
    broken: str, shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, str]] = []
    notifier = notifier_of(Pace(0.01), fallback=lambda title, text: told.append((title, text)))
    setattr(shell, broken, True)
    for number in range(2):
        notifier.notify("Recording saved", f"{number}.wav")
    wait_until(lambda: len(told) == 2, DEADLINE, "both went another way")
    setattr(shell, broken, False)
    notifier.notify("Recording saved", "2.wav")
    wait_until(lambda: shell.removed, DEADLINE, "the third is shown")
    assert notifier.close(DEADLINE)
    assert told == [("Recording saved", "0.wav"), ("Recording saved", "1.wav")]
    assert [text for _, _, text in shell.shown] == ["2.wav"]
    assert shell.left == []
    assert caplog.text.count("in another way") == 1
    gc.collect()
    # The first is held by the traceback in the log.
    assert [tip() for tip in shell.tips[1:]] == [None, None]


def test_the_process_may_end_without_close(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What plyer asked for stays until the balloon is gone, so that no icon is left by a program that just ends."""
    left_to_do: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", left_to_do.append)
    notifier = notifier_of(Pace(FOR_EVER))
    notifier.notify("Recording saved", "x.wav")
    wait_until(lambda: shell.icons, DEADLINE, "it shows")
    assert len(left_to_do) == 1
    assert notifier.close(DEADLINE)


def test_windows_shows_a_notification_for_five_seconds_at_least() -> None:
    assert default_seconds() >= 5
