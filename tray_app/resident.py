"""The program in the tray: joins the recorder to icon and menu, to the channel, and to the session's end."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tray_app.app import App
from tray_app.desktop import autostart, instance, reveal
from tray_app.desktop.channel import Answer, Request
from tray_app.desktop.session import SessionEnd, console_closing
from tray_app.desktop.signals import Ending
from tray_app.errors import RecorderError
from tray_app.events import Level, Problem, StateChanged
from tray_app.settings import APP_NAME, Settings
from tray_app.states import Command, State, transition
from tray_app.tray.menu import Action, View, tooltip
from tray_app.tray.tray import Tray

log = logging.getLogger(__name__)

WORK_LOOK = 0.5
"""Seconds between looks at whether the jobs are done, while there are any."""
RUNS_ALREADY = "Tray Recorder runs already; its icon is in the notification area."

MakeTray = Callable[[Callable[[Action], None]], Tray]
"""Makes what the user sees; what is picked there is handed to the given function."""

_COMMANDS = {
    Action.START: Command.START,
    Action.PAUSE: Command.PAUSE,
    Action.RESUME: Command.RESUME,
    Action.STOP: Command.STOP,
}


def run(settings: Settings, *, start: bool, make_tray: MakeTray = Tray) -> int:
    """Show the icon and stay until told to quit; with `start`, begin to record at once. Return the exit status.

    Where the program runs already, that one is told to show itself (and to start), and this one ends with 0. Raises
    `TrayUnavailableError` where there is no tray.
    """
    claimed = instance.claim()
    if claimed is None:
        return _tell_the_first(start)
    with claimed, App(settings) as app:
        resident = Resident(app, autostart.for_system(), make_tray=make_tray)
        claimed.serve(resident.answer)
        resident.run(start=start)
    return 0


def _tell_the_first(start: bool) -> int:
    instance.ask("show")
    message = instance.ask("start").message if start else RUNS_ALREADY
    print(message, file=sys.stderr, flush=True)
    return 0


class Resident:
    """Holds what the tray shows, and does what the tray, the terminal and the system ask for.

    `starts_with` is how the program starts with the desktop, None where it cannot. `show_folder` opens a folder in the
    system's file manager and returns at once. `make_tray` makes what the user sees. Everything public may be called on
    any thread and returns at once, but for `run`.
    """

    def __init__(
        self,
        app: App,
        starts_with: autostart.Autostart | None,
        show_folder: Callable[[Path], None] = reveal.open_folder,
        make_tray: MakeTray = Tray,
    ) -> None:
        self._app, self._autostart, self._show_folder = app, starts_with, show_folder
        self._tray = make_tray(self.act)
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._shown: View | None = None
        self._waiting = False
        self._source = ""
        self._since: datetime | None = None
        self._seconds = 0.0
        self._trouble = ""
        self._starts: bool | None = None
        self._quitting = False
        self._over = False
        app.notifier.fall_back_to(self._tray.notify)
        app.bus.listen(StateChanged, self._state_changed)
        app.bus.listen(Level, self._level)
        app.bus.listen(Problem, self._problem)

    def run(self, *, start: bool = False) -> None:
        """Show the icon, and return after `quit`. On the main thread."""
        deliverer = threading.Thread(target=self._deliver, name="events", daemon=True)
        deliverer.start()
        try:
            app = self._app
            with Ending(self.quit), console_closing(app.finish), SessionEnd(app.busy, app.finish):
                self._tray.run(lambda: self._ready(start))
        finally:
            self._over = True
            self._app.bus.wake()
            deliverer.join()

    def _ready(self, start: bool) -> None:
        """What is to be done once the icon is there; it comes first."""
        if start:
            self.tell(Command.START)
        try:
            self._app.recover()
        except RecorderError as error:
            # A folder that cannot be read is said when a take is to be written there.
            log.warning("%s (%s)", error, error.detail)
        self._ask_autostart()
        self._app.bus.wake()

    # What is asked for

    def act(self, action: Action) -> None:
        """Do what was picked from the menu."""
        if action in _COMMANDS:
            self.tell(_COMMANDS[action])
        elif action is Action.OPEN_FOLDER:
            self._show_folder(self._app.settings.save_folder)
        elif action is Action.AUTOSTART:
            threading.Thread(target=self._switch_autostart, name="autostart", daemon=True).start()
        elif action is Action.EXIT:
            self.quit()

    def tell(self, command: Command) -> Answer:
        """Have the recorder obey, and show at once what that makes of its state."""
        action = transition(self._app.recorder.state, command).action
        # Before it is done: a device may answer, or fail, before we are back.
        with self._lock:
            if action is not None:
                self._trouble = ""
            if action is Command.START:
                # Not heard of the device yet: until then the tray says that it waits for it.
                self._waiting, self._source, self._seconds = True, "", 0.0
                self._since = datetime.now().astimezone()
        step = self._app.tell(command)
        log.info("%s: %s", command, step.message)
        self._refresh()
        return Answer(step.action is not None, step.message, self.status())

    def quit(self) -> None:
        """End the take, finish the jobs, then end the program."""
        with self._lock:
            if self._quitting:
                return
            self._quitting = True
        threading.Thread(target=self._quit, name="quit", daemon=True).start()

    def _quit(self) -> None:
        self._app.recorder.close()
        self._app.bus.wake()
        self._app.finish_jobs()
        self._tray.stop()

    # The channel

    def answer(self, request: Request) -> Answer:
        """Answer another process of this user: a second start, or a command in the terminal."""
        if request.command == "status":
            return Answer(True, tooltip(self._view()), self.status())
        if request.command == "show":
            self._app.notifier.notify(APP_NAME, RUNS_ALREADY)
            return Answer(True, RUNS_ALREADY, self.status())
        if request.command == "quit":
            self.quit()
            return Answer(True, "Tray Recorder finishes its work and ends.", self.status())
        return self.tell(Command(request.command))

    def status(self) -> dict[str, object]:
        """Return what `status --json` prints."""
        view = self._view()
        return {
            "running": True,
            "state": str(view.state),
            "waiting": view.waiting,
            "source": view.source,
            "since": view.since.isoformat(timespec="seconds") if view.since else None,
            "seconds": round(view.seconds, 3),
            "jobs": view.working,
            "save_folder": str(self._app.settings.save_folder),
        }

    # What the tray shows

    def _deliver(self) -> None:
        while not self._over:
            self._refresh()
            # Nobody tells when the last job has ended, so while there is one it is looked after.
            self._app.bus.deliver(WORK_LOOK if self._app.working() else None)

    def _refresh(self) -> None:
        # One at a time, or an older view could be shown last.
        with self._refreshing:
            view = self._view()
            if view != self._shown:
                self._shown = view
                self._tray.show(view)

    def _view(self) -> View:
        state = self._app.recorder.state
        working = self._app.working()
        with self._lock:
            if state is State.IDLE:
                return View(working=working, trouble=self._trouble, autostart=self._starts)
            return View(
                state=state,
                waiting=self._waiting,
                source=self._source,
                since=self._since,
                seconds=float(int(self._seconds)),
                working=working,
                trouble=self._trouble,
                autostart=self._starts,
            )

    def _state_changed(self, change: StateChanged) -> None:
        with self._lock:
            if change.state is not State.IDLE:
                self._waiting, self._source = change.waiting, change.source
                if not change.waiting:
                    self._trouble = ""

    def _level(self, level: Level) -> None:
        with self._lock:
            self._seconds = level.seconds

    def _problem(self, problem: Problem) -> None:
        with self._lock:
            self._trouble = problem.text

    # Start with the desktop

    def _ask_autostart(self) -> None:
        if self._autostart is not None:
            try:
                self._starts = self._autostart.enabled()
            except RecorderError as error:
                log.warning("%s (%s)", error, error.detail)

    def _switch_autostart(self) -> None:
        if self._autostart is None:
            return
        try:
            (self._autostart.disable if self._autostart.enabled() else self._autostart.enable)()
        except RecorderError as error:
            log.warning("%s (%s)", error, error.detail)
            self._app.bus.post(Problem(str(error)))
        self._ask_autostart()
        self._app.bus.wake()
