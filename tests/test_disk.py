from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.refusing import refused
from tray_app import disk as disk_module
from tray_app import windows_files
from tray_app.disk import ENDLESS, Disk, Patience, storage_error

disk = Disk()


def test_created_exclusively(tmp_path: Path) -> None:
    with disk.create(tmp_path / "x.wav") as file:
        file.write(b"take\r\n\n\x1a")
        file.seek(0)
        assert file.read() == b"take\r\n\n\x1a"
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "x.wav")
    assert (tmp_path / "x.wav").read_bytes() == b"take\r\n\n\x1a"


@pytest.mark.posix("Windows knows no modes; a file there is whose the folder is")
def test_created_for_this_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        disk.create(tmp_path / "x.wav").close()
        disk.make_folder(tmp_path / "originals")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x.wav").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "originals").stat().st_mode) == 0o700


@pytest.mark.posix("making a link takes a privilege on Windows")
def test_a_dangling_link_is_not_followed_into_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        disk.create(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()
    assert disk.exists(tmp_path / "link")
    assert not disk.exists(tmp_path / "elsewhere")


def test_what_is_written_is_there_for_others_at_once(tmp_path: Path) -> None:
    with disk.create(tmp_path / "x") as file:
        file.write(b"abc")
        assert (tmp_path / "x").read_bytes() == b"abc"
        assert disk.size(tmp_path / "x") == 3
        disk.sync(file)


def test_update_changes_in_place_and_read_only_reads(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abcdef")
    with disk.open_update(tmp_path / "x") as file:
        file.seek(2)
        file.write(b"XY")
    assert (tmp_path / "x").read_bytes() == b"abXYef"
    with disk.open_read(tmp_path / "x") as file, pytest.raises(io.UnsupportedOperation):
        file.write(b"no")
    for open_missing in (disk.open_read, disk.open_update):
        with pytest.raises(FileNotFoundError):
            open_missing(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_folders(tmp_path: Path) -> None:
    disk.make_folder(tmp_path / "a" / "b")
    disk.make_folder(tmp_path / "a" / "b")
    assert disk.list(tmp_path / "a") == [tmp_path / "a" / "b"]
    assert disk.list(tmp_path / "missing") == []
    for name in ("z", "m", "a"):
        (tmp_path / "a" / "b" / name).touch()
    assert [path.name for path in disk.list(tmp_path / "a" / "b")] == ["a", "m", "z"]


def test_a_folder_below_a_file_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        disk.make_folder(tmp_path / "file" / "a" / "b")
    with pytest.raises(NotADirectoryError):
        disk.make_folder(tmp_path / "file")
    assert disk.is_folder(tmp_path)
    assert not disk.is_folder(tmp_path / "file")
    assert not disk.is_folder(tmp_path / "missing")


def test_one_file_by_two_names(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    (tmp_path / "other").touch()
    assert disk.same(tmp_path / "one", tmp_path / "." / "one")
    assert not disk.same(tmp_path / "one", tmp_path / "other")


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    disk.make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "x").touch()
    disk.remove_folder(tmp_path / "a")
    disk.remove_folder(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_replace_replaces_and_remove_forgives(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "old").write_bytes(b"old")
    disk.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"new"
    assert not (tmp_path / "new").exists()
    disk.remove(tmp_path / "old")
    disk.remove(tmp_path / "old")
    assert not (tmp_path / "old").exists()


@pytest.fixture(params=["links"] if sys.platform == "win32" else ["links", "no links"])
def _links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as the file system is, once as FAT and some network drives are."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("_links")
def test_rename_to_a_new_name(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"take")
    disk.rename_new(tmp_path / "part", tmp_path / "take.wav")
    assert (tmp_path / "take.wav").read_bytes() == b"take"
    assert [path.name for path in tmp_path.iterdir()] == ["take.wav"]


@pytest.mark.usefixtures("_links")
def test_rename_to_a_taken_name_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"take")
    (tmp_path / "file").write_bytes(b"user's")
    (tmp_path / "folder").mkdir()
    for taken in ("file", "folder"):
        with pytest.raises(FileExistsError):
            disk.rename_new(tmp_path / "part", tmp_path / taken)
    assert (tmp_path / "part").read_bytes() == b"take"
    assert (tmp_path / "file").read_bytes() == b"user's"


@pytest.mark.posix("making a link takes a privilege on Windows")
@pytest.mark.usefixtures("_links")
def test_a_dangling_link_is_a_taken_name(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"take")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        disk.rename_new(tmp_path / "part", tmp_path / "dangling")
    assert (tmp_path / "part").read_bytes() == b"take"
    assert (tmp_path / "dangling").is_symlink()


@pytest.mark.posix("Windows renames in one step")
def test_a_rename_that_was_killed_half_way_is_completed(tmp_path: Path) -> None:
    """Else the next start would find the name taken, and the take would be there twice."""
    (tmp_path / "part").write_bytes(b"take")
    os.link(tmp_path / "part", tmp_path / "take.wav")
    disk.rename_new(tmp_path / "part", tmp_path / "take.wav")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("take.wav", b"take")]


@pytest.mark.usefixtures("_links")
def test_a_rename_to_its_own_name_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_bytes(b"take")
    with contextlib.suppress(FileExistsError):
        disk.rename_new(tmp_path / "take.wav", tmp_path / "take.wav")
    assert (tmp_path / "take.wav").read_bytes() == b"take"


@pytest.mark.usefixtures("_links")
def test_rename_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        disk.rename_new(tmp_path / "missing", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.posix("Windows renames without a hard link")
def test_a_rename_that_fails_is_not_tried_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "link", fail)
    (tmp_path / "part").touch()
    with pytest.raises(OSError, match="Input/output error"):
        disk.rename_new(tmp_path / "part", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_a_lock_excludes_a_second_open_until_it_is_closed(tmp_path: Path) -> None:
    first = disk.create(tmp_path / "marker")
    with disk.open_update(tmp_path / "marker") as second:
        assert disk.lock(first) is True
        assert disk.lock(second) is False
        first.write(b"recording")
        assert second.read() == b"recording"
        first.close()
        assert disk.lock(second) is True


HOLDER = """
import sys, time
from pathlib import Path
from tray_app.disk import Disk
file = Disk().open_update(Path(sys.argv[1]))
print(Disk().lock(file), flush=True)
time.sleep(600)
"""


def test_a_lock_excludes_other_processes_and_dies_with_its_owner(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    marker.touch()
    command = [sys.executable, "-c", HOLDER, str(marker)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        with disk.open_update(marker) as file:
            assert disk.lock(file) is False
            holder.kill()
            holder.wait(30)
            assert disk.lock(file) is True


@pytest.mark.posix("about flock")
def test_a_lock_that_fails_otherwise_is_not_taken_for_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", fail)
    with disk.create(tmp_path / "marker") as file, pytest.raises(OSError, match="No locks"):
        disk.lock(file)


def test_free_space(tmp_path: Path) -> None:
    assert 0 < disk.free_bytes(tmp_path) <= shutil.disk_usage(tmp_path).total
    with pytest.raises(FileNotFoundError):
        disk.free_bytes(tmp_path / "missing")


@pytest.mark.posix("a file system without a size")
def test_where_nothing_tells_what_is_free_there_is_no_limit() -> None:
    assert disk.free_bytes(Path("/proc")) == ENDLESS


@pytest.mark.parametrize(
    ("code", "reason", "todo"),
    [
        (errno.ENOSPC, "the disk is full", "Free some space and try again."),
        (errno.EDQUOT, "quota", "Free some space and try again."),
        (errno.EACCES, "no permission", "permissions"),
        (errno.EROFS, "read-only", "Choose another folder."),
        (errno.ENOENT, "is not there", "drive is connected"),
        (errno.ENOTDIR, "a file, not a folder", "Choose another folder."),
        (errno.ENAMETOOLONG, "path is too long", "shorter name"),
        (errno.EIO, "reported an error", "Check the disk"),
        (errno.EEXIST, "exists already", "another name"),
        (errno.ENOLCK, "does not support", "another drive"),
        (errno.ENODEV, "drive is not there", "Connect it"),
        (errno.EBUSY, os.strerror(errno.EBUSY), "another folder"),
    ],
)
def test_storage_errors_are_told_in_words(code: int, reason: str, todo: str, tmp_path: Path) -> None:
    error = storage_error("write", tmp_path / "x.wav", OSError(code, os.strerror(code)), safe="The take is safe.")
    assert str(error).startswith(f"Cannot write {tmp_path / 'x.wav'}: ")
    assert reason in error.what
    assert todo in error.todo
    assert error.safe == "The take is safe."
    assert "Errno" not in str(error)
    assert "OSError" in error.detail or "Error(" in error.detail


@pytest.mark.parametrize(
    ("code", "number", "reason"),
    [
        (5, errno.EACCES, "there is no permission"),
        (32, errno.EACCES, "another program has it open"),
        (33, errno.EACCES, "another program has it open"),
        (1224, errno.EINVAL, "another program has it open"),
        (19, errno.EACCES, "read-only"),
        (21, errno.EACCES, "drive is not there"),
        (23, errno.EACCES, "reported an error"),
        (39, errno.EINVAL, "disk is full"),
        (112, errno.ENOSPC, "disk is full"),
        (50, errno.EINVAL, "does not support"),
        (53, errno.ENOENT, "drive is not there"),
        (123, errno.EINVAL, "no such name"),
        (206, errno.ENOENT, "path is too long"),
        (225, errno.EINVAL, "virus scanner"),
        (1117, errno.EINVAL, "reported an error"),
        (1167, errno.EINVAL, "drive is not there"),
        (2, errno.ENOENT, "file or folder is not there"),
        (8888, errno.EINVAL, "the system's own word"),
    ],
)
def test_what_windows_refuses_is_told_in_words(code: int, number: int, reason: str, tmp_path: Path) -> None:
    error = storage_error("write", tmp_path / "x.wav", refused(code, number))
    assert error.what == f"Cannot write {tmp_path / 'x.wav'}: {error.what.split(': ', 1)[1]}"
    assert reason in error.what
    assert error.todo.endswith(".")
    assert ".." not in str(error)


def test_windows_says_no_permission_of_a_target_that_is_open(tmp_path: Path) -> None:
    error = refused(5, errno.EACCES)
    error.filename, error.filename2 = str(tmp_path / "part"), str(tmp_path / "x.wav")
    text = str(storage_error("write", tmp_path / "x.wav", error))
    assert "another program has it open, or there is no permission. Close it there" in text


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EINVAL])
def test_a_name_that_is_too_long_is_told_as_that(number: int, tmp_path: Path) -> None:
    def reason(length: int) -> str:
        return str(storage_error("write", tmp_path / ("x" * length), OSError(number, os.strerror(number))))

    assert "the path is too long" in reason(256)
    assert "too long" not in reason(255)


def test_a_drive_that_is_gone_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has many words for it, and to what was open on it says only that the argument is invalid."""
    error = OSError(errno.EINVAL, "Invalid argument")
    assert "Invalid argument" in str(storage_error("write", tmp_path, error))
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    assert "the drive is not there" in str(storage_error("write", tmp_path, error))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("C:\\" + "a" * 244, "C:\\" + "a" * 244),
        ("C:\\" + "a" * 245, "\\\\?\\C:\\" + "a" * 245),
        ("\\\\server\\share\\" + "a" * 300, "\\\\?\\UNC\\server\\share\\" + "a" * 300),
        ("\\\\?\\C:\\" + "a" * 300, "\\\\?\\C:\\" + "a" * 300),
    ],
)
def test_windows_takes_a_long_path_with_a_mark_before_it(short: str, long: str) -> None:
    assert windows_files.extended(short) == long


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("code", [5, 32, 33, 1224])
def test_patience_tries_again_what_is_open_elsewhere(code: int) -> None:
    clock, answers = Clock(), [refused(code, errno.EACCES)] * 7

    def act() -> str:
        if answers:
            raise answers.pop()
        return "done"

    assert Patience(clock.sleep, lambda: clock.now)(act) == "done"
    assert 0 < clock.now - 100 < 10


def test_patience_ends() -> None:
    clock, tried = Clock(), list[float]()

    def act() -> None:
        tried.append(clock.now)
        raise refused(32, errno.EACCES)

    with pytest.raises(PermissionError):
        Patience(clock.sleep, lambda: clock.now)(act)
    assert len(tried) > 10
    assert 10 <= clock.now - 100 <= 11


@pytest.mark.parametrize("error", [FileExistsError(17, "x"), OSError(errno.ENOSPC, "x"), PermissionError(13, "x")])
def test_patience_is_only_for_what_may_pass(error: OSError) -> None:
    def act() -> None:
        raise error

    with pytest.raises(OSError) as caught:
        Patience(lambda _: pytest.fail("it waits"))(act)
    assert caught.value is error


def test_a_storage_error_without_a_number_still_says_why(tmp_path: Path) -> None:
    assert "the reason" in str(storage_error("write", tmp_path, OSError("the reason")))


def test_every_reason_has_words_and_advice() -> None:
    for reason, todo in [*disk_module._REASONS.values(), *disk_module._WINDOWS_REASONS.values()]:
        assert reason
        assert todo.endswith(".")
