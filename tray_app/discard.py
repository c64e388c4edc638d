"""Takes that their user does not want: completed first, then moved to the recycle bin, from where they can return."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tray_app.disk import Disk, storage_error
from tray_app.events import EventBus, Problem, TakeDiscarded
from tray_app.sentences import disk as disk_said
from tray_app.sentences import recording as recording_said
from tray_app.take.facts import Facts
from tray_app.take.take import Take

log = logging.getLogger(__name__)


class Discards:
    """Remembers which take is not wanted, and disposes of it once it is complete.

    `recycle` moves files to the recycle bin and raises `OSError`; `keep` gets a take that could not be moved there,
    which is then finished as any other.
    """

    def __init__(
        self,
        disk: Disk,
        bus: EventBus,
        recycle: Callable[[Sequence[Path]], None],
        keep: Callable[[Take, Facts], None],
    ) -> None:
        self._disk, self._bus, self._recycle, self._keep = disk, bus, recycle, keep
        self._unwanted: set[str] = set()
        self._lock = threading.Condition()
        self._left = 0

    def mark(self, name: str) -> None:
        """Note that the take of this name is not wanted."""
        with self._lock:
            self._unwanted.add(name)

    def forget(self) -> None:
        """Note that no take which was marked can come any more: a later one may get the name of one that failed."""
        with self._lock:
            self._unwanted.clear()

    def takes(self, take: Take, facts: Facts) -> bool:
        """Take over a take that was just completed, if it is one of ours. Returns at once."""
        with self._lock:
            if take.paths.name not in self._unwanted:
                return False
            self._unwanted.discard(take.paths.name)
            self._left += 1
        threading.Thread(target=self._dispose, args=(take, facts), name="discard", daemon=True).start()
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is disposed of. False when that took more than `timeout` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._left == 0, timeout)

    def _dispose(self, take: Take, facts: Facts) -> None:
        try:
            self._move(take)
        except OSError as error:
            wrong = storage_error(disk_said.DISCARD, take.paths.original, error)
            log.warning("%s (%s)", wrong, wrong.detail)
            self._keep(take, facts)
            self._bus.post(Problem(recording_said.not_discarded(take.paths.name, wrong.what)))
        except Exception:
            log.exception("%s could not be discarded", take.paths.name)
            self._keep(take, facts)
            self._bus.post(Problem(recording_said.not_discarded(take.paths.name)))
        else:
            self._bus.post(TakeDiscarded(take.paths.name))
        finally:
            with self._lock:
                self._left -= 1
                self._lock.notify_all()

    def _move(self, take: Take) -> None:
        """Move the original, and what belongs to it. The marker goes last: a crash before that keeps what is left."""
        paths = take.paths
        self._recycle([paths.original])
        mine = [paths.sidecar]
        # While there is a part of it, the name of the trimmed file is somebody else's.
        if paths.trimmed is not None and take.memory.live and not self._disk.exists(paths.part):
            mine.append(paths.trimmed)
        try:
            self._recycle([path for path in mine if self._disk.exists(path)])
            self._disk.remove(paths.part)
        except OSError as error:
            log.warning("something of %s is left: %r", paths.name, error)
        take.done()
