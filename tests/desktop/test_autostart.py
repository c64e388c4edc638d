"""The files for Linux and macOS, read by the rules that their readers have. For Windows see `tests/windows`."""

from __future__ import annotations

import configparser
import errno
import io
import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import tray_app
from tests.sound import wait_until
from tray_app import assets
from tray_app.desktop import autostart
from tray_app.desktop.autostart import Autostart, Launch
from tray_app.desktop.desktop_entry import DesktopEntry, command, read, string
from tray_app.desktop.launch_agent import LaunchAgent
from tray_app.disk import Disk
from tray_app.errors import OutputExistsError, RecorderError, StorageError

ROOT = Path(__file__).resolve().parents[2]
NAMES = {DesktopEntry: "tray-recorder.desktop", LaunchAgent: "local.tray-recorder.plist"}

KINDS = pytest.mark.parametrize("kind", NAMES)
Kind = Callable[..., Autostart]


def launch(folder: str = "/opt/Tray Recorder", *arguments: str, **changes: str) -> Launch:
    program = changes.get("program", f"{folder}/python")
    # Pure paths, so that Windows' Python leaves them as Linux and macOS would read them.
    parts = map(PurePosixPath, (program, folder, f"{folder}/tray-recorder.png"))
    where, within, icon = (cast(Path, part) for part in parts)
    return Launch(where, arguments or ("-m", "tray_app"), within, icon)


def made(kind: Any, folder: Path, *rest: Any) -> Autostart:
    return cast(Autostart, kind(folder / "autostart" / NAMES[kind], *(rest or (launch(),))))


def refusal(call: Callable[[], object], kind: type[RecorderError]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@KINDS
def test_on_is_on_and_off_leaves_nothing(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    assert not start.enabled()
    start.disable()
    start.enable()
    assert start.enabled()
    assert list(start.path.parent.iterdir()) == [start.path]
    start.disable()
    assert not start.enabled()
    assert list(start.path.parent.iterdir()) == []


@KINDS
@pytest.mark.parametrize(
    "moved",
    [
        launch("/elsewhere"),
        launch(program="/usr/bin/python3"),
        launch("/opt/Other", program="/opt/Tray Recorder/python"),
        launch("/opt/Tray Recorder", "-m", "other"),
    ],
)
def test_a_file_that_a_moved_program_left_is_off_and_is_put_right(kind: Kind, moved: Launch, tmp_path: Path) -> None:
    made(kind, tmp_path, moved).enable()
    start = made(kind, tmp_path)
    assert not start.enabled()
    start.enable()
    assert start.enabled()
    assert not made(kind, tmp_path, moved).enabled()
    assert list(start.path.parent.iterdir()) == [start.path]


@KINDS
def test_off_removes_what_a_moved_program_left(kind: Kind, tmp_path: Path) -> None:
    made(kind, tmp_path, launch("/elsewhere")).enable()
    made(kind, tmp_path).disable()
    assert list((tmp_path / "autostart").iterdir()) == []


@KINDS
@pytest.mark.parametrize("folder", ["/opt/a=b", "/opt/a\x01b", "/opt/\udcff"])
def test_off_removes_it_even_where_no_file_could_hold_this_programs_path(
    kind: Kind, folder: str, tmp_path: Path
) -> None:
    made(kind, tmp_path).enable()
    start = made(kind, tmp_path, launch(folder))
    assert not start.enabled()
    start.disable()
    assert not start.path.exists()


@KINDS
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"my notes",
        b"\xff\xfe\x00",
        b"[Desktop Entry]\nName=Tray Recorder\nExec=/home/me/mine\n",
        b"[Other]\nComment=Records what the computer plays.\n",
        plistlib.dumps({"Label": "org.example.mine", "ProgramArguments": ["/home/me/mine"]}),
        plistlib.dumps({"ProgramArguments": ["/home/me/mine"]}),
        plistlib.dumps(["local.tray-recorder"]),
        b"<?xml version='1.0'?><plist><dict>",
        b"bplist00broken",
    ],
)
def test_a_file_that_is_not_ours_stays_and_is_told(kind: Kind, content: bytes, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    start.path.parent.mkdir()
    start.path.write_bytes(content)
    assert not start.enabled()
    told = refusal(start.enable, OutputExistsError)
    assert str(start.path) in told
    assert "not Tray Recorder's" in told
    start.disable()
    assert start.path.read_bytes() == content
    assert list(start.path.parent.iterdir()) == [start.path]


@KINDS
def test_what_is_on_already_is_not_written_again(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path)
    start.enable()
    changed = start.path.read_bytes().replace(b"Terminal=false\n", b"Terminal=false\nX-Delay=5\n") + b"\n"
    start.path.write_bytes(changed)
    assert start.enabled()
    start.enable()
    assert start.path.read_bytes() == changed


class FailingDisk(Disk):
    """A disk that cannot do one thing: raises what a full disk raises there, or takes but a part."""

    def __init__(self, failing: str) -> None:
        self.failing = failing

    def _fail(self, name: str) -> None:
        if name == self.failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(self, path: Path) -> io.FileIO:
        self._fail("create")
        made = super().create(path)
        if self.failing == "write":
            made.close()
            return ShortFile(path, "r+b")
        return made

    def sync(self, file: io.FileIO) -> None:
        self._fail("sync")
        super().sync(file)

    def replace(self, source: Path, target: Path) -> None:
        self._fail("replace")
        super().replace(source, target)

    def rename_new(self, source: Path, target: Path) -> None:
        self._fail("rename_new")
        super().rename_new(source, target)

    def make_folder(self, path: Path) -> None:
        self._fail("make_folder")
        super().make_folder(path)

    def open_read(self, path: Path) -> io.FileIO:
        self._fail("open_read")
        return super().open_read(path)

    def remove(self, path: Path) -> None:
        if path.suffix != ".tmp":
            self._fail("remove")
        super().remove(path)


class ShortFile(io.FileIO):
    """A file on a disk that fills up: it takes 10 bytes and tells so, as the system does."""

    def write(self, data: Any) -> int:
        return super().write(data[:10])


@KINDS
@pytest.mark.parametrize("failing", ["make_folder", "create", "write", "sync", "rename_new"])
def test_a_full_disk_leaves_nothing_behind(kind: Kind, failing: str, tmp_path: Path) -> None:
    told = refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).enable, StorageError)
    assert "the disk is full" in told
    assert "Cannot write" in told
    assert list(tmp_path.rglob("*.*")) == []


@KINDS
@pytest.mark.parametrize("failing", ["create", "write", "sync", "replace"])
def test_a_full_disk_leaves_the_stale_file_as_it_was(kind: Kind, failing: str, tmp_path: Path) -> None:
    stale = made(kind, tmp_path, launch("/elsewhere"))
    stale.enable()
    refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).enable, StorageError)
    assert stale.enabled()
    assert list(stale.path.parent.iterdir()) == [stale.path]


@KINDS
@pytest.mark.parametrize(("failing", "told"), [("open_read", "Cannot read"), ("remove", "Cannot remove")])
def test_what_cannot_be_read_or_removed_is_told(kind: Kind, failing: str, told: str, tmp_path: Path) -> None:
    made(kind, tmp_path).enable()
    assert told in refusal(made(kind, tmp_path, launch(), FailingDisk(failing)).disable, StorageError)
    assert made(kind, tmp_path).enabled()


class SlowDisk(Disk):
    """A disk on which somebody else puts a file in place while ours is written under another name."""

    def create(self, path: Path) -> io.FileIO:
        (target,) = (path.with_name(name) for name in NAMES.values() if path.name.startswith(name))
        target.write_bytes(b"theirs")
        return super().create(path)


@KINDS
def test_a_file_that_appears_meanwhile_is_not_replaced(kind: Kind, tmp_path: Path) -> None:
    start = made(kind, tmp_path, launch(), SlowDisk())
    refusal(start.enable, StorageError)
    assert start.path.read_bytes() == b"theirs"
    assert list(start.path.parent.iterdir()) == [start.path]


# --- the desktop entry


def parse_string(value: str) -> str:
    """Undo the escapes of a value of the type `string`, as the Desktop Entry Specification has them."""
    meaning = {"\\s": " ", "\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\\": "\\"}
    assert not re.search(r"\\[^sntr\\]|[\x00-\x1f\x7f]", re.sub(r"\\\\", "", value))
    return re.sub(r"\\.", lambda found: meaning[found[0]], value)


def parse_exec(value: str) -> list[str]:
    """Take `Exec` apart as the specification says: undo the escapes, the quotes, then the field codes."""
    rest, found = parse_string(value), []
    while rest:
        if rest[0] == '"':
            match = re.match(r'"((?:[^"\\`$]|\\["\\`$])*)"(?: |$)', rest, re.DOTALL)
            assert match, rest
            argument = re.sub(r"\\(.)", r"\1", match[1])
        else:
            match = re.match(r"""([^ \t\n"'\\><~|&;$*?#()`]+)(?: |$)""", rest)
            assert match, rest
            argument = match[1]
        assert "%" not in argument.replace("%%", ""), argument
        found.append(argument.replace("%%", "%"))
        rest = rest[match.end() :]
    return found


def entry(file: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(file.read_bytes().decode())
    assert parser.sections() == ["Desktop Entry"]
    return dict(parser["Desktop Entry"])


def test_the_desktop_entry_says_what_the_specification_asks_for(tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path)
    start.enable()
    assert start.path.read_bytes().startswith(b"[Desktop Entry]\n")
    assert entry(start.path) == {
        "Type": "Application",
        "Name": "Tray Recorder",
        "Comment": "Records what the computer plays.",
        "Exec": '"/opt/Tray Recorder/python" -m tray_app',
        "Path": "/opt/Tray Recorder",
        "Icon": "/opt/Tray Recorder/tray-recorder.png",
        "Terminal": "false",
        "X-GNOME-Autostart-enabled": "true",
    }


@pytest.mark.posix("the tool knows no paths of Windows")
@pytest.mark.skipif(not shutil.which("desktop-file-validate"), reason="apt-get install desktop-file-utils")
@pytest.mark.parametrize("folder", ["/opt/tray", "/opt/Tray Recorder", "/opt/a'b&c;d$e\\f\"g%h(i)`j/ä"])
def test_the_desktop_entry_is_valid(folder: str, tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path, launch(folder))
    start.enable()
    done = subprocess.run(["desktop-file-validate", start.path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("folder", "written"),
    [
        ("/opt/tray", "/opt/tray/python -m tray_app"),
        ("/opt/a b", '"/opt/a b/python" -m tray_app'),
        ("/opt/100%", "/opt/100%%/python -m tray_app"),
        # From the specification: a literal dollar sign is `\\$` in the file, a literal backslash `\\\\`.
        ("/opt/$HOME", r'"/opt/\\$HOME/python" -m tray_app'),
        ("/opt/a\\b", r'"/opt/a\\\\b/python" -m tray_app'),
        ("/opt/`id`", r'"/opt/\\`id\\`/python" -m tray_app'),
        ('/opt/"a"', r'"/opt/\\"a\\"/python" -m tray_app'),
        ("/opt/it's", '"/opt/it\'s/python" -m tray_app'),
        ("/opt/Ж日本", "/opt/Ж日本/python -m tray_app"),
    ],
)
def test_exec_is_quoted_by_the_rules(folder: str, written: str, tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path, launch(folder))
    start.enable()
    assert entry(start.path)["Exec"] == written


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=30)
holdable = names.filter(lambda name: not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", name))


@given(program=holdable, folder=holdable, arguments=st.lists(holdable | st.just("")))
@example(program="%%f %u", folder=" a ", arguments=["", " ", '\\"', "%", "a\nb\t\r", "\\s"])
@example(program=" ", folder="  ", arguments=["=", "\u0085\u2028"])
def test_any_path_comes_back_as_it_was(program: str, folder: str, arguments: list[str]) -> None:
    program = f"/{program.replace('=', '')}"
    values = read(f"[Desktop Entry]\nPath={string(folder)}\nExec={command(program, arguments)}\n".encode())
    assert parse_exec(values["Exec"]) == [program, *arguments]
    assert parse_string(values["Path"]) == folder


@pytest.mark.parametrize(
    ("folder", "why"),
    [("/opt/a=b", '"="'), ("/opt/a\x01b", "control character"), ("/opt/\udcff", "no text in UTF-8")],
)
def test_a_path_that_no_desktop_entry_can_hold_is_told(folder: str, why: str, tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path, launch(folder))
    assert why in refusal(start.enable, StorageError)
    assert not start.enabled()
    assert list(tmp_path.rglob("*.*")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"X-GNOME-Autostart-enabled=true", b"X-GNOME-Autostart-enabled=false"),
        (b"Terminal=false", b"Terminal=false\nHidden=true"),
        (b"Terminal=false", b"Terminal=false\r\nHidden = true\r"),
    ],
)
def test_an_entry_that_the_desktops_own_tools_switched_off_is_off(old: bytes, new: bytes, tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path)
    start.enable()
    start.path.write_bytes(start.path.read_bytes().replace(old, new))
    assert not start.enabled()
    start.enable()
    assert start.enabled()
    assert "Hidden" not in entry(start.path)


def test_keys_of_other_groups_and_comments_mean_nothing(tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path)
    start.enable()
    start.path.write_bytes(b"# Hidden=true\n" + start.path.read_bytes() + b"#Hidden=true\n[Action x]\nHidden=true\n")
    assert start.enabled()


def test_a_users_own_entry_that_starts_this_program_counts(tmp_path: Path) -> None:
    start = made(DesktopEntry, tmp_path)
    start.path.parent.mkdir()
    start.path.write_text(
        '[Desktop Entry]\nName=Mine\nExec = "/opt/Tray Recorder/python" -m tray_app\nPath=/opt/Tray Recorder\n'
    )
    assert start.enabled()
    start.disable()
    assert not start.path.exists()


STRANGE = ["plain", "two words", 'it\'s & $HOME; `id` (x) \\ "q" #~*?<>|', "Ж日本 ä", "line\nend", "50 % of %f", "  "]


@pytest.mark.posix("the desktop's own reader")
@pytest.mark.skipif(not shutil.which("gio"), reason="apt-get install libglib2.0-bin")
@pytest.mark.parametrize("strange", STRANGE)
def test_a_desktop_really_starts_it_there(strange: str, tmp_path: Path) -> None:
    """GLib's own reader starts a program that writes where it was started, and how."""
    folder, heard = tmp_path / strange, tmp_path / "heard"
    folder.mkdir()
    # GLib looks for the program before it turns %% into %, and so finds none that has one (gdesktopappinfo.c).
    program = (tmp_path if "%" in strange else folder) / "program"
    program.write_text(f'#!/bin/sh\nprintf "%s\\0" "$0" "$PWD" "$@" > {heard}.part; mv {heard}.part {heard}\n')
    program.chmod(0o755)
    start = made(DesktopEntry, tmp_path, Launch(program, ("-m", strange), folder, folder / "icon.png"))
    start.enable()
    subprocess.run(["gio", "launch", start.path], check=True, timeout=30)
    wait_until(heard.exists, 30, "the program was started")
    assert heard.read_bytes().decode().split("\0")[:-1] == [str(program), str(folder), "-m", strange]


# --- the LaunchAgent


@pytest.mark.parametrize("folder", ["/Applications/Tray Recorder.app", "/opt/Ж日本 & <b> 100% it's"])
def test_the_launch_agent_says_what_launchd_asks_for(folder: str, tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path, launch(folder))
    start.enable()
    assert plistlib.loads(start.path.read_bytes()) == {
        "Label": start.path.stem,
        "ProgramArguments": [f"{folder}/python", "-m", "tray_app"],
        "WorkingDirectory": folder,
        "RunAtLoad": True,
        "ProcessType": "Interactive",
    }


@pytest.mark.parametrize("folder", ["/opt/a\x01b", "/opt/\udcff"])
def test_a_path_that_no_property_list_can_hold_is_told(folder: str, tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path, launch(folder))
    assert "cannot hold" in refusal(start.enable, StorageError)
    assert not start.enabled()
    assert list(tmp_path.rglob("*.*")) == []


@pytest.mark.parametrize("change", [{"Disabled": True}, {"RunAtLoad": False}])
def test_an_agent_that_was_switched_off_is_off(change: dict[str, bool], tmp_path: Path) -> None:
    start = made(LaunchAgent, tmp_path)
    start.enable()
    start.path.write_bytes(plistlib.dumps(plistlib.loads(start.path.read_bytes()) | change))
    assert not start.enabled()
    start.enable()
    assert start.enabled()


# --- where, and what


def test_linux_asks_for_the_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    for value, folder in [
        (str(tmp_path / "config"), tmp_path / "config"),
        ("", tmp_path / "home" / ".config"),
        ("not/absolute", tmp_path / "home" / ".config"),
    ]:
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        for system in ("linux", "freebsd14"):
            start = autostart.for_system(system, launch())
            assert isinstance(start, DesktopEntry)
            assert start.path == folder / "autostart" / "tray-recorder.desktop"


def test_macos_has_a_folder_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    start = autostart.for_system("darwin", launch())
    assert isinstance(start, LaunchAgent)
    assert start.path == tmp_path / "Library" / "LaunchAgents" / "local.tray-recorder.plist"


def test_other_systems_have_none() -> None:
    assert autostart.for_system("aix", launch()) is None


def test_this_program_is_what_runs_here(tmp_path: Path) -> None:
    this = autostart.this_program()
    assert this.folder == ROOT
    assert this.arguments == ("-m", "tray_app")
    assert this.icon.is_file()
    # pythonw has no standard output to ask for the version on.
    program = Path(sys.executable) if sys.platform == "win32" else this.program
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [program, *this.arguments, "--version"], cwd=this.folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"Tray Recorder {tray_app.__version__}\n", done.stderr


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., Path]:
    """Makes empty files in a folder with a space, and returns the folder."""

    def make(*names: str) -> Path:
        folder = tmp_path / "Tray Recorder"
        folder.mkdir()
        for name in names:
            (folder / name).touch()
        return folder

    return make


@pytest.mark.parametrize(
    ("system", "ending", "icon"), [("win32", ".exe", "tray-recorder.exe"), ("linux", "", "tray-recorder.png")]
)
@pytest.mark.parametrize("asked", ["tray-recorder", "tray-recorder-cli"])
def test_the_exe_without_a_console_is_started(
    system: str, ending: str, icon: str, asked: str, files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files(f"tray-recorder{ending}", f"tray-recorder-cli{ending}")
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / f"{asked}{ending}"))
    this = autostart.this_program()
    assert (this.program, this.arguments, this.folder) == (folder / f"tray-recorder{ending}", (), folder)
    assert this.icon.name == icon


def test_a_console_exe_that_is_alone_starts_itself(files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files("tray-recorder-cli.exe")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(folder / "tray-recorder-cli.exe"))
    assert autostart.this_program().program == folder / "tray-recorder-cli.exe"


@pytest.mark.parametrize(
    ("there", "started"),
    [(("python.exe", "pythonw.exe"), "pythonw.exe"), (("python.exe",), "python.exe")],
)
def test_windows_takes_the_python_without_a_console_beside_the_one_that_runs(
    there: tuple[str, ...], started: str, files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files(*there)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(sys, "executable", str(folder / "python.exe"))
    this = autostart.this_program()
    assert (this.program, this.arguments, this.folder) == (folder / started, ("-m", "tray_app"), ROOT)
    assert this.icon == assets.path("tray-recorder.ico")


def test_an_installed_package_needs_no_folder_of_its_own(
    files: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = files("python")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setattr(autostart, "program_folder", lambda: None)
    this = autostart.this_program()
    assert (this.program, this.folder) == (folder / "python", folder)
