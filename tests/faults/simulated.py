"""A take in simulated time: the recorder's own thread function on a device, clocks and threads that a script moves.

Only time and the device are not real. Whatever the recorder waits for lets simulated time pass, and what is due then
happens: chunks are offered to the inbox by a device as strict as a real one, other threads' work is done.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from tray_app.awake import Awake
from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream, Watch
from tray_app.capture.pulse import MOST_IN_ONE
from tray_app.disk import Disk
from tray_app.errors import SourceNotFoundError
from tray_app.events import DiskLow, Event, EventBus, Gap, Level, Problem, StateChanged, Unheard
from tray_app.recorder.device import Outcome, outcome_of
from tray_app.recorder.inbox import Inbox
from tray_app.recorder.order import Order, Told
from tray_app.recorder.run import Run
from tray_app.recorder.stuck import LOOK
from tray_app.recorder.world import World
from tray_app.sentences.forms import Said
from tray_app.states import Command
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

OUTPUT = Source("out", "Output", "loopback", "simulated", 8000, 1, default=True)
HEADSET = Source("usb", "Headset", "loopback", "simulated", 8000, 1)
BEGAN = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


class Time:
    """Simulated time, in seconds, and what is to happen in it."""

    def __init__(self, now: float = 1000.0, wall: datetime = BEGAN) -> None:
        self.now = now
        self.asleep = 0.0
        """Seconds that the machine slept; `now` counts them only if `counts_sleep`."""
        self.counts_sleep = False
        self._wall = wall
        self._began = now
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Have `action` done at `time`, or as soon as there is time after it."""
        heapq.heappush(self._events, (time, next(self._numbers), action))

    def step(self, until: float) -> bool:
        """Go to the next thing that happens up to `until`, and do it; else go to `until`, and return False."""
        if self._events and self._events[0][0] <= until:
            time, _, action = heapq.heappop(self._events)
            self.now = max(self.now, time)
            action()
            return True
        self.now = max(self.now, until)
        return False

    def run(self, until: float) -> None:
        """Let everything happen up to `until`."""
        while self.step(until):
            pass

    def sleep(self, seconds: float) -> None:
        """The machine sleeps. Nothing runs meanwhile; what was to happen then happens later."""
        self.asleep += seconds
        if self.counts_sleep:
            self.now += seconds
            self._events = [(time + seconds, number, action) for time, number, action in self._events]
        else:
            self._wall += timedelta(seconds=seconds)

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock on the wall."""
        self._wall += timedelta(seconds=seconds)

    def counted(self) -> float:
        """Seconds of sleep that `now` has counted."""
        return self.asleep if self.counts_sleep else 0.0

    def clock(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return self._wall + timedelta(seconds=self.now - self._began)

    def awake(self) -> Awake:
        return Awake(self.now - self.counted(), self.asleep)


class TimedInbox(Inbox):
    """An inbox at which waiting lets simulated time pass."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def nap(self, seconds: float) -> None:
        until = self._time.now + seconds
        while not self._messages and self._time.step(until):
            pass


@dataclass
class SimulatedStream(Stream):
    """Delivers `device.sound` chunk by chunk, when each is due, until it is closed or lost.

    Where the device keeps what comes, it is handed over when somebody collects, as `PulseStream` does.
    """

    device: Device
    source: Source
    chunk: int
    on_chunk: OnChunk
    on_lost: OnLost
    started_at: float = 0.0
    slept: float = 0.0
    open: bool = True
    muzzled: list[Chunk] = field(default_factory=list)

    def begin(self) -> None:
        self.started_at, self.slept = self.device.time.now, self.device.time.counted()
        self._due(0)

    def _due(self, frame: int) -> None:
        # Its own clock stands still while the machine sleeps.
        slept = self.device.time.counted() - self.slept
        at = self.started_at + slept + (frame + self.chunk) / self.source.rate
        self.device.time.at(at, lambda: self._deliver(frame))

    def _deliver(self, frame: int) -> None:
        if not self.open:
            return
        device = self.device
        if not device.quiet:
            began = self.started_at - self.slept + frame / self.source.rate
            samples = device.sound(began - device.streams[0].started_at, self.source, self.chunk)
            self.muzzled.append(Chunk(samples, device.time.now - self.chunk / self.source.rate))
        if not device.stalled and not device.keeps:
            for chunk in self.muzzled:
                # What waited comes in a burst: captured then, as far as anybody can tell, when it arrives.
                self.on_chunk(chunk)
            self.muzzled.clear()
        self._due(frame + self.chunk)

    def collect(self) -> None:
        if not self.open or self.device.stalled or not self.device.keeps or not self.muzzled:
            return
        samples = np.concatenate([chunk.samples for chunk in self.muzzled])
        self.muzzled.clear()
        step = len(samples) if len(samples) <= MOST_IN_ONE * self.source.rate else self.chunk
        for start in range(0, len(samples), step):
            captured = self.device.time.now - (len(samples) - start) / self.source.rate
            self.on_chunk(Chunk(samples[start : start + step], captured))

    def lose(self) -> None:
        if self.open:
            self.open = False
            self.on_lost("pulled out")

    def close(self) -> None:
        self.open = False


class SimulatedWatch(Watch):
    def __init__(self, device: Device, changed: Callable[[], None]) -> None:
        self.changed, self._device = changed, device

    def close(self) -> None:
        if self in self._device.watches:
            self._device.watches.remove(self)


class Device(Backend):
    """All devices of a machine. A script changes `present`, `stalled`, `quiet`, and calls `say`.

    `sound` gives what sounds (seconds since the first stream began, without sleep; the source; frames).
    """

    name = "simulated"

    def __init__(self, time: Time, sound: Callable[[float, Source, int], Samples]) -> None:
        self.time, self.sound = time, sound
        self.origin = time.now
        self.present = [OUTPUT]
        self.streams: list[SimulatedStream] = []
        self.watches: list[SimulatedWatch] = []
        self.stalled = False
        self.keeps = False
        self.quiet = False
        self.mutes = False

    def sources(self) -> list[Source]:
        return list(self.present)

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        if source not in self.present:
            raise SourceNotFoundError(Said(f"{source.name} is not there."))
        stream = SimulatedStream(self, source, chunk_frames, on_chunk, on_lost)
        self.streams.append(stream)
        stream.begin()
        return stream

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        watch = SimulatedWatch(self, changed)
        self.watches.append(watch)
        return watch

    def muted(self, source: Source) -> bool:
        return self.mutes

    # What a script does

    def say(self) -> None:
        for watch in list(self.watches):
            watch.changed()

    def vanish(self) -> None:
        """What is recorded is pulled out."""
        open_streams = [stream for stream in self.streams if stream.open]
        self.present = [source for source in self.present if all(source.id != s.source.id for s in open_streams)]
        for stream in open_streams:
            stream.lose()
        self.say()

    def appear(self, source: Source) -> None:
        """A device is there, and the default."""
        others = [replace(other, default=False) for other in self.present if other.id != source.id]
        self.present = [replace(source, default=True), *others]
        self.say()


class _Done:
    """Work that is waited for by letting simulated time pass, which nobody here needs to."""

    def join(self, timeout: float | None = None) -> None:
        del timeout


class Studio:
    """A take in simulated time: script what happens with `time.at`, then `run` it to its end."""

    def __init__(
        self,
        folder: Path,
        sound: Callable[[float, Source, int], Samples],
        disk: Disk | None = None,
        *,
        plan: Plan | None = None,
        limit: float | None = None,
        least_free: int = 0,
        chunk: int = 80,
        latency: float = 0.02,
        time: Time | None = None,
        name: str = "take",
        keeps: bool = False,
        level_every: float = 0.2,
    ) -> None:
        self.time = time or Time()
        self.disk = disk or Disk()
        self.device = Device(self.time, sound)
        self.device.keeps = keeps
        self.inbox = TimedInbox(self.time)
        self.takes: list[tuple[Take, Facts]] = []
        self.broken: list[Take] = []
        self.events: list[Event] = []
        self._latency = latency
        bus = EventBus()
        bus.listen(StateChanged, self.events.append)
        bus.listen(Level, self.events.append)
        bus.listen(Gap, self.events.append)
        bus.listen(Problem, self.events.append)
        bus.listen(DiskLow, self.events.append)
        bus.listen(Unheard, self.events.append)
        self._bus = bus
        order = Order(
            find=lambda: (self.device, self.device.present[0]),
            follows=True,
            folder=folder,
            name=name,
            plan=plan or Plan(None),
            bits=16,
            chunk_frames=chunk,
            limit=limit,
            least_free=least_free,
            level_every=level_every,
        )
        world = World(self.disk, bus, self.time.clock, self.time.wall, self.time.awake, self.apart, self.wait)

        def finished(take: Take, facts: Facts) -> None:
            self.takes.append((take, facts))

        self._run = Run(order, world, finished, self.broken.append, lambda: None, self.inbox)
        self._looks = -1
        self._stuck()

    def _stuck(self) -> None:
        """Have collected what comes while the disk holds the recorder's thread, as the thread `stuck` does."""
        if self.inbox.looks == self._looks:
            self.inbox.collect()
        self._looks = self.inbox.looks
        self.time.at(self.time.now + LOOK, self._stuck)

    def apart(self, work: Callable[[], object], done: Callable[[Outcome], None], of: object) -> _Done:
        """Do work a moment later, as another thread would."""
        self.time.at(self.time.now + self._latency, lambda: done(outcome_of(work, of)))
        return _Done()

    def wait(self, seconds: float) -> None:
        """Let time pass, in which devices go on."""
        self.time.run(self.time.now + seconds)

    def tell(self, command: Command) -> None:
        self.inbox.post(Told(command, self.time.now))

    def stop_at(self, seconds: float) -> None:
        """Have it stopped so long after the beginning of time."""
        self.time.at(self.device.origin + seconds, lambda: self.tell(Command.STOP))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        self.time.at(self.device.origin + seconds, action)

    def run(self) -> None:
        """Do all that the recorder's thread does, here."""
        self._run.run()
        while self._bus.deliver(0):
            pass

    def facts(self) -> Facts:
        return self.takes[0][1]

    @property
    def problems(self) -> list[Problem]:
        return [event for event in self.events if isinstance(event, Problem)]

    def release(self) -> None:
        for take in [*(take for take, _ in self.takes), *self.broken]:
            take.release()


def stamps(seconds: float, source: Source, frames: int) -> Samples:
    """Sound that says when it sounded: each frame holds its time in tenths of a millisecond, modulo 3 s, never 0."""
    times = seconds + np.arange(frames) / source.rate
    values = (1 + np.round(times * 10_000).astype(np.int64) % 30_000) / 32768
    found: Samples = np.repeat(values.astype(np.float32)[:, np.newaxis], source.channels, axis=1)
    return found
