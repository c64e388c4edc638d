"""Runs programs in turn and measures each as a whole process: wall time, CPU time, peak memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, used = os.wait4(process, 0)
took = time.perf_counter() - began
print(json.dumps([took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]))
"""
"""A bare Python between us and the program: Linux lets a program inherit the peak memory of the process that starts it.

So no peak is told below that of a bare Python, some 8 MiB.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took: seconds on the clock, seconds of CPU in user and kernel mode, peak memory in MiB."""

    seconds: float
    cpu: float
    peak_mib: float


@dataclass(slots=True)
class Runs:
    """All runs of one command."""

    usages: list[Usage] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.usages)

    @property
    def seconds(self) -> float:
        """The median time."""
        return statistics.median(usage.seconds for usage in self.usages)

    @property
    def least_and_most(self) -> tuple[float, float]:
        """The shortest and the longest time."""
        return min(u.seconds for u in self.usages), max(u.seconds for u in self.usages)

    @property
    def cpu(self) -> float:
        """The median CPU time."""
        return statistics.median(usage.cpu for usage in self.usages)

    @property
    def peak_mib(self) -> float:
        """The largest peak."""
        return max(usage.peak_mib for usage in self.usages)


class ProgramError(Exception):
    """A program that was to be measured failed."""


def measure(command: Sequence[str]) -> Usage:
    """Run a command to its end. Raises `ProgramError` where it fails."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    done = subprocess.run([*launcher, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProgramError(f"{command[0]}: {done.stderr.strip()}")
    seconds, cpu, peak, status = json.loads(done.stdout)
    if status:
        raise ProgramError(f"{' '.join(command)} ended with {status}: {done.stderr.strip()[-500:]}")
    return Usage(seconds, cpu, peak)


def in_turn(
    commands: Mapping[str, Sequence[str]],
    rounds: Mapping[str, int],
    before: Callable[[str], None],
    after: Callable[[str], None],
) -> dict[str, Runs]:
    """Run the commands one after the other, round after round, so that none has the machine's better minutes alone.

    `rounds` says how often each takes part. `before` is called with its name before every run, `after` behind
    it; neither is measured.
    """
    found = {name: Runs() for name in commands}
    for turn in range(max(rounds.values(), default=0)):
        for name, command in commands.items():
            if turn < rounds[name]:
                before(name)
                found[name].usages.append(measure(command))
                after(name)
    return found
