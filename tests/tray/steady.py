"""A program that is nothing but a tray, and shows a lot: `python -m tests.tray.steady STATES LEVELS`.

Prints what it holds of the system as JSON, twice: when every picture was shown once, and at the end.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.tray.views import at_home, recording
from tray_app.states import State
from tray_app.tray.tray import Tray
from tray_app.tray.view import View


def held() -> dict[str, Any]:
    """Return what this process holds."""
    gc.collect()
    if sys.platform == "win32":
        import psutil

        count = ctypes.c_ulong()
        here = ctypes.c_void_p(-1)  # GetCurrentProcess()
        ctypes.windll.kernel32.GetProcessHandleCount(here, ctypes.byref(count))
        # Windows of the user's and pictures: GR_GDIOBJECTS and GR_USEROBJECTS.
        drawn = [ctypes.windll.user32.GetGuiResources(here, kind) for kind in (0, 1)]
        return {
            "threads": threading.active_count(),
            "handles": count.value + sum(drawn),
            "megabytes": psutil.Process().memory_info().rss / 1e6,
            "pictures": sum(1 for path in Path(tempfile.gettempdir()).iterdir() if path.is_file()),
        }
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "threads": threading.active_count(),
        "handles": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - descriptors are no files
        "megabytes": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "pictures": len(list(Path(tempfile.gettempdir()).glob("tray-recorder-*/*.png"))),
    }


def shown(tray: Tray, view: View) -> None:
    """Show a view and wait until it is there: a desktop that is behind would make many of them one."""
    tray.show(view)
    icon: Any = tray._icon
    deadline = time.monotonic() + 20
    while icon.title != tray._face.title or icon.menu is None:
        assert time.monotonic() < deadline
        time.sleep(0.0002)


def play(tray: Tray, states: int, levels: int) -> None:
    """Go through states, each with its menu, and levels, each with its picture."""
    takes = (at_home(), recording(), recording(state=State.PAUSED), recording(waiting=True), at_home(trouble="x"))
    for number in range(states):
        shown(tray, replace(takes[number % len(takes)], seconds=float(number), source=f"Speakers {number}"))
    for number in range(levels):
        shown(tray, recording(seconds=float(number), level=number % 6))


def main(states: int, levels: int) -> None:
    """Warm up, look, play, look again."""
    tray = Tray(lambda action, value: None)

    def ready() -> None:
        try:
            play(tray, 15, 12)
            time.sleep(0.5)
            before = held()
            play(tray, states, levels)
            time.sleep(0.5)
            print(json.dumps(before), json.dumps(held()), sep="\n", flush=True)
        finally:
            tray.stop()

    tray.run(ready)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
