"""The recorder on a real PulseAudio, which keeps what comes until it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.effort import WHOLE
from tests.recorder.desk import SlowDisk
from tests.sound import PulseServer, as_float, find_in, noise24, wait_until
from tray_app.capture.pulse import PulseBackend
from tray_app.events import EventBus
from tray_app.recorder import inbox
from tray_app.recorder.order import Order
from tray_app.recorder.recorder import Recorder
from tray_app.take.facts import Facts
from tray_app.take.take import Plan, Take

pytestmark = pytest.mark.posix("PulseAudio")

HELD, HANGS = (10.0, 12.0) if WHOLE else (1.0, 2.5)
"""Seconds that the inbox holds, and for which the disk hangs."""


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (192_000, 8)])
def test_what_a_hanging_disk_costs_is_dropped_and_counted_to_the_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: int, channels: int
) -> None:
    """libpulse holds 10.9 s of the one and 0.7 s of the other: what is longer must have been taken from it."""
    monkeypatch.setattr(inbox, "MAX_SECONDS", HELD)
    # Of 192 kHz and 8 channels 32 MiB are 5.5 s.
    held = min(HELD, inbox.MAX_BYTES / (4 * channels * rate))
    noise = noise24(HANGS + 3, seed=7, rate=rate, channels=channels)
    disk, takes = SlowDisk(), list[tuple[Take, Facts]]()
    with PulseServer(rate=rate, channels=channels) as server:
        server.use(monkeypatch)
        backend = PulseBackend()
        order = Order(lambda: (backend, backend.sources()[0]), True, tmp_path, "take", Plan(None))
        with Recorder(disk, EventBus(), lambda take, facts: takes.append((take, facts))) as recorder:
            recorder.start(order)
            wait_until(lambda: (tmp_path / "take.wav").exists(), what="it records")
            player = server.play(noise, rate=rate)
            wait_until(lambda: _last(tmp_path).any(), what="the noise is in the file")
            size = _size(tmp_path)
            wait_until(lambda: _size(tmp_path) > size + rate * channels, what="and a third of a second more")
            disk.hang.set()
            assert disk.hanging.wait(5)
            disk.free.wait(HANGS)  # nobody sets it meanwhile: so long it hangs
            disk.hang.clear()
            disk.free.set()
            player.wait(30)
            recorder.stop()
            wait_until(lambda: takes, what="the take is complete")
    take, facts = takes[0]
    take.release()
    assert facts.gaps == ()
    ((start, frames),) = facts.dropped
    assert frames / rate == pytest.approx(HANGS - held, abs=0.4)
    heard = soundfile.read(tmp_path / "take.wav", dtype="float32", always_2d=True)[0]
    assert not heard[start : start + frames].any()
    begin = find_in(as_float(noise), heard[start - rate // 10 : start])
    assert begin is not None
    after = start + frames
    # The noise goes on where it would be: the zeros are exactly as many as were dropped.
    expected = as_float(noise[begin + rate // 10 + frames :][: rate // 10])
    assert np.array_equal(heard[after : after + rate // 10], expected)


def _size(folder: Path) -> int:
    return (folder / "take.wav").stat().st_size


def _last(folder: Path) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The last bytes of the take's file."""
    return np.fromfile(folder / "take.wav", np.uint8)[1000:][-1000:]
