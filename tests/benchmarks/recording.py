"""What recording costs, how soon Stop is done, and how soon a chunk is in the file. The whole program, Linux."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.inputs import PLAIN
from tests.benchmarks.report import Table, length
from tests.benchmarks.trimming import Workshop
from tests.benchmarks.watching import Cost, over
from tests.sound import PulseServer, wait_until
from tests.terminal.program import clean_env
from tests.terminal.test_resident import Resident
from tray_app.audio.wav_writer import WavWriter
from tray_app.capture.signal import SignalBackend
from tray_app.disk import Disk
from tray_app.events import EventBus
from tray_app.recorder.inbox import NAP
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

CHUNK = 512
"""Frames a chunk, as the settings have it."""

SETTLE = 3.0
"""Seconds after which a start, or a take's beginning, is over."""


def live(shop: Workshop, seconds: float) -> Table:
    """Watch the program in the tray idle, recording a real PulseAudio's output, paused, and idle again.

    What recording costs is looked at several times, each time beside the same yardsticks: most of it is waking up, and
    how much that costs is another matter on another machine, and at another time on the same one.
    """
    table = Table(
        "Recording",
        f"The program in the tray (all but pystray's icon), {PLAIN.rate // 1000} kHz 24-bit stereo from PulseAudio "
        f"to the trimmed file; medians of {shop.rounds} times {seconds:.0f} s, by turns. The load of the machine's "
        f"{os.cpu_count()} cores at the end: {{load}}.",
        ("while", "of a core", "wake-ups a second", "memory"),
    )
    sound = shop.input("meeting", 600)
    with tempfile.TemporaryDirectory() as name, PulseServer(shares_memory=True) as server:
        env = clean_env(Path(name)) | server.env
        env |= {"RECORDER_SAVE_FOLDER": f"{name}/takes", "RECORDER_NOTIFY": "false"}
        with Resident(env) as resident:
            pid = resident.process.pid
            time.sleep(SETTLE)
            table.rows.append(_row("idle in the tray", [over(pid, seconds)]))
            player = server.play_file(sound)
            resident.tell("start")
            time.sleep(SETTLE)
            costs: dict[str, list[Cost]] = {}
            for _ in range(shop.rounds):
                costs.setdefault("recording", []).append(over(pid, seconds))
                for yardstick, command in _YARDSTICKS.items():
                    costs.setdefault(yardstick, []).append(_cost(command, env, seconds / 3))
            table.rows += [_row(name, found) for name, found in costs.items()]
            resident.tell("pause")
            table.rows.append(_row("paused", [over(pid, seconds)]))
            resident.tell("stop")
            player.kill()
            time.sleep(SETTLE)
            table.rows.append(_row("idle after it", [over(pid, seconds)]))
    table.about = table.about.format(load=f"{os.getloadavg()[0]:.1f}")
    return table


_WAKER = f"import time\nwhile True: time.sleep({NAP})"
_YARDSTICKS = {
    f"yardstick: `parec`, in C, the same sound into `/dev/null` in packets of {CHUNK} frames": [
        *("parec", "--device=@DEFAULT_MONITOR@", "--format=float32le", f"--rate={PLAIN.rate}"),
        *("--channels=2", f"--latency={CHUNK * 8}"),
    ],
    "yardstick: Python that wakes as often and does nothing": [sys.executable, "-c", _WAKER],
}


def _cost(command: list[str], env: dict[str, str], seconds: float) -> Cost:
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(1)
            return over(process.pid, seconds)
        finally:
            process.kill()


def _row(name: str, costs: list[Cost]) -> tuple[str, ...]:
    percent = sorted(cost.core_percent for cost in costs)
    wakes = statistics.median(cost.wakes for cost in costs)
    spread = f" ({percent[0]:.2f} to {percent[-1]:.2f})" if len(percent) > 1 else ""
    return name, f"{statistics.median(percent):.2f} %{spread}", f"{wakes:.0f}", f"{costs[-1].mib[1]:.1f} MiB"


def simulated(shop: Workshop, minutes: tuple[int, ...]) -> Table:
    """Record hours in seconds: memory, cost, and Stop after takes of several lengths; medians."""
    rounds_of_each = min(3, shop.rounds)
    table = Table(
        "Long takes",
        "The recorder with all its threads and files, fed as fast as it follows; each take in a process of its own "
        f"({rounds_of_each} of each; 22 MiB are the sound that is fed). Complete: both files whole and named.",
        ("take", "CPU a chunk", "memory", "Stop → complete", "Stop → stream closed"),
    )
    for number in minutes:
        shop.say(f"  a take of {length(60 * number)}")
        command = [sys.executable, "-m", "tests.benchmarks.feed", str(60 * number), str(shop.folder)]
        rounds = [json.loads(subprocess.check_output(command, text=True)) for _ in range(rounds_of_each)]
        middle = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        worst = {key: max(one[key] for one in rounds) for key in rounds[0]}
        table.rows.append(
            (
                length(60 * number),
                f"{middle['cpu_us']:.0f} µs",
                f"{worst['mib']:.1f} MiB",
                f"{middle['complete_ms']:.1f} ms (most {worst['complete_ms']:.1f})",
                f"{middle['closed_ms']:.1f} ms (most {worst['closed_ms']:.1f})",
            )
        )
    return table


@contextmanager
def _noting(note: Callable[[int, float], None]) -> Iterator[None]:
    """Have every write of sound noted: frames in the file, and when."""
    write = WavWriter.write

    def noted(self: WavWriter, pcm: bytes) -> None:
        write(self, pcm)
        note(self.frames, time.perf_counter())

    WavWriter.write = noted  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        WavWriter.write = write  # type: ignore[method-assign]


def to_disk(shop: Workshop, seconds: float) -> Table:
    """Measure how long after its last frame a chunk is in the original."""
    noted: list[tuple[int, float]] = []
    started: list[float] = []
    recorder_thread: set[str] = set()

    def note(frames: int, at: float) -> None:
        recorder_thread.add(threading.current_thread().name)
        noted.append((frames, at))

    backend = SignalBackend()
    opened = backend.open

    def open_noted(*arguments: object) -> object:
        stream = opened(*arguments)  # type: ignore[arg-type]
        started.append(stream.started_at)
        return stream

    backend.open = open_noted  # type: ignore[method-assign,assignment]
    takes: list[tuple[Take, Facts]] = []
    with tempfile.TemporaryDirectory(dir=shop.folder) as folder, _noting(note):
        with Recorder(Disk(), EventBus(), lambda take, facts: takes.append((take, facts))) as recorder:
            recorder.start(Order(lambda: (backend, backend.sources()[0]), True, Path(folder), "take", Plan(None)))
            wait_until(lambda: noted, 10, "it records")
            time.sleep(seconds)
        takes[0][0].done()
    late = sorted(1000 * (at - started[0] - frames / PLAIN.rate) for frames, at in noted if frames > PLAIN.rate)
    table = Table(
        "From chunk to disk",
        f"From a chunk's last frame to its bytes in the original, over {seconds:.0f} s. What waits is 46 ms at most.",
        ("chunks", "median", "99 of 100 within", "latest"),
    )
    at_99 = late[len(late) * 99 // 100]
    table.rows.append((str(len(late)), f"{statistics.median(late):.1f} ms", f"{at_99:.1f} ms", f"{late[-1]:.1f} ms"))
    return table
