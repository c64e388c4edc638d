"""What the tray is to show: made from the recorder's state, the last events, and what was found meanwhile."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime

from tray_app.app import App
from tray_app.capture import DEFAULT, find
from tray_app.capture.base import Source
from tray_app.errors import RecorderError
from tray_app.events import DiskLow, JobFinished, JobProgress, Level, Problem, StateChanged, Unheard
from tray_app.notices import disk_low, unheard
from tray_app.shelf import Shelf
from tray_app.states import Command, State, Transition
from tray_app.tray.view import Listed, View, level_of


class Shown:
    """Listens to the bus of `app`, and makes the view. What is found elsewhere is set: `sources`, `shelf`, …"""

    def __init__(self, app: App) -> None:
        self._app = app
        self.sources: tuple[Source, ...] = ()
        self.shelf = Shelf()
        self.autostart: bool | None = None
        self.light = False
        self.ffmpeg = True
        self._lock = threading.Lock()
        self._waiting = False
        self._source = ""
        self._name = ""
        self._since: datetime | None = None
        self._seconds = 0.0
        self._peak = -math.inf
        self._level = 0
        self._trouble = ""
        self._unheard = ""
        self._leaving = False
        self._done = 0
        app.bus.listen(StateChanged, self._state_changed)
        app.bus.listen(Level, self._heard)
        app.bus.listen(Problem, lambda problem: self._in_trouble(problem.text))
        app.bus.listen(DiskLow, lambda low: self._in_trouble(disk_low(low)))
        app.bus.listen(Unheard, self._hears_nothing)
        app.bus.listen(JobProgress, self._progresses)
        app.bus.listen(JobFinished, lambda _: self._finished_one())

    @property
    def name(self) -> str:
        """The name of the take that runs; empty where that is not known."""
        return self._name

    def obeys(self, tell: Callable[[], Transition]) -> Transition:
        """Tell the recorder something and note what it makes of it; return that. Nothing is heard of it before."""
        with self._lock:
            step = tell()
            if step.action is not None:
                self._trouble = self._unheard = ""
            if step.action is Command.START:
                # Not heard of the device yet: until then the tray says that it waits for it.
                self._waiting, self._source, self._name, self._seconds = True, "", "", 0.0
                self._peak, self._level = -math.inf, 0
                self._since = datetime.now().astimezone()
        return step

    def leaves(self) -> None:
        """Note that the program ends as soon as its work is done."""
        self._leaving = True

    def view(self) -> View:
        """Return what is to be shown now."""
        app = self._app
        state, working = app.recorder.state, app.working()
        settings, shelf = app.settings, self.shelf
        sources = tuple(_listed(source) for source in self.sources if source.kind != "signal")
        with self._lock:
            takes = state is not State.IDLE
            return View(
                state=state,
                waiting=takes and self._waiting,
                source=self._source if takes else "",
                since=self._since if takes else None,
                seconds=float(int(self._seconds)) if takes else 0.0,
                working=working,
                trouble=self._trouble or self._unheard,
                autostart=self.autostart,
                name=self._name if takes else "",
                level=self._level if takes else 0,
                leaving=self._leaving,
                settings=settings,
                sources=sources,
                pinned=self._pinned(settings.source),
                recent=shelf.recent,
                originals=shelf.originals,
                light=self.light,
                done=self._done if working else 0,
                ffmpeg=self.ffmpeg,
            )

    def _pinned(self, wanted: str) -> str:
        """Return the id of the source that the settings name; empty where it is not there."""
        if wanted == DEFAULT:
            return ""
        try:
            return find(self.sources, wanted).id
        except RecorderError:
            return ""

    def _state_changed(self, change: StateChanged) -> None:
        with self._lock:
            if change.state is not State.IDLE:
                self._waiting, self._source, self._name = change.waiting, change.source, change.name
                if not change.waiting:
                    self._trouble = ""

    def _heard(self, level: Level) -> None:
        """Take in the level: the bar shows the loudest of a second, and so changes once a second at the most."""
        with self._lock:
            self._peak = max(self._peak, level.peak)
            if int(level.seconds) != int(self._seconds):
                self._level, self._peak = level_of(self._peak), -math.inf
            self._seconds = level.seconds

    def _progresses(self, progress: JobProgress) -> None:
        """Take in how far a job is, in steps: each changes what the icon says, and it should not flicker."""
        with self._lock:
            self._done = int(progress.done * 20) * 5

    def _finished_one(self) -> None:
        with self._lock:
            self._done = 0

    def _in_trouble(self, text: str) -> None:
        with self._lock:
            self._trouble = text

    def _hears_nothing(self, event: Unheard) -> None:
        with self._lock:
            self._unheard = unheard(event)


def _listed(source: Source) -> Listed:
    return Listed(source.id, source.name, source.kind == "loopback", source.default)
