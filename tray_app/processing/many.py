"""Working on many files at once, as many as there are cores, with the results in the files' order."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from tray_app.processing.progress import Cancelled

MOST_AT_ONCE = 8
"""Each file that is trimmed takes 6 MiB, and no disk that we know keeps more than a few of them waiting."""

_LOOK = 0.2
"""Seconds between looks: on Windows a wait without an end cannot be broken by Ctrl-C."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_once(
    work: Callable[[_Item, Cancelled], _Result], items: Sequence[_Item], most: int | None = None
) -> Generator[_Result, None, None]:
    """Yield `work(item, cancelled)` for every item in order, while up to `most` (default: the cores) are worked on.

    The first thing that `work` raises ends it. However it ends, Ctrl-C and `close` included, items that were not begun
    are left, those at work are told by `cancelled()` and waited for. Threads do: adding up, reading and writing let
    each other run, and ffmpeg is a process of its own.
    """
    stop = threading.Event()
    workers = min(len(items), most or min(cores(), MOST_AT_ONCE))
    if workers <= 1:
        yield from (work(item, stop.is_set) for item in items)
        return
    # Here and not above: a single file needs none.
    from concurrent.futures import ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(workers, thread_name_prefix="files")
    try:
        futures = deque(pool.submit(work, item, stop.is_set) for item in items)
        while futures:
            future = futures.popleft()
            while not wait([future], _LOOK).done:
                pass
            yield future.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
