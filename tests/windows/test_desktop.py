"""What the menu asks of Windows itself: recycle bin, clipboard, the folder dialog, and the taskbar's theme."""

from __future__ import annotations

import sys
import threading
import winreg
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import win32con
import win32gui

from tests.sound import wait_until
from tests.windows.tray_driver import under_wine
from tray_app.desktop import clipboard, folder_dialog, theme
from tray_app.desktop.recycle import recycle

assert sys.platform == "win32"

DEADLINE = 30.0


@pytest.mark.real_windows("Wine has no recycle bin in the lab, and asks")
def test_files_go_to_the_recycle_bin(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("tälk 1.wav", "talk 2.wav")]
    for file in files:
        file.write_bytes(b"sound")
    (tmp_path / "other.wav").touch()
    recycle(files)
    assert [path.name for path in tmp_path.iterdir()] == ["other.wav"]


def test_where_there_is_no_recycle_bin_windows_asks_and_no_keeps_the_file(tmp_path: Path) -> None:
    """Without FOF_WANTNUKEWARNING it would be deleted for good, and nobody asked."""
    if not under_wine():
        pytest.skip("this disk has a recycle bin")
    file = tmp_path / "talk.wav"
    file.write_bytes(b"sound")
    said: list[str] = []

    def work() -> None:
        try:
            recycle([file])
        except OSError as error:
            said.append(str(error.strerror))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until(lambda: question(), DEADLINE, "the question")
    win32gui.PostMessage(question(), win32con.WM_COMMAND, win32con.IDNO, 0)
    thread.join(DEADLINE)
    assert said == ["there is no recycle bin there, and deleting it was refused"]
    assert file.read_bytes() == b"sound"


def question() -> int:
    return int(win32gui.FindWindow("#32770", "Confirm file deletion"))


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        recycle([tmp_path / "gone.wav"])


def test_the_clipboard_holds_what_was_copied() -> None:
    import win32clipboard as module

    win32clipboard: Any = module
    clipboard.copy(r"C:\Musik\Aufnahme ä (2).wav")
    win32clipboard.OpenClipboard()
    try:
        assert win32clipboard.GetClipboardData(win32con.CF_UNICODETEXT) == r"C:\Musik\Aufnahme ä (2).wav"
    finally:
        win32clipboard.CloseClipboard()


def dialog() -> int:
    return int(win32gui.FindWindow("#32770", folder_dialog.TITLE))


def children(window: int, kind: str) -> list[int]:
    found: list[int] = []

    def look(child: int, _: object) -> bool:
        if win32gui.GetClassName(child) == kind:
            found.append(child)
        return True

    win32gui.EnumChildWindows(window, look, None)
    return found


def asked(start: Path, answer: Callable[[int], None]) -> list[Path | None]:
    """Ask for a folder, and have `answer` deal with the dialog."""
    got: list[Path | None] = []
    thread = threading.Thread(target=lambda: got.append(folder_dialog.ask_for_folder(start)), daemon=True)
    thread.start()
    wait_until(dialog, DEADLINE, "the dialog")
    wait_until(lambda: children(dialog(), "Edit"), DEADLINE, "its field")
    answer(dialog())
    thread.join(DEADLINE)
    assert not thread.is_alive()
    return got


def test_a_folder_is_chosen(tmp_path: Path) -> None:
    wanted = tmp_path / "täkes"
    wanted.mkdir()

    def choose(window: int) -> None:
        text: Any = str(wanted)
        win32gui.SendMessage(children(window, "Edit")[-1], win32con.WM_SETTEXT, 0, text)
        win32gui.PostMessage(window, win32con.WM_COMMAND, 1, 0)

    assert asked(tmp_path, choose) == [wanted]


def test_a_dialog_that_is_cancelled_chooses_nothing(tmp_path: Path) -> None:
    assert asked(tmp_path / "not there", lambda window: win32gui.PostMessage(window, win32con.WM_COMMAND, 2, 0)) == [
        None
    ]


def test_the_taskbars_theme_is_followed() -> None:
    told: list[bool] = []
    key = winreg.CreateKey(winreg.HKEY_CURRENT_USER, theme._KEY)
    with key:
        winreg.SetValueEx(key, theme._VALUE, 0, winreg.REG_DWORD, 0)
        with theme.ThemeWatch(told.append):
            assert told == [False]
            for light in (True, False):
                winreg.SetValueEx(key, theme._VALUE, 0, winreg.REG_DWORD, int(light))
                wait_until(lambda light=light: told[-1] is light, DEADLINE, "the theme")  # type: ignore[misc]
        winreg.SetValueEx(key, theme._VALUE, 0, winreg.REG_DWORD, 1)
        assert theme.is_light()
        winreg.DeleteValue(key, theme._VALUE)
    assert not theme.is_light()
    assert told == [False, True, False]
