"""The terminal: one table of commands, the options that all of them share, and errors in one line."""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tray_app import __version__, logs, presets
from tray_app.errors import RecorderError
from tray_app.loading import load
from tray_app.sentences import program as program_said
from tray_app.sentences import terminal as terminal_said
from tray_app.settings import Settings

log = logging.getLogger(__name__)


class Command(Protocol):
    """What a module of `commands` holds: `ABOUT` are its help's paragraphs, the first in one line for the table.

    `OVERRIDES` says which argument stands for which variable of the settings.
    """

    ABOUT: tuple[str, ...]
    OVERRIDES: dict[str, str]

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Describe the arguments."""

    def run(self, args: argparse.Namespace, settings: Settings) -> int:
        """Do it; return the exit status."""
        ...


def _record() -> Command:
    from tray_app.commands import record

    return record


def _trim() -> Command:
    from tray_app.commands import trim

    return trim


def _picture() -> Command:
    from tray_app.commands import picture

    return picture


def _devices() -> Command:
    from tray_app.commands import devices

    return devices


def _doctor() -> Command:
    from tray_app.commands import doctor

    return doctor


def _recover() -> Command:
    from tray_app.commands import recover

    return recover


def _remote(name: str) -> Command:
    from tray_app.commands import remote

    return remote.COMMANDS[name]


def _autostart() -> Command:
    from tray_app.commands import autostart

    return autostart


_TOLD_TO_THE_TRAY = ("start", "pause", "resume", "stop", "toggle", "status", "quit")

COMMANDS: dict[str, Callable[[], Command]] = {
    "record": _record,
    "trim": _trim,
    "picture": _picture,
    "devices": _devices,
    "doctor": _doctor,
    "recover": _recover,
    **{name: functools.partial(_remote, name) for name in _TOLD_TO_THE_TRAY},
    "autostart": _autostart,
}
"""Each command's module is imported only where it is needed: the tray's icon and `status` wait for no numpy."""

PROG = Path(sys.executable).stem if getattr(sys, "frozen", False) else "tray-recorder"
"""What a user types: the exe for the terminal has a name of its own."""

_DESCRIPTION = """\
Records what the computer plays and removes the silence.

  tray-recorder                      show the icon; --start: record at once
  tray-recorder status               what the program in the tray does
  tray-recorder record               record until STOP or Ctrl-C
  tray-recorder record --demo        try it out, with --seconds 10
  tray-recorder trim meeting.wav     remove the silence from a file
  tray-recorder picture meeting.wav  draw what was cut, or would be
  tray-recorder doctor               what works here, and what does not
""".replace("tray-recorder", PROG)
_STATUSES = """\
Exit status: 0 done, 1 it failed, 2 wrong usage or a wrong setting. What goes
wrong is said in one line on standard error.
"""
_EPILOG = f"""\
`{PROG} COMMAND --help` tells more. Settings are read from .env;
.env.example lists them all.

{_STATUSES}"""


def parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser for these commands, by default for all."""
    raw = argparse.RawDescriptionHelpFormatter
    common = _common()
    top = argparse.ArgumentParser(
        prog=PROG,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        parents=[common],
        formatter_class=raw,
        allow_abbrev=False,
    )
    top.add_argument("--start", action="store_true", help="without a command: begin to record at once")
    subs = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name in commands:
        command = COMMANDS[name]()
        about = command.ABOUT
        sub = subs.add_parser(
            name,
            help=about[0],
            description="\n\n".join(about),
            epilog=_STATUSES,
            parents=[common],
            formatter_class=raw,
            allow_abbrev=False,
        )
        command.add(sub)
    return top


def _common() -> argparse.ArgumentParser:
    """Return the options of all commands."""
    # Suppressed: a command's own default would hide what stands before the command.
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    group = common.add_argument_group("options of every command")
    group.add_argument("--env-file", type=Path, metavar="FILE", help="read settings from this file instead of .env")
    group.add_argument(
        "--log-level", metavar="LEVEL", help="how much the log tells: DEBUG, INFO, WARNING or ERROR (default: INFO)"
    )
    group.add_argument("--version", action="version", version=f"Tray Recorder {__version__}")
    return common


def _needed(arguments: Sequence[str]) -> list[str]:
    """Return the commands that the parser must know: the one that is given; all, where it cannot be told which."""
    bare = argparse.ArgumentParser(prog=PROG, add_help=False, parents=[_common()], allow_abbrev=False)
    bare.add_argument("--start", action="store_true")
    _, left = bare.parse_known_args(arguments)
    if left and left[0] in COMMANDS:
        return left[:1]
    return list(COMMANDS) if left else []


def run(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> int:
    """Run one command. Return the exit status: 0 done, 1 it failed, 2 wrong usage or setting.

    What goes wrong is said in one line on standard error. `SystemExit` comes from `--help`, `--version` and wrong
    usage only.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A pipe's own encoding (cp1252 on Windows) could not show every name.
            stream.reconfigure(encoding="utf-8", errors="replace")
    parsing = parser(_needed(arguments))
    args = parsing.parse_args(arguments)
    if args.start and args.command:
        parsing.error(terminal_said.start_with_command(args.command))
    # Wrong settings are to be in the log too; the level that they ask for comes after.
    logs.set_up("INFO")
    try:
        return _carry_out(args, environ)
    except RecorderError as error:
        log.error("%s (%s)", error, error.detail)
        say(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        say(terminal_said.STOPPED)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more while it ends.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        log.exception("unexpected")
        say(program_said.failed(type(error).__name__))
        return 1
    finally:
        logs.take_down()


def _carry_out(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Read the settings and do what is asked for. Raises whatever that does."""
    command = COMMANDS[args.command]() if args.command else None
    chosen = load(_overrides(args, command), environ, getattr(args, "env_file", None))
    logs.set_up(chosen.log_level)
    for line in chosen.unknown:
        log.warning("%s", line)
    if command:
        return command.run(args, chosen)
    # Late: the terminal's commands do without icon and menu.
    from tray_app import resident

    return resident.run(chosen, start=args.start)


def say(text: str) -> None:
    """Print a line on standard error; where there is none, as in a windowed program, show it in a box."""
    if sys.stderr is None:
        from tray_app.desktop import alert

        alert.show(text)
    else:
        print(f"tray-recorder: {text}", file=sys.stderr, flush=True)


def _overrides(args: argparse.Namespace, command: Command | None) -> dict[str, str]:
    """Return the command line's settings: the texts of the arguments that were given, by variable.

    A preset's values are weaker than those.
    """
    preset = presets.texts_of(args.preset) if getattr(args, "preset", None) else {}
    given = {**(command.OVERRIDES if command else {}), "log_level": "RECORDER_LOG_LEVEL"}
    texts = {name: str(value) for name in given if (value := getattr(args, name, None)) is not None}
    return {**preset, **{given[name]: text for name, text in texts.items()}}
