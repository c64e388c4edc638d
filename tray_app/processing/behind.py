"""Writing on a thread of its own, while the next block is read and looked at: the disk does not wait for either."""

from __future__ import annotations

import queue
import threading

from tray_app.audio.trim import Write


class Behind:
    """Hands views to `write` in order, on another thread. Use it as a context manager: leaving it ends the thread.

    A view must stay as it is until the second call of `turn` after it has returned: two buffers, used by turns, are
    enough. What `write` raises comes out of the next `turn`, or of `finish`; nothing is written after it.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._queue: queue.SimpleQueue[memoryview | threading.Event | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._last_turn = threading.Event()
        self._last_turn.set()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Behind:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()

    def write(self, view: memoryview) -> None:
        """Have it written soon. Returns at once."""
        self._queue.put(view)

    def turn(self) -> None:
        """Wait until all that came before the last turn is written, so that its buffer is free. Raises as `write`."""
        before, self._last_turn = self._last_turn, threading.Event()
        self._queue.put(self._last_turn)
        before.wait()
        if self._error is not None:
            raise self._error

    def finish(self) -> None:
        """Wait until all is written. Raises as `write`."""
        self.turn()
        self.turn()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif self._error is None:
                try:
                    self._write(item)
                except BaseException as error:  # whatever it is, it belongs to the thread that waits for the file
                    self._error = error
