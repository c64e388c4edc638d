"""What notifications say, and the rule that a matter is told once. Pure, the clock handed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tray_app.events import DiskLow, JobFinished, Problem, StateChanged, TakeDiscarded, Unheard
from tray_app.settings import APP_NAME
from tray_app.states import State
from tray_app.words import clock_time, dbfs, megabytes

AGAIN = 60.0
"""Seconds in which the same words are not told twice: a loose plug comes and goes many times a minute."""

Told = JobFinished | Problem | StateChanged | TakeDiscarded | Unheard | DiskLow
"""The events that may be worth a notification."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification."""

    title: str
    text: str


class Notices:
    """Decides for each event what is told of it. Not for several threads: the bus delivers on one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[Notice, float] = {}
        self._lost = ""
        self._recovered = 0

    def begins(self) -> None:
        """Note that the user starts a take: what was told before is told again when it happens again."""
        self._last.clear()
        self._lost = ""

    def recovers(self, takes: int) -> Notice | None:
        """Note that takes which a crash left are finished now. Return what is told of several, at once for all."""
        self._recovered += takes
        if takes < 2:
            return None
        text = f"{takes} recordings that were left unfinished are being finished. Nothing of them is lost."
        return Notice("Recordings recovered", text)

    def of(self, event: Told) -> Notice | None:
        """Return what is told of an event, or None."""
        notice = self._words(event)
        if notice is None:
            return None
        now = self._clock()
        known, self._last[notice] = self._last.get(notice), now
        if known is not None and now - known < AGAIN:
            return None
        if isinstance(event, StateChanged):
            self._lost = ""
        return notice

    def _words(self, event: Told) -> Notice | None:
        match event:
            case JobFinished():
                return self._finished(event)
            case TakeDiscarded():
                return Notice("Recording discarded", f"{event.name} is in the recycle bin.")
            case StateChanged():
                return self._back(event)
            case Problem():
                return Notice("A recording needs your attention" if event.fatal else APP_NAME, event.text)
            case Unheard():
                text = unheard(event)
                return Notice("Nothing is heard", text) if text else None
            case DiskLow():
                return Notice("The disk is nearly full", disk_low(event))

    def _finished(self, done: JobFinished) -> Notice | None:
        if not done.recovered:
            return Notice("Recording saved", describe(done))
        return Notice("Recording recovered", describe(done)) if self._recovered < 2 else None

    def _back(self, change: StateChanged) -> Notice | None:
        if change.state is State.IDLE:
            self._lost = ""
        elif change.waiting:
            self._lost = change.source or "The device"
        elif self._lost:
            back = change.source or self._lost
            return Notice(APP_NAME, f"{back} is there again, and is being recorded. The time without it holds silence.")
        return None


def unheard(event: Unheard) -> str:
    """Say that nothing is heard; empty where sound is back."""
    if not event.seconds:
        return ""
    if event.seconds < 60:
        return "Nothing has been heard yet. Is this the source that plays?"
    return f"Nothing has been heard for {event.seconds / 60:.0f} minutes. Did you forget to stop?"


def disk_low(event: DiskLow) -> str:
    """Say how long the disk lasts."""
    minutes = int(event.minutes)
    left = "less than a minute" if minutes < 1 else f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return (
        f"There is room for {left} ({megabytes(event.free_mb * 1_000_000)} free). Then the recording ends, and is kept."
    )


def describe(done: JobFinished) -> str:
    """Say in a sentence or two what a take has become."""
    length = clock_time(done.seconds)
    rule = done.facts.get("rule") or {}
    found = f" Silence was at most {dbfs(rule['silence_thresh'])} (found)." if rule.get("auto") else ""
    if not done.heard:
        return f"Nothing was heard in {done.name} ({length}), so there is no trimmed file. The original is kept."
    path = done.file
    name = path.name if path else done.name
    if done.trimmed is None or done.kept_seconds >= done.seconds:
        return f"{name}, {length}.{found}"
    saved = clock_time(done.seconds - done.kept_seconds)
    return (
        f"{name}, {clock_time(done.kept_seconds)} without silence; {length} were recorded, {saved} were silence.{found}"
    )
