"""Runs a tray on a thread of its own, and writes down what is asked of the program."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from tests.sound import wait_until
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action


class Running:
    """A tray that runs, and the program behind it: `does` is called with each action, on the tray's thread."""

    def __init__(self) -> None:
        self.asked: list[Action] = []
        self.values: list[str] = []
        self.threads: set[int] = set()
        self.does: Callable[[Action], None] = lambda action: None
        self.ready = threading.Event()
        self.raised: list[BaseException] = []
        self.tray = Tray(self._act)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _act(self, action: Action, value: str) -> None:
        self.asked.append(action)
        self.values.append(value)
        self.threads.add(threading.get_ident())
        self.does(action)

    def _run(self) -> None:
        try:
            self.tray.run(self.ready.set)
        except BaseException as error:  # what run() raises is what the test is about
            self.raised.append(error)

    def start(self) -> None:
        self._thread.start()
        assert self.ready.wait(10), f"never ready: {self.raised}"

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def wait_asked(self, *actions: Action) -> None:
        wait_until(lambda: self.asked == list(actions), what=f"{actions} to be asked, not {self.asked}")

    def wait_ended(self) -> None:
        self._thread.join(10)
        assert not self.runs, "run() does not return"


@contextlib.contextmanager
def running() -> Iterator[Running]:
    """Show the icon, and take it away at the end, whatever happened."""
    program = Running()
    program.start()
    try:
        yield program
    finally:
        program.tray.stop()
        program.wait_ended()
    assert program.raised == []
