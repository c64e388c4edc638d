"""The program's claim and its channel on Windows: a named mutex and a named pipe. Imported on Windows only.

Both are named after the user and the session, since one user may be logged on twice, and both are for this user alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pywintypes
import win32api
import win32con
import win32event
import win32security
import winerror

from tray_app.desktop.channel import Connection, Listener
from tray_app.desktop.pipe import Handle, PipeConnection, PipeListener, as_os_error, open_pipe, wait_for_room

if TYPE_CHECKING:
    from _win32typing import PySECURITY_ATTRIBUTES


class Place:
    """Where the program called `name` is claimed and spoken to by its user. Making one touches nothing."""

    def __init__(self, name: str) -> None:
        self._user, session = _user_and_session()
        # The name space Local\ is the session's own; pipes have but one for all.
        self._mutex = rf"Local\{name}-{self._user}"
        self._pipe = rf"\\.\pipe\{name}-{self._user}-{session}"

    def lock(self) -> Callable[[], object] | None:
        """Make the mutex that the program holds as long as it lives; None when it is there already.

        What is returned frees it when called. Raises `OSError` where it cannot be made.
        """
        with as_os_error():
            mutex: Handle = win32event.CreateMutex(_only_for(self._user), False, self._mutex)
            if win32api.GetLastError() != winerror.ERROR_ALREADY_EXISTS:
                free: Callable[[], object] = mutex.Close
                return free
            mutex.Close()
        return None

    def locked(self) -> bool:
        """Return whether a program holds the mutex. Raises `OSError` where that cannot be seen."""
        try:
            with as_os_error():
                mutex: Handle = win32event.OpenMutex(win32con.SYNCHRONIZE, False, self._mutex)
        except FileNotFoundError:
            return False
        mutex.Close()
        return True

    def listen(self) -> Listener:
        """Make the pipe. Raises `PermissionError` where another program has taken its name."""
        return PipeListener(self._pipe, _only_for(self._user))

    def listening(self) -> bool:
        """Return whether the pipe is there. Raises `OSError` where that cannot be seen."""
        try:
            wait_for_room(self._pipe, time.monotonic())
        except FileNotFoundError:
            return False
        except TimeoutError:
            return True
        return True

    def connect(self, deadline: float) -> Connection | None:
        """Return a connection to the program; None when there is no pipe.

        Raises `PermissionError` where the pipe is not this user's, `TimeoutError` where too many wait at the door,
        `OSError` where the system refuses.
        """
        try:
            while (pipe := open_pipe(self._pipe)) is None:
                wait_for_room(self._pipe, deadline)
        except FileNotFoundError:
            return None
        if _owner(pipe) != self._user:
            pipe.Close()
            raise PermissionError(f"{self._pipe} is another user's")
        return PipeConnection(pipe)


def _user_and_session() -> tuple[str, int]:
    with as_os_error():
        token: Handle = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
        user, _ = win32security.GetTokenInformation(token, win32security.TokenUser)
        session = win32security.GetTokenInformation(token, win32security.TokenSessionId)
        token.Close()
        return win32security.ConvertSidToStringSid(user), session


def _only_for(user: str) -> PySECURITY_ATTRIBUTES:
    """Return the attributes of something that `user` owns, that nobody else may open, and that no child inherits."""
    attributes = pywintypes.SECURITY_ATTRIBUTES()
    attributes.bInheritHandle = False
    attributes.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
        f"O:{user}D:P(A;;GA;;;{user})", win32security.SDDL_REVISION_1
    )
    return attributes


def _owner(pipe: Handle) -> str:
    what = win32security.OWNER_SECURITY_INFORMATION
    with as_os_error():
        found = win32security.GetSecurityInfo(pipe, win32security.SE_KERNEL_OBJECT, what)
        return win32security.ConvertSidToStringSid(found.GetSecurityDescriptorOwner())
