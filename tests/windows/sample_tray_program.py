"""A program that is nothing but a tray: it writes down what was asked of it, and shows what standard input says.

`python -m tests.windows.sample_tray_program FILE`. Each line of FILE is a word of JSON: "ready", an action, the
answer to a line of input, "ended". Standard input takes one JSON object a line: `{"show": {…}}` shows a view made of
these fields, `{"notify": [TITLE, TEXT]}` a balloon, `{"menu": null}` writes the labels that Windows has in the menu,
and `{"stop": null}` stops. The recorder's states are played: a command changes them as it would.
"""

from __future__ import annotations

import ctypes
import json
import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tray_app.states import Command, State, transition
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action, Recent, View

_BY_POSITION = 0x400


class Program:
    """The tray, and what is shown in it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.view = View(autostart=False)
        self.tray = Tray(self.act)

    def say(self, word: object) -> None:
        with self._lock, self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(word) + "\n")

    def show(self, **changes: Any) -> None:
        self.view = replace(self.view, **changes)
        self.tray.show(self.view)

    def act(self, action: Action, value: str) -> None:
        self.say(action.value)
        if action is Action.EXIT:
            self.tray.stop()
        elif action is Action.AUTOSTART:
            self.show(autostart=not self.view.autostart)
        elif action is Action.OPEN_FOLDER:
            raise OSError("there is no folder to open")
        elif action is not Action.SHOW_FILE:
            state = transition(self.view.state, Command(action.value)).state
            self.show(state=state, source="Speakers (B&O Audio)", since=datetime(2026, 11, 24, 14, 3), seconds=83)

    def read(self) -> None:
        for line in sys.stdin:
            for order, fact in json.loads(line).items():
                self.obey(order, fact)

    def obey(self, order: str, fact: Any) -> None:
        if order == "show":
            if "state" in fact:
                fact["state"] = State(fact["state"])
            if "recent" in fact:
                fact["recent"] = tuple(Recent(Path(name)) for name in fact["recent"])
            self.show(**fact)
            self.say("shown")
        elif order == "notify":
            self.tray.notify(*fact)
            self.say("notified")
        elif order == "menu":
            self.say(self.labels())
        elif order == "stop":
            self.tray.stop()

    def labels(self) -> list[str]:
        """Return the menu as Windows has it: * before the default item, + before a ticked one."""
        menu, _ = self.tray._icon._menu_handle  # type: ignore[union-attr]
        return [
            _label(ctypes.c_void_p(menu), place) for place in range(_user32().GetMenuItemCount(ctypes.c_void_p(menu)))
        ]


def _label(menu: ctypes.c_void_p, place: int) -> str:
    text = ctypes.create_unicode_buffer(256)
    _user32().GetMenuStringW(menu, place, text, len(text), _BY_POSITION)
    state = _user32().GetMenuState(menu, place, _BY_POSITION)
    return "*" * bool(state & 0x1000) + "+" * bool(state & 0x8) + "?" * bool(state & 0x3) + text.value


def _user32() -> Any:
    from pystray._util import win32

    return win32.windll.user32


if __name__ == "__main__":
    program = Program(Path(sys.argv[1]))
    threading.Thread(target=program.read, daemon=True).start()
    program.tray.show(program.view)
    program.tray.run(lambda: program.say("ready"))
    program.say("ended")
