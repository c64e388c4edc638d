"""pystray's icon on Windows, with what its win32 back end (0.19.5) leaves to be wished. Importable only on Windows.

One thread, the one that calls `run`, owns the window, the menu and the icon. Others post it a message.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Callable
from ctypes import wintypes
from typing import Any

from PIL import Image
from pystray import MenuItem
from pystray._util import win32
from pystray._win32 import Icon as Win32Icon

from tray_app.sentences.forms import Label
from tray_app.tray.clicks import Clicks

_WM_NULL = 0x0000
_WM_CLOSE = 0x0010
_WM_QUERYENDSESSION = 0x0011
_WM_CONTEXTMENU = 0x007B
_WM_TIMER = 0x0113
_WM_REFRESH = 0x8000 + 1
"""Ours, counted from WM_APP; pystray's own are counted from WM_USER."""

_NIN_SELECT = 0x0400
_NIN_KEYSELECT = 0x0401
_VERSION_4 = 4
"""NOTIFYICON_VERSION_4, of Vista: Enter is a click, the menu key asks for the menu, and each message says where.

Without it the taskbar turns both keys into clicks with the right button, and the menu would open wherever the mouse is
(Microsoft's documentation of `Shell_NotifyIcon`).
"""

_SM_CXSMICON = 49
_PER_MONITOR_AWARE_V2 = -4
_ICON_FORMAT = 0x00030000
"""The one version that `CreateIconFromResourceEx` knows."""

_ICO_HEADER = 6 + 16
"""Bytes of an .ico before its first picture: the folder and its one entry."""

_RETRY_TIMER = 1
_RETRY_MS = 1000


class Icon(Win32Icon):  # type: ignore[misc]  # pystray has no types
    """An icon in the notification area and its menu.

    `refresh` is called on the loop's thread soon after `refresh_soon`, and whenever the taskbar or the screen has
    changed; it sets `icon`, `title` and `menu`. `close` is called there when Windows asks the program to close.
    """

    def __init__(self, name: str, refresh: Callable[[], None], close: Callable[[], None]) -> None:
        self._menu_owner: int | None = None
        super().__init__(name)
        self._refresh = refresh
        # Not by GetMessageTime: the taskbar sends its messages, which leaves that at an older one's time.
        self._clicks = Clicks(_call("GetDoubleClickTime") / 1000)
        self._menu_open = False
        self._menu_stale = False
        self._version_4 = False
        self._handles: dict[int, tuple[Image.Image, int]] = {}
        self._message_handlers |= {
            _WM_REFRESH: lambda _w, _l: refresh(),
            _WM_TIMER: lambda _w, _l: self._show_again(),
            _WM_CLOSE: lambda _w, _l: close(),
            # pystray answers 0 to all that it does not know, and so it would forbid Windows to shut down.
            _WM_QUERYENDSESSION: lambda _w, _l: 1,
        }

    def run(self, setup: Callable[[], None]) -> None:
        """Call `setup` on this thread once the window is there, then obey messages until `stop`."""
        # Without this, on a screen scaled to 150 % Windows would draw the icon in 16 pixels and blow it up.
        _call("SetThreadDpiAwarenessContext", wintypes.HANDLE(_PER_MONITOR_AWARE_V2))
        self._setup = setup
        try:
            self._run()
        finally:
            self._running = False
            for _, handle in self._handles.values():
                win32.DestroyIcon(handle)

    def _mark_ready(self) -> None:
        self._running = True
        self.update_menu()
        self._setup()

    def stop(self) -> None:
        """Make `run` return. Any thread, any number of times."""
        self._stop()

    def refresh_soon(self) -> None:
        """Have `refresh` called on the loop's thread. Never waits."""
        win32.PostMessage(self._hwnd, _WM_REFRESH, 0, 0)

    def picture_size(self) -> int:
        """Return how many pixels wide the taskbar shows icons now: 16, and more where the screen is scaled."""
        scale = _call("GetDpiForWindow", wintypes.HWND(self._hwnd))
        size = _call("GetSystemMetricsForDpi", _SM_CXSMICON, scale)
        return min(max(size or _call("GetSystemMetrics", _SM_CXSMICON), 16), 256)

    def label(self, caption: Label) -> str:
        """Return a label as a menu must get it: with & before the access key, and an & of a name doubled."""
        return caption.marked("&")

    @property
    def _menu_hwnd(self) -> int | None:
        """The window that owns the menu. Made anew when it was closed from outside, as taskkill does with all."""
        if self._menu_owner and not _call("IsWindow", wintypes.HWND(self._menu_owner)):
            self._menu_owner = self._create_window(self._atom)
        return self._menu_owner

    @_menu_hwnd.setter
    def _menu_hwnd(self, window: int | None) -> None:
        self._menu_owner = window

    def __call__(self) -> None:
        """Do what a click does."""
        if self._menu and self._clicks.counts():
            self._menu(self)

    def _handler(self, callback: MenuItem) -> MenuItem:
        """Return the item as it is: pystray would rebuild the menu after every choice."""
        return callback

    def _on_notify(self, wparam: int, lparam: int) -> None:
        """Do what was done to the icon. The low word of `lparam` says what, in version 4 `wparam` says where.

        In version 4 what is done with the mouse is told twice, as the buttons' messages and as what they ask for. Only
        the latter comes of keys and from screen readers, too. Enter comes twice at one press, which counts as a double
        click does, once.
        """
        done = lparam & 0xFFFF
        if done in (_NIN_KEYSELECT, _NIN_SELECT if self._version_4 else win32.WM_LBUTTONUP):
            self()
        elif done == (_WM_CONTEXTMENU if self._version_4 else win32.WM_RBUTTONUP) and not self._menu_open:
            self._open_menu(*self._place(wparam))

    def _place(self, wparam: int) -> tuple[int, int]:
        """Return where on the screen the menu is asked for: at the mouse, or at the icon where it was by a key."""
        if self._version_4:
            # For the menu's message that is not documented, but so it is, and Qt relies on it.
            return ctypes.c_short(wparam & 0xFFFF).value, ctypes.c_short(wparam >> 16 & 0xFFFF).value
        point = wintypes.POINT()
        win32.GetCursorPos(ctypes.byref(point))
        return point.x, point.y

    def _open_menu(self, x: int, y: int) -> None:
        """Show the menu at a place on the screen and do what is chosen there. Returns when it is closed."""
        self._menu_open = True
        try:
            # A menu whose owner is not in front stays open whatever its user turns to (KB135788, too).
            win32.SetForegroundWindow(self._hwnd)
            menu, items = self._menu_handle
            aligned = win32.TPM_RIGHTALIGN | win32.TPM_BOTTOMALIGN
            number = win32.TrackPopupMenuEx(menu, aligned | win32.TPM_RETURNCMD, x, y, self._menu_hwnd, None)
            if number:
                items[number - 1](self)
            elif _call("GetForegroundWindow") == self._hwnd:
                # Escape: who came by the keyboard is back at the icon. Who clicked elsewhere is there already.
                self._message(win32.NIM_SETFOCUS, 0)
        finally:
            self._menu_open = False
            # Without a message of any kind the next menu closes at once or not at all (Microsoft's KB135788).
            win32.PostMessage(self._hwnd, _WM_NULL, 0, 0)
            if self._menu_stale:
                self._update_menu()

    def _update_menu(self) -> None:
        """Build the menu anew, but never while it is open, since pystray begins by destroying the old one."""
        self._menu_stale = self._menu_open
        if not self._menu_open:
            super()._update_menu()

    def _on_stop(self, wparam: int, lparam: int) -> None:
        _call("EndMenu")
        super()._on_stop(wparam, lparam)

    def _on_display_change(self, wparam: int, lparam: int) -> None:
        self._refresh()
        super()._on_display_change(wparam, lparam)

    def _on_taskbarcreated(self, wparam: int, lparam: int) -> None:
        self._refresh()
        super()._on_taskbarcreated(wparam, lparam)

    def _show(self) -> None:
        """Add the icon. Where the taskbar does not answer, try again in a second.

        It often does not while a user logs on, and then no message tells us when it is ready.
        """
        self._tell_all(win32.NIM_ADD)

    def _show_again(self) -> None:
        # The taskbar may have taken what it did not answer, and it adds nothing twice.
        if not self._tell_all(win32.NIM_MODIFY):
            self._tell_all(win32.NIM_ADD)

    def _tell_all(self, code: int) -> bool:
        self._assert_icon_handle()
        flags = win32.NIF_MESSAGE | win32.NIF_ICON | win32.NIF_TIP
        facts = {"uCallbackMessage": win32.WM_NOTIFY, "hIcon": self._icon_handle, "szTip": self.title}
        taken = self._message(code, flags, **facts)
        if taken:
            _call("KillTimer", wintypes.HWND(self._hwnd), _RETRY_TIMER)
            # Anew each time: the taskbar forgets it with the icon.
            self._version_4 = self._message(win32.NIM_SETVERSION, 0, uVersion=_VERSION_4)
        return taken

    def _update_icon(self) -> None:
        self._assert_icon_handle()
        self._icon_valid = True
        if self.visible:
            self._message(win32.NIM_MODIFY, win32.NIF_ICON, hIcon=self._icon_handle)

    def _notify(self, message: str, title: str | None = None) -> None:
        if not self._message(win32.NIM_MODIFY, win32.NIF_INFO, szInfo=message, szInfoTitle=title or self.title):
            raise OSError("the taskbar did not take the balloon")

    def _message(self, code: int, flags: int, **facts: Any) -> bool:
        """Tell the taskbar, and return whether it took it. What is shown for long is tried again where it did not."""
        # Version 4 shows no tooltip unless each message asks for it.
        data = win32.NOTIFYICONDATAW(
            cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW), hWnd=self._hwnd, uFlags=flags | win32.NIF_SHOWTIP, **facts
        )
        taken = bool(win32.Shell_NotifyIcon(code, data))
        if not taken and flags & (win32.NIF_ICON | win32.NIF_TIP):
            _call("SetTimer", wintypes.HWND(self._hwnd), _RETRY_TIMER, _RETRY_MS, None)
        return taken

    def _assert_icon_handle(self) -> None:
        """Have the handle of the picture. Every picture is made once, and in memory: the disk may be full."""
        picture = self.icon
        if id(picture) not in self._handles:
            self._handles[id(picture)] = (picture, _icon_handle(picture))
        self._icon_handle = self._handles[id(picture)][1]

    def _release_icon(self) -> None:
        """Keep the handle: its picture will be wanted again. `run` frees all at its end."""


def _icon_handle(picture: Image.Image) -> int:
    """Return a new HICON of just this picture, in its own size: pystray's loading takes 32 pixels, scaled by the shell.

    Raises `OSError` when Windows refuses it.
    """
    file = io.BytesIO()
    picture.save(file, "ICO", sizes=[picture.size], bitmap_format="bmp")
    bits = file.getvalue()[_ICO_HEADER:]
    create = win32.windll.user32.CreateIconFromResourceEx
    create.restype = wintypes.HICON
    handle = create(bits, len(bits), True, _ICON_FORMAT, *picture.size, 0)
    if not handle:
        raise OSError("Windows could not make an icon of the picture")
    return int(handle)


def _call(name: str, *arguments: Any) -> int:
    """Call a function of user32 that returns a number; return 0 where it is not there: some are of Windows 10 1607."""
    function = getattr(win32.windll.user32, name, None)
    return int(function(*arguments) or 0) if function else 0
