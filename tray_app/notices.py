"""What notifications say, and the rule that a matter is told once. Pure, the clock handed in."""

from __future__ import annotations

import time
from collections.abc import Callable

from tray_app.events import DiskLow, JobFinished, Problem, StateChanged, TakeDiscarded, Unheard
from tray_app.sentences import notices as said
from tray_app.sentences import recording, sources
from tray_app.sentences.forms import Notice
from tray_app.settings import APP_NAME
from tray_app.states import State

AGAIN = 60.0
"""Seconds in which the same words are not told twice: a loose plug comes and goes many times a minute."""

Told = JobFinished | Problem | StateChanged | TakeDiscarded | Unheard | DiskLow
"""The events that may be worth a notification."""


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
        return said.recovers(takes)

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
                return Notice(said.DISCARDED, recording.discarded(event.name))
            case StateChanged():
                return self._back(event)
            case Problem():
                return Notice(said.ATTENTION if event.fatal else APP_NAME, event.text)
            case Unheard():
                text = unheard(event)
                return Notice(said.UNHEARD, text) if text else None
            case DiskLow():
                return Notice(said.DISK_LOW, disk_low(event))

    def _finished(self, done: JobFinished) -> Notice | None:
        if not done.recovered:
            return Notice(said.SAVED, describe(done))
        return Notice(said.RECOVERED, describe(done)) if self._recovered < 2 else None

    def _back(self, change: StateChanged) -> Notice | None:
        if change.state is State.IDLE:
            self._lost = ""
        elif change.waiting:
            self._lost = change.source or sources.THE_DEVICE
        elif self._lost:
            return Notice(APP_NAME, sources.is_back(change.source or self._lost))
        return None


def unheard(event: Unheard) -> str:
    """Say that nothing is heard; empty where sound is back."""
    return recording.nothing_heard(event.seconds) if event.seconds else ""


def disk_low(event: DiskLow) -> str:
    """Say how long the disk lasts."""
    return recording.disk_low(event.minutes, event.free_mb * 1_000_000)


def describe(done: JobFinished) -> str:
    """Say in a sentence or two what a take has become."""
    if not done.heard:
        return recording.all_silent(done.name, done.seconds)
    rule = done.facts.get("rule") or {}
    kept = done.seconds if done.trimmed is None else done.kept_seconds
    threshold = rule["silence_thresh"] if rule.get("auto") else None
    return recording.saved(done.file.name if done.file else done.name, done.seconds, kept, threshold)
