"""Links lead somewhere, pictures can be seen, and nothing is told of the machine on which a document was written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.documents.markdown import ROOT, Document, Link, documents, read

OF_A_MACHINE = re.compile(
    rf"{re.escape(str(ROOT))}\b|{re.escape(str(Path.home()))}\b|[/\\](home|Users)[/\\](?!you\b)\w"
    r"|\blocalhost\b|//[\d.]+[:/]|index-url|index_url|PIP_INDEX",
)
"""Folders, hosts and registries that are one machine's own. A user's home is that of `you`."""

URL = re.compile(r"\bhttps?:[^\s<>)\]`\"']*")


def test_links_lead_somewhere(document: Document) -> None:
    assert [f"{document.at(link.line)}: {wrong}" for link in document.links if (wrong := fault(document, link))] == []


def test_labels_of_links_are_known_and_used(document: Document) -> None:
    assert [f"{document.at(link.line)}: [{link.target}]" for link in document.unknown] == []
    used = {link.target for link in document.links}
    assert {label: target for label, target in document.references.items() if target not in used} == {}


def test_addresses_in_plain_words_are_right_too(document: Document) -> None:
    lines = enumerate(document.text.splitlines(), 1)
    found = [(line, address.rstrip(".,;:")) for line, text in lines for address in URL.findall(text)]
    assert [f"{document.at(line)}: {wrong}" for line, one in found if (wrong := outside(one))] == []


def test_nothing_is_told_of_one_machine(document: Document) -> None:
    lines = enumerate(document.text.splitlines(), 1)
    assert [f"{document.at(line)}: {found[0]}" for line, text in lines if (found := OF_A_MACHINE.search(text))] == []


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        (document.path.parent / unquote(link.target)).resolve() for document in documents() for link in document.links
    }
    assert sorted(path.name for path in (ROOT / "docs" / "pictures").iterdir() if path not in shown) == []


def fault(document: Document, link: Link) -> str:
    """Return what is wrong with a link; empty where nothing is."""
    if link.picture and not link.text.strip():
        return f"{link.target}: a picture says in words what it shows, for those who cannot see it"
    if urlsplit(link.target).scheme:
        return outside(link.target)
    place, _, anchor = unquote(link.target).partition("#")
    path = (document.path.parent / place).resolve() if place else document.path
    if place and not there(path):
        return f"{link.target}: there is no such file"
    if link.picture:
        return unseen(path)
    if anchor and anchor not in (document if not place else read(path)).anchors:
        return f"{link.target}: there is no such heading"
    return ""


def outside(address: str) -> str:
    """Return what is wrong with an address on the web, without asking for it; empty where nothing is."""
    parts = urlsplit(address)
    if parts.scheme != "https":
        return f"{address}: not https"
    if not re.fullmatch(r"([\w-]+\.)+[a-z]{2,}", parts.netloc):
        return f"{address}: no host of the web"
    return ""


def there(path: Path) -> bool:
    """Whether a path is the project's, each part written with the same letters, large and small."""
    if path == ROOT:
        return True
    inside = ROOT in path.parents
    return (
        inside
        and there(path.parent)
        and path.parent.is_dir()
        and path.name in {one.name for one in path.parent.iterdir()}
    )


def unseen(path: Path) -> str:
    """Return why a picture cannot be seen; empty where it can."""
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        return "" if root.tag.endswith("}svg") else f"{path.name}: not an SVG"
    try:
        with Image.open(path) as picture:
            picture.load()
            small = min(picture.size) < 8
    except OSError as error:
        return f"{path.name}: {error}"
    return f"{path.name}: {picture.size} pixels" if small else ""


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("[x](docs/ARCHITECTURE.md#words)", ""),
        ("[x](#one-2)", ""),
        ("[x](#one-3)", "#one-3: there is no such heading"),
        ("[x](docs/ARCHITECTURE.md#nothing)", "docs/ARCHITECTURE.md#nothing: there is no such heading"),
        ("[x](docs/architecture.md)", "docs/architecture.md: there is no such file"),
        ("[x](../elsewhere.md)", "../elsewhere.md: there is no such file"),
        ("[x](pyproject.toml#a)", "pyproject.toml#a: there is no such heading"),
        ("[x](http://ffmpeg.org)", "http://ffmpeg.org: not https"),
        ("[x](https://mirror:8080/y)", "https://mirror:8080/y: no host of the web"),
        ("![](docs/pictures/speed.png)", "docs/pictures/speed.png: a picture says in words"),
        ("![x](README.md)", "README.md: cannot identify image file"),
        ('<img src="docs/pictures/none.png" alt="x">', "docs/pictures/none.png: there is no such file"),
        ('<p><a href="#here">x</a></p>', "#here: there is no such heading"),
        ('<p><a href="#there">x</a><a id="there"></a></p>', ""),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text(f"# One\n\n# `One`, 2…\n\n# One 2\n\n# One 2\n\n{link}\n", encoding="utf-8")
    document = replace(read(file), path=ROOT / "README.md")
    (found,) = [fault(document, one) for one in document.links]
    assert found.startswith(wrong)
    assert bool(found) == bool(wrong)


def test_a_label_that_nobody_knows_or_uses_is_found(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    file.write_text("[x][one] and [y][two].\n\n[one]: https://one.org\n[three]: https://three.org\n")
    document = read(file)
    assert [link.target for link in document.unknown] == ["two"]
    assert document.references == {"ONE": "https://one.org", "THREE": "https://three.org"}
