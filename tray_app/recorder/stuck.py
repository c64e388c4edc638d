"""Does what the recorder's thread cannot while it hangs in the disk: says so, and takes in what is captured."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LOOK = 0.25
"""Seconds between looks: twice that is less than what libpulse holds of 8 channels at 192 kHz, 4 MiB or 0.68 s."""
LOOKS = 20
"""Looks without a sign of life after which the disk counts as hanging: half of what the inbox can hold."""


class Stuck(threading.Thread):
    """Watches `thread`, which is to be started at once, as long as it lives: `beat` must go on changing.

    At every look at which it has not changed `held_up` is called, and `hangs` once for each time it stops for long.

    Looks are counted, and not time, which may jump when a machine wakes up.
    """

    def __init__(
        self,
        thread: threading.Thread,
        beat: Callable[[], int],
        held_up: Callable[[], None],
        hangs: Callable[[], None],
    ) -> None:
        super().__init__(name="stuck", daemon=True)
        self._thread, self._beat, self._held_up, self._hangs = thread, beat, held_up, hangs

    def run(self) -> None:
        """Look until the thread has ended."""
        last, same = self._beat(), 0
        time.sleep(LOOK)
        while self._thread.is_alive():
            self._thread.join(LOOK)
            beat = self._beat()
            last, same = beat, same + 1 if beat == last else 0
            if same:
                self._held_up()
            if same == LOOKS and self._thread.is_alive():
                log.warning("the recorder's thread hangs, most likely in the disk")
                self._hangs()
