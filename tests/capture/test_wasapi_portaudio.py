"""Which of PortAudio's devices a source is, and PortAudio's list while streams are open, being closed, or stuck."""

from __future__ import annotations

import pytest

from tests.capture.fake_windows import POLL, FakeWindows, apart, opened
from tests.sound import Recording, wait_until
from tray_app.capture import wasapi_portaudio
from tray_app.capture.base import Stream
from tray_app.capture.wasapi import WasapiBackend
from tray_app.errors import SourceError, SourceNotFoundError

# Which of PortAudio's devices it is


def test_each_source_opens_its_own_device(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.add("Headset", identity="headset output")
    windows.add("Headset", output=False, identity="headset input")
    windows.add("Speakers", identity="first speakers")
    windows.add("Speakers", identity="second speakers")
    windows.add("PulseAudio Output", identity="alias")
    for identity in [one.id for one in windows.endpoints]:
        stream = opened(backend, identity, Recording())
        assert windows.streams[-1].identity == identity
        assert windows.streams[-1].loopback == windows.of(identity).output
        stream.close()


def test_the_device_is_found_in_an_old_list_although_the_system_has_changed(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    """Two of one name, the first of which goes while a third comes: the order alone would lead astray."""
    for name in ("one", "two"):
        windows.add("Headphones", identity=name)
    microphone = windows.add("Microphone", output=False)
    held = opened(backend, microphone, Recording())
    windows.remove("one")
    windows.add("Headphones", identity="three")
    stream = opened(backend, "two", Recording())
    assert windows.streams[-1].identity == "two"
    with pytest.raises(SourceError, match="another device"):
        opened(backend, "three", Recording())
    stream.close()
    held.close()
    opened(backend, "three", Recording()).close()
    assert windows.streams[-1].identity == "three"


def test_names_that_do_not_tell_devices_apart_open_none(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.add("Speakers", identity="good")
    windows.add("Speakers", identity="faulty")
    windows.nameless.add("faulty")
    with pytest.raises(SourceError, match="Speakers"):
        opened(backend, "good", Recording())
    assert windows.streams == []


def test_a_device_that_portaudio_could_not_list_does_not_hide_the_others(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    windows.add("Broken", identity="broken")
    windows.add("Speakers", identity="speakers")
    windows.nameless.add("broken")
    opened(backend, "speakers", Recording()).close()
    with pytest.raises(SourceError, match="no loopback of 'Broken'"):
        opened(backend, "broken", Recording())
    assert windows.initialised == 0


def test_a_number_that_is_no_devices_never_reaches_portaudio(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    windows.numbered_wrong = True
    with pytest.raises(SourceError, match="Speakers"):
        opened(backend, speakers, Recording())
    assert windows.streams == []


def test_a_source_that_is_gone_is_named(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    (source,) = backend.sources()
    windows.remove(speakers)
    with pytest.raises(SourceNotFoundError, match=r"'Speakers' is not there any more"):
        backend.open(source, 512, print, print)
    assert windows.lists_made == 0


def test_a_source_is_opened_in_its_present_format(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    (source,) = backend.sources()
    windows.reformat(speakers, 96000, 6)
    stream = backend.open(source, 512, print, print)
    assert (stream.source.rate, stream.source.channels) == (96000, 6)
    stream.close()


# PortAudio's list, and streams that are being closed


def test_portaudio_lives_while_something_is_open_and_its_list_is_new_each_time(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    speakers = windows.add("Speakers")
    microphone = windows.add("Microphone", output=False)
    first = opened(backend, speakers, Recording())
    other = opened(backend, microphone, Recording())
    first.close()
    assert (windows.initialised, windows.lists_made) == (1, 1)
    other.close()
    assert windows.initialised == 0
    opened(backend, speakers, Recording()).close()
    assert (windows.initialised, windows.lists_made) == (0, 2)


def test_back_ends_share_the_processs_portaudio(windows: FakeWindows) -> None:
    portaudio = windows.portaudio()
    speakers, microphone = windows.add("Speakers"), windows.add("Microphone", output=False)
    streams = [
        opened(WasapiBackend(windows, portaudio, poll=POLL), identity, Recording())
        for identity in (speakers, microphone)
    ]
    assert windows.lists_made == 1
    for stream in streams:
        stream.close()


def test_a_new_device_waits_for_the_old_one_to_close(windows: FakeWindows) -> None:
    """The recorder lets go of the old stream on one thread and opens the new one on another, at once."""
    backend = WasapiBackend(windows, windows.portaudio(patience=10), poll=POLL)
    old = opened(backend, windows.add("Speakers"), Recording())
    headset = windows.add("Headset")
    windows.hang_in_stop.shut()
    closing = apart(old.close)
    assert windows.hang_in_stop.waiting.wait(10)
    found: list[Stream] = []
    opening = apart(lambda: found.append(opened(backend, headset, Recording())))
    assert not found
    windows.hang_in_stop.open()
    opening.join(10)
    closing.join(10)
    assert windows.streams[-1].identity == headset
    assert windows.lists_made == 2
    found[0].close()


def test_a_known_device_too_waits_for_the_old_one_to_close_and_gets_a_new_list(windows: FakeWindows) -> None:
    backend = WasapiBackend(windows, windows.portaudio(patience=10), poll=POLL)
    speakers, headset = windows.add("Speakers"), windows.add("Headset")
    old = opened(backend, speakers, Recording())
    windows.hang_in_stop.shut()
    closing = apart(old.close)
    assert windows.hang_in_stop.waiting.wait(10)
    opening = apart(lambda: opened(backend, headset, Recording()).close())
    opening.join(0.2)
    assert opening.is_alive()
    windows.hang_in_stop.open()
    opening.join(10)
    closing.join(10)
    assert windows.lists_made == 2


def test_nobody_waits_for_a_stream_that_is_not_being_closed(windows: FakeWindows) -> None:
    backend = WasapiBackend(windows, windows.portaudio(patience=60), poll=POLL)
    speakers, microphone = windows.add("Speakers"), windows.add("Microphone", output=False)
    running = opened(backend, speakers, Recording())
    opening = apart(lambda: opened(backend, microphone, Recording()).close())
    opening.join(20)
    assert not opening.is_alive()
    running.close()


def test_a_stream_that_cannot_be_stopped_is_freed(windows: FakeWindows, backend: WasapiBackend) -> None:
    stream = opened(backend, windows.add("Speakers"), Recording())
    windows.stop_code = -9986
    stream.close()
    assert windows.initialised == 0


def test_a_device_that_hangs_in_close_for_ever_holds_nobody(windows: FakeWindows, backend: WasapiBackend) -> None:
    known, microphone = windows.add("Headset"), windows.add("Microphone", output=False)
    stuck = opened(backend, windows.add("Speakers"), Recording())
    other = opened(backend, microphone, Recording())
    windows.hang_in_stop.shut()
    apart(stuck.close)
    assert windows.hang_in_stop.waiting.wait(10)
    stuck.close()
    new = windows.add("New")
    with pytest.raises(SourceError, match="restart Tray Recorder"):
        opened(backend, new, Recording())
    windows.streams[1].lose()
    stream = opened(backend, known, Recording())
    assert windows.streams[-1].identity == known
    assert len(backend.sources()) == 4
    windows.hang_in_stop.open()
    stream.close()
    other.close()
    wait_until(lambda: windows.initialised == 0)


def test_a_device_that_hangs_in_open_holds_the_others_for_a_time_only(
    windows: FakeWindows, backend: WasapiBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wasapi_portaudio, "TURN", 0.2)
    speakers, microphone = windows.add("Speakers"), windows.add("Microphone", output=False)
    running = opened(backend, microphone, Recording())
    windows.hang_in_open.shut()
    found: list[Stream] = []
    opening = apart(lambda: found.append(opened(backend, speakers, Recording())))
    assert windows.hang_in_open.waiting.wait(10)
    with pytest.raises(SourceError, match="does not answer"):
        opened(backend, speakers, Recording())
    running.close()
    windows.hang_in_open.open()
    opening.join(10)
    found[0].close()
