"""Which back ends there are, and which source a name means."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tray_app.capture import all_sources, find, pick
from tray_app.capture.base import Backend, OnChunk, OnLost, Source, Stream
from tray_app.errors import BackendUnavailableError, SourceNotFoundError
from tray_app.sentences.forms import Said


class Fake(Backend):
    """A back end that has one source of its own, or is unavailable."""

    def __init__(self, name: str, available: bool = True) -> None:
        self.name = name
        self._available = available

    def sources(self) -> list[Source]:
        if not self._available:
            raise BackendUnavailableError(Said(f"no {self.name}"))
        return [source(f"{self.name}-source")]

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        raise NotImplementedError


class Broken(Fake):
    """A back end that makes a mistake."""

    def sources(self) -> list[Source]:
        raise ZeroDivisionError


def source(name: str, id_: str = "", default: bool = False) -> Source:
    return Source(id_ or name, name, "loopback", "fake", 48_000, 2, default)


SPEAKERS = source("Built-in Speakers", "alsa_output.pci.monitor")
HEADSET = source("USB Headset", "alsa_output.usb.monitor", default=True)
HEADSET_MICROPHONE = source("USB Headset Microphone", "alsa_input.usb")
SOURCES = [SPEAKERS, HEADSET, HEADSET_MICROPHONE]


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("linux", ["pulse", "portaudio", "signal"]),
        ("darwin", ["portaudio", "signal"]),
        ("win32", ["wasapi", "signal"]),
        ("freebsd14", ["signal"]),
    ],
)
def test_each_system_has_its_back_ends_and_the_signal_last(system: str, names: list[str]) -> None:
    assert [backend.name for backend in pick(system)] == names


@pytest.mark.parametrize(
    ("pulse", "portaudio", "ids", "missing"),
    [
        (True, True, ["pulse-source", "signal"], []),
        (False, True, ["portaudio-source", "signal"], ["no pulse"]),
        (False, False, ["signal"], ["no pulse", "no portaudio"]),
    ],
)
def test_devices_are_not_shown_twice(pulse: bool, portaudio: bool, ids: list[str], missing: list[str]) -> None:
    backends = [Fake("pulse", pulse), Fake("portaudio", portaudio), pick("freebsd14")[-1]]
    sources, errors = all_sources(backends)
    assert [found.id for found in sources] == ids
    assert [str(error) for error in errors] == missing


def test_what_fails_unforeseen_is_a_line_and_the_others_are_there(caplog: pytest.LogCaptureFixture) -> None:
    sources, errors = all_sources([Broken("pulse"), Fake("portaudio"), pick("freebsd14")[-1]])
    assert [found.id for found in sources] == ["portaudio-source", "signal"]
    assert str(errors[0]).startswith("The sound system pulse failed. Restart the computer, or record")
    assert "ZeroDivisionError" in caplog.text


def test_portaudio_counts_where_there_is_no_pulse_at_all() -> None:
    sources, errors = all_sources([Fake("portaudio")])
    assert [found.id for found in sources] == ["portaudio-source"]
    assert errors == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("default", HEADSET),
        ("alsa_output.pci.monitor", SPEAKERS),
        ("usb headset", HEADSET),
        ("USB HEADSET MICROPHONE", HEADSET_MICROPHONE),
        ("speak", SPEAKERS),
        ("microphone", HEADSET_MICROPHONE),
    ],
)
def test_a_source_is_found_by_id_then_name_then_part(wanted: str, found: Source) -> None:
    assert find(SOURCES, wanted) is found


def test_an_id_is_stronger_than_a_name() -> None:
    by_name, by_id = source("mic", "x"), source("other", "mic")
    assert find([by_name, by_id], "mic") is by_id


@pytest.mark.parametrize("wanted", ["headse", "kitchen", "", "ALSA_OUTPUT.PCI.MONITOR"])
def test_what_does_not_fit_one_source_is_refused_with_the_choice(wanted: str) -> None:
    with pytest.raises(SourceNotFoundError) as caught:
        find(SOURCES, wanted)
    assert "USB Headset (alsa_output.usb.monitor)" in str(caught.value)
    assert ("Built-in Speakers" in str(caught.value)) is (wanted != "headse")


def test_without_a_default_output_it_says_so() -> None:
    with pytest.raises(SourceNotFoundError, match=r"no default output.*Built-in Speakers"):
        find([SPEAKERS], "default")


def test_two_sources_of_one_name_are_refused() -> None:
    twins = [source("Speakers", "a"), source("Speakers", "b")]
    with pytest.raises(SourceNotFoundError, match="2 sources fit 'speakers'"):
        find(twins, "speakers")


def test_the_signal_is_never_the_default() -> None:
    sources, _ = all_sources(pick("freebsd14"))
    assert find(sources, "signal").kind == "signal"
    with pytest.raises(SourceNotFoundError):
        find(sources, "default")


@settings(deadline=None)
@given(st.lists(st.text("abß ", max_size=4), max_size=20), st.text("abAB ", max_size=3))
def test_the_answer_is_right_or_a_short_line(names: list[str], wanted: str) -> None:
    sources = [source(name, f"id{index}") for index, name in enumerate(names)]
    same = [source for source in sources if source.name.casefold() == wanted.casefold()]
    within = [source for source in sources if wanted and wanted.casefold() in source.name.casefold()]
    fitting = same or within
    if len(fitting) == 1:
        assert find(sources, wanted) is fitting[0]
        return
    with pytest.raises(SourceNotFoundError) as caught:
        find(sources, wanted)
    assert "\n" not in str(caught.value)
    assert sum(f"(id{index})" in str(caught.value) for index in range(len(names))) == min(6, len(fitting or sources))


_BARE = """
import ctypes, sys
sys.modules["pulsectl"] = sys.modules["sounddevice"] = None
def missing(name, *rest, **more):
    raise OSError(name)
ctypes.CDLL = missing
import tray_app.capture
assert "tray_app.capture.pulse" not in sys.modules and "tray_app.capture.portaudio" not in sys.modules
sources, errors = tray_app.capture.all_sources(tray_app.capture.pick("linux"))
assert [source.id for source in sources] == ["signal"], sources
for error in errors:
    print(error)
"""


def test_without_any_library_the_signal_is_there_and_each_lack_is_a_line() -> None:
    done = subprocess.run([sys.executable, "-c", _BARE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert "no sound server" in lines[0]
    assert "PortAudio is not installed" in lines[1]
