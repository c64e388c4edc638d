"""The last job of a take that is to be no WAV: its output, under its name, and only then the WAV goes.

The marker knows how far it is: `sound` is the trimmed WAV that is there for certain, `saved` the name of an output that
was read back and only has to be renamed. So a crash at any moment leaves a whole sound, and nothing comes twice.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from pathlib import Path

from tray_app.disk import Disk, Patience
from tray_app.processing.encoding import encode
from tray_app.processing.progress import Progress
from tray_app.processing.tags import tags_of
from tray_app.take.facts import Facts
from tray_app.take.names import free_name
from tray_app.take.take import Take

log = logging.getLogger(__name__)


class Saving:
    """Makes the output of one take after the other."""

    def __init__(self, disk: Disk, patience: Patience) -> None:
        self._disk, self._patience = disk, patience

    def save(self, take: Take, facts: Facts, source: Path, progress: Progress | None = None) -> Path:
        """Make the output of the WAV at `source`, and return its path. The WAV is as it was.

        What an earlier start read back is only renamed. Raises `EncodeError` where the format cannot be had, `OSError`.
        """
        found = self.left(take)
        if found is not None:
            return found
        self._patience(lambda: self._disk.remove(take.paths.part))
        encode(self._disk, source, take.paths.part, take.memory.plan.output, tags_of(facts), progress)
        ending = take.memory.plan.output.format.ending
        # Of another width the trimmed WAV gives way to its successor, in one step.
        inplace = source.parent == take.paths.folder and source.suffix == f".{ending}"
        name = source.name if inplace else f"{take.paths.name}.{ending}"
        return self._name(take, take.paths.folder / name, inplace=inplace)

    def left(self, take: Take) -> Path | None:
        """Return the output that an earlier start had read back, under its name; None where there is none."""
        if not take.memory.saved:
            return None
        target = take.paths.folder / take.memory.saved
        if not self._disk.exists(take.paths.part):
            return target if self._disk.exists(target) else None
        if self._disk.exists(target) and self._disk.same(take.paths.part, target):
            # It was given its name by a second link, and the process ended before the first one was gone.
            self._patience(lambda: self._disk.remove(take.paths.part))
            return target
        return self._name(take, target, inplace=take.memory.saved == take.memory.sound)

    def _name(self, take: Take, target: Path, *, inplace: bool) -> Path:
        """Give the complete output its name; another one if somebody took it meanwhile."""
        part = take.paths.part
        rename = self._disk.replace if inplace else self._disk.rename_new
        while True:
            take.remember(saved=target.name)
            try:
                self._patience(functools.partial(rename, part, target))
                break
            except FileExistsError:
                target = target.with_name(free_name(self._disk, [target.parent], take.paths.name) + target.suffix)
        with contextlib.suppress(OSError):
            # Before the WAV goes: a power cut must not find neither.
            self._disk.sync_folder(target.parent)
        return target
