"""Choices of the menu in the user's `.env`: kept, and nothing else changed."""

from __future__ import annotations

import errno
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.refusing import Refusing
from tray_app import env_places
from tray_app.choices import choose as choose_only
from tray_app.choices import keep, values, with_value
from tray_app.disk import Disk
from tray_app.errors import SettingError
from tray_app.loading import load
from tray_app.settings import Settings

NAME = "RECORDER_SILENCE_THRESH"

CHARACTERS = st.characters(blacklist_categories=("Cc", "Cs"))
VALUES = st.text(CHARACTERS, max_size=40) | st.text("\\\\'\"#= $x", max_size=12)
LINES = st.sampled_from(
    [
        "# a comment\n",
        "\n",
        "RECORDER_BIT_DEPTH=16\n",
        "  export OTHER = 'it\\'s'  # kept\r\n",
        'RECORDER_SILENCE_THRESH="-50"   # why\n',
        "RECORDER_SILENCE_THRESH=-55\n",
        "RECORDER_SILENCE_THRESH\n",
        "LONG='two\nlines'\n",
        "no name here\n",
        "#RECORDER_SILENCE_THRESH=-40\n",
    ]
)


def choose(chosen: Settings, texts: dict[str, str], disk: Disk | None = None) -> Settings:
    """Make a choice and keep it, as the program does."""
    new = choose_only(chosen, texts)
    return replace(new, env_file=keep(new, texts, disk))


@given(lines=st.lists(LINES, max_size=8), value=VALUES, whole=st.booleans())
def test_one_value_changes_and_every_other_character_stays(lines: list[str], value: str, whole: bool) -> None:
    text = "".join(lines) if whole else "".join(lines).rstrip("\n")
    new = with_value(text, NAME, value)
    assert values(new) == {**values(text), NAME: value}
    comments = [part for part in text.replace("\r", "").split("\n") if part.lstrip().startswith("#")]
    assert [part for part in new.replace("\r", "").split("\n") if part.lstrip().startswith("#")] == comments
    for kept in ("# kept", "# why", "no name here"):
        assert new.count(kept) == text.count(kept)
    assert with_value(new, NAME, value) == new


def test_a_choice_is_kept_and_comments_with_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nRECORDER_SILENCE_THRESH=-45 # loud room\nRECORDER_BIT_DEPTH=16\n")
    new = choose(load({}, {}, file), {NAME: "-60", "RECORDER_SOURCE": "Ольга's (2) #1"})
    assert file.read_text(encoding="utf-8") == (
        "# mine\nRECORDER_SILENCE_THRESH=-60 # loud room\nRECORDER_BIT_DEPTH=16\nRECORDER_SOURCE='Ольга\\'s (2) #1'\n"
    )
    assert (new.silence_thresh, new.source, new.bit_depth) == (-60, "Ольга's (2) #1", 16)
    assert load({}, {}, file) == new
    assert new.origin[NAME] == str(file)
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_folder_on_a_share_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A backslash in single quotes is one that escapes: python-dotenv's own `set_key` loses half of them."""
    file = tmp_path / ".env"
    file.touch()
    wanted = r"\\server\share\it's mine" if sys.platform == "win32" else "/srv/a\\b/it's mine"
    new = choose(load({}, {}, file), {"RECORDER_SAVE_FOLDER": wanted})
    assert str(new.save_folder) == wanted
    assert load({}, {}, file).save_folder == new.save_folder


@pytest.mark.parametrize(("overrides", "environ"), [({NAME: "-50"}, {}), ({}, {NAME: "-50"}), ({}, {NAME: ""})])
def test_what_is_set_outside_is_refused(overrides: dict[str, str], environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("")
    chosen = load(overrides, environ, file)
    assert chosen.fixed == {NAME}
    with pytest.raises(SettingError, match="set outside"):
        choose(chosen, {NAME: "-60"})
    assert file.read_text() == ""


def test_a_value_that_cannot_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\n")
    with pytest.raises(SettingError, match="from -120 to 0"):
        choose(load({}, {}, file), {NAME: "5"})
    assert file.read_text() == "# mine\n"


class FullDisk(Disk):
    """A disk on which the n-th operation on a file fails, or which writes only half."""

    def __init__(self, fails: str, code: int = errno.ENOSPC, below: Path | None = None) -> None:
        self._fails, self._code, self._below = fails, code, below

    def _refuse(self, what: str, path: Path) -> None:
        if what == self._fails and (self._below is None or self._below in path.parents):
            raise OSError(self._code, "refused", str(path))

    def create(self, path: Path) -> io.FileIO:
        self._refuse("create", path)
        if self._fails == "half":
            return _Half(path, "x+b")
        return super().create(path)

    def replace(self, source: Path, target: Path) -> None:
        self._refuse("replace", target)
        super().replace(source, target)


class _Half(io.FileIO):
    def write(self, data: object) -> int:
        return super().write(bytes(data)[:10])  # type: ignore[call-overload]


@pytest.mark.parametrize("fails", ["create", "half", "replace"])
def test_a_disk_that_fails_leaves_the_old_file(fails: str, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nRECORDER_BIT_DEPTH=16\n")
    with pytest.raises(SettingError, match=r"The choice holds until you exit\."):
        choose(load({}, {}, file), {NAME: "-60"}, FullDisk(fails))
    assert file.read_text() == "# mine\nRECORDER_BIT_DEPTH=16\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_file_that_somebody_reads_is_tried_again(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.touch()
    keep(load({}, {}, file), {NAME: "-60"}, Refusing(2))
    assert file.read_text() == "RECORDER_SILENCE_THRESH=-60\n"


def test_settings_are_read_while_choices_are_written(tmp_path: Path) -> None:
    """A second program starts while the tray's menu writes: Windows lets nobody open a file that is just renamed."""
    file = tmp_path / ".env"
    file.write_text("RECORDER_BIT_DEPTH=16\n")
    settings = load({}, {}, file)

    def write() -> None:
        for _ in range(20):
            for threshold in ("-60", "-50"):
                keep(settings, {NAME: threshold})

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        seen = {load({}, {}, file).silence_thresh for _ in iter(written.done, True)}
        written.result()
    assert seen <= {-40.0, -50.0, -60.0}
    assert len(seen) > 1
    assert file.read_text() == "RECORDER_BIT_DEPTH=16\nRECORDER_SILENCE_THRESH=-50\n"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The program's folder and the user's configuration folder."""
    program, user = tmp_path / "program", tmp_path / "user"
    program.mkdir()
    monkeypatch.setattr(env_places, "program_folder", lambda: program)
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: user)
    return program, user


def test_without_a_file_it_goes_to_the_users_folder(places: tuple[Path, Path]) -> None:
    new = choose(load({}, {}, None), {NAME: "-60"})
    assert new.env_file == places[1] / ".env"
    assert load({}, {}, None) == new


def test_an_empty_file_beside_the_program_keeps_choices_there(places: tuple[Path, Path]) -> None:
    program, user = places
    (program / ".env").touch()
    choose(load({}, {}, None), {NAME: "-60"})
    assert (program / ".env").read_text() == "RECORDER_SILENCE_THRESH=-60\n"
    assert not user.exists()


def test_where_the_programs_own_cannot_be_written_the_users_counts_too(places: tuple[Path, Path]) -> None:
    program, user = places
    (program / ".env").write_text("RECORDER_BIT_DEPTH=16\nRECORDER_SILENCE_THRESH=-50\n")
    disk = FullDisk("create", errno.EACCES, below=program)
    new = choose(load({}, {}, None), {NAME: "-60"}, disk)
    again = choose(new, {"RECORDER_CHANNELS": "1"}, disk)
    assert (again.bit_depth, again.silence_thresh, again.channels) == (16, -60, 1)
    assert load({}, {}, None) == again
    assert load({}, {}, None).env_file == user / ".env"
    assert (program / ".env").read_text() == "RECORDER_BIT_DEPTH=16\nRECORDER_SILENCE_THRESH=-50\n"


def test_another_file_of_the_users_does_not_count_beside_the_programs(places: tuple[Path, Path]) -> None:
    program, user = places
    user.mkdir()
    (program / ".env").write_text("RECORDER_BIT_DEPTH=16\n")
    (user / ".env").write_text("RECORDER_BIT_DEPTH=32\n")
    assert load({}, {}, None).bit_depth == 16


@pytest.mark.posix("links are for everybody there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("# mine\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    choose(load({}, {}, tmp_path / ".env"), {NAME: "-60"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "# mine\nRECORDER_SILENCE_THRESH=-60\n"
