"""The desktop entry, by the specification and by the desktop's own tools."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.desktop.starts import launch, made, refusal
from tests.sound import wait_until
from tray_app.desktop.autostart import Launch
from tray_app.desktop.desktop_entry import DesktopEntry, command, read, string
from tray_app.errors import StorageError


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
