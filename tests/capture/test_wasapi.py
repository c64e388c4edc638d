"""The Windows back end on fakes of the system and of PyAudioWPatch: sources, sound and its end, refusals, news."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from tests.capture.fake_portaudio import tones
from tests.capture.fake_windows import POLL, FakeWindows, apart, opened
from tests.sound import Recording, wait_until
from tray_app.capture import wasapi
from tray_app.capture.base import Samples, Source
from tray_app.capture.wasapi import WasapiBackend
from tray_app.capture.wasapi_portaudio import PortAudio
from tray_app.errors import BackendUnavailableError, SourceError, SourceNotFoundError


def second(hz: float = 1000.0, rate: int = 48000, channels: int = 2) -> Samples:
    return tones(hz, 0, rate, rate, channels)


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
