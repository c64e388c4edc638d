"""The programs of the project: their options, by their own parsers, and the variables that they read."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import runpy
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

from tests.documents.markdown import ROOT
from tray_app import cli, loading
from tray_app.errors import SettingError

SETTINGS = frozenset(loading.load({}, {}, Path(os.devnull)).origin)
"""The variables of all settings."""

OF_TESTS = {"RECORDER_TESTS_WHOLE"}
"""What only the tests read."""

OUR_SCRIPTS = (
    *("tests/run.py", "tests/supply.py", "tests/benchmarks/__main__.py", "tests/faults/__main__.py"),
    *("tests/faults/soak.py", "packaging/release.py"),
)
"""Those that have a parser, besides the program itself."""

PASSED_ON_TO_PYTEST = {"tests/windows/run.py": {"--prepare"}}
"""Scripts that give pytest all their arguments but these."""


def said_against(environ: Mapping[str, str], file: Path = Path(os.devnull)) -> str:
    """Return what the program has to say against settings, of the environment and a `.env`; empty where nothing."""
    try:
        return " ".join(loading.load({}, environ, file).unknown)
    except SettingError as error:
        return str(error)


def options_of(command: str) -> dict[str, argparse.Action]:
    """Return the options that a command of ours has for itself, by each of their names."""
    parser = argparse.ArgumentParser(add_help=False)
    cli.COMMANDS[command]().add(parser)
    return _options(parser)


def shared_options() -> dict[str, argparse.Action]:
    """Return the options that stand before every command of ours."""
    return _options(cli.parser([]))


@functools.cache
def our_options() -> frozenset[str]:
    """Return every option of every program of ours."""
    found = set(shared_options()).union(*PASSED_ON_TO_PYTEST.values(), *map(options_of, cli.COMMANDS))
    return frozenset(found.union(*(_options(parser_of(ROOT / script)[0]) for script in OUR_SCRIPTS)))


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {name: action for action in parser._actions for name in action.option_strings}


@functools.cache
def cli_parser() -> argparse.ArgumentParser:
    return cli.parser()


def refused(parse: Callable[[], object]) -> str:
    """Return what a parser has to say against its arguments, in one line; empty where it takes them."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            parse()
        except SystemExit as end:
            return said.getvalue().strip().splitlines()[-1] if end.code else ""
    return ""


class _CaughtError(Exception):
    """A script was about to read its arguments."""

    def __init__(self, parser: argparse.ArgumentParser, more: bool) -> None:
        super().__init__()
        self.parser, self.more = parser, more


@functools.cache
def parser_of(file: Path) -> tuple[argparse.ArgumentParser, bool]:
    """Start a script of ours up to where it reads its arguments. Return its parser, and whether it takes others too."""

    def catching(more: bool) -> Callable[..., NoReturn]:
        def parse(parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
            raise _CaughtError(parser, more)

        return parse

    with (
        patch.object(argparse.ArgumentParser, "parse_args", catching(False)),
        patch.object(argparse.ArgumentParser, "parse_known_args", catching(True)),
        patch.object(sys, "argv", [str(file)]),
        patch.object(sys, "path", [str(file.parent), str(ROOT), *sys.path]),
    ):
        try:
            runpy.run_path(str(file), run_name="__main__")
        except _CaughtError as caught:
            return caught.parser, caught.more
    raise AssertionError(f"{file} has read no arguments")
