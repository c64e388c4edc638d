"""Ctrl-C and the system's request to end reach `Ending`, on a thread that is not the main one."""

from __future__ import annotations

import signal
import threading

import pytest

from tests.sound import wait_until
from tray_app.desktop.signals import Ending


def raise_here(number: signal.Signals) -> None:
    """Raise a signal in this process, as Ctrl-C does; Windows knows it as well."""
    signal.raise_signal(number)


def test_a_signal_calls_end_and_not_python(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    with Ending(lambda: heard.append(threading.current_thread().name)):
        raise_here(signal.SIGINT)
        wait_until(lambda: len(heard) == 1, 5, "Ctrl-C is heard")
        raise_here(signal.SIGTERM)
        wait_until(lambda: len(heard) == 2, 5, "the request to end is heard")
    assert heard == ["signals", "signals"]


def test_what_end_raises_does_not_make_it_deaf() -> None:
    heard: list[int] = []

    def end() -> None:
        heard.append(1)
        raise OSError("no")

    with Ending(end):
        raise_here(signal.SIGINT)
        wait_until(lambda: len(heard) == 1, 5, "the first")
        raise_here(signal.SIGINT)
        wait_until(lambda: len(heard) == 2, 5, "the second")


def test_without_sockets_signals_stay_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("no loopback")

    monkeypatch.setattr("socket.socketpair", refuse)
    with pytest.raises(KeyboardInterrupt), Ending(lambda: None):
        signal.raise_signal(signal.SIGINT)


def test_afterwards_everything_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Ending(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert signal.set_wakeup_fd(-1) == -1
    assert "signals" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
