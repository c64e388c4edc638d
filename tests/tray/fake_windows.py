"""Plays the few functions of user32 and shell32 that a tray icon needs, on any system.

pystray's own Windows code and ours run on it unchanged. It is as strict as Windows, and says so where Windows would
only misbehave: `faults` lists menus destroyed while open, texts that are too long, calls from a foreign thread, and
handles used after their end. `left_over` tells what was never freed.

Icons follow Microsoft's documentation of `Shell_NotifyIcon`. Without NIM_SETVERSION keys become clicks with the right
button. In version 4 each message carries its place, what is asked for follows the buttons' messages, and there is no
tooltip without NIF_SHOWTIP.
"""

# ruff: noqa: N802  # these are Windows' own names

from __future__ import annotations

import ctypes
import itertools
import queue
import struct
import threading
from ctypes import wintypes
from dataclasses import dataclass, field
from typing import Any

from tests.sound import wait_until
from tests.tray.fake_library import Library

WM_NULL = 0x0000
WM_CLOSE, WM_QUERYENDSESSION, WM_DISPLAYCHANGE, WM_TIMER = 0x0010, 0x0011, 0x007E, 0x0113
WM_CONTEXTMENU = 0x007B
WM_LBUTTONDOWN, WM_LBUTTONUP, WM_RBUTTONDOWN, WM_RBUTTONUP = 0x0201, 0x0202, 0x0204, 0x0205
NIN_SELECT, NIN_KEYSELECT = 0x400, 0x401
WM_NOTIFY = 0x400 + 11
NIM_ADD, NIM_MODIFY, NIM_DELETE, NIM_SETFOCUS, NIM_SETVERSION = range(5)
NIF_MESSAGE, NIF_ICON, NIF_TIP, NIF_INFO, NIF_SHOWTIP = 1, 2, 4, 0x10, 0x80
ICON_AT, MOUSE_AT = (1800, 1044), (-20, 500)
"""Where the icon's upper left corner is, and where the mouse is while keys are used: on a screen to the left."""
TASKBAR_CREATED = 0xC001
CHOSEN, SETTLED = 0xBFFF, 0xBFFE
"""No messages of Windows: here one ends the menu as a choice does, with the item's id; the other says that it came."""


@dataclass
class Entry:
    """An item of a menu as Windows has it."""

    id: int
    label: str
    key: str = ""
    default: bool = False
    checked: bool = False
    grey: bool = False
    separator: bool = False
    radio: bool = False
    opens: int = 0


@dataclass
class Shown:
    """An icon as the taskbar has it."""

    icon: int
    tip: str
    version: int = 0


@dataclass
class FakeWindows:
    """One Windows session with one taskbar; `double_click_ms` and `scale` are what a user would set.

    `version` is the latest that its taskbar knows.
    """

    double_click_ms: int = 500
    scale: int = 100
    taskbar_answers: bool = True
    old: bool = False
    version: int = 4
    faults: list[str] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)
    posted: list[int] = field(default_factory=list)
    balloons: list[tuple[str, str]] = field(default_factory=list)
    icons: dict[int, bytes] = field(default_factory=dict)
    icons_made: int = 0
    menus: dict[int, list[Entry]] = field(default_factory=dict)
    menus_made: int = 0
    taskbar: dict[int, Shown] = field(default_factory=dict)
    open: int | None = None
    opened_at: tuple[int, int] = (0, 0)
    focused: int = 0
    in_front: int = 0
    aware: bool = False
    timers: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(0x10001)
        self._classes: dict[int, Any] = {}
        self._windows: dict[int, Any] = {}
        self._queue: queue.Queue[tuple[int, int, int, int]] = queue.Queue()
        self._quit = False
        self._tracked: int | None = None
        self._settled = threading.Event()
        self._loop: int | None = None

    # What a test does and sees

    @property
    def window(self) -> int:
        """The icon's window, which is made first."""
        wait_until(lambda: self._windows, what="a window")
        return self.windows[0]

    @property
    def windows(self) -> list[int]:
        return list(self._windows)

    @property
    def shown(self) -> Shown:
        """The one icon in the taskbar."""
        (icon,) = self.taskbar.values()
        return icon

    @property
    def menu(self) -> list[Entry]:
        """The one menu that there is, open or not."""
        inner = {entry.opens for menu in self.menus.values() for entry in menu}
        (menu,) = (menu for handle, menu in self.menus.items() if handle not in inner)
        return menu

    @property
    def left_over(self) -> dict[str, int]:
        kept = {
            "windows": self._windows,
            "classes": self._classes,
            "menus": self.menus,
            "icons": self.icons,
            "in the taskbar": self.taskbar,
        }
        return {name: len(things) for name, things in kept.items() if things}

    def post(self, message: int, wparam: int = 0, lparam: int = 0, window: int | None = None) -> None:
        self._queue.put((window or self.window, message, wparam, lparam))

    def click(self, button: int = WM_LBUTTONUP) -> None:
        """Click on the icon with the mouse, WM_LBUTTONUP or WM_RBUTTONUP being the button."""
        asks = NIN_SELECT if button == WM_LBUTTONUP else WM_CONTEXTMENU
        self._tell(ICON_AT, button - 1, button, *([asks] if self._version else []))

    def press_enter(self) -> None:
        """Press Enter while the icon has the focus (Win+B). Version 4 says so twice, as OpenJDK's AWT notes."""
        self._by_key(NIN_KEYSELECT, NIN_KEYSELECT)

    def press_space(self) -> None:
        """Press the space bar while the icon has the focus."""
        self._by_key(NIN_KEYSELECT)

    def press_menu_key(self) -> None:
        """Press the menu key, or Shift+F10, while the icon has the focus."""
        self._by_key(WM_CONTEXTMENU)

    def _by_key(self, *messages: int) -> None:
        self._tell(ICON_AT, *(messages if self._version else (WM_RBUTTONDOWN, WM_RBUTTONUP)))

    @property
    def _version(self) -> int:
        return next((icon.version for icon in self.taskbar.values()), 0)

    def _tell(self, place: tuple[int, int], *messages: int) -> None:
        x, y = (value & 0xFFFF for value in place)
        for message in messages:
            self.post(WM_NOTIFY, (y << 16 | x) if self._version >= 4 else 0, message)

    def open_menu(self) -> None:
        self.click(WM_RBUTTONUP)
        wait_until(lambda: self.open, what="the menu opens")

    def press_keys(self, *keys: str) -> None:
        """Choose from the open menu by its access keys, one for each menu on the way."""
        assert self.open
        menu, labels = self.open, []
        for key in keys:
            (found,) = (entry for entry in self.menus[menu] if entry.key.lower() == key)
            labels.append(found.label)
            menu = found.opens
        self.choose(*labels)

    def choose(self, *labels: str | None) -> None:
        """Choose from the open menu by a way through its menus, or, with None, close it."""
        assert self.open
        menu, chosen = self.open, 0
        for label in labels:
            found = next((entry for entry in self.menus[menu] if entry.label == label), None)
            assert found or label is None, f"{label} is not in {[entry.label for entry in self.menus[menu]]}"
            menu, chosen = (found.opens, 0 if found.opens or found.grey else found.id) if found else (0, 0)
        self.post(CHOSEN, chosen)
        wait_until(lambda: not self.open, what="the menu closes")

    def fire_timers(self) -> None:
        for window, number in list(self.timers):
            self.post(WM_TIMER, number, window=window)

    def settle(self) -> None:
        """Wait until all that was posted before has been dealt with."""
        self._settled.clear()
        self.post(SETTLED)
        assert self._settled.wait(10), "the loop does not run"

    # What a program calls

    def dll(self, name: str) -> Any:
        return Library(self)

    def _fault(self, text: str) -> None:
        self.faults.append(text)
        raise AssertionError(text)

    def _on_loop(self, what: str) -> None:
        if self._loop != threading.get_ident():
            self._fault(f"{what} on a foreign thread")

    def GetModuleHandleW(self, name: str | None) -> int:
        return 1

    def RegisterWindowMessageW(self, name: str) -> int:
        assert name == "TaskbarCreated"
        return TASKBAR_CREATED

    def RegisterClassExW(self, facts: Any) -> int:
        atom = next(self._numbers) & 0xFFFF
        self._classes[atom] = facts
        return atom

    def UnregisterClassW(self, atom: int, module: int) -> int:
        return int(self._classes.pop(atom, None) is not None)

    def ChangeWindowMessageFilterEx(self, window: int, message: int, action: int, change: None) -> int:
        return 1

    def CreateWindowExW(self, extended: int, atom: int, *rest: object) -> int:
        self._loop = threading.get_ident()
        window = next(self._numbers)
        self._windows[window] = self._classes[atom]
        return window

    def IsWindow(self, window: Any) -> int:
        return int(_value(window) in self._windows)

    def DestroyWindow(self, window: int) -> int:
        self._on_loop("DestroyWindow")
        self.timers = {key: ms for key, ms in self.timers.items() if key[0] != window}
        return int(self._windows.pop(window, None) is not None)

    def DefWindowProcW(self, window: int, message: int, wparam: int, lparam: int) -> int:
        if message == WM_CLOSE:
            self.DestroyWindow(window)
        return int(message == WM_QUERYENDSESSION)

    def PostMessageW(self, window: int, message: int, wparam: int, lparam: int) -> int:
        if window not in self._windows:
            return 0
        self.posted.append(message)
        self._queue.put((window, message, wparam, lparam))
        return 1

    def PeekMessageW(self, *rest: object) -> int:
        return 0

    def PostQuitMessage(self, status: int) -> None:
        self._on_loop("PostQuitMessage")
        self._quit = True

    def GetMessageW(self, message: Any, *rest: object) -> int:
        if self._quit:
            return 0
        filled = message._obj
        filled.hWnd, filled.message, filled.wParam, filled.lParam = self._queue.get()
        return 1

    def TranslateMessage(self, message: Any) -> int:
        return 0

    def DispatchMessageW(self, message: Any) -> int:
        it = message._obj
        return self.call(it.hWnd, it.message, it.wParam, it.lParam)

    def call(self, window: int, message: int, wparam: int = 0, lparam: int = 0) -> int:
        if message == SETTLED:
            self._settled.set()
        if window not in self._windows:
            return 0
        return int(self._windows[window].lpfnWndProc(window, message, wparam, lparam))

    def SetTimer(self, window: Any, number: int, ms: int, call: None) -> int:
        self.timers[_value(window), number] = ms
        return number

    def KillTimer(self, window: Any, number: int) -> int:
        return int(self.timers.pop((_value(window), number), None) is not None)

    def SetForegroundWindow(self, window: int) -> int:
        self.in_front = window
        return 1

    def GetForegroundWindow(self) -> int:
        return self.in_front

    def GetCursorPos(self, point: Any) -> int:
        point._obj.x, point._obj.y = MOUSE_AT
        return 1

    def GetDoubleClickTime(self) -> int:
        return self.double_click_ms

    def CreatePopupMenu(self) -> int:
        self._on_loop("CreatePopupMenu")
        menu = next(self._numbers)
        self.menus[menu] = []
        self.menus_made += 1
        return menu

    def InsertMenuItemW(self, menu: int, place: int, by_position: bool, item: Any) -> int:
        self._on_loop("InsertMenuItem")
        facts = item._obj
        separator = bool(facts.fType & 0x800)
        before, mark, after = ("" if separator else facts.dwTypeData.replace("&&", "\0")).partition("&")
        if "&" in after:
            self._fault(f"two access keys in {facts.dwTypeData}")
        label, key = (before + after).replace("\0", "&"), after[0] if mark else ""
        default, checked, grey = bool(facts.fState & 0x1000), bool(facts.fState & 0x8), bool(facts.fState & 0x3)
        opens = int(facts.hSubMenu or 0)
        if opens and opens not in self.menus:
            self._fault("a menu that is not there was inserted")
        entry = Entry(facts.wID, label, key, default, checked, grey, separator, bool(facts.fType & 0x200), opens)
        self.menus[menu].insert(place, entry)
        return 1

    def DestroyMenu(self, menu: int) -> int:
        self._on_loop("DestroyMenu")
        if menu == self.open:
            self._fault("the open menu was destroyed")
        gone = self.menus.pop(menu, None)
        # Windows destroys the menus within, too.
        for entry in gone or ():
            if entry.opens:
                self.DestroyMenu(entry.opens)
        return int(gone is not None)

    def TrackPopupMenuEx(self, menu: int, flags: int, x: int, y: int, owner: int, facts: None) -> int:
        self._on_loop("TrackPopupMenuEx")
        if self.open or owner not in self._windows:
            self._fault("a menu is open already" if self.open else "the menu has no owner")
        if self._tracked is not None and WM_NULL not in self.posted[self._tracked :]:
            self._fault("no message followed the last menu, so this one closes at once (KB135788)")
        if self.in_front not in self._windows:
            self._fault("the menu would stay open, since its program is not in front (KB135788)")
        self.open, self.opened_at, chosen = menu, (x, y), 0
        while self.open:
            window, message, wparam, lparam = self._queue.get()
            if message == CHOSEN:
                self.open, chosen = None, wparam
            self.call(window, message, wparam, lparam)
        self._tracked = len(self.posted)
        return chosen

    def EndMenu(self) -> int:
        self.open = None
        return 1

    def CreateIconFromResourceEx(self, bits: bytes, size: int, icon: bool, version: int, *rest: int) -> int:
        """Take the one form of a picture that we hand over: a bitmap of 32 bits with a mask, bottom line first."""
        self._on_loop("CreateIconFromResourceEx")
        width, height, flags = rest
        head, across, down, planes, depth = struct.unpack_from("<IiiHH", bits)
        told = (icon, version, flags, len(bits), head, planes, depth, across, down)
        if told != (True, 0x30000, 0, size, 40, 1, 32, width, 2 * height):
            return 0
        handle = next(self._numbers)
        lines = [bits[40 + line * 4 * width :][: 4 * width] for line in range(height)]
        self.icons[handle] = b"".join(reversed(lines))
        self.icons_made += 1
        return handle

    def LoadImageW(self, *rest: object) -> None:
        self._fault("a picture comes from a file")

    def DestroyIcon(self, icon: int) -> int:
        if any(shown.icon == icon for shown in self.taskbar.values()):
            self._fault("an icon that is shown was destroyed")
        return int(self.icons.pop(icon, None) is not None)

    def GetSystemMetrics(self, index: int) -> int:
        return {49: 16 * (self.scale if self.aware else 100) // 100}[index]

    def GetSystemMetricsForDpi(self, index: int, dpi: int) -> int:
        return {49: 16 * dpi // 96}[index]

    def GetDpiForWindow(self, window: Any) -> int:
        return 96 * (self.scale if self.aware else 100) // 100 if _value(window) in self._windows else 0

    def SetThreadDpiAwarenessContext(self, context: Any) -> int:
        if self._windows:
            self._fault("windows keep the awareness that their thread had when they were made")
        self.aware = ctypes.c_ssize_t(context.value).value == -4
        return 1

    def Shell_NotifyIconW(self, code: int, facts: Any) -> int:
        self.told.append((code, facts.uFlags))
        for text, room in ((facts.szTip, 128), (facts.szInfo, 256), (facts.szInfoTitle, 64)):
            if len(text.encode("utf-16-le")) >= 2 * room:
                self._fault(f"no room for {text!r} and the zero at its end")
        known = facts.hWnd in self.taskbar
        if known and code == NIM_SETVERSION:
            self.taskbar[facts.hWnd].version = facts.uVersion if facts.uVersion <= self.version else 0
            return int(facts.uVersion <= self.version and self.taskbar_answers)
        if known and code == NIM_SETFOCUS:
            self.focused += 1
            return int(self.taskbar_answers)
        if not self.taskbar_answers or known is (code == NIM_ADD):
            return 0
        if facts.uFlags & NIF_INFO:
            self.balloons.append((facts.szInfoTitle, facts.szInfo))
            return 1
        if not facts.uFlags & NIF_SHOWTIP:
            self._fault("in version 4 there is no tooltip after that")
        self._on_loop("Shell_NotifyIcon")
        if code == NIM_DELETE:
            del self.taskbar[facts.hWnd]
            return 1
        shown = self.taskbar.setdefault(facts.hWnd, Shown(0, ""))
        if facts.uFlags & NIF_ICON:
            if facts.hIcon not in self.icons:
                self._fault("a destroyed icon was shown")
            shown.icon = facts.hIcon
        if facts.uFlags & NIF_TIP:
            shown.tip = facts.szTip
        return 1


def _value(handle: wintypes.HWND) -> int:
    return int(handle.value or 0)
