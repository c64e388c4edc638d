"""The icon in the notification area: shows a view, and says what was chosen. By pystray."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from tray_app.errors import RecorderError
from tray_app.tray.icon import picture
from tray_app.tray.menu import Item, Separator, items, tooltip
from tray_app.tray.text import fit
from tray_app.tray.view import Action, Look, View, look

_NAME = "tray-recorder"

MAX_TITLE = 63
MAX_TEXT = 255
"""UTF-16 units: a balloon's room in `NOTIFYICONDATAW`, less the zero at the end. pystray 0.19.5 raises on more."""

_log = logging.getLogger(__name__)


class TrayUnavailableError(RecorderError):
    """There is no tray to show the icon in, or it went away."""

    def __init__(self, what: str = "There is no tray on this desktop.", detail: str = "") -> None:
        super().__init__(what, todo="Record in the terminal with `tray-recorder record`.", detail=detail)


@dataclass(frozen=True, slots=True)
class _Face:
    """What of a view can be seen."""

    look: Look
    title: str
    items: list[Item | Separator]


def _face(view: View) -> _Face:
    return _Face(look(view), tooltip(view), items(view))


class _Icon(Protocol):
    """What `windows.Icon` and `plain.Icon` are."""

    icon: Image.Image | None
    title: str
    menu: Any
    visible: bool
    HAS_NOTIFICATION: bool

    def run(self, setup: Callable[[], None]) -> None: ...
    def stop(self) -> None: ...
    def refresh_soon(self) -> None: ...
    def picture_size(self) -> int: ...
    def label(self, text: str) -> str: ...
    def notify(self, message: str, title: str) -> None: ...


def find_tray() -> str:
    """Return pystray's back end for this desktop. Raises `TrayUnavailableError` where it has none that would serve."""
    try:
        # Late: without a desktop already the import fails, and without a tray nobody needs it.
        import pystray

        if not pystray.Icon.HAS_MENU:
            # pystray's back end for X alone does not even hear clicks: nobody could stop what its icon started.
            raise NotImplementedError(f"{pystray.Icon.__module__} has no menu")
    except Exception as error:  # every back end raises something else for a desktop or a library that is missing
        raise TrayUnavailableError(detail=repr(error)) from error
    return str(pystray.Icon.__module__)


class Tray:
    """The program's icon, its tooltip and its menu.

    `act` is called with what was chosen, on the thread that runs the icon: it must return at once. An error in it is
    logged, and the icon lives on. Only `run` belongs to the main thread; the rest may be called from any.
    """

    def __init__(self, act: Callable[[Action], None]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._face = _face(View())
        self._icon: _Icon | None = None
        self._running = False
        self._ended = False
        self._items: list[Item | Separator] = []

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon and return after `stop`. To be called once, on the main thread.

        `ready` is called on a thread of its own once the icon shows, but not when `stop` came first. Raises
        `TrayUnavailableError` where there is no tray, or when it goes away.
        """
        if self._ended:
            return
        icon = self._icon = self._open()
        try:
            icon.run(lambda: self._begin(icon, ready))
        except OSError as error:
            raise TrayUnavailableError(detail=repr(error)) from error
        finally:
            self._running = False
        if not self._ended:
            raise TrayUnavailableError("The tray has gone.", detail="pystray's loop ended by itself")

    def _open(self) -> _Icon:
        back_end = find_tray()
        try:
            icon: _Icon
            if back_end == "pystray._win32":
                from tray_app.tray import windows

                icon = windows.Icon(_NAME, self._refresh, lambda: self._tell(Action.EXIT))
            else:
                from tray_app.tray import plain

                icon = plain.Icon(_NAME, self._refresh, lambda: self._tell(Action.EXIT))
        except Exception as error:  # every back end raises something else for a desktop or a library that is missing
            raise TrayUnavailableError(detail=repr(error)) from error
        return icon

    def _begin(self, icon: _Icon, ready: Callable[[], None]) -> None:
        with self._lock:
            self._running = not self._ended
        if not self._running:
            icon.stop()
            return
        self._refresh()
        icon.visible = True
        threading.Thread(target=ready, name="ready", daemon=True).start()

    def show(self, view: View) -> None:
        """Show `view` soon. Never blocks: of many views that come quickly only the last may be seen.

        A menu that is open stays as it is until it is closed.
        """
        face = _face(view)
        with self._lock:
            changed, self._face = face != self._face, face
            if changed and self._running and self._icon:
                self._icon.refresh_soon()

    def notify(self, title: str, text: str) -> None:
        """Show a balloon at the icon; `title` is cut to 63 and `text` to 255 UTF-16 units.

        Raises `OSError` while there is no icon, where its system has no balloons, and when the taskbar refuses it.
        """
        if not (self._running and self._icon and self._icon.HAS_NOTIFICATION):
            raise OSError("there is no icon that could show a balloon")
        # An empty text would take away the balloon that is there.
        self._icon.notify(fit(text, MAX_TEXT) or " ", fit(title, MAX_TITLE))

    def stop(self) -> None:
        """Make `run` return, now or, when it was not called yet, then. May be called again."""
        with self._lock:
            self._ended = True
            running = self._running
        if running and self._icon:
            self._icon.stop()

    def _refresh(self) -> None:
        """Make the icon show the last view. On the thread that may touch it; only what differs is touched."""
        icon, face = self._icon, self._face
        if not icon:
            return
        wanted = picture(face.look, icon.picture_size())
        if wanted is not icon.icon:
            icon.icon = wanted
        icon.title = face.title
        if face.items != self._items:
            icon.menu, self._items = self._menu(icon, face.items), face.items

    def _menu(self, icon: _Icon, entries: list[Item | Separator]) -> Any:
        import pystray

        return pystray.Menu(
            *(self._item(icon, entry) if isinstance(entry, Item) else pystray.Menu.SEPARATOR for entry in entries)
        )

    def _item(self, icon: _Icon, item: Item) -> Any:
        import pystray

        action, checked = item.action, item.checked
        return pystray.MenuItem(
            icon.label(item.label),
            None if action is None else lambda: self._tell(action),
            checked=None if checked is None else lambda _item: checked,
            default=item.default,
        )

    def _tell(self, action: Action) -> None:
        try:
            self._act(action)
        except Exception:  # whatever goes wrong in the program, its icon must stay to tell and to exit by
            _log.exception("%s, chosen in the tray, failed.", action)
