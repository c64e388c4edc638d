"""The menu waits neither for a device nor for a disk that hangs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.resident.desk import Desk, SlowDisk
from tests.sound import wait_until
from tray_app.states import State
from tray_app.tray.view import Action


def test_the_menu_is_free_while_the_device_hangs(desk: Desk) -> None:
    """A click that waited for the device would come back after a minute; the view says what is true meanwhile."""
    desk.backend.hang_in_open.set()
    desk.tray.pick(Action.START)
    assert desk.backend.hang_in_open.entered.wait(10)
    assert (desk.view.state, desk.view.waiting) == (State.RECORDING, True)
    desk.tray.pick(Action.STOP)
    desk.sees(lambda view: view.state is State.IDLE)
    assert desk.backend.streams == []


def test_a_disk_that_hangs_does_not_hold_a_choice(tmp_path: Path) -> None:
    """An ordering, not a stopwatch: the handler returned, and the choice holds, before the disk did anything."""
    disk = SlowDisk()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=32")
    desk.tray.pick(Action.CHOOSE, "RECORDER_BIT_DEPTH=16")
    assert disk.asked.wait(20)
    assert not disk.go_on.is_set()
    assert desk.sees(lambda view: view.settings and view.settings.bit_depth == 16)
    assert "BIT_DEPTH" not in desk.env_file.read_text()
    disk.go_on.set()
    wait_until(lambda: "RECORDER_BIT_DEPTH=16\n" in desk.env_file.read_text(), 20, "the last choice is the one kept")
    desk.resident.quit()
    desk.ended()


@pytest.mark.parametrize("trouble", ["open", "close", "disk"])
def test_no_handler_waits_for_what_hangs(trouble: str, tmp_path: Path) -> None:
    """An ordering: every handler of the menu returns, and the tray shows what is true, while the device, or the disk,
    has not returned yet. How long they take is a benchmark.
    """
    disk = SlowDisk()
    disk.go_on.set()
    desk = Desk(tmp_path / "takes", disk=disk)
    desk.start()
    hang = {"open": desk.backend.hang_in_open, "close": desk.backend.hang_in_close}.get(trouble)
    if trouble == "close":
        desk.record(0.2)
    if hang:
        hang.set()
    else:
        disk.go_on.clear()
    values = {Action.CHOOSE: "RECORDER_BIT_DEPTH=16", Action.RECYCLE_ORIGINALS: "7"}
    for action in [Action.START, *(action for action in Action if action is not Action.EXIT), Action.STOP]:
        desk.tray.pick(action, values.get(action, "gone.wav"))
    entered = hang.entered if hang else disk.asked
    assert entered.wait(20)
    desk.sees(lambda view: view.state is State.IDLE and view.settings and view.settings.bit_depth == 16)
    if hang:
        assert not hang._free.is_set(), "the device has not come back"
        hang.clear()
    else:
        assert not disk.go_on.is_set(), "the disk has not come back"
    disk.go_on.set()
    desk.tray.pick(Action.EXIT)
    desk.ended()
