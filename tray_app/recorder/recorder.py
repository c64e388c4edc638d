"""The recorder: commands in, events out. Every call returns at once; the work is done on the take's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from tray_app.disk import Disk
from tray_app.events import EventBus, Problem, StateChanged
from tray_app.recorder.order import Order, Told
from tray_app.recorder.run import Run
from tray_app.recorder.stuck import Stuck
from tray_app.recorder.world import World
from tray_app.sentences import disk as said
from tray_app.states import Command, State, Transition, transition
from tray_app.take.facts import Facts
from tray_app.take.take import Take


class Recorder:
    """Holds the state and the take that runs. Use it as a context manager: leaving it ends the take.

    `finished` is called on the take's thread when a take is complete on disk, with the take (its marker still
    locked) and its facts; `unfinished` where the disk kept it from that, with the take, still locked, which is by
    default left to the next start.
    """

    def __init__(
        self,
        disk: Disk,
        bus: EventBus,
        finished: Callable[[Take, Facts], None],
        unfinished: Callable[[Take], None] = Take.release,
        world: World | None = None,
    ) -> None:
        self._world = world or World(disk, bus)
        self._bus, self._finished, self._unfinished = bus, finished, unfinished
        self._lock = threading.Lock()
        self._state = State.IDLE
        self._run: Run | None = None

    @property
    def state(self) -> State:
        """What the recorder is doing now."""
        return self._state

    def start(self, order: Order) -> Transition:
        """Begin a take. What goes wrong from here on comes as a `Problem` with `fatal`, and the state as an event."""
        with self._lock:
            step = transition(self._state, Command.START)
            if step.action is not None:
                run = Run(order, self._world, self._finished, self._unfinished, lambda: self._over(run))
                self._run, self._state = run, step.state
                Stuck(run, lambda: run.inbox.looks, run.inbox.collect, lambda: self._hangs(order)).start()
                run.start()
            return step

    def pause(self) -> Transition:
        """Pause the take that runs."""
        return self._tell(Command.PAUSE)

    def resume(self) -> Transition:
        """Go on with the take that is paused."""
        return self._tell(Command.RESUME)

    def stop(self) -> Transition:
        """End the take. It is complete when `wait` returns True."""
        return self._tell(Command.STOP)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the last take that was begun is complete on disk. False when that took over `timeout` seconds."""
        run = self._run
        return run is None or run.complete.wait(timeout)

    def close(self, timeout: float = 30.0) -> bool:
        """End the take that runs and wait for it; False when it is not complete after `timeout` seconds."""
        self.stop()
        run = self._run
        if run is None:
            return True
        run.join(timeout)
        return not run.is_alive()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tell(self, command: Command) -> Transition:
        at = self._world.clock()
        with self._lock:
            step = transition(self._state, command)
            if step.action is not None and self._run is not None:
                self._state = step.state
                self._run.inbox.post(Told(step.action, at))
                if step.state is State.IDLE:
                    self._bus.post(StateChanged(State.IDLE))
            return step

    def _hangs(self, order: Order) -> None:
        self._bus.post(Problem(said.does_not_answer(order.folder)))

    def _over(self, run: Run) -> None:
        """Note that a take's thread ends: it may have ended by itself (limit, disk full, no device)."""
        with self._lock:
            if self._run is run:
                self._state = State.IDLE
                self._bus.post(StateChanged(State.IDLE))
