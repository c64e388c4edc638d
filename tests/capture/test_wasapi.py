"""The Windows back end against fakes of the system's endpoints and of PyAudioWPatch."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.capture.fake_portaudio import FakeWindows, tones
from tests.sound import Recording, wait_until
from tray_app.capture import wasapi, wasapi_portaudio
from tray_app.capture.base import Source, Stream
from tray_app.capture.wasapi import WasapiBackend
from tray_app.capture.wasapi_portaudio import PortAudio
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError

POLL = 0.005


@pytest.fixture
def windows() -> Iterator[FakeWindows]:
    """A Windows that nothing was done to which would have ended the process."""
    fake = FakeWindows()
    yield fake
    fake.hang_in_stop.open()
    fake.hang_in_open.open()
    fake.hang_in_is_active.open()
    assert fake.killed == []
    assert fake.raised == [], "PyAudio raises these again in another thread"


@pytest.fixture
def backend(windows: FakeWindows) -> WasapiBackend:
    return WasapiBackend(windows, windows.portaudio(), poll=POLL)


def opened(backend: WasapiBackend, identity: str, recording: Recording) -> Stream:
    wanted = next(source for source in backend.sources() if source.id == identity)
    return backend.open(wanted, 512, recording.on_chunk, recording.on_lost)


def second(hz: float = 1000.0, rate: int = 48000, channels: int = 2) -> Any:
    return tones(hz, 0, rate, rate, channels)


def apart(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


# The list


def test_outputs_are_loopbacks_and_come_first_with_windows_ids_names_and_formats(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    windows.add("Microphone (USB)", output=False, rate=16000, channels=1, identity="mic")
    windows.add("Speakers (Realtek)", identity="speakers")
    windows.add("Headset", rate=44100, identity="headset")
    windows.choose("headset")
    assert backend.sources() == [
        Source("speakers", "Speakers (Realtek)", "loopback", "wasapi", 48000, 2),
        Source("headset", "Headset", "loopback", "wasapi", 44100, 2, default=True),
        Source("mic", "Microphone (USB)", "input", "wasapi", 16000, 1),
    ]


def test_listing_needs_no_portaudio(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.add("Speakers")
    backend.sources()
    assert windows.lists_made == 0


def test_the_list_is_right_while_a_stream_is_open(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    stream = opened(backend, speakers, Recording())
    headset = windows.add("Headset")
    windows.choose(headset)
    assert [source.id for source in backend.sources() if source.default] == [headset]
    assert windows.lists_made == 1, "PortAudio was made anew under an open stream"
    stream.close()


def test_without_an_output_there_is_no_default(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.add("Microphone", output=False)
    assert [source.default for source in backend.sources()] == [False]


def test_a_system_that_does_not_answer_is_told(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.answers = False
    with pytest.raises(BackendUnavailableError, match="does not answer"):
        backend.sources()


def test_without_the_package_one_line_says_what_to_install(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyaudiowpatch", None)
    windows.add("Speakers")
    with pytest.raises(BackendUnavailableError, match="Install the package PyAudioWPatch"):
        WasapiBackend(windows, PortAudio()).sources()


def test_a_portaudio_without_wasapi_is_told_and_ended(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    windows.has_wasapi = False
    with pytest.raises(BackendUnavailableError, match="WASAPI"):
        opened(backend, speakers, Recording())
    assert windows.initialised == 0


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


# What is delivered


@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (44100, 1), (96000, 6)])
def test_chunks_are_the_devices_own_samples_with_their_capture_time(
    windows: FakeWindows, rate: int, channels: int
) -> None:
    backend = WasapiBackend(windows, windows.portaudio(), clock=lambda: 1000.0, poll=POLL)
    speakers, recording = windows.add("Speakers", rate=rate, channels=channels), Recording()
    stream = opened(backend, speakers, recording)
    sound = second(rate=rate, channels=channels)
    windows.play(speakers, sound)
    stream.close()
    assert stream.started_at == 1000.0
    assert len(recording.chunks) == rate // 512
    assert {chunk.samples.shape for chunk in recording.chunks} == {(512, channels)}
    assert recording.samples.dtype == np.float32
    assert np.array_equal(recording.samples, sound[: recording.frames])
    assert {chunk.time for chunk in recording.chunks} == {1000.0 - 512 / rate}
    recording.chunks[0].samples[:] = 0


def test_two_streams_run_side_by_side(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, microphone = windows.add("Speakers"), windows.add("Microphone", output=False, rate=16000, channels=1)
    heard, spoken = Recording(), Recording()
    streams = [opened(backend, speakers, heard), opened(backend, microphone, spoken)]
    windows.play(speakers, second())
    windows.play(microphone, second(rate=16000, channels=1))
    for stream in streams:
        stream.close()
    assert (heard.samples.shape, spoken.samples.shape) == ((93 * 512, 2), (31 * 512, 1))


def test_after_close_nothing_is_handed_over(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    windows.hang_in_stop.shut()
    closing = apart(stream.close)
    assert windows.hang_in_stop.waiting.wait(10)
    windows.play(speakers, second())
    assert recording.chunks == []
    windows.hang_in_stop.open()
    closing.join(10)
    stream.close()
    assert recording.lost == []


def test_lost_sound_is_logged_once_after_close(
    windows: FakeWindows, backend: WasapiBackend, caplog: pytest.LogCaptureFixture
) -> None:
    speakers = windows.add("Speakers")
    stream = opened(backend, speakers, Recording())
    windows.streams[0].overflow = True
    windows.play(speakers, second()[: 3 * 512])
    assert caplog.messages == []
    stream.close()
    stream.close()
    assert caplog.messages == ["PortAudio lost sound 3 times; it does not say how much"]


# The stream's end


def settle(windows: FakeWindows, looks: int = 3 * wasapi.QUIET_LOOKS) -> None:
    """Let the watchdog look `looks` times more."""
    stream = windows.streams[-1]
    asked, ask = [0], stream.is_active

    def counted() -> bool:
        asked[0] += 1
        return ask()

    stream.is_active = counted  # type: ignore[method-assign]
    wait_until(lambda: asked[0] >= looks)


def test_silence_is_no_loss(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    settle(windows)
    windows.answers = False
    settle(windows)
    windows.answers = True
    windows.play(speakers, second())
    assert recording.frames == 93 * 512
    assert recording.lost == []
    stream.close()


def test_a_stream_that_just_stops_is_lost_once(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    windows.play(speakers, second())
    windows.remove(speakers)
    wait_until(lambda: recording.lost)
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "wasapi-watchdog"])
    stream.close()
    assert recording.lost == ["PortAudio's stream has ended"]
    assert windows.initialised == 0


def test_an_endpoint_that_is_gone_is_a_loss_although_portaudio_does_not_notice(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    windows.remove(speakers, portaudio_notices=False)
    wait_until(lambda: recording.lost)
    stream.close()
    assert recording.lost == ["Windows says that the endpoint is not active"]


def test_a_stream_that_ends_while_it_is_started_is_lost(windows: FakeWindows, backend: WasapiBackend) -> None:
    """PortAudio starts on its own thread, and reports no failure there."""
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    windows.streams[0].lose()
    wait_until(lambda: recording.lost)
    stream.close()


def test_a_stream_that_portaudio_has_freed_is_lost(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    windows.streams[0].freed = True
    wait_until(lambda: recording.lost)
    stream.close()


def test_a_stream_is_not_freed_while_portaudio_is_asked_about_it(windows: FakeWindows, backend: WasapiBackend) -> None:
    stream = opened(backend, windows.add("Speakers"), Recording())
    windows.hang_in_is_active.shut()
    assert windows.hang_in_is_active.waiting.wait(10)
    closing = apart(stream.close)
    closing.join(0.1)
    assert not windows.streams[0].freed
    windows.hang_in_is_active.open()
    closing.join(10)
    assert windows.streams[0].freed


def test_a_stream_that_was_closed_is_not_lost(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    stream = opened(backend, speakers, recording)
    stream.close()
    windows.remove(speakers)
    wait_until(lambda: not [one for one in threading.enumerate() if one.name == "wasapi-watchdog"])
    assert recording.lost == []


def test_a_loss_may_be_answered_with_close_at_once(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers = windows.add("Speakers")
    lost: list[str] = []

    def on_lost(reason: str) -> None:
        stream.close()
        lost.append(reason)

    (source,) = backend.sources()
    stream = backend.open(source, 512, lambda chunk: None, on_lost)
    windows.remove(speakers)
    wait_until(lambda: lost)
    assert windows.initialised == 0


def test_what_a_receiver_raises_is_told_and_goes_nowhere_else(
    windows: FakeWindows, backend: WasapiBackend, caplog: pytest.LogCaptureFixture
) -> None:
    speakers, recording = windows.add("Speakers"), Recording()

    def fail(chunk: object) -> None:
        raise ValueError("no room")

    (source,) = backend.sources()
    stream = backend.open(source, 512, fail, recording.on_lost)
    windows.play(speakers, second())
    wait_until(lambda: recording.lost)
    stream.close()
    assert recording.lost == ["a chunk could not be handed over: ValueError('no room')"]
    assert "ValueError: no room" in caplog.text
    assert windows.raised == []


# Refusals


@pytest.mark.parametrize(
    ("reason", "says", "todo"),
    [
        (0x8889000A, "exclusive mode", "Close that program"),
        (0x8889000E, "exclusive mode", "Close that program"),
        (0x80070005, "does not let this program record 'Speakers'", "Privacy > Microphone"),
        (0x88890004, "'Speakers' is not there any more", "Plug it in"),
        (0x88890003, "no loopback of 'Speakers'", "another output"),
        (0x88890008, "format", "default format"),
        (0x8889000F, "'Speakers' cannot be started", "plug it in again"),
        (0x88890010, "sound service is not running", "Windows Audio"),
        (0x80004005, "'Speakers' cannot be recorded", "another source"),
    ],
)
def test_windows_reason_is_told_in_words_and_logged_with_portaudios_code(
    windows: FakeWindows, backend: WasapiBackend, reason: int, says: str, todo: str
) -> None:
    speakers = windows.add("Speakers")
    windows.refusals[speakers] = reason
    with pytest.raises(SourceError) as caught:
        opened(backend, speakers, Recording())
    assert says in caught.value.what
    assert todo in caught.value.todo
    assert caught.value.detail == f"PortAudio: -9996 Invalid device; Windows: HRESULT 0x{reason:08X}"
    assert "0x" not in str(caught.value)
    assert isinstance(caught.value, SourceNotFoundError) == (reason == 0x88890004)
    assert windows.initialised == 0, "PortAudio was left running"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (-9985, "exclusive mode"),
        (-9997, "format"),
        (-9998, "format"),
        (-9994, "format"),
        (-9999, "'Speakers' cannot be recorded"),
    ],
)
def test_where_windows_has_no_reason_portaudios_code_counts(
    windows: FakeWindows, backend: WasapiBackend, code: int, says: str
) -> None:
    speakers = windows.add("Speakers")
    windows.codes[speakers] = code
    with pytest.raises(SourceError, match=says) as caught:
        opened(backend, speakers, Recording())
    assert caught.value.detail == f"PortAudio: {code} what PortAudio says; Windows: nothing"


def test_windows_reason_counts_before_portaudios_code(windows: FakeWindows, backend: WasapiBackend) -> None:
    microphone = windows.add("Microphone", output=False)
    windows.refusals[microphone], windows.codes[microphone] = 0x80070005, -9985
    with pytest.raises(SourceError, match="Privacy"):
        opened(backend, microphone, Recording())


def test_a_stream_that_cannot_be_started_is_freed(windows: FakeWindows, backend: WasapiBackend) -> None:
    speakers, recording = windows.add("Speakers"), Recording()
    windows.start_code = -9999
    with pytest.raises(SourceError, match="Speakers"):
        opened(backend, speakers, recording)
    assert windows.initialised == 0
    assert recording.lost == []
    windows.start_code = 0
    opened(backend, speakers, recording).close()


# News and volume


def test_a_watch_tells_of_every_kind_of_change_until_it_is_closed(windows: FakeWindows, backend: WasapiBackend) -> None:
    told: list[int] = []
    watch = backend.watch(lambda: told.append(1))
    assert watch is not None
    speakers, headset = windows.add("Speakers"), windows.add("Headset")
    windows.choose(headset)
    windows.reformat(speakers, 44100, 2)
    windows.remove(speakers)
    assert len(told) == 7
    last = windows.listeners[0]
    watch.close()
    watch.close()
    assert windows.listeners == []
    last()
    assert len(told) == 7, "Windows was still in a call"


def test_where_windows_does_not_tell_there_is_no_watch(windows: FakeWindows, backend: WasapiBackend) -> None:
    windows.tells = False
    assert backend.watch(print) is None


def test_an_input_may_be_muted_and_a_loopback_is_recorded_all_the_same(
    windows: FakeWindows, backend: WasapiBackend
) -> None:
    speakers, microphone = windows.add("Speakers"), windows.add("Microphone", output=False)
    loopback, entry = backend.sources()
    assert not backend.muted(entry)
    windows.muted = {speakers, microphone}
    assert backend.muted(entry)
    assert not backend.muted(loopback)
    windows.answers = False
    assert not backend.muted(entry)
