"""What a running process takes, from what Linux says of it in /proc."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_SCHED = 2
"""`CPUCLOCK_SCHED` of Linux: nanoseconds on a core, of all threads."""


@dataclass(frozen=True, slots=True)
class Look:
    """A process at a moment: seconds on the clock, CPU seconds of all its threads, how often they woke, MiB held."""

    at: float
    cpu: float
    wakes: int
    mib: float

    @staticmethod
    def at_process(pid: int) -> Look:
        """Look at a process and all its threads."""
        status = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
        # The process' own clock, as clock_getcpuclockid(3) makes its id: it counts threads that have ended, too.
        cpu = time.clock_gettime(~pid << 3 | _SCHED)
        wakes = sum(int(_field(text, "voluntary_ctxt_switches")) for text in status)
        memory = Path(f"/proc/{pid}/status").read_text()
        return Look(time.perf_counter(), cpu, wakes, int(_field(memory, "VmRSS")) / 1024)


@dataclass(frozen=True, slots=True)
class Cost:
    """Between two looks: per cent of a core, wake-ups a second, and MiB at the first and the second look."""

    core_percent: float
    wakes: float
    mib: tuple[float, float]


def between(one: Look, other: Look) -> Cost:
    """Return what it cost from one look to the other. Wake-ups of threads that ended between are not counted."""
    seconds = other.at - one.at
    return Cost(100 * (other.cpu - one.cpu) / seconds, (other.wakes - one.wakes) / seconds, (one.mib, other.mib))


def over(pid: int, seconds: float) -> Cost:
    """Watch a process for some seconds."""
    first = Look.at_process(pid)
    time.sleep(seconds)
    return between(first, Look.at_process(pid))


def _field(text: str, name: str) -> str:
    line = next(line for line in text.splitlines() if line.startswith(f"{name}:"))
    return line.split()[1]
