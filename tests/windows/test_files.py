"""Files as Windows has them: open ones that cannot be renamed, locks, long paths, drives that are gone."""

from __future__ import annotations

import ctypes
import os
import shutil
import string
import subprocess
import sys
from collections.abc import Callable
from ctypes import wintypes
from pathlib import Path

import pytest
import win32con
import win32file

from tests.audio.wav_files import ours, sound
from tests.take.test_take import FACTS
from tray_app import windows_files
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.commands.doctor import _folder
from tray_app.disk import Disk, is_held, storage_error
from tray_app.errors import RecorderError, SettingError, StorageError
from tray_app.loading import load
from tray_app.processing.trimming import trim_file
from tray_app.take.facts import read_sidecar, write_sidecar
from tray_app.take.take import Plan, Stage, begin, claim, markers

assert sys.platform == "win32"  # for mypy, too

disk = Disk()
FMT = AudioFormat(8_000, 2, 16)
TRIMS = Plan(CutRule(500, -40.0))


class Held:
    """A file that another program has open, and `share`s with others: 0 not at all, 1 for reading."""

    def __init__(self, path: Path, share: int = 0) -> None:
        self._handle = win32file.CreateFile(
            str(path), win32con.GENERIC_READ, share, None, win32con.OPEN_EXISTING, win32con.FILE_ATTRIBUTE_NORMAL, None
        )

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.Close()


def file(folder: Path, name: str = "x.wav", content: bytes = b"take") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def words(error: OSError, path: Path) -> str:
    return str(storage_error("write", path, error))


def test_what_another_program_has_open_is_told_as_that(tmp_path: Path) -> None:
    path = file(tmp_path)
    with Held(path), pytest.raises(PermissionError) as caught:
        disk.open_read(path)
    assert is_held(caught.value)
    assert caught.value.filename == str(path)
    assert "another program has it open. Close it there" in words(caught.value, path)
    with Held(path, share=1):
        disk.open_read(path).close()
        with pytest.raises(PermissionError) as caught:
            disk.open_update(path)
    assert "another program has it open" in words(caught.value, path)
    disk.open_update(path).close()


def test_an_open_file_is_neither_renamed_nor_removed_nor_replaced(tmp_path: Path) -> None:
    path, other = file(tmp_path), file(tmp_path, "other.wav", b"other")
    acts: list[Callable[[], None]] = [
        lambda: disk.rename_new(path, tmp_path / "new.wav"),
        lambda: disk.remove(path),
        lambda: disk.replace(other, path),
    ]
    with disk.open_read(path):
        for act in acts:
            with pytest.raises(PermissionError) as caught:
                act()
            assert is_held(caught.value)
            assert "another program has it open" in words(caught.value, path)
    assert path.read_bytes() == b"take"
    disk.replace(other, path)
    assert path.read_bytes() == b"other"


def test_a_folder_is_not_opened_as_a_file(tmp_path: Path) -> None:
    for act in (disk.open_read, disk.open_update):
        with pytest.raises(IsADirectoryError) as caught:
            act(tmp_path)
        assert "it is a folder" in words(caught.value, tmp_path)


def test_a_lock_keeps_nobody_from_reading_and_its_owner_from_nothing(tmp_path: Path) -> None:
    take = begin(disk, tmp_path, "take", TRIMS)
    assert b'"recording"' in take.paths.marker.read_bytes()
    code = "import sys; print(open(sys.argv[1]).read())"
    with disk.open_read(take.paths.marker) as reader:
        take.remember(stage=Stage.PARKED, reason="r" * 5000)
        take.remember(stage=Stage.FINISHING, reason="")
        assert b'"finishing"' in reader.read()
        seen = subprocess.run([sys.executable, "-c", code, str(take.paths.marker)], capture_output=True, text=True)
    assert '"finishing"' in seen.stdout, seen.stderr
    assert take.paths.marker.stat().st_size < 2000  # it is short again
    assert claim(disk, take.paths.marker) is None
    take.done()
    assert markers(disk, tmp_path) == []


def test_what_knows_no_locks_is_not_taken_for_locked() -> None:
    reading, writing = os.pipe()
    with open(reading, "r+b", buffering=0) as pipe, open(writing, "wb"), pytest.raises(OSError) as caught:  # noqa: PTH123
        disk.lock(pipe)
    assert not is_held(caught.value)


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows as it is where nobody has switched long paths on; Wine, and some, take them all."""

    def limit(owner: object, name: str, longest: int = 259) -> None:
        real = getattr(owner, name)

        def limited(*paths: object, **options: object) -> object:
            for path in paths[:2]:
                text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
                if len(text) > longest and not text.startswith("\\\\?\\"):
                    if owner is os or owner is shutil:
                        raise OSError(0, "The system cannot find the path specified", text, 3)
                    ctypes.set_last_error(3)
                    return wintypes.HANDLE(-1).value
            return real(*paths, **options)

        monkeypatch.setattr(owner, name, limited)

    limit(os, "mkdir", longest=247)
    for name in ("stat", "lstat", "listdir", "scandir", "rename", "replace", "unlink", "rmdir"):
        limit(os, name)
    limit(shutil, "disk_usage")
    limit(windows_files._kernel32, "CreateFileW")


@pytest.fixture
def deep(tmp_path: Path, _short: None) -> Path:
    """A folder whose path is far longer than the 260 characters that Windows takes unasked."""
    folder = tmp_path / ("long " * 20 + "name") / ("ä" * 100) / ("0123456789" * 10)
    assert len(str(folder)) > 320
    with pytest.raises(FileNotFoundError):
        folder.mkdir(parents=True)
    return folder


def test_a_long_path_holds_a_take(deep: Path) -> None:
    take = begin(disk, deep, "take", TRIMS)
    assert take.paths.marker.parent == deep / "originals"
    with disk.create(take.paths.part) as part:
        part.write(b"twin")
    assert disk.size(take.paths.part) == 4
    disk.rename_new(take.paths.part, take.paths.original)
    with pytest.raises(FileExistsError):
        disk.rename_new(take.paths.original, take.paths.marker)
    write_sidecar(disk, take.paths.sidecar, FACTS)
    assert read_sidecar(disk, take.paths.sidecar) == FACTS
    assert markers(disk, deep) == [take.paths.marker], "no path is told otherwise than it was given"
    assert claim(disk, take.paths.marker) is None
    take.release()
    again = claim(disk, take.paths.marker)
    assert again is not None
    assert again.paths.folder == deep
    again.done()
    assert not disk.exists(take.paths.marker)
    assert disk.exists(take.paths.original)
    assert disk.free_bytes(deep) > 0
    disk.remove(take.paths.original)
    assert disk.list(deep / "originals") == [take.paths.sidecar]
    disk.remove_folder(deep)
    assert not disk.exists(deep)


def test_a_file_with_a_long_path_is_trimmed(deep: Path) -> None:
    disk.make_folder(deep)
    source, target = deep / "in.wav", deep / "new" / "out.wav"
    with disk.create(source) as out:
        out.write(ours(FMT, sound(FMT, 20_000)))
    facts = trim_file(disk, source, target, CutRule(20, -40.0))
    assert facts.kept_frames == 20_000
    assert disk.size(target) == disk.size(source)
    for same in (source, source.parent / "new" / ".." / "in.wav"):
        with pytest.raises(RecorderError, match="the input itself"):
            trim_file(disk, source, same, CutRule(20, -40.0), force=True)


def test_a_name_that_is_too_long_is_told_as_that(tmp_path: Path) -> None:
    for act in (disk.create, disk.make_folder):
        with pytest.raises(OSError) as caught:
            act(tmp_path / ("x" * 300))
        assert "the path is too long" in words(caught.value, tmp_path / ("x" * 300))


@pytest.mark.parametrize("name", ["talk:1.wav", "talk?.wav", "a<b.wav", 'say "so".wav', "a|b.wav", "talk*.wav"])
def test_a_name_that_windows_does_not_take_is_told_as_that(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError) as caught:
        disk.create(tmp_path / name)
    assert "the system takes no such name" in words(caught.value, tmp_path / name)
    assert list(tmp_path.iterdir()) == [], "nor is anything hidden in a stream behind a colon"


@pytest.fixture
def nowhere() -> Path:
    """A drive that is not there."""
    return next(
        Path(f"{letter}:\\") for letter in reversed(string.ascii_uppercase) if not Path(f"{letter}:\\").exists()
    )


def test_a_drive_that_is_not_there_is_told_as_that(nowhere: Path) -> None:
    with pytest.raises(StorageError, match="the drive is not there"):
        begin(disk, nowhere / "takes", "take", TRIMS)
    settings = load({"RECORDER_SAVE_FOLDER": str(nowhere / "takes")}, {}, Path(os.devnull))
    (check,) = _folder(settings)
    assert (check.status, check.text) == ("fail", f"{nowhere / 'takes'} is on a drive that is not there")


def test_a_folder_relative_to_a_drive_is_refused() -> None:
    with pytest.raises(SettingError, match=r"allowed: a folder\. Write D:\\ for the drive itself\."):
        load({"RECORDER_SAVE_FOLDER": "D:takes"}, {}, Path(os.devnull))
