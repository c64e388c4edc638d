"""`tray-recorder record`: records in the terminal, obeys PAUSE, RESUME and STOP."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from tray_app.app import App
from tray_app.audio.rule import read_rule
from tray_app.commands import cut_options
from tray_app.commands.formats import QUALITIES, add_format, format_of
from tray_app.commands.live import LiveLine
from tray_app.commands.output import is_folder
from tray_app.commands.trim import add_labels
from tray_app.desktop.session import SessionEnd, console_closing
from tray_app.desktop.signals import Ending
from tray_app.errors import RecorderError, SettingError
from tray_app.events import DiskLow, JobFinished, Problem, StateChanged, Unheard
from tray_app.notices import describe, disk_low, unheard
from tray_app.outputs import by_ending, endings
from tray_app.sentences import terminal as said
from tray_app.settings import Settings
from tray_app.states import State, Transition
from tray_app.words import clock_time

log = logging.getLogger(__name__)

ABOUT: tuple[str, ...] = (
    "Record what the computer plays.",
    "Records until STOP, Ctrl-C, or the time given. While it records it reads\n"
    "commands from standard input, one a line, in any case: PAUSE, RESUME, STOP.\n"
    "(The end of input is no command: it goes on.) The trimmed file is in the save\n"
    "folder when it ends, the original in the folder originals below.",
)
OVERRIDES = {
    "source": "RECORDER_SOURCE",
    "folder": "RECORDER_SAVE_FOLDER",
    "remove_silence": "RECORDER_REMOVE_SILENCE",
    **cut_options.OVERRIDES,
    "labels": "RECORDER_LABELS",
    "output_format": "RECORDER_OUTPUT_FORMAT",
    **QUALITIES,
}


class _Output(argparse.Action):
    """Parts `--output` into a folder and, for a file, a name and a format."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del option_string
        text = str(values)
        path = Path(text).expanduser()
        if is_folder(text) or path.is_dir():
            namespace.folder, namespace.name = str(path.absolute()), None
        elif by_ending(path.suffix):
            namespace.folder, namespace.name = str(path.absolute().parent), path.stem
            namespace.file = path
            # `--format` may be more exact than an ending; whether the two agree is looked at when both are known.
            namespace.output_format = namespace.output_format or by_ending(path.suffix)
        else:
            parser.error(said.no_output_format(text, path.suffix, endings()))


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise ValueError
    return value


_seconds.__name__ = "number of seconds above 0"


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument(
        "--source",
        metavar="NAME",
        help="what to record: an id or a name that `devices` lists (default: default, what you hear)",
    )
    parser.add_argument(
        "--demo", action="store_true", help="record the default output if there is one, else the built-in test signal"
    )
    parser.add_argument("--seconds", type=_seconds, metavar="S", help="stop by itself after S seconds, pauses left out")
    parser.add_argument(
        "--output",
        action=_Output,
        metavar="FILE-or-FOLDER",
        help="a folder instead of the save folder, or the trimmed file's name (its original goes to originals/ there)",
    )
    parser.set_defaults(folder=None, name=None, file=None)
    add_format(parser)
    parser.add_argument(
        "--no-trim", dest="remove_silence", action="store_const", const="false", help="leave the silence in"
    )
    cut_options.add(parser)
    add_labels(parser)
    parser.add_argument(
        "--picture", action="store_true", help="draw what was cut, as NAME.png in the folder of the trimmed file"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object when it ends")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Record one take; print where its files are. Raises `SettingError` where options contradict each other."""
    if args.demo and args.source:
        raise SettingError(said.DEMO_AND_SOURCE)
    if args.file:
        format_of(args.file, settings.output_format)
    with (
        _own_stderr() as out,
        App(settings) as app,
        Ending(app.recorder.stop),
        console_closing(app.finish),
        SessionEnd(app.busy, app.finish),
    ):
        session = _Session(app, LiveLine(out))
        session.recover()
        app.recorder.start(app.order(demo=args.demo, name=args.name, limit=args.seconds))
        threading.Thread(target=session.read_commands, name="stdin", daemon=True).start()
        done = session.follow()
    if done is None:
        return 1
    picture, wrong = _picture(done, app) if args.picture else (None, None)
    if args.json:
        print(json.dumps({**done.facts, "picture": picture and str(picture)}, ensure_ascii=False))
    else:
        print(_summary(done, picture))
    if wrong is not None:
        # Said after where the take is: that is complete all the same.
        raise wrong
    return 0


def _picture(done: JobFinished, app: App) -> tuple[Path | None, RecorderError | None]:
    """Draw what was cut of a take; return where the picture is, or why there is none."""
    # Late: most who record want none.
    from tray_app.picture.make import ENDING, picture_of, save

    file = done.file
    if file is None:
        return None, None
    folder = app.settings.save_folder
    try:
        picture = picture_of(app.disk, file, app.rule())
        return save(app.disk, picture, folder / f"{file.stem}{ENDING}"), None
    except RecorderError as error:
        return None, error


@contextlib.contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """Give standard error by a descriptor of our own.

    sounddevice points descriptor 2 at nothing while PortAudio starts, on another thread: what is said meanwhile would
    be lost. Where there is none, as in a windowed program, what is said goes nowhere.
    """
    try:
        copy = os.dup(sys.stderr.fileno()) if sys.stderr else os.open(os.devnull, os.O_WRONLY)
    except (AttributeError, OSError, ValueError):
        yield sys.stderr
        return
    with os.fdopen(copy, "w", encoding="utf-8", errors="replace") as out:
        yield out


class _Session:
    """One take in the terminal: events to the live line, standard input to commands."""

    def __init__(self, app: App, line: LiveLine) -> None:
        self._app, self._line = app, line
        self._done: JobFinished | None = None
        self._failed = False
        self._left = threading.Event()
        app.bus.listen(JobFinished, self._finished)
        app.bus.listen(Problem, self._problem)
        app.bus.listen(StateChanged, self._state)
        app.bus.listen(DiskLow, self._disk_low)
        app.bus.listen(Unheard, self._unheard)
        line.listen(app.bus)

    def follow(self) -> JobFinished | None:
        """Deliver events until the take and its jobs are over. None when there is no take."""
        app = self._app
        try:
            while self._done is None and not self._failed:
                app.bus.deliver(0.2)
                over = app.recorder.state is State.IDLE and app.recorder.wait(0) and app.queue.wait(0)
                if over and not app.bus.deliver(0):
                    break
            app.recorder.wait(5.0)
            while not app.queue.wait(0.05):
                app.bus.deliver(0.05)
            app.bus.deliver(0)
        finally:
            self._left.set()
            self._line.close()
        return self._done

    def recover(self) -> None:
        """Have finished, in the background, what a crash left; trouble with that does not keep from recording."""
        try:
            self._app.recover()
        except RecorderError as error:
            # A folder that cannot be read is said when the take is to be written there.
            log.warning("%s (%s)", error, error.detail)

    def read_commands(self) -> None:
        """Obey PAUSE, RESUME and STOP from standard input until it ends."""
        recorder = self._app.recorder
        commands: dict[str, Callable[[], Transition]] = {
            "PAUSE": recorder.pause,
            "RESUME": recorder.resume,
            "STOP": recorder.stop,
        }
        for line in iter(sys.stdin.readline, "") if sys.stdin else ():
            word = line.strip().upper()
            if self._left.is_set():
                return
            if word in commands:
                self._line.say(commands[word]().message)
            elif word:
                self._line.say(said.no_command(line.strip()))

    def _finished(self, done: JobFinished) -> None:
        if done.recovered:
            self._line.say(said.recovered_earlier(describe(done)))
        else:
            self._done = done

    def _problem(self, problem: Problem) -> None:
        self._line.say(problem.text, error=True)
        self._failed = self._failed or problem.fatal

    def _disk_low(self, low: DiskLow) -> None:
        self._line.say(disk_low(low), error=True)

    def _unheard(self, event: Unheard) -> None:
        if text := unheard(event):
            self._line.say(text, error=True)

    def _state(self, change: StateChanged) -> None:
        self._line.state(change)


def _summary(done: JobFinished, picture: Path | None = None) -> str:
    lines = []
    if not done.heard:
        lines.append(said.NO_TRIMMED_FILE)
    elif done.trimmed is None and done.saved != done.original:
        lines.append(said.file(said.SAVED, done.saved, clock_time(done.seconds)))
    if done.trimmed is not None:
        lines.append(said.file(said.TRIMMED, done.trimmed, clock_time(done.kept_seconds) + _found(done)))
    if done.original is not None:
        lines.append(said.file(said.ORIGINAL, done.original, clock_time(done.seconds)))
    if picture is not None:
        lines.append(said.file(said.PICTURE, picture))
    return "\n".join(lines)


def _found(done: JobFinished) -> str:
    rule = done.facts.get("rule")
    return cut_options.found(read_rule(rule) if rule else None)
