"""Windows' sound endpoints by its MMDevice interfaces: only what Windows offers, no policy.

Interfaces, the places in their tables and the constants are those of mmdeviceapi.h, audioclient.h, endpointvolume.h
and functiondiscoverykeys_devpkey.h. Everything raises `ComError`, and is to be called within `com`.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from ctypes import POINTER, Structure, byref, c_float, c_int32, c_int64, c_uint16, c_uint32, c_void_p, c_wchar_p
from ctypes import pointer as to
from typing import Any

from tray_app.com import CLSCTX_ALL, METHOD, ComError, Guid, Reference, create, ole32

RENDER, CAPTURE = 0, 1
"""EDataFlow."""
NOT_FOUND = 0x8007_0490
"""The HRESULT for an endpoint that Windows does not know, and where there is no default."""

_MULTIMEDIA = 1
_STATE_ACTIVE = 1
_READ = 0
_SHARED_MODE = 0
_LOOPBACK_FLAG = 0x0002_0000
_ONE_SECOND = 10_000_000
"""In REFERENCE_TIME's 100 ns."""
_OK = 0
_NO_INTERFACE = 0x8000_4002 - (1 << 32)


class _Key(Structure):
    """PROPERTYKEY."""

    _fields_ = (("form", Guid), ("number", c_uint32))


class _Variant(Structure):
    """PROPVARIANT. A text's address is `first`; of a block of bytes `first` is the size, `second` the address."""

    _fields_ = (("kind", c_uint16), ("reserved", c_uint16 * 3), ("first", c_void_p), ("second", c_void_p))


class _Format(Structure):
    """The beginning of WAVEFORMATEX."""

    _fields_ = (("tag", c_uint16), ("channels", c_uint16), ("rate", c_uint32))


_ENUMERATOR_CLASS = Guid.of("bcde0395-e52f-467c-8e3d-c4579291692e")
_ENUMERATOR = Guid.of("a95664d2-9614-4f35-a746-de8db63617e6")
_AUDIO_CLIENT = Guid.of("1cb9ad4c-dbfa-4c32-b178-c2f568a703b2")
_ENDPOINT_VOLUME = Guid.of("5cdf2c82-841e-4546-9722-0cf74078229a")
_UNKNOWN = Guid.of("00000000-0000-0000-c000-000000000046")
_NOTIFICATION_CLIENT = Guid.of("7991eec9-7e89-4d85-8390-6c703cec60c0")
_FRIENDLY_NAME = _Key(Guid.of("a45c254e-df1c-4efd-8020-67d146a850e0"), 14)
_DEVICE_FORMAT = _Key(Guid.of("f19f064d-082c-4e27-bc73-6882a1bb8e4c"), 0)


class Enumerator(Reference):
    """IMMDeviceEnumerator: what endpoints there are."""

    def __init__(self) -> None:
        super().__init__(create(_ENUMERATOR_CLASS, _ENUMERATOR))

    def devices(self, flow: int) -> Iterator[Device]:
        """Yield the active endpoints of a flow; each is released when the next one is asked for."""
        count = c_uint32()
        with Reference(self.obtain(3, c_uint32(flow), c_uint32(_STATE_ACTIVE))) as collection:
            collection.call(3, to(count))
            for index in range(count.value):
                with Device(collection.obtain(4, c_uint32(index))) as device:
                    yield device

    def default(self, flow: int) -> Device:
        """Return the default endpoint of a flow for music, films and live recording.

        Windows' settings set this role together with that of games and system sounds, and it is the one by which
        PortAudio tells its own default. Calls may have another; they have a device of their own where people want it.
        """
        return Device(self.obtain(4, c_uint32(flow), c_uint32(_MULTIMEDIA)))

    def device(self, identity: str) -> Device:
        """Return an endpoint by its id, active or not."""
        return Device(self.obtain(5, c_wchar_p(identity)))

    def register(self, listener: Listener) -> None:
        """Have `listener` called from now on; it must live until after `unregister`."""
        self.call(6, c_void_p(listener.address))

    def unregister(self, listener: Listener) -> None:
        """End that."""
        self.call(7, c_void_p(listener.address))


class Device(Reference):
    """IMMDevice: one endpoint."""

    def identity(self) -> str:
        """Return the id by which Windows knows the endpoint, today and after a restart."""
        return self.text(5)

    def active(self) -> bool:
        """Return whether it is plugged in and switched on."""
        state = c_uint32()
        self.call(6, to(state))
        return state.value == _STATE_ACTIVE

    def name(self) -> str:
        """Return the name that Windows' settings show."""
        with self._property(_FRIENDLY_NAME) as value:
            return ctypes.wstring_at(value.first) if value.first else ""

    def mix_format(self) -> tuple[int, int]:
        """Return rate and channels of what Windows mixes for the endpoint: loopback and shared mode give just that.

        The endpoint's own format may have fewer channels, where Windows makes surround sound for headphones.
        """
        with self._client() as client, _mix_format(client) as found:
            return int(found.contents.rate), int(found.contents.channels)

    def device_format(self) -> tuple[int, int]:
        """Return rate and channels that the endpoint is set to, where it cannot be asked for its mix."""
        with self._property(_DEVICE_FORMAT) as value:
            if not value.second:
                raise ComError(NOT_FOUND)
            found = ctypes.cast(value.second, POINTER(_Format)).contents
            return int(found.rate), int(found.channels)

    def silent(self) -> bool:
        """Return whether it is muted or at volume zero."""
        muted, volume = c_int32(), c_float()
        with Reference(self._activate(_ENDPOINT_VOLUME)) as control:
            control.call(15, to(muted))
            control.call(9, to(volume))
        return bool(muted.value) or volume.value == 0

    def try_to_open(self, *, loopback: bool) -> None:
        """Open the endpoint for recording as PortAudio does, and let go of it: the error says why it cannot be."""
        flags = c_uint32(_LOOPBACK_FLAG if loopback else 0)
        with self._client() as client, _mix_format(client) as found:
            client.call(3, c_uint32(_SHARED_MODE), flags, c_int64(_ONE_SECOND), c_int64(0), found, c_void_p())

    def _client(self) -> Reference:
        return Reference(self._activate(_AUDIO_CLIENT))

    def _activate(self, interface: Guid) -> int | None:
        return self.obtain(3, to(interface), c_uint32(CLSCTX_ALL), c_void_p())

    @contextlib.contextmanager
    def _property(self, key: _Key) -> Iterator[_Variant]:
        value = _Variant()
        with Reference(self.obtain(4, c_uint32(_READ))) as store:
            store.call(5, to(key), to(value))
        try:
            yield value
        finally:
            ole32.PropVariantClear(byref(value))


@contextlib.contextmanager
def _mix_format(client: Reference) -> Iterator[Any]:
    found = POINTER(_Format)()
    client.call(8, to(found))
    try:
        yield found
    finally:
        ole32.CoTaskMemFree(found)


class Listener:
    """IMMNotificationClient: an object of ours that Windows calls, on a thread of its own, when endpoints change.

    `changed` is called for endpoints that come, go, are switched on or off, become the default or get another format.
    It must return at once. Windows never frees the object: whoever made it keeps it, until after `unregister`.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        count = METHOD(c_uint32, c_void_p)(_uncounted)
        self._methods = (
            METHOD(c_int32, c_void_p, POINTER(Guid), POINTER(c_void_p))(self._query),
            count,
            count,
            METHOD(c_int32, c_void_p, c_void_p, c_uint32)(self._on_change),  # OnDeviceStateChanged
            METHOD(c_int32, c_void_p, c_void_p)(self._on_change),  # OnDeviceAdded
            METHOD(c_int32, c_void_p, c_void_p)(self._on_change),  # OnDeviceRemoved
            METHOD(c_int32, c_void_p, c_uint32, c_uint32, c_void_p)(self._on_change),  # OnDefaultDeviceChanged
            METHOD(c_int32, c_void_p, c_void_p, _Key)(self._on_property),  # OnPropertyValueChanged
        )
        self._table = (c_void_p * len(self._methods))(*(ctypes.cast(one, c_void_p).value for one in self._methods))
        self._object = c_void_p(ctypes.addressof(self._table))
        self.address = ctypes.addressof(self._object)

    def _query(self, this: int, wanted: Any, found: Any) -> int:
        known = bytes(wanted.contents) in (bytes(_UNKNOWN), bytes(_NOTIFICATION_CLIENT))
        found[0] = this if known else None
        return _OK if known else _NO_INTERFACE

    def _on_change(self, *_what: object) -> int:
        self._changed()
        return _OK

    def _on_property(self, _this: int, _device: int, key: _Key) -> int:
        """Pass on a new format only: volumes, names and pictures are properties too."""
        if bytes(key) == bytes(_DEVICE_FORMAT):
            self._changed()
        return _OK


def _uncounted(_this: int) -> int:
    """AddRef and Release of an object that Windows does not free."""
    return 1
