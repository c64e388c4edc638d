"""What becomes of jobs when the program is quit: finished first, or left to the next start."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.faults.disks import WatchedDisk
from tests.faults.short import Start, assert_finished, record
from tray_app.app import App
from tray_app.disk import Disk
from tray_app.loading import load


class Slow(WatchedDisk):
    """Trimming takes until `go`; what it writes is told by `trims`."""

    def __init__(self) -> None:
        self.trims, self.go = threading.Event(), threading.Event()

    def operation(self, what: str, path: Path) -> None:
        if what == "create" and path.suffix == ".part":
            self.trims.set()
            self.go.wait(30)


@pytest.mark.parametrize("choice", ["finish", "later"])
def test_jobs_at_the_end_are_finished_or_left_as_the_settings_say(tmp_path: Path, choice: str) -> None:
    takes = tmp_path / "takes"
    studio = record(takes, Disk())
    for take, _ in studio.takes:
        take.remember(live=False)
    studio.release()
    (takes / "take.wav").unlink()
    overrides = {"RECORDER_SAVE_FOLDER": str(takes), "RECORDER_NOTIFY": "no", "RECORDER_ON_QUIT": choice}
    disk = Slow()
    with App(load(overrides, {}, None), disk, backends=[]) as app:
        app.recover()
        assert disk.trims.wait(20)
        # The job goes on when the program has begun to leave.
        threading.Timer(0.3, disk.go.set).start()
    if choice == "finish":
        assert_finished(takes, 1)
        return
    assert not (takes / "take.wav").exists()
    assert not list(takes.rglob("*.part"))
    assert len(Start(Disk(), takes).finished) == 1
    assert_finished(takes, 1)
