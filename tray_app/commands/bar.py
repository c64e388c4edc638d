"""One progress bar on standard error for all that a command works on, while a terminal looks."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol, TextIO

from tray_app.processing.progress import Progress


class _Drawn(Protocol):
    """What is used of tqdm's bar."""

    n: float

    def update(self, n: float) -> object: ...
    def write(self, s: str, file: TextIO) -> None: ...


class Bar:
    """Shows how much is done of files of the given sizes; `drawn` is None where nobody looks."""

    def __init__(self, sizes: Sequence[int], drawn: _Drawn | None) -> None:
        # An empty file is something to do, too.
        self._weights = [max(1, size) for size in sizes]
        self._done = [0.0] * len(sizes)
        self._drawn = drawn
        self._lock = threading.Lock()

    def of(self, index: int) -> Progress | None:
        """Return what moves the bar for one file, on any thread; None where nobody looks."""
        if self._drawn is None:
            return None
        return lambda done: self._move(index, done)

    def say(self, text: str, file: TextIO) -> None:
        """Print a line without breaking the bar."""
        if self._drawn is None:
            print(text, file=file)
        else:
            self._drawn.write(text, file=file)

    def _move(self, index: int, done: float) -> None:
        with self._lock:
            self._done[index] = max(self._done[index], done)
            done_of_all = sum(map(float.__mul__, self._done, map(float, self._weights))) / sum(self._weights)
            if self._drawn is not None:
                self._drawn.update(100 * done_of_all - self._drawn.n)


@contextlib.contextmanager
def progress_bar(name: str, sizes: Sequence[int]) -> Iterator[Bar]:
    """Show a bar with a name for files of so many bytes, until the context is left."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield Bar(sizes, None)
        return
    from tqdm import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {remaining}"
    # Every step is drawn: there is one for 2 MiB, and a short file has a single one.
    with tqdm(total=100, desc=name, leave=False, bar_format=form, mininterval=0, miniters=0) as drawn:
        yield Bar(sizes, drawn)
