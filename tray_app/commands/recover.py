"""`tray-recorder recover`: finishes what a crash left."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tray_app.app import App
from tray_app.events import JobFinished, Problem
from tray_app.notices import describe
from tray_app.sentences import terminal as said
from tray_app.settings import Settings

ABOUT: tuple[str, ...] = (
    "Finish recordings that a crash left.",
    "Looks into the save folder, or FOLDER: makes each unfinished recording a whole\n"
    "file and removes its silence as it was to be. Recordings that are being made at\n"
    "the moment are left alone.",
)
OVERRIDES = {"folder": "RECORDER_SAVE_FOLDER"}


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="a save folder, instead of the setting's"
    )


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Finish what is unfinished; print a line for each, and what was left alone."""
    del args
    failed = False

    def finished(done: JobFinished) -> None:
        print(said.recovered(done.file, describe(done)))

    def problem(what: Problem) -> None:
        nonlocal failed
        failed = True
        print(f"tray-recorder: {what.text}", file=sys.stderr)

    with App(settings) as app:
        app.bus.listen(JobFinished, finished)
        app.bus.listen(Problem, problem)
        found = app.recover(asked=True)
        while not app.queue.wait(0):
            app.bus.deliver(0.2)
        app.bus.deliver(0)
        for marker in found.running:
            print(said.still_recorded(marker.with_suffix(".wav")))
        for marker in found.newer:
            print(said.newer(marker.with_suffix(".wav")))
        if not (found.takes or found.running or found.newer):
            print(said.nothing_to_recover(settings.save_folder))
    return 1 if failed else 0
