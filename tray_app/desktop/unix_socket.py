"""The program's claim and its channel where there are Unix sockets: a locked file and a socket in a private folder.

Files: `lock` is held locked by the program that runs, and never removed; `channel` is its socket.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import selectors
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tray_app.desktop.channel import Connection, Listener, Peer
from tray_app.disk import PRIVATE_FILE, PRIVATE_FOLDER, Disk

assert sys.platform != "win32"

MAX_PATH = 103
"""Bytes of a socket's path: `sun_path` has room for 104 on macOS and 108 on Linux, a zero byte included."""

_BACKLOG = 16

_BUSY_SECONDS = 0.01
"""Between tries to connect while as many wait at the door as it has room for."""


class Place:
    """Where the program called `name` is claimed and spoken to by its user. Making one touches nothing."""

    def __init__(self, name: str) -> None:
        self._folder = _folder(name)
        self._disk = Disk()

    def lock(self) -> Callable[[], object] | None:
        """Take the lock that the program holds as long as it lives; None when another has it.

        What is returned frees it when called. Raises `OSError` where the folder or the file cannot be used.
        """
        self._disk.make_folder(self._folder)
        if _is_open_to_others(self._folder):
            self._folder.chmod(PRIVATE_FOLDER)
        file = self._open_lock()
        if not self._disk.lock(file):
            file.close()
            return None
        with contextlib.suppress(OSError):
            # Asks those who clean up temporary folders to leave it there (XDG Base Directory Specification).
            os.fchmod(file.fileno(), PRIVATE_FILE | stat.S_ISVTX)
        return file.close

    def _open_lock(self) -> io.FileIO:
        path = self._folder / "lock"
        with contextlib.suppress(FileExistsError):
            return self._disk.create(path)
        return self._disk.open_update(path)

    def locked(self) -> bool:
        """Return whether a program holds the lock. Raises `OSError` where that cannot be seen."""
        try:
            file = self._disk.open_update(self._folder / "lock")
        except FileNotFoundError:
            return False
        with file:
            return not self._disk.lock(file)

    def listen(self) -> Listener:
        """Open the socket; only for the lock's owner, since one that is there is taken for a dead program's."""
        return _Listener(self._folder / "channel")

    def listening(self) -> bool:
        """Return whether somebody listens. Raises `OSError` where that cannot be seen."""
        try:
            connection = self.connect(time.monotonic())
        except TimeoutError:
            return True
        if connection is not None:
            connection.close()
        return connection is not None

    def connect(self, deadline: float) -> Connection | None:
        """Return a connection to the program; None when nobody listens.

        Raises `PermissionError` where the folder is not this user's alone, `TimeoutError` where too many wait at the
        door, `OSError` where the system refuses.
        """
        try:
            if _is_open_to_others(self._folder):
                raise PermissionError(f"others have access to {self._folder}")
        except FileNotFoundError:
            return None
        client = socket.socket(socket.AF_UNIX)
        try:
            if _connect(client, self._folder / "channel", deadline):
                return _Connection(client)
        except BaseException:
            client.close()
            raise
        client.close()
        return None


def _folder(name: str) -> Path:
    """Return the folder for `name`: the same for every process of a user with the same environment.

    platformdirs is no help here: it takes a runtime folder that is another user's (as `su` leaves it in the
    environment), and warns on standard error where there is none.
    """
    user = os.getuid()
    found = Path(tempfile.gettempdir()) / f"{name}-{user}"
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{user}"):
        with contextlib.suppress(OSError):
            if Path(base).is_absolute() and Path(base).stat().st_uid == user:
                found = Path(base) / name
                break
    if len(os.fsencode(found / "channel")) > MAX_PATH:
        found = Path("/tmp") / f"{name}-{user}-{hashlib.sha256(os.fsencode(found)).hexdigest()[:12]}"
    return found


def _is_open_to_others(folder: Path) -> bool:
    """Return whether others than this user may do anything in its folder. `PermissionError` if it is not its own."""
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise PermissionError(f"{folder} is no folder of this user")
    return bool(stat.S_IMODE(facts.st_mode) & 0o077)


def _connect(client: socket.socket, path: Path, deadline: float) -> bool:
    """Connect; return False where nobody listens. macOS says so too where the door is full: its users try again."""
    client.setblocking(False)
    while True:
        try:
            client.connect(os.fspath(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError("too many wait to be let in") from None
            time.sleep(_BUSY_SECONDS)
        else:
            return True


class _Listener:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._accepting = threading.Lock()
        self._open = True
        path.unlink(missing_ok=True)
        with contextlib.ExitStack() as undo:
            self._socket = undo.enter_context(socket.socket(socket.AF_UNIX))
            self._socket.bind(os.fspath(path))
            path.chmod(PRIVATE_FILE)
            self._socket.setblocking(False)
            self._socket.listen(_BACKLOG)
            self._woken, self._waker = map(undo.enter_context, socket.socketpair())
            # Not `select`, which fails in a process that has 1,024 files open.
            self._waiting = undo.enter_context(selectors.DefaultSelector())
            self._waiting.register(self._socket, selectors.EVENT_READ)
            self._waiting.register(self._woken, selectors.EVENT_READ)
            self._parts = undo.pop_all()

    def accept(self) -> Connection | None:
        with self._accepting:
            if self._open:
                self._waiting.select()
            return _Connection(self._socket.accept()[0]) if self._open else None

    def close(self) -> None:
        if self._open:
            self._open = False
            self._waker.send(b"x")
            with self._accepting:
                self._path.unlink(missing_ok=True)
                self._parts.close()


class _Connection:
    def __init__(self, stream: socket.socket) -> None:
        self._socket = stream

    def receive(self, size: int, deadline: float) -> bytes:
        self._socket.settimeout(_left(deadline))
        return self._socket.recv(size)

    def send(self, data: bytes, deadline: float) -> None:
        self._socket.settimeout(_left(deadline))
        self._socket.sendall(data)

    def look(self) -> Peer:
        self._socket.setblocking(False)
        try:
            return Peer.SPEAKING if self._socket.recv(1, socket.MSG_PEEK) else Peer.GONE
        except BlockingIOError:
            return Peer.QUIET
        except OSError:
            return Peer.GONE

    def interrupt(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        self._socket.close()


def _left(deadline: float) -> float:
    """Return the seconds until `deadline`, never 0: that would mean not to wait and to fail with another error."""
    return max(0.001, deadline - time.monotonic())
