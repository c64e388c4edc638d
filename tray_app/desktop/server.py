"""Answers the clients of the channel: each on a thread of its own with deadlines, so that none can keep others out."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator

from tray_app.desktop.channel import (
    Answer,
    Connection,
    Ended,
    FrameError,
    Listener,
    Peer,
    Request,
    answer_frame,
    parse_request,
    read_frame,
)
from tray_app.errors import RecorderError
from tray_app.sentences import program as said

CLIENT_SECONDS = 2.0
"""What a client has to send its request, and again to take its answer. Ours need a millisecond."""

MAX_CLIENTS = 8
"""How many are served at once; more wait at the door, at most `CLIENT_SECONDS` where those inside say nothing."""

CLOSE_SECONDS = 1.0
"""How long the end waits for answers that are on their way, the one to `quit` above all."""

_RETRY_SECONDS = 0.2
"""Between tries where the system has no file handle or thread left for a client."""

log = logging.getLogger(__name__)


class Server:
    """Serves a listener's clients from its making until `close`. `answer` is called for one request at a time."""

    def __init__(self, listener: Listener, answer: Callable[[Request], Answer]) -> None:
        self._listener = listener
        self._answer = answer
        self._turn = threading.Lock()
        self._room = threading.Semaphore(MAX_CLIENTS)
        self._ended = threading.Event()
        self._clients = 0
        self._reading: set[Connection] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._accept_all, name="channel", daemon=True).start()

    def close(self) -> None:
        """Take no more clients and call `answer` no more. Waits up to a second for answers that are on their way."""
        self._ended.set()
        self._listener.close()
        self._room.release()
        with self._changed:
            for connection in self._reading:
                connection.interrupt()
            self._changed.wait_for(lambda: self._clients == 0, CLOSE_SECONDS)

    def _accept_all(self) -> None:
        while True:
            self._room.acquire()
            if self._ended.is_set():
                return
            try:
                if not self._accept():
                    return
            except (OSError, RuntimeError) as error:
                log.warning("A client of the channel could not be taken: %r", error)
                self._room.release()
                self._ended.wait(_RETRY_SECONDS)

    def _accept(self) -> bool:
        connection = self._listener.accept()
        if connection is None:
            return False
        self._count(1)
        try:
            threading.Thread(target=self._serve, args=(connection,), name="channel-client", daemon=True).start()
        except RuntimeError:
            connection.close()
            self._count(-1)
            raise
        return True

    def _serve(self, connection: Connection) -> None:
        try:
            self._converse(connection)
        except OSError as error:
            log.info("a client of the channel was lost: %r", error)
        finally:
            connection.close()
            self._room.release()
            self._count(-1)

    def _converse(self, connection: Connection) -> None:
        try:
            request = self._read(connection)
            frame = self._carry_out(request, connection) if request else None
        except FrameError as error:
            log.info("a client of the channel was refused: %s", error)
            frame = answer_frame(Answer(False, said.no_request(error)))
        if frame is not None:
            connection.send(frame, time.monotonic() + CLIENT_SECONDS)

    def _read(self, connection: Connection) -> Request | None:
        """Return what a client asks for; None when it hangs up without a word. Raises `FrameError` for all else."""
        with self._reads(connection):
            try:
                return parse_request(read_frame(connection, time.monotonic() + CLIENT_SECONDS))
            except Ended as error:
                if error.began:
                    raise
                return None
            except TimeoutError as error:
                raise FrameError(f"it did not come within {CLIENT_SECONDS:.0f} s") from error

    def _carry_out(self, request: Request, connection: Connection) -> bytes | None:
        """Return the frame to send; None where nobody waits for one. Raises `FrameError` where more follows."""
        with self._turn:
            peer = connection.look()
            if peer is Peer.SPEAKING:
                raise FrameError("more follows it")
            if peer is Peer.GONE or self._ended.is_set():
                # Carried out now, it would come as a surprise: whoever asked was told that nobody answers.
                log.info("%s is not carried out: nobody waits for it any more", request.command)
                return None
            return self._ask(request)

    def _ask(self, request: Request) -> bytes:
        try:
            return answer_frame(self._answer(request))
        except RecorderError as error:
            log.error("%s: %s (%s)", request.command, error, error.detail)
            return answer_frame(Answer(False, str(error)))
        except Exception as error:  # whatever fails in the program, its clients are told so and the next is served
            log.exception("%s failed", request.command)
            kind = type(error).__name__
            return answer_frame(Answer(False, said.failed(kind)))

    @contextlib.contextmanager
    def _reads(self, connection: Connection) -> Iterator[None]:
        """Have `close` interrupt the reading; nobody is to wait for a client that says nothing."""
        with self._changed:
            self._reading.add(connection)
            if self._ended.is_set():
                connection.interrupt()
        try:
            yield
        finally:
            with self._changed:
                self._reading.discard(connection)

    def _count(self, change: int) -> None:
        with self._changed:
            self._clients += change
            self._changed.notify_all()
