"""`kill -9` while noise is recorded from PulseAudio: what lies there opens, and is the noise to the last sample.

`python -m tests.faults` kills 200 recordings, and 50 each while they stop, while their job is done, and while they are
recovered; an ordinary run a tenth.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.effort import tenth
from tests.faults.nursery import Nursery, lives
from tests.faults.reference import RATE, Circle, Listener, Table, sound_in
from tests.faults.short import Start
from tests.sound import PulseServer, pack24, wait_until
from tests.terminal.program import clean_env
from tray_app.audio.rule import CutRule
from tray_app.audio.wav import WavReader
from tray_app.capture.pulse import PulseBackend
from tray_app.disk import Disk
from tray_app.processing.trimming import trim_into

AT_ONCE = 7
HEADER = 104
"""Bytes before the sound of a 24-bit file."""


class Concert:
    """A server that plays noise in a circle, somebody who listens, and a nursery of programs that record it."""

    def __init__(self, folder: Path, server: PulseServer, patch: pytest.MonkeyPatch) -> None:
        server.use(patch)
        self.folder = folder
        self.circle = Circle()
        self._player = subprocess.Popen(
            ["pacat", "--raw", "--format=s24le", "--rate=48000", "--channels=2", "--latency-msec=500"],
            env=server.env,
            stdin=subprocess.PIPE,
        )
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()
        backend = PulseBackend()
        (source,) = [source for source in backend.sources() if source.default]
        self.listener = Listener(backend, source, self.circle)
        self.nursery = Nursery(clean_env(folder) | server.env | {"HOME": str(folder / "home")})
        wait_until(self._noise_is_heard, 20, "the noise is heard")

    def _feed(self) -> None:
        assert self._player.stdin is not None
        data = pack24(self.circle.noise)
        try:
            while True:
                self._player.stdin.write(data)
        except OSError:
            return

    def _noise_is_heard(self) -> bool:
        chunks = self.listener._chunks[-1:]
        return bool(chunks) and self.circle.find(chunks[0].samples) is not None

    def close(self) -> None:
        self.nursery.__exit__(None, None, None)
        self.listener.close()
        self._player.kill()
        self._player.communicate()
        self._feeder.join(5)

    def record(self, name: str, *options: str) -> tuple[int, Path]:
        """Start a recording into a folder of its own; return its process and its original."""
        takes = self.folder / name
        said = self.folder / f"{name}.txt"
        process = self.nursery.start(said, "record", "--output", f"{takes}/take.wav", *options)
        return process, takes / "originals" / "take.wav"

    def position(self, moment: float) -> float:
        """The frame of the noise that sounded at `moment`."""
        wait_until(lambda: self.listener.heard > moment, 10, "the listener has heard it")
        return self.listener.frame_at(moment)


@pytest.fixture(scope="module")
def concert(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Concert]:
    patch = pytest.MonkeyPatch()
    with PulseServer() as server:
        made = Concert(tmp_path_factory.mktemp("concert"), server, patch)
        yield made
        made.close()
    patch.undo()


def sounding(original: Path, seconds: float = 0.0) -> bool:
    return original.exists() and original.stat().st_size > HEADER + seconds * RATE * 6


def kill(process: int) -> float:
    """Kill a process; return when, by the capture clock."""
    moment = time.perf_counter()
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not lives(process), 10, "it is dead")
    return moment


def opens_elsewhere(path: Path, frames: int) -> bool:
    """Whether ffmpeg and sox read all `frames` frames of a file as it lies, without a complaint."""
    by_ffmpeg = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "s32le", "-"], capture_output=True, check=False
    )
    by_sox = subprocess.run(["sox", path, "-t", "s32", "-"], capture_output=True, check=False)
    complaints = [line for line in by_sox.stderr.splitlines() if b"dither" not in line]
    return (
        not by_ffmpeg.stderr
        and len(by_ffmpeg.stdout) == len(by_sox.stdout) == frames * 8
        and by_sox.returncode == 0
        and not complaints
    )


def test_kill_9_at_random_moments_of_a_recording(concert: Concert) -> None:
    chance, table, count = random.Random(5), Table("kill -9 of a recording"), tenth(200)
    for batch in range(0, count, AT_ONCE):
        running = [concert.record(f"recording{batch + index}") for index in range(min(AT_ONCE, count - batch))]
        for _, original in running:
            wait_until(lambda: sounding(original), 20, "it records")  # noqa: B023
        began = time.perf_counter()
        for moment, (process, original) in sorted((chance.uniform(0.0, 1.2), take) for take in running):
            wait_until(lambda: time.perf_counter() >= began + moment, 5)  # noqa: B023
            judge(concert, table, original, kill(process))
    table.tell()
    assert table.unreadable == 0
    assert table.worst_ms() < 1000, table


def judge(concert: Concert, table: Table, original: Path, killed: float) -> None:
    """Look at what lies there, then at what the next start makes of it."""
    position = concert.position(killed)
    as_it_lies = sound_in(original)
    if len(as_it_lies) == 0:
        table.empty += 1
    elif not (concert.circle.holds(as_it_lies) and opens_elsewhere(original, len(as_it_lies))):
        table.unreadable += 1
    folder = original.parent.parent
    done = Start(Disk(), folder)
    assert [event.recovered for event in done.finished] == [True], "one notification"
    heard = sound_in(original)
    assert len(heard) >= len(as_it_lies)
    assert concert.circle.holds(heard)
    last = concert.circle.find(heard[-2:])
    assert last is not None
    table.add(concert.circle.between(last + 2, position))
    assert_whole(folder)
    shutil.rmtree(folder)


def assert_whole(folder: Path) -> None:
    """Both files, and nothing that a crash left; the trimmed one is what the original gives."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert names == ["originals/take.json", "originals/take.wav", "take.wav"]
    oracle = folder / "oracle.wav"
    trim_into(Disk(), folder / "originals" / "take.wav", oracle, CutRule(500, -40.0))
    assert (folder / "take.wav").read_bytes() == oracle.read_bytes()


def test_kill_9_while_it_stops(concert: Concert) -> None:
    kill_after_stop(concert, "stopping", tenth(50), 0.03)


def test_kill_9_while_its_job_is_done(concert: Concert) -> None:
    """A silence so long that it is not looked for while recording leaves that to the job."""
    kill_after_stop(concert, "job", tenth(50), 0.25, "--min-silence-len", "60000")


def kill_after_stop(concert: Concert, name: str, count: int, latest: float, *options: str) -> None:
    chance = random.Random(name)
    for number in range(count):
        process, original = concert.record(f"{name}{number}", *options)
        wait_until(lambda: sounding(original, 0.5), 20, "it records")  # noqa: B023
        os.kill(process, signal.SIGTERM)
        time.sleep(chance.uniform(0.0, latest))  # the moment is what the test is about
        if lives(process):
            kill(process)
        folder = original.parent.parent
        before = sound_in(original)
        assert concert.circle.holds(before)
        Start(Disk(), folder)
        heard = sound_in(original)
        assert concert.circle.holds(heard)
        assert len(heard) >= len(before) > 0.3 * RATE
        with (folder / "take.wav").open("rb") as file:
            assert WavReader(file).frames == len(heard), "noise has no silence"
        assert not [path for path in folder.rglob("*") if path.suffix in (".take", ".part")]
        shutil.rmtree(folder)


def test_kill_9_while_it_is_recovered(concert: Concert) -> None:
    process, original = concert.record("crashed")
    wait_until(lambda: sounding(original, 3.0), 20, "3 s are recorded")
    kill(process)
    crashed = original.parent.parent
    before = sound_in(original)
    chance = random.Random(7)
    for number in range(tenth(50)):
        folder = concert.folder / f"recovered{number}"
        shutil.copytree(crashed, folder)
        for _ in range(2):
            process = concert.nursery.start(concert.folder / "said.txt", "recover", folder)
            time.sleep(chance.uniform(0.0, 0.2))  # the moment is what the test is about
            if lives(process):
                kill(process)
        Start(Disk(), folder)
        heard = sound_in(folder / "originals" / "take.wav")
        assert len(heard) >= len(before)
        assert concert.circle.holds(heard)
        assert_whole(folder)
        shutil.rmtree(folder)
