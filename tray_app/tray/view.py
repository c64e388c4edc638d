"""What the tray shows, and what can be asked for there. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tray_app.settings import Settings
from tray_app.states import State

LEVELS = 5
"""Steps of the level bar."""

_STEPS = (-60.0, -45.0, -30.0, -18.0, -6.0)
"""dBFS from which each step is lit: −18 is where speech is mixed to (EBU R 68), −6 is nearly too loud."""


class Action(StrEnum):
    """What a menu item asks the program to do. What stands behind it here is the `value` that goes with it."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    DISCARD = "discard"
    CHOOSE = "choose"  # NAME=text on each line: variables of the settings and their new values
    OPEN_FILE = "open file"  # its path
    SHOW_FILE = "show file"  # its path
    COPY_PATH = "copy path"  # the path
    SHOW_CUTS = "show cuts"  # the path of a recording
    TRIM_AGAIN = "trim again"  # the path of its original
    OPEN_FOLDER = "open folder"
    CHOOSE_FOLDER = "choose folder"
    OPEN_ORIGINALS = "open originals"
    RECYCLE_ORIGINALS = "recycle originals"  # older than so many days
    AUTOSTART = "autostart"
    OPEN_LOG = "open log"
    EXIT = "exit"


class Look(StrEnum):
    """Which picture the tray shows."""

    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    WAITING = "waiting"
    WORKING = "working"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Listed:
    """A source that can be chosen. `heard` is True for what an output plays, False for an input."""

    id: str
    name: str
    heard: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Recent:
    """One of the last recordings: its `path`, whether it is `known` what was cut of it, and its kept `original`.

    `original` is None where it was not kept, or is the recording itself. Where nothing was `heard` there is no trimmed
    file, and both are the kept original.
    """

    path: Path
    known: bool = False
    original: Path | None = None
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Originals:
    """The originals that lie beside trimmed recordings: how many, and their bytes.

    `older` has, for ages in days, how many are older than that, and their bytes.
    """

    count: int
    size: int
    older: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All that the tray shows.

    `waiting` is True while a take's device is lost and waited for; `source` is the name of what is recorded. `since`
    is the local time at which the take began and `seconds` its length so far; `name` is its file's name, `level` the
    lit steps (0 to `LEVELS`) of its level bar. `working` is True while a finished take is being worked on, `done` how
    much of that is done, in percent; `leaving` is True when the program ends as soon as it is. `trouble` is one line,
    empty when all is well. `autostart` says whether the program starts with the desktop, and is None where that cannot
    be asked.

    `settings` is None where nothing can be chosen. `sources` is what can be recorded, `pinned` the id of the one that
    the settings name, empty where that is not there. `recent` are the last recordings, the newest first; `originals`
    is None where there are none. `light` is True where the taskbar is light, `ffmpeg` where ffmpeg is installed.
    """

    state: State = State.IDLE
    waiting: bool = False
    source: str = ""
    since: datetime | None = None
    seconds: float = 0.0
    working: bool = False
    trouble: str = ""
    autostart: bool | None = None
    name: str = ""
    level: int = 0
    leaving: bool = False
    settings: Settings | None = None
    sources: tuple[Listed, ...] = ()
    pinned: str = ""
    recent: tuple[Recent, ...] = ()
    originals: Originals | None = None
    light: bool = False
    done: int = 0
    ffmpeg: bool = True

    @property
    def missing(self) -> bool:
        """Whether a take goes on without its device. Without a take nothing is missing."""
        return self.waiting and self.state is not State.IDLE

    @property
    def alert(self) -> bool:
        """Whether the picture needs a sign of trouble beside what it shows anyway."""
        return bool(self.trouble) and look(self) in (Look.RECORDING, Look.PAUSED)


def look(view: View) -> Look:
    """Return which picture shows `view`. What is being recorded comes before what became of earlier takes."""
    if view.missing:
        return Look.WAITING
    if view.state is not State.IDLE:
        return Look(view.state.value)
    if view.trouble:
        return Look.TROUBLE
    return Look.WORKING if view.working or view.leaving else Look.IDLE


def level_of(peak: float) -> int:
    """Return how many steps of the level bar a peak in dBFS lights (−inf is 0)."""
    return sum(peak >= step for step in _STEPS)
