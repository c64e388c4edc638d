"""Devices, and what keeps them from being recorded."""

from __future__ import annotations

from tray_app.sentences.forms import Said

_TEST_SIGNAL = "or record the built-in test signal with --source signal"
_PLUG_IN = "Plug it in, or choose another source."
_TRY_AGAIN = "Try again, or choose another source."

# The sound system

NO_SERVER = Said("There is no sound server to record from.", todo=f"Start PulseAudio or PipeWire, {_TEST_SIGNAL}.")
SERVER_SILENT = Said("The sound server does not answer.", todo=f"Restart PulseAudio or PipeWire, {_TEST_SIGNAL}.")
WINDOWS_SILENT = Said("Windows' sound system does not answer.", todo="Check that the service Windows Audio is running.")
WINDOWS_HANGS = Said("Windows' sound system does not answer.", todo="Restart Tray Recorder.")
NO_PYAUDIO = Said("PyAudioWPatch is missing.", todo="Install the package PyAudioWPatch.")
NO_PORTAUDIO = Said("PortAudio is not installed.", todo="Install libportaudio2 and the package sounddevice.")
PORTAUDIO_FAILS = Said("PortAudio does not start.")
NO_WASAPI = Said("PortAudio cannot use Windows' WASAPI.")


def failed(name: str) -> Said:
    """Say that a sound system fails, where nobody knows why."""
    return Said(f"The sound system {name} failed.", todo=f"Restart the computer, {_TEST_SIGNAL}.")


# Which source

NO_DEFAULT = "There is no default output to record."


def fits_badly(count: int, wanted: str) -> str:
    """Say that no source, or more than one, is what was asked for."""
    return f"{count or 'No'} source{'s fit' if count > 1 else ' fits'} {wanted!r}."


def choices(shown: str, more: int) -> str:
    """Say which sources there are; `more` are not named."""
    if not shown:
        return "There is no source at all."
    return f"Choose one of: {shown}{f' and {more} more' if more > 0 else ''}."


def no_signal(wanted: str, known: str) -> Said:
    """Say that the test signal has one source only."""
    return Said(f"The test signal knows no source {wanted!r}.", todo=f"Its source is {known!r}.")


# One source


def gone(name: str) -> Said:
    """Say that a source is not there."""
    return Said(f"{name!r} is not there any more.", todo=_PLUG_IN)


def held(name: str) -> Said:
    """Say that another program uses it."""
    return Said(
        f"Another program holds {name!r} for itself alone (exclusive mode).",
        todo="Close that program, or forbid exclusive mode in the device's advanced settings in Windows.",
    )


def no_loopback(name: str) -> Said:
    """Say that what an output plays cannot be had."""
    return Said(
        f"Windows offers no loopback of {name!r}, so what it plays cannot be recorded.",
        todo="Choose another output as the default in Windows, or another source.",
    )


def forbidden(name: str) -> Said:
    """Say that the privacy settings are in the way."""
    return Said(
        f"Windows does not let this program record {name!r}.",
        todo="Allow it in Windows' settings under Privacy > Microphone, for desktop apps too.",
    )


def odd_format(name: str) -> Said:
    """Say that a device's format is in the way."""
    return Said(
        f"{name!r} cannot be recorded in the format that it is set to.",
        todo="Choose another default format in the device's advanced settings in Windows.",
    )


def no_service(name: str) -> Said:
    """Say that Windows' sound service is not there, so `name` is not either."""
    return Said(
        f"{name!r} cannot be recorded, since Windows' sound service is not running.",
        todo="Start the service Windows Audio, or restart the computer.",
    )


def not_started(name: str) -> Said:
    """Say that a device does not start."""
    return Said(f"{name!r} cannot be started.", todo="Unplug it and plug it in again, or choose another source.")


def not_recorded(name: str) -> Said:
    """Say that a source cannot be recorded, where nobody knows why."""
    return Said(f"{name!r} cannot be recorded.", todo=_TRY_AGAIN)


def not_opened(name: str) -> Said:
    """Say that another device that is open is in the way."""
    return Said(
        f"{name!r} cannot be opened while another device is still open.",
        todo="If this stays so, restart Tray Recorder.",
    )


FAILED = Said("The sound device failed.", todo="Try another source.")
SILENT = Said("The sound device does not answer.", todo=_TRY_AGAIN)

# While it is recorded


def is_muted(name: str) -> str:
    """Say that a source is muted."""
    return f"{name} is muted, so nothing will be heard in the recording."


def is_gone(name: str) -> str:
    """Say that a source is lost in the middle of a take."""
    return f"{name} is gone. The recording goes on and waits for it; until then it holds silence."


def is_back(name: str) -> str:
    """Say that it is there again."""
    return f"{name} is there again, and is being recorded. The time without it holds silence."


THE_DEVICE = "The device"
