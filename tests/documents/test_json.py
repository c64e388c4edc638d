"""What the documents show and tell of JSON is what the program writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.documents.markdown import ROOT, Document, Table, read
from tests.documents.scene import make_recordings
from tests.terminal.program import clean_env, run

CUT_LIST = read(ROOT / "docs" / "CUTLIST.md")
USING = read(ROOT / "docs" / "USING.md")


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """The recording of the documents."""
    make_recordings(tmp_path)
    return tmp_path / "meeting.wav"


def shown(document: Document) -> str:
    (block,) = [block for block in document.blocks if block.language == "json"]
    return block.text


def told(document: Document) -> set[str]:
    """Return the keys that a document's table explains."""
    (table,) = [table for table in document.tables if table.rows[0] == ("key", "meaning")]
    return keys_of(table)


def keys_of(table: Table) -> set[str]:
    return {key for row in table.rows[1:] for key in re.findall(r"\w+", row[0])}


def test_the_cut_list_that_is_shown_is_what_trim_writes(meeting: Path, tmp_path: Path) -> None:
    assert run("trim", meeting.name, env=clean_env(tmp_path), cwd=tmp_path).returncode == 0
    assert shown(CUT_LIST).strip() == meeting.with_name("meeting_trimmed.json").read_text(encoding="utf-8").strip()
    assert told(CUT_LIST) == set(json.loads(shown(CUT_LIST)))


def test_each_key_of_record_is_shown_and_explained(tmp_path: Path) -> None:
    done = run("record", "--source", "signal", "--seconds", "1", "--json", env=clean_env(tmp_path))
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(json.loads(shown(USING))) == list(found)
    assert told(USING) == set(found)


def test_each_key_of_trim_is_explained(meeting: Path, tmp_path: Path) -> None:
    done = run("trim", "--json", meeting, env=clean_env(tmp_path))
    (found,) = json.loads(done.stdout)
    assert set(found) - told(USING) == {"cut_list", "labels"}
    assert all(f"`{key}`" in USING.text for key in ("cut_list", "labels"))
