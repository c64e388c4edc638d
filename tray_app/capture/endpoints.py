"""Windows' own list of what can be recorded, and its news. Unlike PortAudio's it is right while a stream is open."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from tray_app.capture.mmdevice import CAPTURE, NOT_FOUND, RENDER, Device, Enumerator, Listener
from tray_app.com import ComError, com
from tray_app.errors import BackendUnavailableError
from tray_app.sentences import sources as said

_UNKNOWN = (NOT_FOUND, 0x8007_0057)
"""HRESULTs for an id that stands for no endpoint: Windows' own, and the one that Wine gives (E_INVALIDARG)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One active endpoint: an output, whose loopback can be recorded, or an input.

    `id` is Windows' own and survives restarts, `name` the one that its settings show. `rate` in Hz and `channels` are
    those of its mix, which is what loopback and shared mode deliver. `default` marks the default output.
    """

    id: str
    name: str
    output: bool
    rate: int
    channels: int
    default: bool = False


class Endpoints(Protocol):
    """What a system says of its endpoints. Any thread may ask, while PortAudio does whatever it does.

    Every method but `refusal` raises `BackendUnavailableError` when the sound system does not answer.
    """

    def active(self) -> list[Endpoint]:
        """Return the active outputs, then the inputs, each in the system's order."""

    def is_active(self, identity: str) -> bool:
        """Return whether the endpoint is there, plugged in and switched on."""

    def silent(self, identity: str) -> bool:
        """Return whether the endpoint is muted or at volume zero."""

    def refusal(self, identity: str, *, loopback: bool) -> int | None:
        """Try to open the endpoint as PortAudio does. Return the HRESULT that refuses it, None where nothing does."""

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed`, on any thread, when endpoints, the default or a format change. Return what ends that.

        `changed` must return at once.
        """


class SystemEndpoints:
    """The endpoints of this Windows; `Endpoints` says the rest."""

    def active(self) -> list[Endpoint]:
        """Return outputs and inputs. One that vanishes while it is asked for its format is left out."""
        try:
            with com(), Enumerator() as devices:
                default = _default_output(devices)
                return [*_listed(devices, RENDER, default), *_listed(devices, CAPTURE, default)]
        except ComError as error:
            raise _unanswered(error) from error

    def is_active(self, identity: str) -> bool:
        """Return whether the endpoint is active."""
        try:
            with com(), Enumerator() as devices, devices.device(identity) as device:
                return device.active()
        except ComError as error:
            if error.code in _UNKNOWN:
                return False
            raise _unanswered(error) from error

    def silent(self, identity: str) -> bool:
        """Return whether the endpoint is muted or at volume zero."""
        try:
            with com(), Enumerator() as devices, devices.device(identity) as device:
                return device.silent()
        except ComError as error:
            raise _unanswered(error) from error

    def refusal(self, identity: str, *, loopback: bool) -> int | None:
        """Return why Windows does not let the endpoint be opened."""
        try:
            with com(), Enumerator() as devices, devices.device(identity) as device:
                device.try_to_open(loopback=loopback)
        except ComError as error:
            return error.code
        return None

    def listen(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` at every change."""
        try:
            return _news.tell(changed)
        except ComError as error:
            raise _unanswered(error) from error


def _default_output(devices: Enumerator) -> str:
    """Return the default output's id, empty where there is none."""
    try:
        with devices.default(RENDER) as device:
            return device.identity()
    except ComError as error:
        if error.code != NOT_FOUND:
            raise
        return ""


def _listed(devices: Enumerator, flow: int, default: str) -> Iterator[Endpoint]:
    for device in devices.devices(flow):
        try:
            identity = device.identity()
            rate, channels = _format(device)
            yield Endpoint(identity, device.name(), flow == RENDER, rate, channels, identity == default)
        except ComError as error:
            log.debug("an endpoint is left out of the list: %s", error)


def _format(device: Device) -> tuple[int, int]:
    """Return rate and channels of the mix; of an endpoint that may not be asked for it, those that it is set to.

    So a microphone that the privacy settings forbid is listed, and opening it says what is the matter.
    """
    try:
        return device.mix_format()
    except ComError:
        return device.device_format()


def _unanswered(error: ComError) -> BackendUnavailableError:
    return BackendUnavailableError(said.WINDOWS_SILENT, detail=str(error))


class _News:
    """Passes on what Windows tells. One listener serves the whole process and is never freed, so that Windows may
    still be in its last call when nobody listens any more. The enumerator that it is registered with outlives the
    call that made it: the apartment that it lives in is kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listener = Listener(self._pass_on)
        self._devices: Enumerator | None = None
        self._told: dict[object, Callable[[], None]] = {}

    def tell(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` from now on until what returns is called. Raises `ComError`."""
        one = object()
        with self._lock:
            if not self._told:
                self._register()
            self._told = {**self._told, one: changed}
        return lambda: self._forget(one)

    def _register(self) -> None:
        with com():
            devices = Enumerator()
            try:
                devices.register(self._listener)
            except ComError:
                devices.release()
                raise
            self._devices = devices

    def _forget(self, one: object) -> None:
        with self._lock:
            self._told = {other: changed for other, changed in self._told.items() if other is not one}
            if not self._told and self._devices is not None:
                self._unregister(self._devices)

    def _unregister(self, devices: Enumerator) -> None:
        """With the lock held: Windows may wait for its call to return, and that takes no lock."""
        try:
            with com(), devices:
                devices.unregister(self._listener)
        except ComError as error:
            log.debug("Windows goes on telling of endpoints: %s", error)
        self._devices = None

    def _pass_on(self) -> None:
        """On Windows' thread. The dictionary is never changed in place, so no lock is needed."""
        for changed in self._told.values():
            changed()


_news = _News()
