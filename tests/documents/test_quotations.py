"""What the documents quote of the program, between “ and ”, is what it says. Of headings others are quoted, too."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

from tests.documents.markdown import ROOT, Document

VALUE = "\0"
"""Stands in a sentence of the source for what is put in."""

QUOTED = re.compile(r"“([^”]+)”")


def test_what_is_quoted_is_said(document: Document) -> None:
    text = "\n".join("" if line.startswith("#") else line for line in document.text.splitlines())
    found = [(text[: one.start()].count("\n") + 1, " ".join(one[1].split())) for one in QUOTED.finditer(text)]
    assert [f"{document.at(line)}: {quoted}" for line, quoted in found if not said(quoted, sentences())] == []


def said(quoted: str, known: frozenset[str]) -> bool:
    """Whether each part of a quotation is, or is in, one of the sentences. `…` stands for what was left out."""
    return all(_is_in(part, known) for part in re.split(r"…|(?<=[.?!])\s", quoted) if part.strip())


def _is_in(part: str, known: frozenset[str]) -> bool:
    words = part.strip()
    return any(words in one or _fits(words, one) for one in known)


def _fits(words: str, sentence: str) -> bool:
    """Whether a sentence reads so with something put in, and says more than that."""
    if VALUE not in sentence or len(sentence) < 12:
        return False
    return re.fullmatch(re.escape(sentence).replace(VALUE, ".+"), words) is not None


@functools.cache
def sentences() -> frozenset[str]:
    """Return all that is written between quotation marks in the program's source, sentence by sentence."""
    return frozenset().union(*map(sentences_of, (ROOT / "tray_app").rglob("*.py")))


def sentences_of(file: Path) -> set[str]:
    found: set[str] = set()
    inner: set[ast.AST] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            inner |= set(node.values)
            parts = [one.value if isinstance(one, ast.Constant) else VALUE for one in node.values]
            found |= set(re.split(r"(?<=[.?!])\s", "".join(map(str, parts))))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            found |= set(re.split(r"(?<=[.?!])\s", node.value))
    return found


@pytest.mark.parametrize(
    ("quoted", "is_said"),
    [
        ("It is gone.", True),
        ("… is gone. Nothing was lost.", True),
        ("… was gone.", False),
        ("M4A needs ffmpeg, which is not installed.", True),
        ("M4A needs sox, which is not installed.", False),
        ("needs … which", True),
        ("gone…lost", True),
    ],
)
def test_a_changed_quotation_is_seen(quoted: str, is_said: bool, tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    source.write_text('A = "It is gone. " "Nothing was lost."\nB = f"{x} needs ffmpeg, which is not installed."\n')
    assert said(quoted, frozenset(sentences_of(source))) == is_said
