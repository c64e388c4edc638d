"""Reads the project's documents: headings, links, pictures, code and tables of a Markdown file, each with its line."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]

FILES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])
"""All documents of the project."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level from 1 on, its words without marks, those in code, and the anchor that a forge gives it."""

    level: int
    text: str
    code: tuple[str, ...]
    anchor: str
    line: int


@dataclass(frozen=True, slots=True)
class Link:
    """What a document leads to or, with `picture`, shows. `text` is what stands for it."""

    target: str
    text: str
    line: int
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A block of code with the language that it names, which may be empty; or, with None, code within a line."""

    text: str
    line: int
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a table as text, without marks; the head is `rows[0]`."""

    rows: tuple[tuple[str, ...], ...]
    line: int


@dataclass(slots=True)
class Document:
    """A document, taken apart. `anchors` are all that a link can lead to in it.

    `references` are the addresses that links name by a label (`[text][label]`), `unknown` links whose label is none.
    """

    path: Path
    text: str
    headings: list[Heading] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    blocks: list[Code] = field(default_factory=list)
    inline: list[Code] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    references: dict[str, str] = field(default_factory=dict)
    unknown: list[Link] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The path from the root of the project on."""
        return self.path.relative_to(ROOT).as_posix()

    def at(self, line: int) -> str:
        """Say where something stands, as an editor opens it."""
        return f"{self.name}:{line}"

    def lines_of(self, heading: Heading) -> range:
        """Return the lines that a heading stands over, up to the next one that is not below it."""
        later = (one.line for one in self.headings if one.line > heading.line and one.level <= heading.level)
        return range(heading.line, next(later, len(self.text.splitlines()) + 1))


@functools.cache
def read(path: Path) -> Document:
    """Read a document."""
    document = Document(path, path.read_text(encoding="utf-8"))
    known: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark").enable("table").parse(document.text, known)
    document.references |= {label: found["href"] for label, found in known.get("references", {}).items()}
    used: Counter[str] = Counter()
    line = 1
    for before, token in zip([None, *tokens], tokens, strict=False):
        line = token.map[0] + 1 if token.map else line
        if token.type == "fence":
            document.blocks.append(Code(token.content, line, token.info.strip()))
        elif token.type == "code_block":
            document.blocks.append(Code(token.content, line, ""))
        elif token.type == "html_block":
            _read_html(document, token.content, line)
        elif token.type == "inline":
            _read_inline(document, token, line)
            if before is not None and before.type == "heading_open":
                text = plain(token)
                code = tuple(child.content for child in token.children or () if child.type == "code_inline")
                document.headings.append(Heading(int(before.tag[1]), text, code, _anchor(text, used), line))
    document.anchors |= {heading.anchor for heading in document.headings}
    document.tables += _tables(tokens)
    return document


def documents() -> list[Document]:
    """Return all documents of the project."""
    return [read(path) for path in FILES]


def plain(token: Token) -> str:
    """Return the words of a line, without what makes them bold, a link or code."""
    kinds = ("text", "code_inline", "softbreak")
    return "".join(child.content or " " for child in token.children or () if child.type in kinds)


def _anchor(text: str, used: Counter[str]) -> str:
    """Return the anchor of a heading by the forges' rule: small letters, no punctuation, hyphens, a number if taken."""
    anchor = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    used[anchor] += 1
    return anchor if used[anchor] == 1 else f"{anchor}-{used[anchor] - 1}"


_LABELLED = re.compile(r"\[([^\]]*)\]\[([^\]]*)\]")
"""What looks like a link with a label: where the label is known it is no text any more."""


def _read_inline(document: Document, token: Token, line: int) -> None:
    opened: list[tuple[str, int]] = []
    children = token.children or []
    for index, child in enumerate(children):
        if child.type == "link_open":
            opened.append((str(child.attrs["href"]), index))
        elif child.type == "link_close":
            target, start = opened.pop()
            text = "".join(inner.content for inner in children[start:index])
            document.links.append(Link(target, text, line))
        elif child.type == "image":
            document.links.append(Link(str(child.attrs["src"]), child.content, line, picture=True))
        elif child.type == "text":
            document.unknown += [Link(label, text, line) for text, label in _LABELLED.findall(child.content)]
        elif child.type == "code_inline":
            document.inline.append(Code(child.content, line))
        elif child.type == "html_inline":
            _read_html(document, child.content, line)
        line += child.type in ("softbreak", "hardbreak")


class _Html(HTMLParser):
    """What matters here of HTML within Markdown."""

    def __init__(self, document: Document, line: int) -> None:
        super().__init__()
        self._document, self._line = document, line

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        line = self._line + self.getpos()[0] - 1
        self._document.anchors |= {known[name] for name in ("id", "name") if name in known}
        if tag == "img":
            self._document.links.append(Link(known.get("src", ""), known.get("alt", ""), line, picture=True))
        for name in ("href", "srcset"):
            if name in known:
                self._document.links.append(Link(known[name], "", line, picture=name == "srcset"))


def _read_html(document: Document, text: str, line: int) -> None:
    html = _Html(document, line)
    html.feed(text)
    html.close()


def _tables(tokens: list[Token]) -> Iterator[Table]:
    rows: list[list[str]] = []
    line = 0
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "table_open":
            rows, line = [], token.map[0] + 1 if token.map else 0
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and before is not None and before.type in ("th_open", "td_open"):
            rows[-1].append(plain(token))
        elif token.type == "table_close":
            yield Table(tuple(map(tuple, rows)), line)
