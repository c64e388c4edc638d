"""When to look for a source, open it, or leave it for another: one policy for all systems. Pure, the clock handed in.

A source that the user *pinned* is waited for, never replaced. One that follows the default goes with it. A source is
left only for one that differs in id, rate or channels, and changes are left to settle first: systems report several
for one plug.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from tray_app.capture.base import Source

DEBOUNCE = 0.25
"""Seconds that changes are left to settle."""
RETRY = 0.5
"""Seconds between looks while the source is gone and nothing is reported."""
CHECK = 2.0
"""Seconds between looks at the default where the system reports no changes."""


class Step(Enum):
    """What to do next."""

    NOTHING = auto()
    LOOK = auto()
    OPEN = auto()


@dataclass(slots=True)
class Follower:
    """Tells when to look and what to open, from what is reported to it; times in seconds of one monotonic clock.

    `follows` is True where the default is followed, False where one source is pinned; `reported` whether the system
    tells of changes. `open_source` is what is open now, None while it is lost.
    """

    follows: bool
    reported: bool
    open_source: Source | None = None
    _look_at: float | None = None
    _busy: bool = False

    def opened(self, source: Source, now: float) -> None:
        """A stream of `source` runs. What was reported since the look that led to it is still to be looked at."""
        self.open_source, self._busy = source, False
        if self._look_at is None and self.follows and not self.reported:
            self._look_at = now + CHECK

    def lost(self, now: float) -> None:
        """The stream has ended: look soon, and again until it is back."""
        self.open_source = None
        self._look_at = now + DEBOUNCE

    def failed(self, now: float) -> None:
        """Looking or opening failed: again later."""
        self._busy, self._look_at = False, now + RETRY

    def changed(self, now: float) -> None:
        """The system reports that sources or the default have changed: let it settle, then look."""
        if self.open_source is None or self.follows:
            self._look_at = now + DEBOUNCE

    def due(self, now: float) -> Step:
        """Return `LOOK` when it is time to list the sources, else `NOTHING`; one look at a time."""
        if self._busy or self._look_at is None or now < self._look_at:
            return Step.NOTHING
        self._busy, self._look_at = True, None
        return Step.LOOK

    def found(self, target: Source | None, now: float) -> Step:
        """Take in what a look found: `target` is what should be open, None when it is not there.

        Return `OPEN` when it is to be opened in place of what is open, else `NOTHING`.
        """
        if target is None:
            # A followed default that is gone for now: the stream that still runs goes on.
            self._busy, self._look_at = False, now + RETRY
            return Step.NOTHING
        if self.open_source is not None and _same(self.open_source, target):
            self.opened(self.open_source, now)
            return Step.NOTHING
        return Step.OPEN


def _same(one: Source, other: Source) -> bool:
    return (one.id, one.rate, one.channels) == (other.id, other.rate, other.channels)


def target(sources: Sequence[Source], wanted: Source, *, follows: bool) -> Source | None:
    """Return what should be open among `sources`: the default loopback, or the pinned `wanted` by its id."""
    if follows:
        return next((source for source in sources if source.default), None)
    return next((source for source in sources if source.id == wanted.id), None)
