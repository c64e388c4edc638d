"""The program in the tray: joins the recorder to icon and menu, to the channel, and to the session's end."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tray_app.app import App
from tray_app.background import Refresher
from tray_app.desktop import autostart, instance
from tray_app.desktop.channel import Answer, Request
from tray_app.desktop.desktop import Desktop
from tray_app.desktop.session import SessionEnd, console_closing
from tray_app.desktop.signals import Ending
from tray_app.desktop.theme import ThemeWatch
from tray_app.disk import storage_error
from tray_app.errands import Errands
from tray_app.errors import RecorderError
from tray_app.events import JobFinished, TakeDiscarded, post_trouble
from tray_app.ffmpeg import find_ffmpeg
from tray_app.menu_choices import Choices
from tray_app.sentences import disk as disk_said
from tray_app.sentences import program as said
from tray_app.settings import APP_NAME, Settings
from tray_app.shelf import look as look_at_shelf
from tray_app.shown import Shown
from tray_app.sources import SourceList
from tray_app.states import Command
from tray_app.tray.tooltip import tooltip
from tray_app.tray.tray import Act, Tray
from tray_app.tray.view import Action, View
from tray_app.welcome import is_first_start, welcome

log = logging.getLogger(__name__)

WORK_LOOK = 0.5
"""Seconds between looks at whether the jobs are done, while there are any."""

MakeTray = Callable[[Act], Tray]
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
    message = instance.ask("start").message if start else said.RUNS_ALREADY
    print(message, file=sys.stderr, flush=True)
    return 0


class Resident:
    """Holds what the tray shows, and does what the tray, the terminal and the system ask for.

    `starts_with` is how the program starts with the desktop, None where it cannot. `desktop` is what the desktop does
    for us. `make_tray` makes what the user sees. `first_start` tells, once, whether the user is new here. Everything
    public may be called on any thread and returns at once, but for `run`.
    """

    def __init__(
        self,
        app: App,
        starts_with: autostart.Autostart | None,
        desktop: Desktop | None = None,
        make_tray: MakeTray = Tray,
        first_start: Callable[[], bool] | None = None,
    ) -> None:
        self._app, self._autostart = app, starts_with
        self._first_start = first_start or (lambda: is_first_start(app.disk))
        self._tray = make_tray(self.act)
        self._shown = Shown(app)
        self._errands = Errands(app.disk, app.bus, desktop or Desktop())
        self._choices = Choices(app, self._refresh)
        self._sources = SourceList(app.backends, self._sources_changed)
        self._shelf = Refresher("shelf", self._look_at_shelf)
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()
        self._last: View | None = None
        self._quitting = False
        self._over = False
        app.notifier.fall_back_to(self._tray.notify)
        app.bus.listen(JobFinished, lambda _: self._shelf.soon())
        app.bus.listen(TakeDiscarded, lambda _: self._shelf.soon())

    def run(self, *, start: bool = False) -> None:
        """Show the icon, and return after `quit`. On the main thread."""
        deliverer = threading.Thread(target=self._deliver, name="events", daemon=True)
        deliverer.start()
        try:
            app = self._app
            with (
                Ending(self.quit),
                console_closing(app.finish),
                SessionEnd(app.busy, app.finish),
                ThemeWatch(self._theme_changed),
            ):
                self._tray.run(lambda: self._ready(start))
        finally:
            self._sources.close()
            self._over = True
            self._app.bus.wake()
            deliverer.join()
            self._choices.wait()

    def _ready(self, start: bool) -> None:
        """What is to be done once the icon is there; it comes first."""
        if start:
            self.tell(Command.START)
        self._sources.start()
        self._greet()
        try:
            self._app.recover()
        except RecorderError as error:
            # A folder that cannot be read is said when a take is to be written there.
            log.warning("%s (%s)", error, error.detail)
        self._ask_autostart()
        self._shelf.soon()
        self._app.bus.wake()
        self._app.warm_up()

    def _greet(self) -> None:
        """Explain the program to a user who has never started it, and make the save folder."""
        app = self._app
        if not app.settings.notify or not self._first_start():
            return
        try:
            app.disk.make_folder(app.settings.save_folder)
        except OSError as error:
            post_trouble(app.bus, storage_error(disk_said.MAKE_FOLDER, app.settings.save_folder, error))
        notice = welcome(click_starts=self._tray.click_starts)
        app.notifier.notify(notice.title, notice.text)

    # What is asked for

    def act(self, action: Action, value: str = "") -> None:
        """Do what was picked from the menu; `value` is what goes with it, see `Action`."""
        app, errands = self._app, self._errands
        folder = app.settings.save_folder
        does: dict[Action, Callable[[], object]] = {
            Action.DISCARD: self._discard,
            Action.CHOOSE: lambda: self._choices.choose(dict(line.split("=", 1) for line in value.split("\n"))),
            Action.OPEN_FOLDER: lambda: errands.open_folder(folder),
            Action.OPEN_ORIGINALS: lambda: errands.open_originals(folder),
            Action.OPEN_FILE: lambda: errands.open_file(Path(value)),
            Action.SHOW_FILE: lambda: errands.show_file(Path(value)),
            Action.SHOW_CUTS: lambda: errands.show_cuts(Path(value), app.rule()),
            Action.TRIM_AGAIN: lambda: errands.trim_again(Path(value), self._trim_again),
            Action.COPY_PATH: lambda: errands.copy_path(Path(value)),
            Action.OPEN_LOG: errands.open_log,
            Action.CHOOSE_FOLDER: lambda: errands.choose_folder(folder, self._folder_chosen),
            Action.RECYCLE_ORIGINALS: lambda: errands.recycle_originals(folder, int(value), self._shelf.soon),
            Action.AUTOSTART: self._autostart_picked,
            Action.EXIT: self.quit,
        }
        if action in _COMMANDS:
            self.tell(_COMMANDS[action])
        else:
            does[action]()

    def tell(self, command: Command) -> Answer:
        """Have the recorder obey, and show at once what that makes of its state."""
        step = self._shown.obeys(lambda: self._app.tell(command))
        log.info("%s: %s", command, step.message)
        self._refresh()
        return Answer(step.action is not None, step.message, self.status())

    def _discard(self) -> None:
        name = self._shown.name
        step = self._shown.obeys(lambda: self._app.discard(name))
        log.info("discard: %s", step.message)
        self._refresh()

    def _trim_again(self, original: Path) -> None:
        self._app.trim_again(original)
        self._app.bus.wake()

    def quit(self) -> None:
        """End the take, finish the jobs or leave them as the settings say, then end the program."""
        with self._lock:
            if self._quitting:
                return
            self._quitting = True
        self._shown.leaves()
        self._refresh()
        threading.Thread(target=self._quit, name="quit", daemon=True).start()

    def _quit(self) -> None:
        self._app.recorder.close()
        self._app.bus.wake()
        self._app.discards.wait()
        self._app.finish_jobs()
        self._tray.stop()

    # The channel

    def answer(self, request: Request) -> Answer:
        """Answer another process of this user: a second start, or a command in the terminal."""
        if request.command == "status":
            return Answer(True, tooltip(self._shown.view()), self.status())
        if request.command == "show":
            self._app.notifier.notify(APP_NAME, said.RUNS_ALREADY)
            return Answer(True, said.RUNS_ALREADY, self.status())
        if request.command == "quit":
            self.quit()
            return Answer(True, said.ENDS, self.status())
        return self.tell(Command(request.command))

    def status(self) -> dict[str, object]:
        """Return what `status --json` prints."""
        view = self._shown.view()
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
            view = self._shown.view()
            if view != self._last:
                self._last = view
                self._tray.show(view)

    def _theme_changed(self, light: bool) -> None:
        self._shown.light = light
        self._app.bus.wake()

    def _sources_changed(self) -> None:
        self._shown.sources = self._sources.sources
        self._app.bus.wake()

    def _look_at_shelf(self) -> None:
        self._shown.ffmpeg = find_ffmpeg() is not None
        self._shown.shelf = look_at_shelf(self._app.disk, self._app.settings.save_folder)
        self._app.bus.wake()

    def _folder_chosen(self, folder: Path) -> None:
        self._choices.choose({"RECORDER_SAVE_FOLDER": str(folder)})
        self._shelf.soon()

    # Start with the desktop

    def _autostart_picked(self) -> None:
        threading.Thread(target=self._switch_autostart, name="autostart", daemon=True).start()

    def _ask_autostart(self) -> None:
        if self._autostart is not None:
            try:
                self._shown.autostart = self._autostart.enabled()
            except RecorderError as error:
                log.warning("%s (%s)", error, error.detail)

    def _switch_autostart(self) -> None:
        if self._autostart is None:
            return
        try:
            (self._autostart.disable if self._autostart.enabled() else self._autostart.enable)()
        except RecorderError as error:
            post_trouble(self._app.bus, error)
        self._ask_autostart()
        self._app.bus.wake()
