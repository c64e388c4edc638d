"""The icon in the notification area: shows a view, and says what was chosen. By pystray."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from PIL import Image

from tray_app.sentences import program as said
from tray_app.sentences.forms import Label
from tray_app.text import fit
from tray_app.tray.entries import Entries
from tray_app.tray.host import PATIENCE, TrayUnavailableError, find_tray
from tray_app.tray.icon import picture
from tray_app.tray.menu import Item, items
from tray_app.tray.tooltip import tooltip
from tray_app.tray.view import Action, Look, View, look

_NAME = "tray-recorder"

MAX_TITLE = 63
MAX_TEXT = 255
"""UTF-16 units: a balloon's room in `NOTIFYICONDATAW`, less the zero at the end. pystray 0.19.5 raises on more."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Face:
    """What of a view can be seen."""

    look: Look
    level: int
    alert: bool
    light: bool
    title: str
    items: list[Entries]


def _face(view: View) -> _Face:
    shown = look(view)
    level = view.level if shown is Look.RECORDING else 0
    return _Face(shown, level, view.alert, view.light, tooltip(view), items(view))


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
    def label(self, caption: Label) -> str: ...
    def notify(self, message: str, title: str) -> None: ...


Act = Callable[[Action, str], None]
"""Does what was chosen: the action, and the value that goes with it (empty for most)."""


class Tray:
    """The program's icon, its tooltip and its menu.

    `act` is called with what was chosen and its value, on the thread that runs the icon: it must return at once. An
    error in it is logged, and the icon lives on. Only `run` belongs to the main thread; the rest may be called from
    any.
    """

    def __init__(self, act: Act) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._face = _face(View())
        self._icon: _Icon | None = None
        self._running = False
        self._ended = False
        self._items: list[Entries] = []

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
            raise TrayUnavailableError(said.TRAY_GONE, detail="pystray's loop ended by itself")

    def _open(self) -> _Icon:
        back_end = find_tray(PATIENCE)
        try:
            # Late: each can be imported only where its desktop is.
            kind: Any
            if back_end == "pystray._win32":
                from tray_app.tray import windows as kind
            elif back_end in ("pystray._appindicator", "pystray._gtk"):
                from tray_app.tray import gtk as kind
            else:
                from tray_app.tray import plain as kind
            icon: _Icon = kind.Icon(_NAME, self._refresh, lambda: self._tell(Action.EXIT, ""))
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

    @property
    def click_starts(self) -> bool:
        """Whether a click on the icon does the default; else it opens the menu. Known while it shows."""
        return bool(getattr(self._icon, "HAS_DEFAULT_ACTION", True))

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
        wanted = picture(face.look, icon.picture_size(), face.light, face.level, face.alert)
        if wanted is not icon.icon:
            icon.icon = wanted
        icon.title = face.title
        if face.items != self._items:
            icon.menu, self._items = self._menu(icon, face.items), face.items

    def _menu(self, icon: _Icon, entries: Iterable[Entries]) -> Any:
        import pystray

        return pystray.Menu(
            *(self._item(icon, entry) if isinstance(entry, Item) else pystray.Menu.SEPARATOR for entry in entries)
        )

    def _item(self, icon: _Icon, item: Item) -> Any:
        import pystray

        action, value, checked = item.action, item.value, item.checked
        chosen = None if action is None else lambda: self._tell(action, value)
        return pystray.MenuItem(
            icon.label(item.caption),
            self._menu(icon, item.entries) if item.entries else chosen,
            checked=None if checked is None else lambda _item: checked,
            radio=item.radio,
            default=item.default,
            enabled=item.enabled,
        )

    def _tell(self, action: Action, value: str) -> None:
        try:
            self._act(action, value)
        except Exception:  # whatever goes wrong in the program, its icon must stay to tell and to exit by
            log.exception("%s, chosen in the tray, failed.", action)
