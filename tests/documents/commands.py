"""Whether a line of the shell in a document could be run: its program, options and files exist. Runs nothing of it.

The options of our own programs are asked of their own parsers, those of other programs in the environment of the tests
of their `--help`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NoReturn
from unittest.mock import patch

from tests import run as test_run
from tests.documents.markdown import ROOT
from tray_app import cli, settings
from tray_app.tray import host

SETTINGS = frozenset(settings.load({}, {}, Path(os.devnull)).origin)
"""The variables of all settings."""

OF_TESTS = {"RECORDER_TESTS_WHOLE", "RECORDER_WINDOWS_LAB"}
"""Variables that only the tests read."""

OUR_SCRIPTS = (
    *("tests/run.py", "tests/supply.py", "tests/benchmarks/__main__.py", "tests/faults/__main__.py"),
    *("tests/faults/soak.py", "packaging/release.py"),
)
"""Those that have a parser, besides the program itself."""

PASSED_ON_TO_PYTEST = {"tests/windows/run.py": {"--prepare"}}
"""Scripts that give pytest all their arguments but these."""

SHELL = {"cd", "echo", "sleep", "kill"}
"""What every shell knows, and a document need not prove."""


class WrongError(Exception):
    """A command could not be run as it stands."""


def check(line: str, *, quoted: bool = False) -> None:
    """Look at one line, which may hold several commands. Raises `WrongError`.

    `quoted` is a part of a sentence, which may leave out what an option or a command needs.
    """
    for words in parted(line):
        _check(words, quoted)


def programs() -> frozenset[str]:
    """Return the names of all programs that are known here."""
    return frozenset(_CHECKS)


def parted(line: str) -> list[list[str]]:
    """Return the words of each command of a line, without where its output goes."""
    lexer = shlex.shlex(line.replace("\\\n", " ").replace("\\", "/"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    words = iter(lexer)
    for word in words:
        if set(word) <= set("<>&|;()"):
            if "<" in word or ">" in word:
                next(words, None)
            else:
                commands.append([])
        else:
            commands[-1].append(word)
    return [words for words in commands if words]


def _check(words: list[str], quoted: bool) -> None:
    while words and (assigned := re.match(r"(\w+)=", words[0])):
        check_variable(assigned[1])
        words = words[1:]
    if not words:
        return
    program, *arguments = words
    if program == "sudo":
        _check(arguments, quoted)
        return
    name = PurePosixPath(program).name.removesuffix(".exe")
    if name in _CHECKS:
        _CHECKS[name](arguments, quoted)
    elif not ("/" in program and (ROOT / program).is_file()):
        raise WrongError(f"{program} is no program that is known here")


def check_variable(name: str) -> None:
    """Raise `WrongError` for a variable that looks like a setting and is none."""
    if name.startswith("RECORDER_") and name not in SETTINGS | OF_TESTS:
        raise WrongError(f"{name} is no setting")


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
    return frozenset(found.union(*(_options(_parser_of(ROOT / script)[0]) for script in OUR_SCRIPTS)))


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    return {name: action for action in parser._actions for name in action.option_strings}


def _ours(arguments: list[str], quoted: bool) -> None:
    if quoted and arguments and arguments[0].isupper():
        arguments = arguments[1:]
    wrong = _refused(lambda: _cli().parse_args(arguments))
    if quoted and "are required: " in wrong:
        wrong = _refused(lambda: _cli().parse_args([*arguments, "on"]))
    if wrong and not (quoted and wrong.endswith("expected one argument")):
        raise WrongError(wrong)


@functools.cache
def _cli() -> argparse.ArgumentParser:
    return cli.parser()


def _refused(parse: Callable[[], object]) -> str:
    """Return what a parser has to say against its arguments, in one line; empty where it takes them."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            parse()
        except SystemExit as end:
            return said.getvalue().strip().splitlines()[-1] if end.code else ""
    return ""


def _python(arguments: list[str], quoted: bool) -> None:
    match arguments:
        case ["-m", "tray_app", *more]:
            _ours(more, quoted)
        case ["-m", "venv", folder] if not folder.startswith("-"):
            pass
        case ["-m", "pip" | "pytest" | "ruff" | "mypy" as module, *more]:
            _CHECKS[module](more, quoted)
        case ["-m", module, *more]:
            _script(_file_of(module), more, quoted)
        case [script, *more] if script.endswith(".py"):
            _script(ROOT / script, more, quoted)
        case _:
            raise WrongError(f"python {shlex.join(arguments)}: neither a module nor a script of ours")


def _file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def _script(file: Path, arguments: list[str], quoted: bool) -> None:
    name = file.relative_to(ROOT).as_posix()
    if not file.is_file() or "__main__" not in (text := file.read_text(encoding="utf-8")):
        raise WrongError(f"{name} is nothing that can be run")
    if name in PASSED_ON_TO_PYTEST:
        _pytest([word for word in arguments if word not in PASSED_ON_TO_PYTEST[name]])
    elif "ArgumentParser(" in text:
        parser, more = _parser_of(file)
        wrong = _refused(lambda: (parser.parse_known_args if more else parser.parse_args)(arguments))
        if wrong and not (quoted and "are required: " in wrong):
            raise WrongError(wrong)
        if more and not wrong:
            _pytest(parser.parse_known_args(arguments)[1])
    elif arguments:
        raise WrongError(f"{name} takes no arguments, so not {shlex.join(arguments)}")


class _CaughtError(Exception):
    """A script was about to read its arguments."""

    def __init__(self, parser: argparse.ArgumentParser, more: bool) -> None:
        super().__init__()
        self.parser, self.more = parser, more


@functools.cache
def _parser_of(file: Path) -> tuple[argparse.ArgumentParser, bool]:
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


def _pytest(arguments: list[str], quoted: bool = False) -> None:
    _by_help(["pytest"], arguments)
    _there(word.split("::")[0] for word in arguments if not word.startswith("-") and ("/" in word or "::" in word))


def _mypy(arguments: list[str], quoted: bool) -> None:
    _by_help(["mypy"], arguments)
    _there(word for word in arguments if not word.startswith("-"))


def _ruff(arguments: list[str], quoted: bool) -> None:
    if arguments[:1] not in (["check"], ["format"]):
        raise WrongError(f"ruff {shlex.join(arguments)}")
    _by_help(["ruff", arguments[0]], arguments[1:])
    _there(word for word in arguments[1:] if not word.startswith("-"))


def _pip(arguments: list[str], quoted: bool) -> None:
    if arguments[:1] != ["install"]:
        raise WrongError(f"pip {shlex.join(arguments)}")
    _by_help(["pip", "install"], arguments[1:])
    for word in arguments[1:]:
        if found := re.fullmatch(r"\.(?:\[([\w,-]+)\])?", word):
            unknown = set(found[1].split(",") if found[1] else ()) - _extras()
            if unknown:
                raise WrongError(f"there is no extra {', '.join(unknown)}")
        elif not word.startswith("-"):
            _there([word])


def _extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])


def _apt(arguments: list[str], quoted: bool) -> None:
    packages = [word for word in arguments[1:] if not word.startswith("-")]
    if arguments[:1] != ["install"] or not packages:
        raise WrongError(f"apt {shlex.join(arguments)}")
    unknown = set(packages) - _packages()
    if unknown:
        raise WrongError(f"nothing else asks for the packages {', '.join(sorted(unknown))}")


@functools.cache
def _packages() -> frozenset[str]:
    """Return every word where the program, the tests and the workflows name Debian's packages."""
    files = [Path(host.__file__), Path(test_run.__file__), *(ROOT / ".github" / "workflows").glob("*.yml")]
    return frozenset(re.findall(r"[\w.+-]+", " ".join(file.read_text(encoding="utf-8") for file in files)))


def _pactl(arguments: list[str], quoted: bool) -> None:
    told = subprocess.run(["pactl", "--help"], capture_output=True, text=True, check=True).stdout
    # Its help writes what it knows as patterns: set-(sink|source)-mute.
    if not any(
        re.fullmatch(form, arguments[0]) for form in re.findall(r"^pactl \[options\] (\S+)", told, re.MULTILINE)
    ):
        raise WrongError(f"pactl knows no {arguments[0]}")


def _by_help(command: list[str], arguments: Iterable[str]) -> None:
    """Raise `WrongError` where an option is not in a program's own help."""
    unknown = {word.split("=")[0] for word in arguments if word.startswith("-")} - _helped(*command)
    if unknown:
        raise WrongError(f"{shlex.join(command)} knows no {', '.join(sorted(unknown))}")


@functools.cache
def _helped(*command: str) -> frozenset[str]:
    told = subprocess.run([sys.executable, "-m", *command, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return frozenset(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", told.stdout))


def _there(paths: Iterable[str]) -> None:
    missing = [path for path in paths if not (ROOT / path).exists()]
    if missing:
        raise WrongError(f"there is no {', '.join(missing)}")


def _anything(arguments: list[str], quoted: bool) -> None:
    pass


_CHECKS: Mapping[str, Callable[[list[str], bool], None]] = {
    **dict.fromkeys(("tray-recorder", "tray-recorder-cli"), _ours),
    **dict.fromkeys(("python", "python3"), _python),
    **dict.fromkeys(("apt", "apt-get"), _apt),
    "pip": _pip,
    "pytest": _pytest,
    "ruff": _ruff,
    "mypy": _mypy,
    "pactl": _pactl,
    **dict.fromkeys(SHELL, _anything),
}
