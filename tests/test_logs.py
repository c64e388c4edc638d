from __future__ import annotations

import contextlib
import logging
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from tray_app import logs
from tray_app.disk import Disk

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d \d+ (\S+) (\w+) ([\w.]+): (.*)")
log = logging.getLogger("tray_app.test")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("tray_app")
    levels = root.level, ours.level
    yield
    logs.take_down()
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def program(code: str, folder: Path) -> list[str]:
    imports = "import logging, sys, threading, warnings\nfrom pathlib import Path\nfrom tray_app import logs\n"
    return [sys.executable, "-c", f"{imports}folder = Path({str(folder)!r})\n{code}"]


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(program(code, folder), capture_output=True, text=True, timeout=60)


def test_a_line_has_time_with_zone_process_thread_and_level(tmp_path: Path) -> None:
    file = logs.set_up("INFO", tmp_path)
    assert file == tmp_path / "tray-recorder.log"
    thread = threading.Thread(target=lambda: log.info("take %s saved", "ä\ud800"), name="recorder")
    thread.start()
    thread.join()
    match = LINE.fullmatch(file.read_text(encoding="utf-8").strip())
    assert match
    assert match.groups() == ("recorder", "INFO", "tray_app.test", "take ä\\ud800 saved")


def test_level_holds_for_us_and_others_log_from_warning_on(tmp_path: Path) -> None:
    file = logs.set_up("DEBUG", tmp_path)
    assert file
    log.debug("ours")
    logging.getLogger("PIL.Image").info("theirs")
    logging.getLogger("PIL.Image").warning("their warning")
    assert [line.split(": ", 1)[1] for line in file.read_text().splitlines()] == ["ours", "their warning"]
    logs.set_up("ERROR", tmp_path)
    log.warning("not now")
    logging.getLogger("dotenv.main").warning("nor this")
    log.error("this")
    assert [line.split(": ", 1)[1] for line in file.read_text().splitlines()] == ["ours", "their warning", "this"]


def test_set_up_twice_writes_once(tmp_path: Path) -> None:
    logs.set_up("INFO", tmp_path / "old")
    file = logs.set_up("INFO", tmp_path / "new")
    assert file
    log.info("once")
    assert file.read_text().count("once") == 1
    assert (tmp_path / "old" / logs.FILE_NAME).read_text() == ""


@pytest.mark.posix("Windows knows no modes; a log there is whose the folder is")
def test_only_the_user_may_read_it(tmp_path: Path) -> None:
    file = logs.set_up("INFO", tmp_path / "log")
    assert file
    log.info("x" * (logs.MAX_BYTES - 1000))
    log.info("y" * 2000)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
    assert sorted(path.name for path in file.parent.iterdir()) == [
        file.name,
        f"{file.name}.1",
        f"{file.name}.lock",
    ]


def test_the_default_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_log_path", lambda name, appauthor: tmp_path / name)
    assert logs.set_up("INFO") == tmp_path / "Tray Recorder" / logs.FILE_NAME


def fill(number: int) -> None:
    log.info("%d %s", number, "x" * (logs.MAX_BYTES // 2))


def first_numbers(folder: Path) -> dict[str, list[int]]:
    """Return the numbers of the records in each file of the log."""
    names = sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")
    return {name: [int(n) for n in re.findall(r"test: (\d+)", (folder / name).read_text())] for name in names}


def all_numbers(folder: Path) -> list[int]:
    return sorted(number for numbers in first_numbers(folder).values() for number in numbers)


def test_three_old_files_are_kept(tmp_path: Path) -> None:
    logs.set_up("INFO", tmp_path)
    for number in range(12):
        fill(number)
    name = logs.FILE_NAME
    assert list(first_numbers(tmp_path)) == [name, f"{name}.1", f"{name}.2", f"{name}.3"]
    assert first_numbers(tmp_path)[name][-1] == 11
    assert all_numbers(tmp_path)[-4:] == [8, 9, 10, 11]
    assert all(path.stat().st_size <= logs.MAX_BYTES for path in tmp_path.iterdir())


def test_a_refused_rotation_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs.set_up("INFO", tmp_path)
    for number in range(3):
        fill(number)
    before = first_numbers(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "another process has it open")

    with monkeypatch.context() as windows:
        windows.setattr(Path, "replace", refuse)
        for number in range(3, 7):
            fill(number)
    after = first_numbers(tmp_path)
    assert list(after) == list(before)
    assert all_numbers(tmp_path) == list(range(7))
    fill(7)
    fill(8)
    assert first_numbers(tmp_path)[logs.FILE_NAME] == [8]


def test_a_file_that_another_process_just_began_is_written_on(tmp_path: Path) -> None:
    file = logs.set_up("INFO", tmp_path)
    assert file
    fill(0)
    file.replace(f"{file}.1")
    file.write_text("another's\n")
    fill(1)
    assert list(first_numbers(tmp_path)) == [logs.FILE_NAME, f"{logs.FILE_NAME}.1"]
    assert file.read_text().startswith("another's\n")
    assert all_numbers(tmp_path) == [0, 1]


def test_while_another_process_makes_room_the_old_file_is_written_on(tmp_path: Path) -> None:
    file = logs.set_up("INFO", tmp_path)
    assert file
    with file.with_name(f"{file.name}.lock").open("ab", buffering=0) as other:
        assert Disk().lock(other)
        for number in range(3):
            fill(number)
        assert first_numbers(tmp_path) == {file.name: [0, 1, 2]}
    fill(3)
    assert first_numbers(tmp_path) == {file.name: [3], f"{file.name}.1": [0, 1, 2]}


WRITER = """
logs.MAX_BYTES = int(sys.argv[2])
logs.set_up("INFO", folder)
log = logging.getLogger("tray_app.test")
print("ready", flush=True)
sys.stdin.readline()
for number in range(400):
    log.info("%s %03d %s", sys.argv[1], number, "x" * 100)
"""


in_one_step = pytest.mark.real_windows("Wine appends in two steps: rarely a record there is written over another's")


def write_twice(folder: Path, max_bytes: int) -> list[str]:
    """Let two processes write 400 records each at the same time; return the lines of all files."""
    command = program(WRITER, folder)
    with contextlib.ExitStack() as stack:
        pipe = subprocess.PIPE
        writers = [
            stack.enter_context(subprocess.Popen([*command, *more], stdin=pipe, stdout=pipe, stderr=pipe, text=True))
            for more in (["one", str(max_bytes)], ["two", str(max_bytes)])
        ]
        for writer in writers:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()
        answers = [writer.communicate(timeout=60) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert answers == [("", ""), ("", "")]
    return [line for path in folder.iterdir() for line in path.read_text().splitlines()]


@in_one_step
def test_two_processes_share_it(tmp_path: Path) -> None:
    lines = write_twice(tmp_path, 20_000)
    assert lines
    assert all(LINE.fullmatch(line) for line in lines)
    last = [line for line in lines if " 399 " in line]
    assert len(last) == 2


@in_one_step
def test_no_record_of_two_processes_is_lost(tmp_path: Path) -> None:
    lines = write_twice(tmp_path, 10_000_000)
    told = [match[4].rsplit(" ", 1)[0] for match in map(LINE.fullmatch, lines) if match]
    assert sorted(told) == sorted(f"{who} {number:03}" for who in ("one", "two") for number in range(400))


def test_full_files_are_put_aside_while_another_process_has_them_open(tmp_path: Path) -> None:
    lines = write_twice(tmp_path, 20_000)
    names = [logs.FILE_NAME, *(f"{logs.FILE_NAME}.{number}" for number in range(1, logs.OLD_FILES + 1))]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, f"{logs.FILE_NAME}.lock"]
    assert len(lines) < 800
    assert all(path.stat().st_size <= 25_000 for path in tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = 'print(logs.set_up("INFO", folder))\nlogging.getLogger("tray_app").error("lost")\nlogging.warning("lost")'
    done = run(code, tmp_path / "file" / "log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


def test_a_disk_that_fails_is_no_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = logs.set_up("INFO", tmp_path / "log")
    assert file
    handlers = [handler for handler in logging.getLogger().handlers if isinstance(handler, logging.FileHandler)]
    (ours,) = [handler for handler in handlers if handler.baseFilename == str(file)]
    assert ours.stream
    ours.stream.close()
    log.info("lost")
    assert capfd.readouterr() == ("", "")


def test_warnings_go_to_the_log(tmp_path: Path) -> None:
    done = run('logs.set_up("INFO", folder)\nwarnings.warn("old thing")', tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "old thing" in (tmp_path / logs.FILE_NAME).read_text()


def test_what_ends_a_thread_goes_to_the_log(tmp_path: Path) -> None:
    code = 'logs.set_up("INFO", folder)\nt = threading.Thread(target=lambda: 1 / 0, name="worker")\nt.start()\nt.join()'
    done = run(code, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = (tmp_path / logs.FILE_NAME).read_text()
    assert "Thread worker ended" in text
    assert "ZeroDivisionError" in text


def test_a_thread_that_ends_itself_is_no_news(tmp_path: Path) -> None:
    code = 'logs.set_up("INFO", folder)\nt = threading.Thread(target=sys.exit)\nt.start()\nt.join()'
    assert run(code, tmp_path).stderr == ""
    assert (tmp_path / logs.FILE_NAME).read_text() == ""


def test_what_ends_the_program_goes_to_the_log_and_is_said(tmp_path: Path) -> None:
    done = run('logs.set_up("INFO", folder)\n1 / 0', tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "ZeroDivisionError" in (tmp_path / logs.FILE_NAME).read_text()


def test_ctrl_c_is_no_error(tmp_path: Path) -> None:
    run('logs.set_up("INFO", folder)\nraise KeyboardInterrupt', tmp_path)
    assert (tmp_path / logs.FILE_NAME).read_text() == ""
