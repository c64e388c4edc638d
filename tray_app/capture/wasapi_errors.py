"""What it means when Windows or PortAudio refuses a device, in words that a user can act on."""

from __future__ import annotations

from tray_app.errors import SourceError, SourceNotFoundError
from tray_app.sentences import sources as said

_BY_WINDOWS = {
    0x8007_0005: said.forbidden,  # E_ACCESSDENIED
    0x8007_0490: said.gone,  # no such endpoint
    0x8889_0003: said.no_loopback,  # AUDCLNT_E_WRONG_ENDPOINT_TYPE
    0x8889_0004: said.gone,  # AUDCLNT_E_DEVICE_INVALIDATED
    0x8889_0008: said.odd_format,  # AUDCLNT_E_UNSUPPORTED_FORMAT
    0x8889_000A: said.held,  # AUDCLNT_E_DEVICE_IN_USE
    0x8889_000E: said.held,  # AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED
    0x8889_000F: said.not_started,  # AUDCLNT_E_ENDPOINT_CREATE_FAILED
    0x8889_0010: said.no_service,  # AUDCLNT_E_SERVICE_NOT_RUNNING
    0x8889_0026: said.gone,  # AUDCLNT_E_RESOURCES_INVALIDATED
}
"""HRESULTs of audioclient.h and winerror.h."""

_BY_PORTAUDIO = {
    -9985: said.held,  # paDeviceUnavailable
    -9994: said.odd_format,  # paSampleFormatNotSupported
    -9997: said.odd_format,  # paInvalidSampleRate
    -9998: said.odd_format,  # paInvalidChannelCount
}
"""Codes of portaudio.h that say more than that it failed."""


def refused(name: str, error: OSError, reason: int | None) -> SourceError:
    """Return the error for a device that PortAudio did not open.

    `error` is PyAudio's, with PortAudio's code and text. `reason` is the HRESULT by which Windows itself refuses the
    device, None where it does not. Windows' reason counts first: PortAudio calls nearly everything an invalid device.
    """
    says = _BY_WINDOWS.get(reason or 0) or _BY_PORTAUDIO.get(error.errno or 0) or said.not_recorded
    kind = SourceNotFoundError if says is said.gone else SourceError
    windows = "nothing" if reason is None else f"HRESULT 0x{reason:08X}"
    detail = f"PortAudio: {error.errno} {error.strerror or error}; Windows: {windows}"
    return kind(says(name), detail=detail)


def gone(name: str) -> SourceNotFoundError:
    """Return the error for a source that Windows does not list."""
    return SourceNotFoundError(said.gone(name), detail="not among the active endpoints")


def unlisted(name: str, *, loopback: bool) -> SourceError:
    """Return the error for an endpoint that Windows lists and PortAudio does not, though its list is new."""
    says = said.no_loopback if loopback else said.not_recorded
    return SourceError(says(name), detail="PortAudio has no device of that name and direction")
