"""`tray-recorder start`, `pause`, `resume`, `stop`, `toggle`, `status` and `quit`: tell the program in the tray."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from tray_app.desktop.channel import Answer
from tray_app.desktop.instance import NotRunningError, ask
from tray_app.errors import RecorderError
from tray_app.sentences import terminal as said
from tray_app.sentences.forms import Said
from tray_app.settings import Settings
from tray_app.words import clock_time

_SAYS = (
    "Prints what it says. Ends with 1, and the reason on standard error, where it\ndid not or where it does not run."
)


class Remote:
    """One command for the table in `cli`: sends `command` to the program in the tray and prints its answer."""

    def __init__(self, command: str, *about: str) -> None:
        self.ABOUT = about
        self.OVERRIDES: dict[str, str] = {}
        self._command = command

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Describe the arguments: there are none."""

    def run(self, args: argparse.Namespace, settings: Settings) -> int:
        """Send it. Raises `RecorderError` where it was not done, `NotRunningError` where there is nobody to do it."""
        del args, settings
        print(self._asked().message)
        return 0

    def _asked(self) -> Answer:
        answer = ask(self._command)
        if not answer.ok:
            raise RecorderError(Said(answer.message))
        return answer


class Status(Remote):
    """`status`, which prints more than a line, and for scripts a JSON object."""

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Describe the arguments."""
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def run(self, args: argparse.Namespace, settings: Settings) -> int:
        """Print the status. Raises as the others do, but for `--json` where the program does not run."""
        del settings
        if not args.json:
            print("\n".join(lines(self._asked().status)))
            return 0
        try:
            found: Mapping[str, object] = self._asked().status
        except NotRunningError:
            found = {"running": False}
        print(json.dumps(found, ensure_ascii=False))
        return 0


def lines(status: Mapping[str, object]) -> list[str]:
    """Return a status as people read it, one line a fact; what does not apply is left out.

    Keys: `state` (text), `waiting` (bool), `source` (text), `since` (ISO time or None), `seconds` (number), `jobs`
    (bool), `save_folder` (text). One that is missing does not apply.
    """
    since, seconds = status.get("since"), status.get("seconds")
    return list(
        said.status(
            status.get("state"),
            status.get("source"),
            since.replace("T", " ") if isinstance(since, str) else None,
            clock_time(seconds) if since and isinstance(seconds, int | float) else None,
            status.get("save_folder"),
            waiting=bool(status.get("waiting")),
            jobs=bool(status.get("jobs")),
        )
    )


COMMANDS: dict[str, Remote] = {
    "start": Remote("start", "Start a recording in the program that runs in the tray.", _SAYS),
    "pause": Remote("pause", "Pause the tray's recording.", _SAYS),
    "resume": Remote("resume", "Go on with the tray's recording after a pause.", _SAYS),
    "stop": Remote("stop", "End the tray's recording; its silence is removed and the files are finished.", _SAYS),
    "toggle": Remote(
        "toggle",
        "Do what a click on the icon does: start, stop, or go on after a pause.",
        f"For a key of your own.\n{_SAYS}",
    ),
    "status": Status(
        "status",
        "Show what the program in the tray is doing.",
        "Ends with 1 where it does not run. With --json that is an answer like any other:\n"
        'prints {"running": false} and ends with 0. Where it runs, the object has\n'
        '"running": true, "state": "idle", "recording" or "paused", "waiting" (for a\n'
        'lost device), "source", "since" (local time, or null), "seconds" (of the take\n'
        'so far), "jobs" (whether a finished take is being worked on) and "save_folder".',
    ),
    "quit": Remote(
        "quit",
        "End the program in the tray.",
        f"A recording that runs is finished first, as by `stop`.\n{_SAYS}",
    ),
}
"""For the table in `cli`, by name."""
