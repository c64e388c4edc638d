"""Named pipes with deadlines, by overlapped transfers. Imported on Windows only."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pywintypes
import win32con
import win32event
import win32file
import win32pipe
import winerror

from tray_app.desktop.channel import MAX_BODY, Connection, Peer

if TYPE_CHECKING:
    from _win32typing import PyOVERLAPPED, PySECURITY_ATTRIBUTES

Handle = Any
"""pywin32's PyHANDLE, which its stubs call an int in some places. It closes itself when nobody has it any more."""

_TIMED_OUT = {winerror.ERROR_SEM_TIMEOUT, winerror.ERROR_OPERATION_ABORTED}

_HANDLES_CLOSED = 676
"""ERROR_HANDLES_CLOSED, which winerror lacks: what Wine tells who waits for a pipe whose last instance goes away."""


class PipeListener:
    """Has at all times one instance of the pipe that no client has, so that its name is never free for others.

    Raises `PermissionError` where another program has the name already, `OSError` where the system refuses.
    """

    def __init__(self, name: str, security: PySECURITY_ATTRIBUTES) -> None:
        self._name, self._security = name, security
        self._accepting = threading.Lock()
        self._closing = win32event.CreateEvent(None, True, False, None)
        self._next: Handle | None = self._make(win32pipe.FILE_FLAG_FIRST_PIPE_INSTANCE)

    def accept(self) -> Connection | None:
        """See `channel.Listener`."""
        with self._accepting:
            while not _is_set(self._closing):
                if self._next is None:
                    self._next = self._make()
                if self._wait_for_client(self._next):
                    return PipeConnection(self._take())
            return None

    def close(self) -> None:
        """See `channel.Listener`."""
        win32event.SetEvent(self._closing)
        with self._accepting:
            if self._next is not None:
                self._next.Close()
                self._next = None

    def _make(self, flag: int = 0) -> Handle:
        how = win32pipe.PIPE_TYPE_BYTE | win32pipe.PIPE_READMODE_BYTE | win32pipe.PIPE_WAIT
        with as_os_error():
            return win32pipe.CreateNamedPipe(
                self._name,
                win32pipe.PIPE_ACCESS_DUPLEX | win32file.FILE_FLAG_OVERLAPPED | flag,
                how | win32pipe.PIPE_REJECT_REMOTE_CLIENTS,
                win32pipe.PIPE_UNLIMITED_INSTANCES,
                MAX_BODY,
                MAX_BODY,
                0,
                self._security,
            )

    def _take(self) -> Handle:
        taken, self._next = self._next, None
        # Where this fails, `accept` tries again; the client that came need not suffer for it.
        with contextlib.suppress(OSError):
            self._next = self._make()
        assert taken is not None
        return taken

    def _wait_for_client(self, pipe: Handle) -> bool:
        """Return whether one came; not when it has gone again, or when the listener closes."""
        overlapped = _overlapped()
        try:
            with as_os_error():
                if win32pipe.ConnectNamedPipe(pipe, overlapped) == winerror.ERROR_PIPE_CONNECTED:
                    return True
                win32event.WaitForMultipleObjects([self._closing, overlapped.hEvent], False, win32event.INFINITE)
                if _is_set(self._closing):
                    win32file.CancelIo(pipe)
                win32file.GetOverlappedResult(pipe, overlapped, True)
        except TimeoutError:
            return False
        except BrokenPipeError:
            self._take().Close()
            return False
        return True


class PipeConnection:
    """One end of a pipe, opened for overlapped transfers; it belongs to the connection from now on."""

    def __init__(self, pipe: Handle) -> None:
        self._pipe = pipe
        self._interrupted = win32event.CreateEvent(None, True, False, None)

    def receive(self, size: int, deadline: float) -> bytes:
        """See `channel.Connection`."""
        buffer = win32file.AllocateReadBuffer(size)
        try:
            count = self._finish(
                lambda overlapped: win32file.ReadFile(self._pipe, buffer, overlapped), deadline, self._interrupted
            )
        except BrokenPipeError:
            return b""
        except TimeoutError:
            if _is_set(self._interrupted):
                return b""
            raise
        return bytes(buffer[:count])

    def send(self, data: bytes, deadline: float) -> None:
        """See `channel.Connection`."""
        self._finish(lambda overlapped: win32file.WriteFile(self._pipe, data, overlapped), deadline)

    def look(self) -> Peer:
        """See `channel.Connection`."""
        try:
            with as_os_error():
                _, count, _ = win32pipe.PeekNamedPipe(self._pipe, 0)
        except OSError:
            return Peer.GONE
        return Peer.SPEAKING if count else Peer.QUIET

    def interrupt(self) -> None:
        """See `channel.Connection`."""
        win32event.SetEvent(self._interrupted)

    def close(self) -> None:
        """See `channel.Connection`."""
        self._pipe.Close()

    def _finish(self, begin: Callable[[PyOVERLAPPED], object], deadline: float, *wakers: int) -> int:
        """Begin a transfer; return how many bytes it moved. `TimeoutError` when a waker or the deadline is first."""
        overlapped = _overlapped()
        with as_os_error():
            begin(overlapped)
            events = [overlapped.hEvent, *wakers]
            if win32event.WaitForMultipleObjects(events, False, _milliseconds(deadline)) != win32event.WAIT_OBJECT_0:
                win32file.CancelIo(self._pipe)
            # Waits for the cancelling too: until then Windows may write into the buffer.
            return win32file.GetOverlappedResult(self._pipe, overlapped, True)


def open_pipe(name: str) -> Handle | None:
    """Open the pipe as a client; None when all its instances have one. `FileNotFoundError` when there is no pipe."""
    # Who answers may see who asks, and no more: it must not act in our name.
    flags = win32file.FILE_FLAG_OVERLAPPED | win32con.SECURITY_SQOS_PRESENT | win32file.SECURITY_IDENTIFICATION
    access = win32con.GENERIC_READ | win32con.GENERIC_WRITE
    with as_os_error():
        try:
            return win32file.CreateFile(name, access, 0, None, win32con.OPEN_EXISTING, flags, None)
        except pywintypes.error as error:
            if error.winerror == winerror.ERROR_PIPE_BUSY:
                return None
            raise


def wait_for_room(name: str, deadline: float) -> None:
    """Return when a client can be let in. `FileNotFoundError` when there is no pipe, `TimeoutError` past the time."""
    with as_os_error():
        try:
            # To Windows, 0 is the time that the pipe's maker chose.
            win32pipe.WaitNamedPipe(name, max(1, _milliseconds(deadline)))
        except pywintypes.error as error:
            if error.winerror == _HANDLES_CLOSED:
                raise FileNotFoundError(errno.ENOENT, "the pipe has gone", name) from error
            raise


def _overlapped() -> PyOVERLAPPED:
    overlapped = pywintypes.OVERLAPPED()
    overlapped.hEvent = win32event.CreateEvent(None, True, False, None)
    return overlapped


def _is_set(event: int) -> bool:
    return win32event.WaitForSingleObject(event, 0) == win32event.WAIT_OBJECT_0


def _milliseconds(deadline: float) -> int:
    return max(0, round((deadline - time.monotonic()) * 1000))


@contextlib.contextmanager
def as_os_error() -> Iterator[None]:
    """Raise what pywin32 raises as the `OSError` that Python would have raised for it."""
    try:
        yield
    except pywintypes.error as error:
        text = f"{error.funcname}: {error.strerror}"
        if error.winerror in _TIMED_OUT:
            raise TimeoutError(errno.ETIMEDOUT, text) from error
        raise OSError(0, text, None, error.winerror) from error
