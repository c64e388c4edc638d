"""Names in the documents' sentences: settings, options, commands, files and modules that are called so, exist."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

import pytest

from tests.documents.commands import WrongError, check, programs
from tests.documents.markdown import ROOT, Code, Document, read
from tests.documents.ours import OF_TESTS, SETTINGS, our_options, said_against
from tray_app import cli

OF_OTHERS = {"--reflink"}
"""Options of programs that the documents speak of and do not have run: cp's."""

OTHERS_NAMES = {"PA_STREAM_DONT_MOVE", "set_key"}
"""Names of libraries that the documents speak of and the source does not use: libpulse's and python-dotenv's."""

FOLDERS = {"tray_app", "tests", "docs", "assets", "packaging", ".ci", ".github"}

ENDINGS = (".py", ".md", ".toml", ".yml", ".spec", ".nsi", ".nsh", ".example")
"""Of files of the project, where a name alone stands for one."""

FOR_ENGINEERS = {"docs/ARCHITECTURE.md", "docs/CONTRIBUTING.md"}
"""Documents in which a name in code is one of the source."""

# What stands for a name that is yours to choose, or for more of the same.
PLACEHOLDER = re.compile(r"NAME|VERSION|COMMAND|[…*<]|\.\.\.")


def test_variables_are_settings(document: Document) -> None:
    lines = enumerate(document.text.splitlines(), 1)
    named = [(line, name) for line, text in lines for name in re.findall(r"\bRECORDER_[A-Z0-9_]*[A-Z0-9]\b", text)]
    assert [f"{document.at(line)}: {name}" for line, name in named if name not in SETTINGS | OF_TESTS] == []


def test_what_is_called_in_sentences_exists(document: Document) -> None:
    assert [f"{document.at(code.line)}: {wrong}" for code in document.inline if (wrong := fault(document, code))] == []


def fault(document: Document, code: Code) -> str:
    """Return what is wrong with code within a line; empty where nothing is."""
    return next((wrong for wrong in _faults(document, code.text.strip()) if wrong), "")


def _faults(document: Document, text: str) -> Iterator[str]:
    first, *more = text.split()
    if all("=" in word for word in (first, *more)) and first.startswith("RECORDER_"):
        yield said_against(dict(word.split("=", 1) for word in (first, *more)))
    elif re.match(r"RECORDER_\w+=", first) or (program_of(first) in programs() and (more or "/" in first)):
        yield wrong_command(text)
    elif first in cli.COMMANDS and more:
        yield wrong_command(f"tray-recorder {text}")
    elif text.startswith("--"):
        unknown = {word.split("=")[0] for word in text.split() if word.startswith("--")} - our_options() - OF_OTHERS
        yield f"{', '.join(sorted(unknown))}: no program of ours has it" if unknown else ""
    elif re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", text) and not PLACEHOLDER.search(text):
        yield missing_file(document, text)
        yield missing_name(document, text)
    elif found := re.fullmatch(r"([\w.]+)\(.*\)", text):
        yield missing_name(document, found[1])


def program_of(word: str) -> str:
    """Return the name of a program that is called by its path."""
    return word.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")


def wrong_command(text: str) -> str:
    try:
        check(text, quoted=True)
    except WrongError as error:
        return f"{text}: {error}"
    return ""


def missing_file(document: Document, text: str) -> str:
    """Return that a file of the project is not there, where the text looks like one."""
    if text.split("/")[0] in FOLDERS and "/" in text:
        return "" if (ROOT / text).exists() else f"{text}: there is no such file"
    if text.endswith(ENDINGS) and text not in ENDINGS:
        known = any(f"/{file}".endswith(f"/{text}") for file in files())
        return "" if known or (document.path.parent / text).exists() else f"{text}: there is no such file"
    return ""


def missing_name(document: Document, text: str) -> str:
    """Return that the source has no such name, where a document for engineers calls one."""
    if document.name not in FOR_ENGINEERS or "/" in text or not re.fullmatch(r"[A-Za-z_][\w.]*", text):
        return ""
    unknown = {part for part in text.split(".") if part} - names() - OTHERS_NAMES
    return f"{text}: the source has no {', '.join(sorted(unknown))}" if unknown else ""


@functools.cache
def files() -> frozenset[str]:
    """Return all files of the project, by their paths from its root on."""
    tops = [path for path in ROOT.iterdir() if path.name in FOLDERS]
    below = [path for top in tops for path in top.rglob("*") if "__pycache__" not in path.parts]
    return frozenset(path.relative_to(ROOT).as_posix() for path in [*ROOT.iterdir(), *below])


@functools.cache
def names() -> frozenset[str]:
    """Return every name that the source uses, and those of its files."""
    found = {part for name in files() for part in re.split(r"[/.]", name)}
    for file in (ROOT / name for name in files() if name.endswith(".py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            values = [value for _, value in ast.iter_fields(node)]
            found |= {value for value in values if isinstance(value, str) and value.isidentifier()}
    return frozenset(found)


@pytest.mark.parametrize(
    ("name", "code", "wrong"),
    [
        ("README.md", "--min-silence-length", "--min-silence-length: no program of ours has it"),
        ("README.md", "--fade 10", ""),
        ("README.md", "trim --dry-runs", "unrecognized arguments: --dry-runs"),
        ("README.md", "record --source", ""),
        ("README.md", "picture --size 1x1", "1x1 cannot be"),
        ("README.md", "tray-recorder autostart maybe", "invalid choice: 'maybe'"),
        ("README.md", "tray-recorder COMMAND --help", ""),
        ("README.md", "tray-recorder trims", "invalid choice: 'trims'"),
        ("README.md", "RECORDER_CHANNELS=9", 'RECORDER_CHANNELS is "9"'),
        ("README.md", "python -m tests.picture.example", "tests/picture/example.py is nothing that can be run"),
        ("README.md", "tests/nowhere.py", "tests/nowhere.py: there is no such file"),
        ("README.md", "tray_app/audios", "tray_app/audios: there is no such file"),
        ("README.md", "loudness.py", "loudness.py: there is no such file"),
        ("README.md", "floor.py", ""),
        ("README.md", "App.ordered", ""),
        ("docs/CONTRIBUTING.md", "App.ordered", "App.ordered: the source has no ordered"),
        ("docs/CONTRIBUTING.md", "choise(…)", "choise: the source has no choise"),
        ("docs/CONTRIBUTING.md", "tray_app/capture/NAME.py", ""),
    ],
)
def test_what_is_not_there_is_found(name: str, code: str, wrong: str) -> None:
    found = fault(read(ROOT / name), Code(code, 1))
    assert wrong in found
    assert bool(wrong) == bool(found)
