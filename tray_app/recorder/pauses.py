"""What of the take's line does not reach the file: pauses, and the time that the machine slept. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Pause:
    """A pause: its edges in seconds and on the line; no end while it lasts. Of it, `slept` seconds were sleep.

    With `user` False it is nothing but sleep.
    """

    begin: float
    begin_line: int
    end: float | None = None
    end_line: int | None = None
    slept: float = 0.0
    user: bool = True


class Pauses:
    """Every pause of a take, in order. Times in seconds of the take's clock, positions in frames of its line."""

    def __init__(self) -> None:
        self._all: list[_Pause] = []
        self._sleeps: list[tuple[int, float]] = []
        self._past = 0

    @property
    def running(self) -> bool:
        """Whether a pause has begun and not ended."""
        return bool(self._all) and self._all[-1].end is None

    def begin(self, at: float, line: int) -> None:
        """Begin a pause."""
        self._all.append(_Pause(at, line))

    def end(self, at: float, line: int) -> None:
        """End the pause that runs."""
        pause = self._all[-1]
        pause.end, pause.end_line = at, max(line, pause.begin_line)

    def sleep(self, at: float, line: int, seconds: float, counted: float, line_after: int) -> None:
        """The machine slept for `seconds` from `at` on; the clock counted `counted` of them, up to `line_after`.

        In a pause that runs nothing more is taken out; the pause's own length is less that of the sleep.
        """
        if self.running:
            self._all[-1].slept += counted
            line = self._all[-1].begin_line
        elif counted:
            self._all.append(_Pause(at, line, at + counted, max(line, line_after), user=False))
        self._sleeps.append((line, seconds))

    def seconds(self, now: float) -> float:
        """Return how long all of them lasted up to `now`."""
        return sum((pause.end if pause.end is not None else now) - pause.begin for pause in self._all)

    def listed(self, frames: int) -> list[tuple[int, float]]:
        """Return every pause that has ended: (frame of a file of `frames` at which it stands, seconds it lasted)."""
        return [
            (self._frame(pause.begin_line, frames), pause.end - pause.begin - pause.slept)
            for pause in self._all
            if pause.user and pause.end is not None
        ]

    def sleeps(self, frames: int) -> list[tuple[int, float]]:
        """Return every sleep, as `listed` does pauses."""
        return [(self._frame(line, frames), seconds) for line, seconds in self._sleeps]

    def _frame(self, line: int, frames: int) -> int:
        """The frame of a file of `frames` that stands at a position of the line."""
        before = [pause for pause in self._all if pause.begin_line < line]
        out = sum((line if p.end_line is None else min(p.end_line, line)) - p.begin_line for p in before)
        return min(line - out, frames)

    def leave(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of the line from `begin` to `end` that no pause takes out. `begin` never goes back."""
        parts: list[tuple[int, int]] = []
        for pause in self._all[self._past :]:
            if pause.end_line is not None and pause.end_line <= begin:
                self._past += 1
                continue
            if pause.begin_line >= end:
                break
            if begin < pause.begin_line:
                parts.append((begin, pause.begin_line))
            begin = end if pause.end_line is None else min(end, pause.end_line)
        return [*parts, (begin, end)] if begin < end else parts
