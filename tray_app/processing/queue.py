"""The post-processing queue: one worker. The takes' markers are its memory, so a job survives a restart."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tray_app.disk import Disk, is_held, storage_error
from tray_app.errors import RecorderError
from tray_app.events import EventBus, JobFinished, JobProgress, Problem
from tray_app.processing.recovery import has_ended, make_whole
from tray_app.sentences import disk as disk_said
from tray_app.sentences import recording as said
from tray_app.take.facts import Facts
from tray_app.take.take import Stage, Take

if TYPE_CHECKING:
    from tray_app.processing.jobs import Jobs, Outcome

log = logging.getLogger(__name__)

WAITS = (2.0, 8.0)
"""Seconds after which a job that the disk refused is tried again: a drive may wake up, a scanner go away."""

MOST_ATTEMPTS = 3
"""After so many starts that ended in the middle of a take's jobs, maybe because of them, a start leaves it alone."""

LET_GO = 2.0
"""Seconds that `close` leaves the worker to give up the take that it is at."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A take to finish. `asked` where the user wants it, `tries` are those that the disk refused, `due` when it is."""

    take: Take
    facts: Facts | None
    recovered: bool
    asked: bool
    tries: int = 0
    due: float = 0.0


class _GivenUpError(Exception):
    """The program ends, and what is being done is left to the next start."""


class JobQueue:
    """Finishes takes one after the other, on a thread that exists only while there is work.

    What the disk refuses is tried again after `waits` seconds by `clock`; meanwhile other takes have their turn.
    """

    def __init__(
        self,
        disk: Disk,
        bus: EventBus,
        jobs: Jobs | None = None,
        waits: Sequence[float] = WAITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._disk, self._bus = disk, bus
        self._given = jobs
        self._waits, self._clock = waits, clock
        self._entries: list[_Entry] = []
        self._lock = threading.Condition()
        self._left = 0
        self._closed = False

    @cached_property
    def _jobs(self) -> Jobs:
        """Made on the worker's thread: it needs numpy, for which the program's start does not wait."""
        from tray_app.processing.jobs import Jobs

        return self._given or Jobs(self._disk)

    def submit(self, take: Take, facts: Facts | None = None, *, recovered: bool = False, asked: bool = False) -> None:
        """Queue a take that this process owns. Returns at once.

        `recovered` for one of an earlier start; with `asked` it is tried though it was given up.
        """
        with self._lock:
            self._left += 1
            self._entries.append(_Entry(take, facts, recovered, asked))
            self._lock.notify_all()
            if self._left == 1:
                threading.Thread(target=self._work, name="jobs", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do. False when that took more than `timeout` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._left == 0, timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Wait as `wait` does; takes that are not finished afterwards are given up to the next start."""
        done = self.wait(timeout)
        with self._lock:
            self._closed = True
            self._lock.notify_all()
        return self.wait(LET_GO) and done

    # The worker

    def _work(self) -> None:
        while True:
            entry = self._next()
            again = None
            if self._closed:
                entry.take.release()
            else:
                again = self._finish(entry)
            with self._lock:
                if again is not None:
                    self._entries.append(again)
                    continue
                self._left -= 1
                self._lock.notify_all()
                if self._left == 0:
                    return

    def _next(self) -> _Entry:
        """Wait for the first entry that is due, in the order in which they came."""
        with self._lock:
            while True:
                now = self._clock()
                due = [entry for entry in self._entries if entry.due <= now or self._closed]
                if due:
                    self._entries.remove(due[0])
                    return due[0]
                self._lock.wait(max(0.0, min(entry.due for entry in self._entries) - now))

    def _finish(self, entry: _Entry) -> _Entry | None:
        """Do the jobs of a take. Return what is to be tried again."""
        try:
            outcome = self._attempt(entry)
        except _GivenUpError:
            _remember(entry.take, attempts=0)
            entry.take.release()
        except OSError as error:
            # What another program has open was waited for with patience already.
            if entry.tries < len(self._waits) and not self._closed and not is_held(error):
                log.warning("%s is tried again: %r", entry.take.paths.name, error)
                return replace(entry, tries=entry.tries + 1, due=self._clock() + self._waits[entry.tries])
            self._park(entry, storage_error(disk_said.FINISH, entry.take.sound, error))
        except RecorderError as error:
            self._park(entry, error)
        except Exception as error:
            log.exception("a job failed in a way that nobody expected")
            self._park(entry, RecorderError(said.not_finished(entry.take.paths.name), detail=repr(error)))
        else:
            if outcome is not None and outcome.trouble:
                self._bus.post(Problem(outcome.trouble))
            if outcome is not None:
                self._bus.post(_event(outcome, entry.recovered))
        return None

    def _attempt(self, entry: _Entry) -> Outcome | None:
        """Try to finish a take; None where nothing is left of it. Raises `RecorderError` and `OSError`."""
        take, facts = entry.take, entry.facts
        if entry.recovered and has_ended(self._disk, take):
            return None
        if take.memory.attempts >= MOST_ATTEMPTS and not entry.asked:
            raise RecorderError(said.given_up(take.paths.name, MOST_ATTEMPTS))
        if entry.tries == 0:
            # Noted before: where the program ends in the middle, nobody is left to note it.
            _remember(take, attempts=take.memory.attempts + 1)
        if take.memory.stage is Stage.RECORDING:
            facts = self._jobs.patience(lambda: make_whole(self._disk, take))
            if facts is None:
                return None
        return self._jobs.finish(take, facts, lambda done: self._progress(take, done))

    def _progress(self, take: Take, done: float) -> None:
        if self._closed:
            raise _GivenUpError
        self._bus.post(JobProgress(take.paths.name, done))

    def _park(self, entry: _Entry, error: RecorderError) -> None:
        """Put a take aside with its reason; the next start, or `recover`, tries again."""
        take = entry.take
        log.error("%s is put aside: %s (%s)", take.paths.name, error, error.detail)
        news = entry.asked or not entry.recovered or take.memory.reason != error.what
        given_up = take.memory.attempts >= MOST_ATTEMPTS and not entry.asked
        stage = Stage.RECORDING if take.memory.stage is Stage.RECORDING else Stage.PARKED
        _remember(take, stage=stage, attempts=take.memory.attempts if given_up else 0, reason=error.what)
        take.release()
        if not news:
            # Said at an earlier start; to say it at every one would be nagging.
            return
        told = said.put_aside(error.what, error.safe, take.sound, at_start=not given_up)
        # Trouble with a take of an earlier start is no reason to end the one that runs now.
        self._bus.post(Problem(told, fatal=not entry.recovered))


def _remember(take: Take, **changes: Any) -> None:
    """Note it in the marker, as far as the disk lets us: it is no reason not to finish a take."""
    try:
        take.remember(**changes)
    except OSError as error:
        log.warning("the marker of %s could not be written: %r", take.paths.name, error)


def _event(outcome: Outcome, recovered: bool) -> JobFinished:
    facts = outcome.facts
    kept = facts.frames if facts.kept_frames is None else facts.kept_frames
    return JobFinished(
        name=facts.name,
        trimmed=outcome.trimmed,
        original=outcome.original,
        saved=outcome.saved,
        recovered=recovered,
        heard=outcome.heard,
        seconds=facts.seconds,
        kept_seconds=facts.format.seconds(kept),
        facts=_as_result(outcome),
    )


def _as_result(outcome: Outcome) -> Mapping[str, Any]:
    """The JSON object that the terminal prints for a take."""
    facts = outcome.facts.as_json()
    trimmed = None if outcome.trimmed is None else str(outcome.trimmed)
    original = None if outcome.original is None else str(outcome.original)
    saved = None if outcome.saved is None else str(outcome.saved)
    return {"saved": saved, "trimmed": trimmed, "original": original, **facts}
