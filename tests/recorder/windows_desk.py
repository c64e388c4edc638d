"""A recorder on a fake Windows that plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import soundfile

from tests.capture.fake_portaudio import Player
from tests.capture.fake_windows import FakeWindows
from tests.sound import wait_until
from tray_app.capture import DEFAULT, find
from tray_app.capture.base import Samples
from tray_app.capture.wasapi import WasapiBackend
from tray_app.disk import Disk
from tray_app.events import EventBus, Problem, StateChanged
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

RATE = 48000


class Desk:
    """A recorder on a Windows that plays: 1000 Hz at the speakers, 2000 Hz at the headset."""

    def __init__(self, folder: Path) -> None:
        self.windows = FakeWindows()
        self.speakers = self.windows.add("Speakers")
        self.headset = self.windows.add("Headset")
        self.backend = WasapiBackend(self.windows, self.windows.portaudio())
        self.player = Player(self.windows, {self.speakers: 1000.0, self.headset: 2000.0})
        self.bus = EventBus()
        self.takes: list[tuple[Take, Facts]] = []
        self.states: list[StateChanged] = []
        self.problems: list[Problem] = []
        self.bus.listen(StateChanged, self.states.append)
        self.bus.listen(Problem, self.problems.append)
        self.recorder = Recorder(Disk(), self.bus, lambda take, facts: self.takes.append((take, facts)))
        self._folder = folder

    def start(self, wanted: str = DEFAULT, backend: WasapiBackend | None = None) -> None:
        chosen = backend or self.backend
        follows = wanted == DEFAULT
        order = Order(lambda: (chosen, find(chosen.sources(), wanted)), follows, self._folder, "take", Plan(None))
        self.recorder.start(order)
        self.hear(lambda: self.states and not self.states[-1].waiting)

    def hear(self, condition: Callable[[], object]) -> None:
        def told() -> object:
            while self.bus.deliver(0):
                pass
            return condition()

        wait_until(told)

    def records(self, name: str) -> None:
        """Wait until `name` is recorded."""
        self.hear(lambda: (self.states[-1].source, self.states[-1].waiting) == (name, False))

    def stop(self) -> tuple[Samples, Facts]:
        self.recorder.stop()
        wait_until(lambda: self.takes)
        take, facts = self.takes[0]
        heard, rate = soundfile.read(take.paths.original, dtype="float32", always_2d=True)
        assert rate == RATE
        return heard, facts

    @property
    def opened(self) -> list[str]:
        """The names of the devices that were opened, in order."""
        names = {self.speakers: "Speakers", self.headset: "Headset"}
        return [names.get(stream.identity, stream.identity) for stream in self.windows.streams]
