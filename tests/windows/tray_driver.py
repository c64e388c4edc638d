"""Drives another process's icon in the notification area, as the taskbar, a mouse and a keyboard would.

It sends the window messages that the shell sends to an icon of version 4, so that nobody's pointer moves and the icon
may be hidden in the overflow. What the texts of the menu are cannot be read from another process; items are picked by
their place, or by their access keys.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Iterator
from ctypes import wintypes
from typing import Any, TypeVar

from pystray._util import win32

from tray_app.tray.entries import Entries
from tray_app.tray.menu import Item, items
from tray_app.tray.view import Action, View

SECONDS = 20.0
"""How long every wait lasts at the most. A process under Wine takes seconds to start."""

KEY_RETURN, KEY_ESCAPE, KEY_UP, KEY_RIGHT, KEY_DOWN = 0x0D, 0x1B, 0x26, 0x27, 0x28

_WM_CLOSE, _WM_QUERYENDSESSION, _WM_KEYDOWN, _WM_KEYUP = 0x0010, 0x0011, 0x0100, 0x0101
_WM_LBUTTONDOWN, _WM_LBUTTONDBLCLK, _WM_RBUTTONDOWN, _WM_CONTEXTMENU = 0x0201, 0x0203, 0x0204, 0x007B
_NIN_SELECT, _NIN_KEYSELECT = 0x0400, 0x0401
_GWL_STYLE = -16
_TTS_BALLOON = 0x40
_MENU_CLASS, _TIP_CLASS = "#32768", "tooltips_class32"

_user32: Any = win32.windll.user32
_T = TypeVar("_T")

Box = tuple[int, int, int, int]
"""Left, top, right, bottom on the screen, in pixels."""


class _Identifier(ctypes.Structure):
    """NOTIFYICONIDENTIFIER; an icon is named by its window and its number, which pystray leaves at 0."""

    _fields_ = (
        ("cbSize", wintypes.DWORD),
        ("hWnd", wintypes.HWND),
        ("uID", wintypes.UINT),
        ("guidItem", ctypes.c_byte * 16),
    )


class TrayDriver:
    """The icon of the process `pid`, which may not be there yet."""

    def __init__(self, pid: int, seconds: float = SECONDS) -> None:
        self.pid = pid
        self.seconds = seconds

    def wait(self, condition: Callable[[], _T], what: str) -> _T:
        """Return the first true value of `condition()`; fail after `seconds`, saying what was waited for."""
        deadline = time.monotonic() + self.seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {self.seconds:g} s for {what} of process {self.pid}")
            time.sleep(0.02)
        return value

    # The icon

    def windows(self) -> list[int]:
        """Return pystray's windows: the icon's own and the menu's owner, which share a class."""
        return [window for window in _windows() if _class(window).endswith("SystemTrayIcon") and self._owns(window)]

    def wait_for_icon(self) -> None:
        """Wait until the process has its tray windows and, where that can be seen, an icon on the screen."""
        self.wait(self.windows, "the tray's window")
        self.wait(lambda: self.icon_box() is not None, "the icon in the tray")

    def wait_until_gone(self) -> None:
        """Wait until neither window nor icon is there."""
        self.wait(lambda: not self.windows(), "the end of the tray's window")
        self.wait(lambda: not icons_under_wine(), "the end of the icon")

    def icon_box(self) -> Box | None:
        """Return where the icon is; None while there is none.

        Windows tells it of each icon (the box of the overflow's button when it is hidden there). Wine does not, so
        there it is the first icon of all: a test has its desktop to itself.
        """
        if under_wine():
            return next(iter(icons_under_wine()), None)
        box = wintypes.RECT()
        for window in self.windows():
            name = _Identifier(cbSize=ctypes.sizeof(_Identifier), hWnd=window)
            if win32.windll.shell32.Shell_NotifyIconGetRect(ctypes.byref(name), ctypes.byref(box)) == 0:
                return box.left, box.top, box.right, box.bottom
        return None

    def click(self) -> None:
        """Click on the icon with the left button."""
        self._send(_WM_LBUTTONDOWN, win32.WM_LBUTTONUP, _NIN_SELECT)

    def double_click(self) -> None:
        """Click twice, as fast as can be."""
        click = (win32.WM_LBUTTONUP, _NIN_SELECT)
        self._send(_WM_LBUTTONDOWN, *click, _WM_LBUTTONDBLCLK, *click)

    def press_enter(self) -> None:
        """Press Enter on the icon, as after Win+B. The shell says so twice."""
        self._send(_NIN_KEYSELECT, _NIN_KEYSELECT)

    def press_menu_key(self) -> None:
        """Press the menu key on the icon, and wait for the menu."""
        self.wait_for_menu_closed()
        self._send(_WM_CONTEXTMENU)
        self.wait(self.menu, "the menu after its key")

    def wait_out_double_click(self) -> None:
        """Let the system's double-click time go by, so that the next click counts as one of its own."""
        over = time.monotonic() + _user32.GetDoubleClickTime() / 1000 + 0.1
        self.wait(lambda: time.monotonic() > over, "the end of the double-click time")

    def right_click(self) -> None:
        """Click on the icon with the right button, and do not wait for what comes of it."""
        self._send(_WM_RBUTTONDOWN, win32.WM_RBUTTONUP, _WM_CONTEXTMENU)

    # The menu

    def menu(self) -> int | None:
        """Return the window of the menu that is open; None when none is."""
        return next((window for window in self._visible(_MENU_CLASS)), None)

    def menu_box(self) -> Box:
        """Return where the menu is, waiting for it."""
        return _box(self.wait(self.menu, "the open menu") or 0)

    def open_menu(self) -> None:
        """Open the menu with a right click and wait until it can be seen."""
        self.wait_for_menu_closed()
        self.right_click()
        self.wait(self.menu, "the menu after a right click")

    def close_menu(self) -> None:
        """Close the menu as Escape does."""
        self.press(KEY_ESCAPE)
        self.wait_for_menu_closed()

    def wait_for_menu_closed(self) -> None:
        """Wait until no menu is open."""
        self.wait(lambda: not self.menu(), "the menu to close")

    def pick(self, place: int) -> None:
        """Choose the item at `place`, counted without separators; opens the menu first where it is closed.

        From the top places are 0, 1, …, from the bottom −1 (Exit), −2, …
        """
        if not self.menu():
            self.open_menu()
        for _ in range(place + 1 if place >= 0 else -place):
            self.press(KEY_DOWN if place >= 0 else KEY_UP)
        self.press(KEY_RETURN)
        self.wait_for_menu_closed()

    def choose(self, action: Action, view: View, value: str = "") -> None:
        """Choose the item that asks for `action` with `value` from the menu that shows `view`, or a menu in it."""
        self.show_choice(action, view, value)
        self.press(KEY_RETURN)
        self.wait_for_menu_closed()

    def show_choice(self, action: Action, view: View, value: str = "") -> None:
        """Go to that item with the keyboard, opening the menus on the way, and leave them open."""
        if not self.menu():
            self.open_menu()
        first, *inner = way_to(action, view, value)
        for _ in range(first + 1 if first >= 0 else -first):
            self.press(KEY_DOWN if first >= 0 else KEY_UP)
        for depth, place in enumerate(inner, 2):
            self.press(KEY_RIGHT)
            self.wait(lambda depth=depth: self.menus_open() >= depth, "the menu in the menu")  # type: ignore[misc]
            for _ in range(place):
                self.press(KEY_DOWN)

    def press_letters(self, letters: str) -> None:
        """Press the access keys of lines, each in the menu that the one before has opened; the last line closes it."""
        for depth, letter in enumerate(letters, 1):
            self.wait(lambda depth=depth: self.menus_open() >= depth, "the menu in the menu")  # type: ignore[misc]
            self.press(ord(letter.upper()))
        self.wait_for_menu_closed()

    def menus_open(self) -> int:
        """Return how many menus can be seen, one in the other."""
        return len(list(self._visible(_MENU_CLASS)))

    def press(self, key: int) -> None:
        """Press and release a key in the menu."""
        window = self.menu() or self._window()
        win32.PostMessage(window, _WM_KEYDOWN, key, 1)
        win32.PostMessage(window, _WM_KEYUP, key, -1 << 30 | 1)

    # Balloons

    def balloon(self) -> Box | None:
        """Return where a balloon is; None while there is none. It belongs to the taskbar, so it may be another's."""
        return next((_box(window) for window in _windows(_TIP_CLASS) if _is_balloon(window)), None)

    def wait_for_balloon(self) -> Box | None:
        """Wait until a balloon can be seen, and return where. None on Windows itself, where it is no such window."""
        if not under_wine():
            return None
        return self.wait(self.balloon, "a balloon")

    # The system

    def ask_to_close(self) -> None:
        """Ask every top-level window of the process to close, as taskkill does."""
        for window in _windows():
            if self._owns(window):
                win32.PostMessage(window, _WM_CLOSE, 0, 0)

    def lets_windows_shut_down(self) -> bool:
        """Return whether the tray's windows agree to the end of the session."""
        send = _user32.SendMessageTimeoutW
        answer = ctypes.c_size_t()
        for window in self.wait(self.windows, "the tray's window"):
            assert send(wintypes.HWND(window), _WM_QUERYENDSESSION, 0, 0, 0, 5000, ctypes.byref(answer))
            if not answer.value:
                return False
        return True

    def forget_icon(self) -> None:
        """Have the taskbar forget the icon, as it does when it crashes."""
        for window in self.windows():
            facts = win32.NOTIFYICONDATAW(cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW), hWnd=window)
            win32.Shell_NotifyIcon(win32.NIM_DELETE, facts)
        self.wait(lambda: self.icon_box() is None, "the taskbar to forget the icon")

    def announce_taskbar(self) -> None:
        """Say to the process what a taskbar says to all when it has been started anew."""
        for window in self.windows():
            win32.PostMessage(window, win32.WM_TASKBARCREATED, 0, 0)

    def _send(self, *messages: int) -> None:
        """Send what the shell sends, to both windows: only the icon's own acts upon it."""
        windows = self.wait(self.windows, "the tray's window")
        left, top, *_ = self.icon_box() or (0, 0)
        for message in messages:
            for window in windows:
                win32.PostMessage(window, win32.WM_NOTIFY, (top & 0xFFFF) << 16 | left & 0xFFFF, message)

    def _window(self) -> int:
        return self.wait(self.windows, "the tray's window")[0]

    def _owns(self, window: int) -> bool:
        owner = wintypes.DWORD()
        _user32.GetWindowThreadProcessId(wintypes.HWND(window), ctypes.byref(owner))
        return owner.value == self.pid

    def _visible(self, kind: str) -> Iterator[int]:
        return (window for window in _windows(kind) if self._owns(window) and _is_visible(window))


def place_of(action: Action, view: View) -> int:
    """Return the place of the item that asks for `action` in the menu of `view`, as `pick` counts."""
    return way_to(action, view)[0]


def way_to(action: Action, view: View, value: str = "") -> list[int]:
    """Return the places to go to in the menu of `view`, and in the menus in it, for what asks for `action`.

    What stands below the lines that tell the state is counted from the bottom: there may be more such lines by now.
    """
    lines = [item for item in items(view, "win32") if isinstance(item, Item)]
    told = next(place for place, item in enumerate(lines) if item.action is None and not item.entries)
    first, *inner = _way(lines, action, value)
    return [first if first < told else first - len(lines), *inner]


def _way(lines: Iterable[Entries], action: Action, value: str) -> list[int]:
    """Return the places from here; the empty list where it is not here."""
    for place, item in enumerate(item for item in lines if isinstance(item, Item)):
        if item.action is action and (not value or item.value == value):
            return [place]
        if inner := _way(item.entries, action, value):
            return [place, *inner]
    return []


def under_wine() -> bool:
    """Return whether this Windows is Wine's."""
    return hasattr(win32.windll.ntdll, "wine_get_version")


def icons_under_wine() -> list[Box]:
    """Return where Wine shows icons in its tray; nothing on Windows itself."""
    taskbars = _windows("Shell_TrayWnd") if under_wine() else []
    icons = (icon for taskbar in taskbars for icon in _windows("__wine_tray_icon", taskbar))
    return [_box(icon) for icon in icons if _is_visible(icon)]


def _windows(kind: str | None = None, parent: int | None = None) -> list[int]:
    """Return the top-level windows, or those in `parent`, of class `kind` or of any."""
    find = _user32.FindWindowExW
    find.restype = wintypes.HWND
    found: list[int] = []
    last = None
    # The list may change meanwhile: a window that comes a second time has moved to the front.
    while (last := find(wintypes.HWND(parent), wintypes.HWND(last), kind, None)) and last not in found:
        found.append(last)
    return found


def _class(window: int) -> str:
    name = ctypes.create_unicode_buffer(256)
    _user32.GetClassNameW(wintypes.HWND(window), name, len(name))
    return name.value


def _box(window: int) -> Box:
    box = wintypes.RECT()
    _user32.GetWindowRect(wintypes.HWND(window), ctypes.byref(box))
    return box.left, box.top, box.right, box.bottom


def _is_visible(window: int) -> bool:
    return bool(_user32.IsWindowVisible(wintypes.HWND(window)))


def _is_balloon(window: int) -> bool:
    return _is_visible(window) and bool(_user32.GetWindowLongW(wintypes.HWND(window), _GWL_STYLE) & _TTS_BALLOON)
