"""The composition root: builds the parts from the settings and joins events to notifications. Nobody below knows it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from tray_app.audio.rule import CutRule, rule_of
from tray_app.capture import DEFAULT, all_sources, find, pick
from tray_app.capture.base import Backend, Source
from tray_app.desktop.notify import Notifier
from tray_app.desktop.recycle import recycle
from tray_app.discard import Discards
from tray_app.disk import Disk
from tray_app.errors import SourceError, SourceNotFoundError
from tray_app.events import DiskLow, EventBus, JobFinished, Problem, StateChanged, TakeDiscarded, Unheard
from tray_app.notices import Notices, Told
from tray_app.processing.queue import JobQueue
from tray_app.processing.recovery import Found
from tray_app.processing.recovery import find as find_unfinished
from tray_app.recorder.order import LIVE_LEVEL, Order
from tray_app.recorder.recorder import Recorder
from tray_app.sentences.forms import Notice
from tray_app.settings import Settings
from tray_app.states import Command, State, Transition, transition
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take, begin_again

log = logging.getLogger(__name__)

NOTIFY_DEADLINE = 1.0
"""Seconds that leaving waits for a notification that is on its way."""

SESSION_DEADLINE = 4.0
"""Seconds for a take and its jobs when the session ends. Windows ends a program about 5 s after it has told it so
(`HungAppTimeout`); what is not finished by then is finished at the next start.
"""

TRAY_LEVEL = 0.5
"""Seconds between levels for the icon, which shows the loudest of a second."""


class App:
    """The program without a face: recorder, queue, notifications. Use it as a context manager.

    Leaving it ends the take that runs, finishes the jobs, unless the settings leave them to the next start, and
    frees everything on every path. `recycle` moves files to the recycle bin. `settings` may be replaced by others at
    any time; they hold from the next take on.
    """

    def __init__(
        self,
        settings: Settings,
        disk: Disk | None = None,
        backends: Sequence[Backend] | None = None,
        recycle: Callable[[Sequence[Path]], None] = recycle,
    ) -> None:
        self.settings = settings
        self.disk = disk or Disk()
        self._backends = backends
        self.bus = EventBus()
        self.queue = JobQueue(self.disk, self.bus)
        self.discards = Discards(self.disk, self.bus, recycle, self._keep)
        self.recorder = Recorder(self.disk, self.bus, self._finished, lambda take: self.queue.submit(take))
        self.notifier = Notifier(settings.notify)
        self._notices = Notices()
        self.bus.listen(JobFinished, self._notify)
        self.bus.listen(Problem, self._notify)
        self.bus.listen(StateChanged, self._notify)
        self.bus.listen(TakeDiscarded, self._notify)
        self.bus.listen(Unheard, self._notify)
        self.bus.listen(DiskLow, self._notify)

    def __enter__(self) -> App:
        return self

    def __exit__(self, *_: object) -> None:
        self.recorder.close()
        self.discards.wait()
        self.finish_jobs()
        self.queue.close(0)
        self.bus.deliver(0)
        self.notifier.close(NOTIFY_DEADLINE)

    @cached_property
    def backends(self) -> list[Backend]:
        """The ways to capture sound, best first. Found when first asked for: the icon does not wait."""
        return list(pick() if self._backends is None else self._backends)

    def warm_up(self) -> None:
        """Load what a take needs, so that the first Start is as quick as the second. Takes some 100 ms; any thread."""
        from tray_app.recorder import making

        del making
        log.debug("ready to record by %s", ", ".join(backend.name for backend in self.backends))

    def recover(self, folder: Path | None = None, *, asked: bool = False) -> Found:
        """Queue what a crash left in `folder` (default: the save folder). Takes that are being made are left alone.

        What a program that starts does first; `asked` where the user wants it done, also what was given up. Raises
        `StorageError` when the folder cannot be read.
        """
        found = find_unfinished(self.disk, folder or self.settings.save_folder)
        for take in found.takes:
            log.info("finishing %s, which was left at stage %s", take.paths.original, take.memory.stage)
            self.queue.submit(take, recovered=True, asked=asked)
        self._show(self._notices.recovers(len(found.takes)))
        return found

    def tell(self, command: Command) -> Transition:
        """Have the recorder do `command` by the settings, and say what it does. Returns at once, on any thread."""
        recorder = self.recorder
        if command is Command.START:
            self._notices.begins()
            if recorder.wait(0):
                self.discards.forget()
        does: dict[Command, Callable[[], Transition]] = {
            Command.START: lambda: recorder.start(self.order(level_every=TRAY_LEVEL)),
            Command.PAUSE: recorder.pause,
            Command.RESUME: recorder.resume,
            Command.STOP: recorder.stop,
        }
        return does[transition(recorder.state, command).action or command]()

    def discard(self, name: str) -> Transition:
        """End the take of this name and move it to the recycle bin. Returns at once, on any thread."""
        step = transition(self.recorder.state, Command.STOP)
        if step.action is not None:
            self.discards.mark(name)
            step = self.recorder.stop()
        return step

    def _finished(self, take: Take, facts: Facts) -> None:
        """What becomes of a take that is complete; on its own thread."""
        if not self.discards.takes(take, facts):
            self._keep(take, facts)

    def _keep(self, take: Take, facts: Facts) -> None:
        self.queue.submit(take, facts)

    def working(self) -> bool:
        """Whether a take that was stopped is being completed, or jobs are being done."""
        completing = self.recorder.state is State.IDLE and not self.recorder.wait(0)
        return completing or not self.discards.wait(0) or not self.queue.wait(0)

    def busy(self) -> bool:
        """Whether something would be cut short if the program ended now."""
        return self.recorder.state is not State.IDLE or self.working()

    def finish_jobs(self) -> None:
        """Wait for the jobs of a program that is to end, unless the settings leave them to the next start."""
        if self.settings.on_quit == "finish":
            self.queue.wait()

    def finish(self) -> None:
        """End the take and do its jobs because the process is about to be ended; within `SESSION_DEADLINE` seconds."""
        self.recorder.close(SESSION_DEADLINE / 2)
        if not (self.discards.wait(SESSION_DEADLINE / 4) and self.queue.wait(SESSION_DEADLINE / 4)):
            log.warning("not all jobs are done; the next start does them")

    def order(
        self,
        *,
        demo: bool = False,
        name: str | None = None,
        limit: float | None = None,
        level_every: float = LIVE_LEVEL,
    ) -> Order:
        """Return what to record by the settings.

        `demo` takes the test signal where there is no default output; `name` is a name that must be free, instead of
        the template; `limit` in seconds holds beside the settings' own; `level_every` is as `Order` has it.
        """
        chosen = self.settings
        limits = [seconds for seconds in (limit, chosen.max_minutes * 60) if seconds]
        rule = self.rule() if chosen.remove_silence else None
        return Order(
            find=self.find_demo if demo else self.find_source,
            follows=demo or chosen.source == DEFAULT,
            folder=chosen.save_folder,
            name=chosen.file_name if name is None else name,
            plan=Plan(rule, chosen.keep_original, chosen.output, labels=chosen.labels),
            bits=chosen.bit_depth,
            rate=chosen.sample_rate,
            channels=chosen.channels,
            chunk_frames=chosen.chunk_frames,
            exact=name is not None,
            limit=min(limits, default=None),
            least_free=chosen.min_free_mb * 1_000_000,
            level_every=level_every,
        )

    def rule(self) -> CutRule:
        """Return the rule of the settings, whether or not silence is removed by itself."""
        return rule_of(self.settings)

    def trim_again(self, original: Path) -> None:
        """Queue the kept original of a take to be trimmed once more, by the settings as they are now.

        What comes of it gets a free name in the save folder; the earlier file stays. Touches the disk, so not for the
        tray's thread. Raises `TakeBusyError` for a take that is still worked on, and `StorageError`.
        """
        plan = Plan(self.rule(), output=self.settings.output, labels=self.settings.labels)
        take = begin_again(self.disk, original, plan)
        log.info("%s is trimmed again, as %s", original, take.paths.name)
        self.queue.submit(take)

    def find_source(self) -> tuple[Backend, Source]:
        """Return the source that the settings name, and its back end. Real sound is never replaced by the signal.

        Raises `BackendUnavailableError` where sound cannot be captured, `SourceNotFoundError` where nothing fits.
        """
        return self._find(self.settings.source)

    def find_demo(self) -> tuple[Backend, Source]:
        """Return the default output's loopback if there is one, else the test signal."""
        try:
            return self._find(DEFAULT)
        except SourceError as error:
            log.info("the demo takes the test signal: %s", error)
            return self._find("signal")

    def _find(self, wanted: str) -> tuple[Backend, Source]:
        sources, errors = all_sources(self.backends)
        try:
            source = find(sources, wanted)
        except SourceNotFoundError:
            # Where nothing but the test signal is left, that is why it is not found.
            if errors and (wanted == DEFAULT or all(source.kind == "signal" for source in sources)):
                raise errors[0] from None
            raise
        return next(backend for backend in self.backends if backend.name == source.backend), source

    def _notify(self, event: Told) -> None:
        self._show(self._notices.of(event))

    def _show(self, notice: Notice | None) -> None:
        if notice is not None:
            self.notifier.notify(notice.title, notice.text)
