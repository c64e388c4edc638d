"""A Linux desktop for tests, without a pixel: a private bus with a tray host and a notification service, and a screen.

`LinuxDesktop` plays `org.kde.StatusNotifierWatcher` (the specification StatusNotifierItem) and
`org.freedesktop.Notifications` on a bus of its own. Menus are read and clicked through `com.canonical.dbusmenu`, as a
panel does it: what it says is what a panel would show. Xvfb is there because GTK asks for a screen.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.sound import wait_until

WATCHER, NOTIFICATIONS = "org.kde.StatusNotifierWatcher", "org.freedesktop.Notifications"
ITEM, MENU = "org.kde.StatusNotifierItem", "com.canonical.dbusmenu"
SECONDS = 20.0
ROOT = Path(__file__).resolve().parents[2]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a menu as a panel shows it, with its access key. `ticked` is None where there is no room for a tick."""

    number: int
    label: str
    key: str = ""
    ticked: bool | None = None
    radio: bool = False
    grey: bool = False
    lines: tuple[Line, ...] = ()

    def __str__(self) -> str:
        marks = {None: "", True: "(o) " if self.radio else "[x] ", False: "( ) " if self.radio else "[ ] "}
        return marks[self.ticked] + self.label + " [grey]" * self.grey


def texts(lines: Iterable[Line]) -> list[str]:
    """Return the lines as they read: (o) or ( ) before a radio, [x] or [ ] before a tick, --- for a separator."""
    return [str(line) for line in lines]


class LinuxDesktop:
    """A context manager; `env` is for programs that are to be on this desktop.

    `hosted` False leaves out the tray host, `gnome` says that it is GNOME's.
    """

    def __init__(self, *, hosted: bool = True, gnome: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="desk", dir="/tmp"))
        self.notified: list[tuple[str, str]] = []
        self.shown_files: list[str] = []
        self._hosted, self._gnome = hosted, gnome
        self._items: list[tuple[str, str]] = []
        self._loop = asyncio.new_event_loop()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self.display = _reading(self._processes, ["Xvfb", "-displayfd", "{}", "-screen", "0", "1024x768x24"])
        self.display = f":{self.display}"
        socket = f"--address=unix:path={self.folder}/bus"
        self.address = _reading(
            self._processes, ["dbus-daemon", "--session", "--nofork", "--nopidfile", socket, "--print-address={}"]
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name="desktop", daemon=True)
        self._thread.start()
        self._ask(self._serve())

    @property
    def env(self) -> dict[str, str]:
        """What a program needs to be on this desktop."""
        desktop = {"XDG_CURRENT_DESKTOP": "ubuntu:GNOME" if self._gnome else "XFCE"}
        return desktop | {
            "DISPLAY": self.display,
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "NO_AT_BRIDGE": "1",
            "GIO_USE_VFS": "local",
            "GSETTINGS_BACKEND": "memory",
            # The folder of Debian's PyGObject holds much more, so it is looked into for that alone.
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(self._debian_gi())]),
        }

    def _debian_gi(self) -> Path:
        place = self.folder / "debian"
        if not place.exists():
            place.mkdir()
            (place / "gi").symlink_to("/usr/lib/python3/dist-packages/gi")
        return place

    # The bus

    def _ask(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    async def _serve(self) -> None:
        self._bus = await MessageBus(bus_address=self.address).connect()
        self._bus.add_message_handler(self._answer)
        names = [NOTIFICATIONS, "org.freedesktop.FileManager1", *([WATCHER] if self._hosted else [])]
        for name in names:
            await self._bus.request_name(name)

    def _answer(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        match message.member:
            case "RegisterStatusNotifierItem":
                self._items.append((str(message.sender), str(message.body[0])))
                return Message.new_method_return(message)
            case "Get" if message.body[0] == WATCHER:
                value = Variant("b", True) if message.body[1] == "IsStatusNotifierHostRegistered" else Variant("i", 0)
                return Message.new_method_return(message, "v", [value])
            case "GetAll" if message.body[0] == WATCHER:
                facts = {"IsStatusNotifierHostRegistered": Variant("b", True), "ProtocolVersion": Variant("i", 0)}
                return Message.new_method_return(message, "a{sv}", [facts])
            case "Notify":
                self.notified.append((message.body[3], message.body[4]))
                return Message.new_method_return(message, "u", [len(self.notified)])
            case "GetCapabilities":
                return Message.new_method_return(message, "as", [["body"]])
            case "GetServerInformation":
                return Message.new_method_return(message, "ssss", ["tests", "tests", "1", "1.2"])
            case "ShowItems":
                self.shown_files += message.body[0]
                return Message.new_method_return(message)
        return False

    def _call(self, interface: str, member: str, signature: str, body: list[Any], path: str = "") -> list[Any]:
        """Call the program's item, or its menu at `path`."""
        owner, item = self._items[-1]
        call = Message(owner, path or item, interface, member, signature=signature, body=body)
        reply = self._ask(self._bus.call(call))
        assert reply is not None
        assert reply.message_type is MessageType.METHOD_RETURN, f"{member}: {reply.body}"
        return list(reply.body)

    def _get(self, name: str) -> Any:
        return self._call("org.freedesktop.DBus.Properties", "Get", "ss", [ITEM, name])[0].value

    # The icon

    def wait_for_icon(self, after: int = 0) -> None:
        """Wait until a program has registered an icon, beyond so many, that is to be seen, with a menu."""
        wait_until(lambda: len(self._items) > after, SECONDS, "an icon on the bus")
        wait_until(lambda: self._get("Status") == "Active" and len(self.menu()) > 1, SECONDS, "an active icon")

    @property
    def icons(self) -> int:
        """How many icons were registered so far."""
        return len(self._items)

    @property
    def title(self) -> str:
        """What the icon says when it is pointed at."""
        return str(self._get("Title"))

    @property
    def picture(self) -> Path:
        """The file of the icon's picture."""
        return Path(self._get("IconName"))

    # The menu

    def menu(self) -> tuple[Line, ...]:
        """Return the menu as it is now."""
        return self._lines(self._layout())

    def _layout(self) -> Any:
        return self._call(MENU, "GetLayout", "iias", [0, -1, []], self._get("Menu"))[1]

    def _lines(self, node: Any) -> tuple[Line, ...]:
        return tuple(self._line(child.value) for child in node[2] if _fact(child.value, "visible", True))

    def _line(self, node: Any) -> Line:
        # As com.canonical.dbusmenu has it: two are one, a single one stands before the access key.
        before, mark, after = str(_fact(node, "label", "")).replace("__", "\0").partition("_")
        assert "_" not in after, f"two access keys in {before}_{after}"
        label = (before + after).replace("\0", "_")
        kind = _fact(node, "toggle-type", "")
        return Line(
            node[0],
            "---" if _fact(node, "type", "") == "separator" else label,
            after[0].lower() if mark else "",
            _fact(node, "toggle-state", -1) == 1 if kind else None,
            kind == "radio",
            not _fact(node, "enabled", True),
            self._lines(node),
        )

    def find(self, *labels: str) -> Line:
        """Return the line at the end of a way through the menus; each label is the beginning of one."""
        lines = self.menu()
        for label in labels:
            found = [line for line in lines if line.label.startswith(label)]
            assert len(found) == 1, f"{label!r} is not (once) in {texts(lines)}"
            lines = found[0].lines
        return found[0]

    def has(self, *labels: str) -> bool:
        """Whether there is such a way."""
        lines: tuple[Line, ...] = self.menu()
        for label in labels:
            found = [line for line in lines if line.label.startswith(label)]
            if not found:
                return False
            lines = found[0].lines
        return True

    def click(self, *labels: str) -> None:
        """Click on the line at the end of a way through the menus. It must not be grey, nor open a menu."""
        wait_until(lambda: self.has(*labels), SECONDS, f"{labels} in {texts(self.menu())}")
        wait_until(lambda: self._clicked(labels), SECONDS, f"a click on {labels}")

    def _clicked(self, labels: tuple[str, ...]) -> bool:
        """Whether the click was taken: a menu that was replaced since it was read knows nothing of its lines."""
        line = self.find(*labels)
        assert not line.grey
        assert not line.lines
        try:
            self._call(MENU, "Event", "isvu", [line.number, "clicked", Variant("s", ""), 0], self._get("Menu"))
        except AssertionError as error:
            if "does not refer to a menu item" not in str(error):
                raise
            return False
        return True

    def middle_click(self) -> None:
        """Click on the icon with the middle button."""
        self._call(ITEM, "SecondaryActivate", "ii", [0, 0])

    def wait_menu(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something that the menu is to say."""
        wait_until(condition, SECONDS, what)

    def wait_notified(self, part: str) -> tuple[str, str]:
        """Wait for a notification with `part` in its title or text; return it."""

        def found() -> tuple[str, str] | None:
            return next((one for one in self.notified if part in " ".join(one)), None)

        wait_until(found, SECONDS, f"a notification with {part!r}, not {self.notified}")
        told = found()
        assert told
        return told


def _fact(node: Any, name: str, default: Any) -> Any:
    return node[1][name].value if name in node[1] else default


def _reading(processes: list[subprocess.Popen[bytes]], command: list[str]) -> str:
    """Start a program that writes its address to the descriptor that stands for {}; return the address."""
    read, write = os.pipe()
    process = subprocess.Popen(
        [part.replace("{}", str(write)) for part in command],
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    processes.append(process)
    os.close(write)
    with os.fdopen(read) as answer:
        address = answer.readline().strip()
    assert address, f"{command[0]} did not start"
    return address
