"""Whether a line of the shell in a document could be run: its program, options and files exist. Runs nothing of it.

Our own programs are asked by `ours.py`; of others what their `--help` names is known.
"""

from __future__ import annotations

import functools
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tests import run as test_run
from tests.documents.markdown import ROOT
from tests.documents.ours import OF_TESTS, PASSED_ON_TO_PYTEST, SETTINGS, cli_parser, parser_of, refused
from tray_app.tray import host

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


def _ours(arguments: list[str], quoted: bool) -> None:
    if quoted and arguments and arguments[0].isupper():
        arguments = arguments[1:]
    wrong = refused(lambda: cli_parser().parse_args(arguments))
    if quoted and "are required: " in wrong:
        wrong = refused(lambda: cli_parser().parse_args([*arguments, "on"]))
    if wrong and not (quoted and wrong.endswith("expected one argument")):
        raise WrongError(wrong)


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
        parser, more = parser_of(file)
        wrong = refused(lambda: (parser.parse_known_args if more else parser.parse_args)(arguments))
        if wrong and not (quoted and "are required: " in wrong):
            raise WrongError(wrong)
        if more and not wrong:
            _pytest(parser.parse_known_args(arguments)[1])
    elif arguments:
        raise WrongError(f"{name} takes no arguments, so not {shlex.join(arguments)}")


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
        elif not word.startswith("-") and word not in _required():
            _there([word])


def _extras() -> set[str]:
    return set(_project()["optional-dependencies"])


def _required() -> set[str]:
    """The packages that the program itself needs."""
    return {re.split(r"[^\w.-]", wanted)[0] for wanted in _project()["dependencies"]}


def _project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


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
