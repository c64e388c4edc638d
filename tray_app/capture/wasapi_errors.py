"""What it means when Windows or PortAudio refuses a device, in words that a user can act on."""

from __future__ import annotations

from tray_app.errors import SourceError, SourceNotFoundError

_HELD = (
    "Another program holds {name!r} for itself alone (exclusive mode).",
    "Close that program, or forbid exclusive mode in the device's advanced settings in Windows.",
)
_GONE = ("{name!r} is not there any more.", "Plug it in, or choose another source.")
_NO_LOOPBACK = (
    "Windows offers no loopback of {name!r}, so what it plays cannot be recorded.",
    "Choose another output as the default in Windows, or another source.",
)
_FORBIDDEN = (
    "Windows does not let this program record {name!r}.",
    "Allow it in Windows' settings under Privacy > Microphone, for desktop apps too.",
)
_FORMAT = (
    "{name!r} cannot be recorded in the format that it is set to.",
    "Choose another default format in the device's advanced settings in Windows.",
)
_SERVICE = ("Windows' sound service is not running.", "Start the service Windows Audio, or restart the computer.")
_FAILED = ("{name!r} cannot be started.", "Unplug it and plug it in again, or choose another source.")
_UNKNOWN = ("{name!r} cannot be recorded.", "Try again, or choose another source.")

_BY_WINDOWS = {
    0x8007_0005: _FORBIDDEN,  # E_ACCESSDENIED
    0x8007_0490: _GONE,  # no such endpoint
    0x8889_0003: _NO_LOOPBACK,  # AUDCLNT_E_WRONG_ENDPOINT_TYPE
    0x8889_0004: _GONE,  # AUDCLNT_E_DEVICE_INVALIDATED
    0x8889_0008: _FORMAT,  # AUDCLNT_E_UNSUPPORTED_FORMAT
    0x8889_000A: _HELD,  # AUDCLNT_E_DEVICE_IN_USE
    0x8889_000E: _HELD,  # AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED
    0x8889_000F: _FAILED,  # AUDCLNT_E_ENDPOINT_CREATE_FAILED
    0x8889_0010: _SERVICE,  # AUDCLNT_E_SERVICE_NOT_RUNNING
    0x8889_0026: _GONE,  # AUDCLNT_E_RESOURCES_INVALIDATED
}
"""HRESULTs of audioclient.h and winerror.h."""

_BY_PORTAUDIO = {
    -9985: _HELD,  # paDeviceUnavailable
    -9994: _FORMAT,  # paSampleFormatNotSupported
    -9997: _FORMAT,  # paInvalidSampleRate
    -9998: _FORMAT,  # paInvalidChannelCount
}
"""Codes of portaudio.h that say more than that it failed."""


def refused(name: str, error: OSError, reason: int | None) -> SourceError:
    """Return the error for a device that PortAudio did not open.

    `error` is PyAudio's, with PortAudio's code and text. `reason` is the HRESULT by which Windows itself refuses the
    device, None where it does not. Windows' reason counts first: PortAudio calls nearly everything an invalid device.
    """
    what, todo = _BY_WINDOWS.get(reason or 0) or _BY_PORTAUDIO.get(error.errno or 0) or _UNKNOWN
    kind = SourceNotFoundError if what is _GONE[0] else SourceError
    windows = "nothing" if reason is None else f"HRESULT 0x{reason:08X}"
    detail = f"PortAudio: {error.errno} {error.strerror or error}; Windows: {windows}"
    return kind(what.format(name=name), todo=todo, detail=detail)


def gone(name: str) -> SourceNotFoundError:
    """Return the error for a source that Windows does not list."""
    what, todo = _GONE
    return SourceNotFoundError(what.format(name=name), todo=todo, detail="not among the active endpoints")


def unlisted(name: str, *, loopback: bool) -> SourceError:
    """Return the error for an endpoint that Windows lists and PortAudio does not, though its list is new."""
    what, todo = _NO_LOOPBACK if loopback else _UNKNOWN
    return SourceError(what.format(name=name), todo=todo, detail="PortAudio has no device of that name and direction")
