"""Names that every system takes, that stay in their folder, and that nobody else has."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path, PurePosixPath, PureWindowsPath

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
        ("nul .notes", "_nul .notes"),
        ("Com¹", "_Com¹"),
        ("com7.2026.talk", "_com7.2026.talk"),
        ("CONIN$", "_CONIN$"),
        ("com", "com"),
        ("com10", "com10"),
        ("nul talk", "nul talk"),
        ("PRN:", "PRN_"),
        ("console", "console"),
        ("  ", "recording"),
        ("...", "recording"),
        (".hidden", "hidden"),
        ("Überblick 会議", "Überblick 会議"),
        ("tab\there", "tab_here"),
        ("C:\\Users\\me\\talk", "C__Users_me_talk"),
        ("talk:hidden", "talk_hidden"),
        ("half \ud83d of a character", "half _ of a character"),
        ("dots.. .in. between.. .", "dots.. .in. between"),
        ("é" * 200, "é" * 90),
        ("x" * 179 + ". . y", "x" * 179),
    ],
)
def test_names_are_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


RESERVED = st.sampled_from(["con", "NUL", "lpt9", "com²", "conout$"])
ODD = st.sampled_from([".", " ", "..", ":", "*", "\ud800", "\0", "\x85", "x" * 99])


@given(st.text(st.characters(exclude_categories=[])) | st.lists(RESERVED | ODD | st.text(max_size=3)).map("".join))
def test_any_text_gives_a_name_that_windows_takes_and_that_stays_in_its_folder(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name.encode()) <= 181
    assert not set(name) & set('<>:"/\\|?*')
    assert not [character for character in name if unicodedata.category(character) in ("Cc", "Cs")]
    assert name == name.rstrip(". ") == name.strip()
    for flavour in (PureWindowsPath("C:/save"), PurePosixPath("/save")):
        assert (flavour / f"{name}.wav").parent == flavour
    assert not PureWindowsPath(f"{name}.wav").is_reserved()
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
