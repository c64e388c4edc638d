"""Says that the disk does not answer, for the recorder's thread, which hangs in it, cannot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks."""
LOOKS = 5
"""Looks without a sign of life after which the disk counts as hanging: half of what the inbox can hold."""


class Stuck(threading.Thread):
    """Watches `thread`, which is to be started at once, as long as it lives: `beat` must go on changing.

    `hangs` is called once for each time it stops.

    Looks are counted, and not time, which may jump when a machine wakes up.
    """

    def __init__(self, thread: threading.Thread, beat: Callable[[], int], hangs: Callable[[], None]) -> None:
        super().__init__(name="stuck", daemon=True)
        self._thread, self._beat, self._hangs = thread, beat, hangs

    def run(self) -> None:
        """Look until the thread has ended."""
        last, same = self._beat(), 0
        time.sleep(LOOK)
        while self._thread.is_alive():
            self._thread.join(LOOK)
            beat = self._beat()
            last, same = beat, same + 1 if beat == last else 0
            if same == LOOKS and self._thread.is_alive():
                log.warning("the recorder's thread hangs, most likely in the disk")
                self._hangs()
