"""The post-processing queue: one worker. The takes' markers are its memory, so a job survives a restart."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tray_app.disk import Disk, storage_error
from tray_app.errors import RecorderError
from tray_app.events import EventBus, JobFinished, JobProgress, Problem
from tray_app.processing.recovery import has_ended, make_whole
from tray_app.take.facts import Facts
from tray_app.take.take import Stage, Take

if TYPE_CHECKING:
    from tray_app.processing.jobs import Jobs, Outcome

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    take: Take
    facts: Facts | None
    recovered: bool


class JobQueue:
    """Finishes takes one after the other, on a thread that exists only while there is work."""

    def __init__(self, disk: Disk, bus: EventBus, jobs: Jobs | None = None) -> None:
        self._disk, self._bus = disk, bus
        self._given = jobs
        self._entries: queue.SimpleQueue[_Entry] = queue.SimpleQueue()
        self._lock = threading.Condition()
        self._left = 0
        self._closed = False

    @cached_property
    def _jobs(self) -> Jobs:
        """Made on the worker's thread: it needs numpy, for which the program's start does not wait."""
        from tray_app.processing.jobs import Jobs

        return self._given or Jobs(self._disk)

    def submit(self, take: Take, facts: Facts | None = None, *, recovered: bool = False) -> None:
        """Queue a take that this process owns. Returns at once."""
        with self._lock:
            self._left += 1
            self._entries.put(_Entry(take, facts, recovered))
            if self._left == 1:
                threading.Thread(target=self._work, name="jobs", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do. False when that took more than `timeout` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: self._left == 0, timeout)

    def close(self, timeout: float | None = None) -> bool:
        """Wait as `wait` does; takes that are still queued afterwards are given up to the next start."""
        done = self.wait(timeout)
        self._closed = True
        return done

    def _work(self) -> None:
        while True:
            entry = self._entries.get()
            if self._closed:
                entry.take.release()
            else:
                self._finish(entry)
            with self._lock:
                self._left -= 1
                self._lock.notify_all()
                if self._left == 0:
                    return

    def _finish(self, entry: _Entry) -> None:
        take = entry.take
        try:
            facts = entry.facts
            if entry.recovered and has_ended(self._disk, take):
                return
            if take.memory.stage is Stage.RECORDING:
                facts = self._jobs.patience(lambda: make_whole(self._disk, take))
                if facts is None:
                    return
            outcome = self._jobs.finish(take, facts, lambda done: self._bus.post(JobProgress(take.paths.name, done)))
        except RecorderError as error:
            self._park(entry, error)
        except OSError as error:
            self._park(entry, storage_error("finish", take.paths.original, error))
        except Exception as error:
            log.exception("a job failed in a way that nobody expected")
            self._park(entry, RecorderError(f"{take.paths.name} could not be finished.", detail=repr(error)))
        else:
            self._bus.post(_event(outcome, entry.recovered))

    def _park(self, entry: _Entry, error: RecorderError) -> None:
        """Put a take aside with its reason; the next start, or `recover`, tries again."""
        take = entry.take
        log.error("%s is put aside: %s (%s)", take.paths.name, error, error.detail)
        try:
            parked = Stage.RECORDING if take.memory.stage is Stage.RECORDING else Stage.PARKED
            take.remember(stage=parked, attempts=take.memory.attempts + 1, reason=error.what)
        except OSError as failure:
            log.warning("and that could not be noted: %r", failure)
        take.release()
        safe = error.safe or f"What was recorded is safe at {take.paths.original}."
        # Trouble with a take of an earlier start is no reason to end the one that runs now.
        text = f"{error.what} {safe} It is tried again at the next start, or by `tray-recorder recover`."
        self._bus.post(Problem(text, fatal=not entry.recovered))


def _event(outcome: Outcome, recovered: bool) -> JobFinished:
    facts = outcome.facts
    kept = facts.frames if facts.kept_frames is None else facts.kept_frames
    return JobFinished(
        name=facts.name,
        trimmed=outcome.trimmed,
        original=outcome.original,
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
    return {"trimmed": trimmed, "original": original, **facts}
