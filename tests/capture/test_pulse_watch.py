"""The default output, and news of it and of what comes and goes, on real PulseAudio servers."""

from __future__ import annotations

import threading
import time

import pytest

from tests.capture.pulse_sound import switches
from tests.sound import SINK, PulseServer, wait_until
from tray_app.capture.pulse import PulseBackend


def test_the_default_follows_the_server_and_the_watch_tells(server: PulseServer) -> None:
    told = threading.Event()
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5), "not told on connecting"
    told.clear()
    server.set_default("other")
    assert told.wait(2), "not told of the new default"
    assert [source.id for source in PulseBackend().sources() if source.default] == ["other.monitor"]
    watch.close()
    watch.close()
    told.clear()
    server.set_default(SINK)
    assert not told.wait(0.3), "told after close"


def test_a_default_that_is_gone_is_replaced_by_the_server(server: PulseServer) -> None:
    server.unload(server.sink_module)
    assert [source.id for source in PulseBackend().sources() if source.default] == ["other.monitor"]


def test_the_watch_sees_outputs_come_and_go(server: PulseServer) -> None:
    seen: list[set[str]] = []
    watch = PulseBackend().watch(lambda: seen.append({source.id for source in PulseBackend().sources()}))
    assert watch is not None
    wait_until(lambda: seen, what="connected")
    index = server.add_sink("headset")
    wait_until(lambda: "headset.monitor" in seen[-1], what="it came")
    server.unload(index)
    wait_until(lambda: "headset.monitor" not in seen[-1], what="it went")
    watch.close()


def test_the_watch_outlives_a_restart_of_the_server(server: PulseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tray_app.capture.pulse.RETRY", 0.1)
    told = threading.Event()
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5)
    told.clear()
    server.kill()
    assert told.wait(2), "not told of the server's end"
    told.clear()
    server.start()
    assert told.wait(5), "not told of the server's return"
    watch.close()


def test_the_watch_sleeps_while_nothing_happens(server: PulseServer) -> None:
    told = threading.Event()
    before_watch = set(switches())
    watch = PulseBackend().watch(told.set)
    assert watch is not None
    assert told.wait(5)
    quiet = time.monotonic() + 1.0
    last = switches()
    while time.monotonic() < quiet:  # the setup's own events come first; then a second without any wake-up
        time.sleep(0.1)
        if (now := switches()) != last:
            last, quiet = now, quiet + 0.2
        assert quiet < time.monotonic() + 5, "the watch never sleeps"
    assert set(last) - before_watch, "no thread was looked at"
    watch.close()
