"""Takes that outgrow RIFF, run past midnight and through a change of the clocks, for longer than a day."""

from __future__ import annotations

import gc
import os
import sys
import threading
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.effort import WHOLE, effort
from tests.faults.short import RATE, TRIMS, Start, assert_finished, names, record, talk
from tests.faults.simulated import OUTPUT, Studio, Time
from tray_app.audio.wav_repair import repair
from tray_app.audio.wav_writer import WavWriter
from tray_app.capture.base import Samples, Source
from tray_app.disk import Disk
from tray_app.recorder import run
from tray_app.take.names import fill_template
from tray_app.take.take import Plan


@pytest.fixture
def small_riff(monkeypatch: pytest.MonkeyPatch) -> None:
    """RIFF ends at 20,000 bytes, and RF64 begins."""
    for function in (WavWriter.__init__, repair):
        assert function.__kwdefaults__ is not None
        monkeypatch.setitem(function.__kwdefaults__, "promote_at", 20_000)


def magic(path: Path) -> bytes:
    return path.read_bytes()[:4]


@pytest.mark.usefixtures("small_riff")
def test_a_take_that_outgrows_riff_is_whole_in_both_files(tmp_path: Path) -> None:
    studio = record(tmp_path, Disk(), 8.0)
    done = Start(Disk(), tmp_path, studio=studio)
    assert len(done.finished) == 1
    assert magic(tmp_path / "originals" / "take.wav") == magic(tmp_path / "take.wav") == b"RF64"
    assert_finished(tmp_path, round(7.9 * RATE))


@pytest.mark.usefixtures("small_riff")
@pytest.mark.parametrize("seconds", [0.9, 1.2, 1.25, 1.35, 1.5, 5.0])
def test_a_crash_around_the_promotion_is_recovered(tmp_path: Path, seconds: float) -> None:
    class Crash(BaseException):
        pass

    def crash() -> None:
        raise Crash

    studio = Studio(tmp_path, talk, plan=TRIMS)
    studio.after(seconds, crash)
    with pytest.raises(Crash):
        studio.run()
    assert len(Start(Disk(), tmp_path).finished) == 1
    assert_finished(tmp_path, round((seconds - 0.35) * RATE))
    assert magic(tmp_path / "originals" / "take.wav") == (b"RF64" if seconds > 1.25 else b"RIFF")


class Berlin(tzinfo):
    """Central European Time in 2026: summer time from 29 March, 01:00 UTC, to 25 October, 01:00 UTC."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        assert when is not None
        plain = when.replace(tzinfo=None)
        begins, ends = datetime(2026, 3, 29, 2), datetime(2026, 10, 25, 2 if when.fold else 3)
        return timedelta(hours=2 if begins <= plain < ends else 1)

    def dst(self, when: datetime | None) -> timedelta:
        return self.utcoffset(when) - timedelta(hours=1)

    def fromutc(self, when: datetime) -> datetime:
        utc = when.replace(tzinfo=UTC)
        summer = datetime(2026, 3, 29, 1, tzinfo=UTC) <= utc < datetime(2026, 10, 25, 1, tzinfo=UTC)
        second = datetime(2026, 10, 25, 1, tzinfo=UTC) <= utc < datetime(2026, 10, 25, 2, tzinfo=UTC)
        return (when + timedelta(hours=2 if summer else 1)).replace(tzinfo=self, fold=int(second))

    def tzname(self, when: datetime | None) -> str:
        return "CET"


def take_at(folder: Path, began: datetime, seconds: float) -> Studio:
    """A take that begins at a time of Berlin; its clocks on the wall are Berlin's."""
    zone = Berlin()
    time = Time(wall=began)
    studio = Studio(folder, talk, plan=Plan(None), time=time, name="{date} {time}")
    wall = time.wall
    object.__setattr__(time, "wall", lambda: wall().astimezone(UTC).astimezone(zone))
    studio._run._wall = time.wall
    studio.stop_at(seconds)
    studio.run()
    studio.release()
    return studio


@pytest.mark.parametrize(
    ("began", "name", "stopped"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), "2026-12-31 23-59-00", "2027-01-01T00:01:00"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "2026-03-29 01-59-00", "2026-03-29T03:01:00"),
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), "2026-10-25 02-59-00", "2026-10-25T02:01:00"),
    ],
    ids=["midnight and new year", "to summer time", "from summer time"],
)
def test_a_take_runs_through_midnight_and_a_change_of_the_clocks(
    tmp_path: Path, began: datetime, name: str, stopped: str
) -> None:
    facts = take_at(tmp_path, began, 120.0).facts()
    assert facts.name == name
    assert facts.stopped.startswith(stopped)
    length = datetime.fromisoformat(facts.stopped) - datetime.fromisoformat(facts.started)
    assert length.total_seconds() == pytest.approx(120.0, abs=0.1), "the offset is in it"
    assert facts.frames == pytest.approx(120 * RATE, abs=300)
    assert (facts.sleeps, facts.gaps) == ((), ())


def test_names_do_not_collide_in_the_hour_that_comes_twice(tmp_path: Path) -> None:
    for hour in (0, 1):
        take_at(tmp_path, datetime(2026, 10, 25, hour, 30, tzinfo=UTC), 2.0)
    found = [name for name in names(tmp_path) if name.endswith(".wav")]
    assert found == ["2026-10-25 02-30-00 (2).wav", "2026-10-25 02-30-00.wav"]
    assert fill_template("{time}", datetime(2026, 10, 25, 2, 30, fold=1)) == "02-30-00"


@pytest.mark.parametrize("limit", [0.5, 60.0, 300.0])
def test_a_limit_holds_to_a_chunk(tmp_path: Path, limit: float) -> None:
    studio = Studio(tmp_path, talk, plan=Plan(None), limit=limit)
    studio.run()
    assert studio.facts().frames == pytest.approx(limit * RATE, abs=2 * 80)
    assert studio.problems == []
    studio.release()


DAY = 25
MIB = 2**20
SLOW = 1000
"""Frames a second of the long take: its files are no larger than they must be."""


class Use:
    """What the process has in use, looked at every hour of the take."""

    def __init__(self) -> None:
        self.blocks: list[int] = []
        self.pages: list[int] = []
        self.threads: list[int] = []
        self.files: list[int] = []

    def look(self) -> None:
        gc.collect()
        self.blocks.append(sys.getallocatedblocks())
        self.threads.append(threading.active_count())
        if sys.platform == "linux":
            self.pages.append(int(Path("/proc/self/statm").read_text().split()[1]))
            self.files.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208


LONG = [(DAY if WHOLE else effort(DAY, 4), Plan(None)), *([(DAY, TRIMS)] if WHOLE else effort([(3, TRIMS)], []))]
"""Hours, and whether silence is looked for, which takes most of the time: of that a day only in the whole run."""


@pytest.mark.parametrize(("hours", "plan"), LONG)
def test_a_day_and_an_hour_keep_memory_threads_and_files_flat(
    place: Path, monkeypatch: pytest.MonkeyPatch, hours: int, plan: Plan
) -> None:
    """With a silence every 1.4 s, a lost device every hour, and a sleep."""
    monkeypatch.setattr(run, "POLL", 2.0)  # or 900,000 looks of a tenth of a second take a minute
    slow = Source(OUTPUT.id, OUTPUT.name, "loopback", "simulated", SLOW, 1, default=True)
    period = np.where(np.arange(7 * SLOW) % 1400 < 600, 8000 + np.arange(7 * SLOW) * 2, 0).astype(np.float32) / 32768

    def sound(seconds: float, source: Source, frames: int) -> Samples:
        at = round(seconds * SLOW) % (7 * SLOW)
        found: Samples = np.resize(np.roll(period, -at), frames)[:, np.newaxis].astype(np.float32)
        return found

    studio = Studio(place, sound, plan=plan, chunk=2000, level_every=2.0)
    studio.device.present = [slow]
    use = Use()
    for hour in range(hours):
        studio.after(hour * 3600.0 + 100.0, studio.device.vanish)
        studio.after(hour * 3600.0 + 103.0, lambda: studio.device.appear(slow))
        studio.after(hour * 3600.0 + 3000.0, use.look)
    studio.after(5000.0, lambda: studio.time.sleep(600.0))
    studio.stop_at(hours * 3600.0)
    studio.run()
    facts = studio.facts()
    assert facts.frames == pytest.approx(hours * 3600 * SLOW, abs=1000 * hours)
    assert len(facts.gaps) == hours
    done = Start(Disk(), place, studio=studio)
    assert len(done.finished) == 1
    assert soundfile.info(place / "take.wav").frames == (
        facts.frames if facts.kept_frames is None else facts.kept_frames
    )
    # Cuts, gaps and events are kept: 2600 silences an hour, two numbers each, and what the listener of the test has.
    hourly = np.diff(use.blocks[1:])
    assert np.abs(hourly - np.median(hourly)).max() < 1_000, "as much every hour, or nothing"
    assert len(set(use.threads)) == 1
    if use.pages:
        print(f"{hours} h: {[round(n * 4096 / 2**20, 1) for n in use.pages]} MiB, {use.blocks}")
        assert len(set(use.files[1:])) == 1
        assert (use.pages[-1] - use.pages[1]) * 4096 < MIB + (hours * MIB // 2 if plan is TRIMS else 0)
    assert soundfile.info(studio.takes[0][0].paths.original).frames == facts.frames
