"""Windows: a shortcut (.lnk) in the Startup folder, written and read through the shell. Imported on Windows only."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
import winreg
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pythoncom
import win32api
from win32com.shell import shell, shellcon

from tray_app.desktop.logon import DESCRIPTION, Autostart, Found, Launch
from tray_app.disk import Disk, storage_error
from tray_app.sentences import disk as disk_said
from tray_app.sentences import program as said

assert sys.platform == "win32"

MAX_PATH = 259
"""UTF-16 units: Windows' MAX_PATH of 260 less the final zero. `IShellLink` keeps nothing of a longer path, silently."""

SWITCHES = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\StartupFolder"
"""The key of HKEY_CURRENT_USER in which Task Manager and Settings note what the user switched off, by file name.

Microsoft does not document it; an odd first byte means off (leanflutter/launch_at_startup #26, auto-launch #8).
"""

log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Link:
    """What a shortcut says. `arguments` is one line, as the program parses it; of `icon` the first picture is shown."""

    target: str
    arguments: str
    folder: str
    icon: str
    description: str


class StartupShortcut(Autostart):
    """A shortcut that Windows starts at log-on. `switches` is the key in which it notes what the user switched off."""

    def __init__(self, path: Path, launch: Launch, disk: Disk | None = None, switches: str = SWITCHES) -> None:
        super().__init__(path, launch, disk)
        self._switches = switches
        self._link = Link(
            target=str(launch.program),
            arguments=subprocess.list2cmdline(launch.arguments),
            folder=str(launch.folder),
            icon=str(launch.icon),
            description=DESCRIPTION,
        )

    def enable(self) -> None:
        """Have this program started at log-on, even where the user once switched that off in Task Manager."""
        super().enable()
        try:
            _switch_on(self.path.name, self._switches)
        except OSError as error:
            raise storage_error(disk_said.SWITCH_ON, self.path, error) from error

    def _judge(self) -> Found:
        found = read(self.path)
        if found is None:
            return Found.FOREIGN
        if same(found, self._link):
            return Found.OURS if _switched_off(self.path.name, self._switches) else Found.ON
        return Found.OURS if found.description == DESCRIPTION else Found.FOREIGN

    def _write(self, path: Path) -> None:
        write(path, self._link)


def startup_folder() -> Path:
    """Return the folder whose shortcuts Windows starts when this user logs on. It can be redirected, so we ask.

    It need not exist. Raises `OSError` where the user has none.
    """
    # Without this flag a folder that somebody removed would be an error.
    flags = shellcon.KF_FLAG_DONT_VERIFY
    return Path(_apart(lambda: shell.SHGetKnownFolderPath(shell.FOLDERID_Startup, flags)))


def write(path: Path, link: Link) -> None:
    """Write a shortcut to `path`, whatever is there now.

    Raises `ValueError` where a shortcut cannot hold the target or the folder, `OSError` where the file cannot be
    written.
    """
    for text in (link.target, link.folder):
        _check(text)
    _apart(lambda: _save(path, link))


def read(path: Path) -> Link | None:
    """Return what the shortcut `path` says; None where the file is no shortcut to a file, or cannot be read."""
    try:
        return _apart(lambda: _load(path))
    except OSError as error:
        log.info("%s is no shortcut that can be read: %r", path, error)
        return None


def same(one: Link, other: Link) -> bool:
    """Return whether two shortcuts start the same: one program in one folder with the same arguments.

    Paths are compared as Windows does: without regard to case, and a short name (`PROGRA~1`) is the long one.
    """
    return _started(one) == _started(other)


def _started(link: Link) -> tuple[str, str, str]:
    # An empty path is none, and not the current folder.
    target, folder = (os.path.normcase(os.path.realpath(path)) if path else "" for path in (link.target, link.folder))
    return target, folder, link.arguments


def _check(path: str) -> None:
    if len(path.encode("utf-16-le", "surrogatepass")) // 2 > MAX_PATH:
        raise ValueError(said.path_too_long(MAX_PATH))
    # Windows puts variables in when it starts a shortcut, and there is no way to quote a "%".
    if win32api.ExpandEnvironmentStrings(path) != path:
        raise ValueError(said.TAKEN_FOR_VARIABLE)


def _switched_off(name: str, switches: str) -> bool:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, switches) as key:
            value, _ = winreg.QueryValueEx(key, name)
    except FileNotFoundError:
        return False
    return isinstance(value, bytes) and bool(value) and value[0] % 2 == 1


def _switch_on(name: str, switches: str) -> None:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, switches, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, name)
    except FileNotFoundError:
        return


def _save(path: Path, link: Link) -> None:
    shell_link = _shell_link()
    shell_link.SetPath(link.target)
    shell_link.SetArguments(link.arguments)
    shell_link.SetWorkingDirectory(link.folder)
    shell_link.SetIconLocation(link.icon, 0)
    shell_link.SetDescription(link.description)
    shell_link.QueryInterface(pythoncom.IID_IPersistFile).Save(str(path), True)


def _load(path: Path) -> Link:
    path_of: Any = shell.SHGetPathFromIDListW
    shell_link = _shell_link()
    shell_link.QueryInterface(pythoncom.IID_IPersistFile).Load(str(path), 0)
    return Link(
        # Not GetPath: Wine's loses letters that the code page lacks. The list of ids keeps them, there and on Windows.
        target=path_of(shell_link.GetIDList()),
        arguments=shell_link.GetArguments(),
        folder=shell_link.GetWorkingDirectory(),
        icon=shell_link.GetIconLocation(MAX_PATH + 1)[0],
        description=shell_link.GetDescription(),
    )


def _shell_link() -> Any:
    return pythoncom.CoCreateInstance(shell.CLSID_ShellLink, None, pythoncom.CLSCTX_INPROC_SERVER, shell.IID_IShellLink)


def _apart(work: Callable[[], _T]) -> _T:
    """Do it on a thread of its own, with COM's errors as `OSError`.

    The shell's objects want a single-threaded apartment, and the caller's thread may be of the other kind for good.
    Besides, pywin32's CoUninitialize takes COM away from a thread that had it before. The thread is a daemon: a
    network that is away must not keep the program from ending.
    """
    done: Future[_T] = Future()
    Thread(target=_answer, args=(done, work), name="shortcut", daemon=True).start()
    return done.result()


def _answer(done: Future[_T], work: Callable[[], _T]) -> None:
    try:
        done.set_result(_in_apartment(work))
    except Exception as error:  # whatever it is, it is the caller's
        done.set_exception(error)


def _in_apartment(work: Callable[[], _T]) -> _T:
    pythoncom.CoInitialize()
    try:
        return work()
    except pythoncom.com_error as error:
        # Raised below and not here: its traceback holds COM objects, which must be gone before CoUninitialize.
        failed = _os_error(error)
    finally:
        pythoncom.CoUninitialize()
    raise failed


def _os_error(error: Any) -> OSError:
    """Return COM's error as the system's own where it wraps one (facility 7 of an HRESULT): that can be worded."""
    number = error.hresult & 0xFFFFFFFF
    if number >> 16 == 0x8007:
        return OSError(0, error.strerror, None, number & 0xFFFF)
    return OSError(errno.EIO, f"{error.strerror} ({number:#x})")
