"""How the tray ends on Windows, played: when, from where, and in the middle of what."""

from __future__ import annotations

import pytest

from tests.tray.fake_windows import FakeWindows
from tests.tray.running import Running, running
from tests.tray.seen import RECORDING
from tray_app.tray.host import TrayUnavailableError
from tray_app.tray.tray import Tray
from tray_app.tray.view import Action


def test_stop_before_run_shows_nothing(windows: FakeWindows) -> None:
    tray = Tray(lambda action, _value: None)
    tray.stop()
    tray.run(lambda: pytest.fail("there is nothing to be ready"))
    assert windows.told == []


def test_stop_while_the_icon_comes_up_is_obeyed(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Running()
    create = windows.CreateWindowExW

    def create_and_stop(*arguments: int) -> int:
        program.tray.stop()
        return create(*arguments)

    windows.CreateWindowExW = create_and_stop  # type: ignore[method-assign, assignment]
    program._thread.start()
    program.wait_ended()
    assert (program.raised, program.ready.is_set(), windows.taskbar) == ([], False, {})


def test_stop_may_come_from_everywhere_and_again(windows: FakeWindows) -> None:
    with running() as program:
        program.does = lambda action: program.tray.stop()
        windows.open_menu()
        windows.choose("Exit")
        program.wait_ended()
        assert program.asked == [Action.EXIT]
        program.tray.stop()
        program.tray.show(RECORDING)


def test_stop_from_ready(windows: FakeWindows) -> None:
    tray = Tray(lambda action, _value: None)
    tray.run(tray.stop)


def test_stop_closes_the_open_menu(program: Running, windows: FakeWindows) -> None:
    windows.open_menu()
    program.tray.stop()
    program.wait_ended()
    assert windows.open is None


def test_a_loop_that_ends_by_itself_is_told(windows: FakeWindows) -> None:
    program = Running()
    program.start()
    windows.post(0x400 + 10)
    program.wait_ended()
    (error,) = program.raised
    assert isinstance(error, TrayUnavailableError)
    assert "record" in str(error)


@pytest.mark.parametrize("function", ["RegisterClassExW", "CreateWindowExW"])
def test_windows_that_cannot_be_made_are_told(
    function: str, windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, function, lambda *facts: 0)
    with pytest.raises(TrayUnavailableError, match="no tray"):
        Tray(lambda action, _value: None).run(lambda: None)
    windows._classes.clear()
