"""Names that every system takes, that stay in their folder, and that nobody else has."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.disk import Disk
from tray_app.take.names import fill_template, free_name, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("meeting", "meeting"),
        ('a: b*c? "d" <e> |f|', "a_ b_c_ _d_ _e_ _f_"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("trailing dots and spaces. . .", "trailing dots and spaces"),
        ("con", "_con"),
        ("LPT1.notes", "_LPT1.notes"),
        ("console", "console"),
        ("  ", "recording"),
        ("...", "recording"),
        (".hidden", "hidden"),
        ("Überblick 会議", "Überblick 会議"),
        ("tab\there", "tab_here"),
    ],
)
def test_names_are_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


@given(st.text())
def test_any_text_gives_a_name_that_windows_takes_and_that_stays_in_its_folder(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name.encode("utf-8", "replace")) <= 181
    assert not set(name) & set('<>:"/\\|?*')
    assert all(ord(character) >= 32 for character in name)
    assert name == name.rstrip(". ") == name.strip()
    assert Path("/save", name).parent == Path("/save")
    assert safe_name(name) == name


def test_the_template_is_filled_with_date_and_time() -> None:
    when = datetime(2026, 11, 23, 14, 3, 7)
    assert fill_template("recording_{date}_{time}", when) == "recording_2026-11-23_14-03-07"


def test_a_name_is_free_only_in_every_folder_extension_and_case(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    assert free_name(Disk(), [one, other], "take") == "take"
    (one / "TAKE.mp3").touch()
    other.mkdir()
    (other / "take (2).json").touch()
    (one / "take (3)").touch()
    (one / "take (40).wav").touch()
    assert free_name(Disk(), [one, other], "take") == "take (4)"
