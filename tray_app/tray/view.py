"""What the tray shows, and what can be asked for there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tray_app.states import State


class Action(StrEnum):
    """What a menu item asks the program to do."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    OPEN_FOLDER = "open folder"
    AUTOSTART = "autostart"
    EXIT = "exit"


class Look(StrEnum):
    """Which picture the tray shows."""

    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class View:
    """All that the tray shows.

    `waiting` is True while a take's device is lost and waited for; `source` is the name of what is recorded. `since`
    is the local time at which the take began and `seconds` its length so far; `working` is True while a finished take
    is being worked on. `trouble` is one line, empty when all is well. `autostart` says whether the program starts
    with the desktop, and is None where that cannot be asked.
    """

    state: State = State.IDLE
    waiting: bool = False
    source: str = ""
    since: datetime | None = None
    seconds: float = 0.0
    working: bool = False
    trouble: str = ""
    autostart: bool | None = None

    @property
    def missing(self) -> bool:
        """Whether a take goes on without its device. Without a take nothing is missing."""
        return self.waiting and self.state is not State.IDLE


def look(view: View) -> Look:
    """Return which picture shows `view`."""
    return Look.WAITING if view.missing else Look(view.state.value)
