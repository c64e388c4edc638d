"""Blocks of code in the documents: each in a language that is known, and each could be run, loaded or read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.documents.commands import WrongError, check
from tests.documents.markdown import Code, Document
from tests.documents.ours import said_against

LANGUAGES = {"", "text", "console", "sh", "dotenv", "ini", "json", "python"}
"""`console` is run by `test_console.py`; `text`, or no language, is what nobody runs."""


def test_every_block_of_code_holds_what_it_says(document: Document, tmp_path: Path) -> None:
    found = [f"{document.at(block.line)}: {wrong}" for block in document.blocks if (wrong := fault(block, tmp_path))]
    assert found == []


def fault(block: Code, folder: Path) -> str:
    """Return what is wrong with a block; empty where nothing is."""
    if block.language not in LANGUAGES:
        return f"{block.language} is none of {', '.join(sorted(LANGUAGES))}"
    try:
        match block.language:
            case "sh":
                for line in block.text.replace("\\\n", " ").splitlines():
                    check(line)
            case "dotenv" | "ini":
                (folder / "x.env").write_text(block.text, encoding="utf-8")
                return said_against({}, folder / "x.env")
            case "json":
                json.loads(block.text)
            case "python":
                compile(block.text, "<document>", "exec")
    except (WrongError, ValueError, SyntaxError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("ruby", "x", "ruby is none of"),
        ("json", '{"a": 1,}', "Illegal trailing comma|Expecting property name"),
        ("python", "def f(:", "invalid syntax"),
        ("ini", "RECORDER_FADE=10\nRECORDER_LABEL=true", "RECORDER_LABEL .* is not a setting"),
        ("dotenv", "RECORDER_FADE=loud", 'RECORDER_FADE is "loud"'),
        ("sh", "curl x", "curl is no program that is known here"),
        ("sh", "python3 tests/none.py", "tests/none.py is nothing that can be run"),
        ("sh", "python -m tests.none", "tests/none.py is nothing that can be run"),
        ("sh", "python3 tests/sound.py", "tests/sound.py is nothing that can be run"),
        ("sh", "python3 tests/run.py --no-linux", "pytest knows no --no-linux"),
        ("sh", "python -m tests.benchmarks --only nothing", "invalid choice: 'nothing'"),
        ("sh", "python -m tests.pictures --all", "tests/pictures.py takes no arguments"),
        ("sh", "python -m pytest tests/none -q", "there is no tests/none"),
        ("sh", "python -m pytest --no-such-option", "pytest knows no --no-such-option"),
        ("sh", "RECORDER_TEST_WHOLE=1 python -m pytest", "RECORDER_TEST_WHOLE is no setting"),
        ("sh", ".venv/bin/ruff check . && .venv/bin/mypy --stricter", "mypy knows no --stricter"),
        ("sh", "python3 -m venv .venv && .venv/bin/pip install -e '.[tests]'", "there is no extra tests"),
        ("sh", ".venv/bin/pip install --no-binary soundfil soundfil", "there is no soundfil$"),
        ("sh", "sudo apt install sox frobnicate", "nothing else asks for the packages frobnicate"),
        ("sh", ".venv/bin/tray-recorder record --demo --second 5", "unrecognized arguments: --second 5"),
        ("sh", "tray-recorder trimm x", "invalid choice: 'trimm'"),
        ("sh", "echo x | tray-recorder trim", "are required: FILE"),
    ],
)
def test_what_could_not_be_run_is_found(language: str, text: str, wrong: str, tmp_path: Path) -> None:
    assert re.search(wrong, fault(Code(text, 1, language), tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]'  # once",
        "python3 tests/run.py --no-windows -k silence",
        "python3 tests/windows/run.py tests/windows/test_files.py -q",
        "RECORDER_TESTS_WHOLE=1 .venv/bin/python -m pytest tests/audio/test_identity.py -s",
        "python -m tests.benchmarks --only trim --no-pydub > speed.txt",
        "(sleep 2; echo STOP) | tray-recorder record --demo --output talks/",
        "sudo apt install python3-venv ffmpeg",
        ".ci/run",
    ],
)
def test_what_could_be_run_is_not_told(line: str, tmp_path: Path) -> None:
    assert fault(Code(line, 1, "sh"), tmp_path) == ""
