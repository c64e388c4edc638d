"""The list of what can be recorded: when it is made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.sound import wait_until
from tray_app import sources
from tray_app.capture.base import Backend, OnChunk, OnLost, Source, Stream, Watch
from tray_app.errors import BackendUnavailableError
from tray_app.sentences.forms import Said
from tray_app.sources import SourceList


class Told(Watch):
    """A watch that a test rings."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def close(self) -> None:
        pass


class Listed(Backend):
    """A back end with one source, or with none while it is away, that counts how often it was asked."""

    def __init__(self, name: str, *, tells: bool) -> None:
        self.name = name
        self.asked = 0
        self.away = self.broken = False
        self.told: Told | None = None
        self._tells = tells

    def sources(self) -> list[Source]:
        self.asked += 1
        if self.away:
            raise BackendUnavailableError(Said(f"no {self.name}"))
        if self.broken:
            raise OSError("the driver's own mistake")
        return [Source(f"{self.name} {self.asked}", self.name, "loopback", self.name, 48_000, 2)]

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        raise NotImplementedError

    def watch(self, changed: Callable[[], None]) -> Watch | None:
        self.told = Told(changed) if self._tells else None
        return self.told


@contextmanager
def listing(*backends: Listed) -> Iterator[SourceList]:
    found = SourceList(backends, lambda: None)
    found.start()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LOOK", 0.01)
    monkeypatch.setattr(sources, "SETTLE", 0.01)


def test_who_is_told_does_not_look() -> None:
    """A back end that another one covers is not asked, so nobody need be told of it."""
    pulse, portaudio = Listed("pulse", tells=True), Listed("portaudio", tells=False)
    other = Listed("portaudio", tells=False)
    with listing(pulse, portaudio, Listed("signal", tells=False)), listing(other):
        wait_until(lambda: other.asked > 20, 10, "who is not told looks again and again")
        assert (pulse.asked, portaudio.asked) == (1, 0)


def test_what_changes_is_listed_again() -> None:
    pulse = Listed("pulse", tells=True)
    with listing(pulse, Listed("signal", tells=False)) as found:
        wait_until(lambda: found.sources, 10, "they are listed")
        assert pulse.told is not None
        pulse.told.changed()
        wait_until(lambda: [one.id for one in found.sources] == ["pulse 2", "signal 2"], 10, "they are listed again")


def test_while_the_sound_server_is_away_the_others_are_looked_at() -> None:
    pulse, portaudio = Listed("pulse", tells=True), Listed("portaudio", tells=False)
    with listing(pulse, portaudio) as found:
        wait_until(lambda: found.sources, 10, "they are listed")
        pulse.away = True
        assert pulse.told is not None
        pulse.told.changed()
        wait_until(lambda: portaudio.asked > 3, 10, "nobody tells of PortAudio's")
        assert {one.backend for one in found.sources} == {"portaudio"}


def test_what_fails_unforeseen_hides_no_other_source(caplog: pytest.LogCaptureFixture) -> None:
    """What it showed stays, the others' are kept up to date, the log says it once, and it is asked again."""
    wasapi, signal = Listed("wasapi", tells=True), Listed("signal", tells=False)
    with listing(wasapi, signal) as found:
        wait_until(lambda: found.sources, 10, "they are listed")
        wasapi.broken = True
        assert wasapi.told is not None
        wasapi.told.changed()
        wait_until(
            lambda: int(found.sources[1].id.removeprefix("signal ")) > 3, 10, "the other is looked at again and again"
        )
        assert found.sources[0].id == "wasapi 1"
        wasapi.broken = False
        wait_until(lambda: found.sources[0].id == f"wasapi {wasapi.asked}", 10, "it is there again")
    assert caplog.text.count("The sound system wasapi failed.") == 1
    assert caplog.text.count("OSError: the driver's own mistake") == 1


def test_what_fails_at_the_start_hides_no_other_source() -> None:
    wasapi = Listed("wasapi", tells=True)
    wasapi.broken = True
    with listing(wasapi, Listed("signal", tells=False)) as found:
        wait_until(lambda: found.sources, 10, "the other is listed")
        assert {source.backend for source in found.sources} == {"signal"}
