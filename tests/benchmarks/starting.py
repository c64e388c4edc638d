"""From the start of the program to its icon in the tray, on Linux: a private D-Bus, and a panel that only listens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Table
from tests.terminal.program import clean_env

DEADLINE = 20.0
WATCHER = "org.kde.StatusNotifierWatcher"


class CannotShowError(Exception):
    """This machine has no tray that could be shown; says what is missing."""


def missing() -> str:
    """Return what keeps an icon from being shown here, empty where nothing does."""
    for needed in ("Xvfb", "dbus-daemon"):
        if subprocess.run(["which", needed], capture_output=True, check=False).returncode:
            return f"{needed} is not installed"
    probe = (
        "import gi; gi.require_version('AyatanaAppIndicator3', '0.1'); from gi.repository import AyatanaAppIndicator3"
    )
    if subprocess.run([sys.executable, "-c", probe], capture_output=True, check=False).returncode:
        return "PyGObject or AyatanaAppIndicator3 cannot be imported"
    return ""


@contextlib.contextmanager
def desktop(folder: Path) -> Iterator[dict[str, str]]:
    """Run a screen and a bus; give the environment in which a program finds them."""
    read, write = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    address = f"unix:path={folder}/bus"
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", f"--address={address}", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        with os.fdopen(read) as display:
            number = display.readline().strip()
        assert bus.stdout is not None
        bus.stdout.readline()
        yield {"DISPLAY": f":{number}", "DBUS_SESSION_BUS_ADDRESS": address, "XDG_SESSION_TYPE": "x11"}
    finally:
        for process in (bus, screen):
            process.kill()
            process.wait()


async def _first_icon(address: str, command: list[str], env: dict[str, str]) -> float:
    """Start the program; return the seconds until it has told the panel of its icon."""
    from dbus_fast import PropertyAccess
    from dbus_fast.aio import MessageBus
    from dbus_fast.service import ServiceInterface, dbus_property, method

    shown: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    class Watcher(ServiceInterface):
        @method()
        def RegisterStatusNotifierItem(self, service: "s"):  # type: ignore[name-defined,no-untyped-def]  # noqa: F821,N802,UP037
            if not shown.done():
                shown.set_result(time.perf_counter())

        @dbus_property(access=PropertyAccess.READ)
        def IsStatusNotifierHostRegistered(self) -> "b":  # type: ignore[name-defined]  # noqa: F821,N802,UP037
            return True

        @dbus_property(access=PropertyAccess.READ)
        def ProtocolVersion(self) -> "i":  # type: ignore[name-defined]  # noqa: F821,N802,UP037
            return 0

    bus: Any = await MessageBus(bus_address=address).connect()
    bus.export("/StatusNotifierWatcher", Watcher(WATCHER))
    await bus.request_name(WATCHER)
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        async with asyncio.timeout(DEADLINE):
            return await shown - began
    except TimeoutError:
        process.kill()
        _, said = process.communicate()
        raise CannotShowError(f"no icon within {DEADLINE:.0f} s: {said.strip()[-300:]}") from None
    finally:
        process.kill()
        process.wait()
        bus.disconnect()


def start(rounds: int) -> Table:
    """Start the program several times. Raises `CannotShowError` where no icon can be shown."""
    if lacking := missing():
        raise CannotShowError(lacking)
    times = []
    with tempfile.TemporaryDirectory() as name, desktop(Path(name)) as screen:
        env = clean_env(Path(name)) | screen
        for _ in range(rounds + 1):
            command = [sys.executable, "-m", "tray_app"]
            times.append(asyncio.run(_first_icon(screen["DBUS_SESSION_BUS_ADDRESS"], command, env)))
    first, *others = times
    others.sort()
    table = Table(
        "From start to icon",
        "From the start of the process until the panel is told of the icon; Linux, pystray's appindicator.",
        ("starts", "median", "least", "most", "first of all"),
    )
    figures = (others[len(others) // 2], others[0], others[-1], first)
    table.rows.append((str(rounds), *(f"{figure:.2f} s" for figure in figures)))
    return table
