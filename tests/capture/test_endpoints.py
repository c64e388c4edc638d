"""The endpoints of the system: what is asked of COM, and what is made of its answers. On any system, by objects of
ours where Windows' would be.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
from collections.abc import Callable, Iterator
from ctypes import POINTER, c_int32, c_uint32, c_void_p, c_wchar_p, pointer

import pytest

from tray_app import com
from tray_app.capture import endpoints, mmdevice
from tray_app.capture.endpoints import Endpoint, SystemEndpoints
from tray_app.capture.mmdevice import NOT_FOUND, RENDER, Listener
from tray_app.com import METHOD, ComError, Guid, Reference
from tray_app.errors import BackendUnavailableError

ACCESS_DENIED = 0x80070005
SERVICE_STOPPED = 0x88890010


# COM itself


class Counter:
    """A COM object of two methods: one multiplies, one gives the object itself. It counts who holds it."""

    def __init__(self) -> None:
        self.held = 1
        self.heard: list[tuple[int, str]] = []
        self._methods = (
            METHOD(c_int32, c_void_p)(lambda this: 0),
            METHOD(c_int32, c_void_p)(lambda this: 0),
            METHOD(c_uint32, c_void_p)(self._release),
            METHOD(c_int32, c_void_p, c_uint32, c_wchar_p, POINTER(c_uint32))(self._multiply),
            METHOD(c_int32, c_void_p, POINTER(c_void_p))(self._give),
        )
        self._table = (c_void_p * 5)(*(ctypes.cast(one, c_void_p).value for one in self._methods))
        self._object = c_void_p(ctypes.addressof(self._table))
        self.address = ctypes.addressof(self._object)

    def _release(self, _this: int) -> int:
        self.held -= 1
        return self.held

    def _multiply(self, _this: int, number: int, text: str, result: ctypes._Pointer[c_uint32]) -> int:
        self.heard.append((number, text))
        result[0] = c_uint32(2 * number)
        return ACCESS_DENIED - (1 << 32) if number == 13 else 0

    def _give(self, this: int, found: ctypes._Pointer[c_void_p]) -> int:
        self.held += 1
        found[0] = c_void_p(this)
        return 0


def test_a_method_is_called_by_its_place_and_gives_its_result() -> None:
    counter, result = Counter(), c_uint32()
    with Reference(counter.address) as reference:
        reference.call(3, c_uint32(21), c_wchar_p("Töne"), pointer(result))
    assert (result.value, counter.heard) == (42, [(21, "Töne")])


def test_a_refusal_is_an_error_with_its_code() -> None:
    counter = Counter()
    with Reference(counter.address) as reference, pytest.raises(ComError, match="HRESULT 0x80070005") as caught:
        reference.call(3, c_uint32(13), c_wchar_p(""), pointer(c_uint32()))
    assert caught.value.code == ACCESS_DENIED


def test_every_reference_is_given_back_once() -> None:
    counter = Counter()
    with Reference(counter.address) as reference:
        with Reference(reference.obtain(4)):
            assert counter.held == 2
        assert counter.held == 1
        reference.release()
    assert counter.held == 0


# The listener, called as Windows would


def test_the_listener_is_what_windows_asks_for() -> None:
    listener, found = Listener(lambda: None), c_void_p()
    reference = Reference(listener.address)
    for known in ("7991eec9-7e89-4d85-8390-6c703cec60c0", "00000000-0000-0000-c000-000000000046"):
        reference.call(0, pointer(Guid.of(known)), pointer(found))
        assert found.value == listener.address
    with pytest.raises(ComError, match="0x80004002"):
        reference.call(0, pointer(Guid.of("11111111-7e89-4d85-8390-6c703cec60c0")), pointer(found))
    assert found.value is None


def test_the_listener_tells_of_devices_defaults_and_formats_and_of_nothing_else() -> None:
    told: list[int] = []
    listener = Listener(lambda: told.append(1))
    windows = Reference(listener.address)
    device = c_wchar_p("{0.0.0.00000000}")
    windows.call(3, device, c_uint32(8))
    windows.call(4, device)
    windows.call(5, device)
    windows.call(6, c_uint32(0), c_uint32(1), device)
    windows.call(6, c_uint32(0), c_uint32(1), c_wchar_p())
    assert len(told) == 5
    windows.call(7, device, mmdevice._DEVICE_FORMAT)
    assert len(told) == 6
    windows.call(7, device, mmdevice._FRIENDLY_NAME)
    assert len(told) == 6, "a new name, or a volume, is no reason to look"
    windows.release()


def test_a_key_is_laid_out_as_windows_has_it() -> None:
    assert bytes(mmdevice._DEVICE_FORMAT).hex() == "4d069ff12c08274ebc736882a1bb8e4c00000000"
    assert ctypes.sizeof(mmdevice._Variant) == 8 + 2 * ctypes.sizeof(c_void_p)


# What is made of the answers


@dataclasses.dataclass
class Device:
    """An endpoint of a system that can be told to fail."""

    id: str
    flow: int = RENDER
    format: tuple[int, int] = (48000, 2)
    own_format: tuple[int, int] | None = None
    code: int = 0
    """The HRESULT by which it refuses its mix and to be opened."""
    gone: bool = False
    is_active: bool = True
    is_silent: bool = False

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def identity(self) -> str:
        return self.id

    def name(self) -> str:
        return f"Name of {self.id}"

    def active(self) -> bool:
        return self.is_active

    def silent(self) -> bool:
        return self.is_silent

    def mix_format(self) -> tuple[int, int]:
        if self.code or self.gone:
            raise ComError(self.code or 0x88890004)
        return self.format

    def device_format(self) -> tuple[int, int]:
        if self.own_format is None:
            raise ComError(0x88890004)
        return self.own_format

    def try_to_open(self, *, loopback: bool) -> None:
        assert loopback == (self.flow == RENDER)
        if self.code:
            raise ComError(self.code)


class System:
    """Stands for IMMDeviceEnumerator."""

    def __init__(self) -> None:
        self.all: list[Device] = []
        self.default_id = ""
        self.code = 0
        self.listeners: list[Listener] = []
        self.registered = 0

    def __call__(self) -> System:
        """Make an enumerator."""
        if self.code:
            raise ComError(self.code)
        return self

    def __enter__(self) -> System:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def release(self) -> None:
        pass

    def devices(self, flow: int) -> Iterator[Device]:
        yield from (device for device in self.all if device.flow == flow and device.is_active)

    def default(self, flow: int) -> Device:
        if not self.default_id:
            raise ComError(NOT_FOUND)
        return self.device(self.default_id)

    def device(self, identity: str) -> Device:
        for device in self.all:
            if device.id == identity:
                return device
        raise ComError(NOT_FOUND)

    def register(self, listener: Listener) -> None:
        self.registered += 1
        self.listeners.append(listener)

    def unregister(self, listener: Listener) -> None:
        self.listeners.remove(listener)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    system = System()
    monkeypatch.setattr(endpoints, "Enumerator", system)
    monkeypatch.setattr(endpoints, "com", contextlib.nullcontext)
    monkeypatch.setattr(endpoints, "_news", endpoints._News())
    return system


def test_active_endpoints_are_outputs_then_inputs_in_the_systems_order(system: System) -> None:
    system.all = [
        Device("mic", flow=1, format=(16000, 1)),
        Device("b", format=(44100, 2)),
        Device("unplugged", is_active=False),
        Device("a", format=(48000, 8)),
    ]
    system.default_id = "a"
    assert SystemEndpoints().active() == [
        Endpoint("b", "Name of b", True, 44100, 2),
        Endpoint("a", "Name of a", True, 48000, 8, default=True),
        Endpoint("mic", "Name of mic", False, 16000, 1),
    ]


def test_without_a_default_output_none_is_marked(system: System) -> None:
    system.all = [Device("mic", flow=1)]
    assert [one.default for one in SystemEndpoints().active()] == [False]


def test_one_that_vanishes_while_it_is_asked_is_left_out(system: System) -> None:
    system.all = [Device("going", gone=True), Device("staying")]
    assert [one.id for one in SystemEndpoints().active()] == ["staying"]


def test_one_that_may_not_be_asked_for_its_mix_is_listed_as_it_is_set(system: System) -> None:
    system.all = [Device("forbidden", flow=1, code=ACCESS_DENIED, own_format=(44100, 1))]
    assert SystemEndpoints().active() == [Endpoint("forbidden", "Name of forbidden", False, 44100, 1)]


def test_whether_one_is_there(system: System) -> None:
    system.all = [Device("in"), Device("out", is_active=False)]
    assert [SystemEndpoints().is_active(identity) for identity in ("in", "out", "unheard of")] == [True, False, False]


def test_whether_one_is_silent(system: System) -> None:
    system.all = [Device("loud"), Device("muted", is_silent=True)]
    assert [SystemEndpoints().silent(identity) for identity in ("loud", "muted")] == [False, True]


def test_why_one_is_refused(system: System) -> None:
    system.all = [Device("held", code=0x8889000A), Device("free"), Device("mic", flow=1)]
    found = [SystemEndpoints().refusal(identity, loopback=identity != "mic") for identity in ("held", "free", "mic")]
    assert found == [0x8889000A, None, None]
    assert SystemEndpoints().refusal("gone", loopback=True) == NOT_FOUND


@pytest.mark.parametrize(
    "ask",
    [
        lambda asked: asked.active(),
        lambda asked: asked.is_active("x"),
        lambda asked: asked.silent("x"),
        lambda asked: asked.listen(print),
    ],
)
def test_a_sound_system_that_does_not_answer_is_told_with_its_code_in_the_log(
    system: System, ask: Callable[[SystemEndpoints], object]
) -> None:
    system.code = SERVICE_STOPPED
    with pytest.raises(BackendUnavailableError, match="Windows Audio") as caught:
        ask(SystemEndpoints())
    assert caught.value.detail == "HRESULT 0x88890010"


def test_a_default_that_cannot_be_asked_for_is_no_missing_default(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(flow: int) -> Device:
        raise ComError(SERVICE_STOPPED)

    monkeypatch.setattr(system, "default", fail)
    with pytest.raises(BackendUnavailableError):
        SystemEndpoints().active()


def test_one_listener_serves_all_and_is_registered_while_somebody_listens(system: System) -> None:
    told: list[str] = []
    ends = [SystemEndpoints().listen(lambda name=name: told.append(name)) for name in ("a", "b")]  # type: ignore[misc]
    assert (system.registered, len(system.listeners)) == (1, 1)
    system.listeners[0]._on_change()
    assert told == ["a", "b"]
    ends[0]()
    ends[0]()
    system.listeners[0]._on_change()
    assert told == ["a", "b", "b"]
    listener = system.listeners[0]
    ends[1]()
    assert system.listeners == []
    listener._on_change()
    assert told == ["a", "b", "b"]
    SystemEndpoints().listen(print)()
    assert (system.registered, system.listeners) == (2, [])


def test_listening_that_failed_can_be_tried_again(system: System) -> None:
    system.code = SERVICE_STOPPED
    with pytest.raises(BackendUnavailableError):
        SystemEndpoints().listen(print)
    system.code = 0
    end = SystemEndpoints().listen(print)
    assert len(system.listeners) == 1
    end()


class Ole32:
    """Stands for ole32.dll: a thread's apartment."""

    def __init__(self, result: int) -> None:
        self.result = result
        self.kept = self.entered = self.left = 0

    def CoIncrementMTAUsage(self, cookie: object) -> int:  # noqa: N802
        self.kept += 1
        return 0

    def CoInitializeEx(self, reserved: None, kind: int) -> int:  # noqa: N802
        assert kind == 0, "multithreaded"
        self.entered += 1
        return self.result

    def CoUninitialize(self) -> None:  # noqa: N802
        self.left += 1


@pytest.mark.parametrize(("result", "left"), [(0, 2), (1, 2), (0x80010106 - (1 << 32), 0)])
def test_a_thread_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch, result: int, left: int) -> None:
    """Also one that somebody else has made a single-threaded apartment, and one in which something fails."""
    ole32 = Ole32(result)
    monkeypatch.setattr(com, "ole32", ole32)
    com._keep_com.cache_clear()
    with com.com():
        pass
    with pytest.raises(ComError), com.com():
        raise ComError(SERVICE_STOPPED)
    com._keep_com.cache_clear()
    assert (ole32.kept, ole32.entered, ole32.left) == (1, 2, left)
