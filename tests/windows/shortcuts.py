"""Shortcuts as the shell reads and writes them, and programs for them to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pythoncom
from win32com.shell import shell, shellcon

from tray_app.desktop.autostart import Autostart, Launch

DEADLINE = 30
LONGEST_ANSI = "prö 100% & it's"
STRANGE = ["plain", "two words", LONGEST_ANSI, "%no variable% $HOME", "Ж日本 🎻", "a;b,c=d(e)[f]{g}^!~`"]

Make = Callable[[Launch], Autostart]
"""Makes the shortcut that starts a program."""


def exe(folder: Path, name: str = "tray-recorder.exe") -> Launch:
    """A program with an icon of its own, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return Launch(folder / name, (), folder, folder / name)


def shell_link() -> Any:
    return pythoncom.CoCreateInstance(shell.CLSID_ShellLink, None, pythoncom.CLSCTX_INPROC_SERVER, shell.IID_IShellLink)


def read_back(path: Path) -> Any:
    link = shell_link()
    link.QueryInterface(pythoncom.IID_IPersistFile).Load(str(path), 0)
    return link


def target_of(link: Any) -> str:
    name: Any = shell.SHGetNameFromIDList
    return str(name(link.GetIDList(), shellcon.SIGDN_FILESYSPATH))


def others_shortcut(path: Path, target: Path, folder: Path | str, arguments: str = "") -> None:
    """Write a shortcut as a user or another program would."""
    link = shell_link()
    link.SetPath(str(target))
    link.SetWorkingDirectory(str(folder))
    link.SetArguments(arguments)
    path.parent.mkdir(exist_ok=True)
    link.QueryInterface(pythoncom.IID_IPersistFile).Save(str(path), True)
