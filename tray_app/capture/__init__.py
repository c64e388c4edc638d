"""Where sound comes from: picks the back ends of this system, once, and finds a source among theirs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from tray_app.capture.base import Backend, Source
from tray_app.errors import BackendFailedError, BackendUnavailableError, SourceNotFoundError
from tray_app.sentences import sources as said
from tray_app.sentences.forms import Said

log = logging.getLogger(__name__)

DEFAULT = "default"
"""The wanted source that means: the loopback of the default output, whichever that is."""

_COVERED_BY = {"portaudio": "pulse"}
"""Back ends that show the same devices as another one, less well: they count only where the other is unavailable."""

_NAMED_AT_MOST = 6


def _pulse() -> Backend:
    from tray_app.capture.pulse import PulseBackend

    return PulseBackend()


def _wasapi() -> Backend:
    from tray_app.capture.wasapi import WasapiBackend

    return WasapiBackend()


def _portaudio() -> Backend:
    from tray_app.capture.portaudio import PortAudioBackend

    return PortAudioBackend()


def _signal() -> Backend:
    from tray_app.capture.signal import SignalBackend

    return SignalBackend()


_FACTORIES: dict[str, tuple[Callable[[], Backend], ...]] = {
    "linux": (_pulse, _portaudio),
    "darwin": (_portaudio,),
    "win32": (_wasapi,),
}


def pick(system: str = sys.platform) -> list[Backend]:
    """Return the back ends for `system` (as `sys.platform` names it), best first, the test signal last.

    They are imported here and not before, and none of them needs its library until it is asked for sources. On
    systems without one the test signal is all there is.
    """
    return [make() for make in (*_FACTORIES.get(system, ()), _signal)]


def asked(backends: Iterable[Backend]) -> Iterator[tuple[Backend, list[Source] | BackendUnavailableError]]:
    """Ask every back end that counts, in their order: give its sources, or why it has none.

    That is a `BackendFailedError` for whatever a back end did not foresee: the sources of the others are there for all
    that.
    """
    answered: set[str] = set()
    for backend in backends:
        if _COVERED_BY.get(backend.name) in answered:
            continue
        try:
            sources = backend.sources()
        except BackendUnavailableError as error:
            yield backend, error
        except Exception as error:
            failed = BackendFailedError(said.failed(backend.name), detail=repr(error))
            failed.__cause__ = error
            yield backend, failed
        else:
            answered.add(backend.name)
            yield backend, sources


def all_sources(backends: Iterable[Backend]) -> tuple[list[Source], list[BackendUnavailableError]]:
    """Return every source of every back end, in their order, and why some back ends have none."""
    found: list[Source] = []
    errors: list[BackendUnavailableError] = []
    for _, answer in asked(backends):
        if isinstance(answer, BackendUnavailableError):
            if isinstance(answer, BackendFailedError):
                log.warning("%s", answer.what, exc_info=answer.__cause__)
            errors.append(answer)
        else:
            found += answer
    return found, errors


def find(sources: Sequence[Source], wanted: str) -> Source:
    """Return the source that `wanted` means.

    `default` is the loopback of the default output. Anything else is an id, else a name in any case, else a part of
    one name only. Raises `SourceNotFoundError`, which lists what there is, when no source or more than one fits.
    """
    if wanted == DEFAULT:
        fitting = [source for source in sources if source.default]
        what = said.NO_DEFAULT
    else:
        fitting = _fitting(sources, wanted)
        what = said.fits_badly(len(fitting), wanted)
    if len(fitting) == 1 or (fitting and wanted == DEFAULT):
        return fitting[0]
    raise SourceNotFoundError(Said(what, todo=_choices(fitting or sources)))


def _fitting(sources: Sequence[Source], wanted: str) -> list[Source]:
    """Return the sources that fit by the strongest rule that fits any."""
    name = wanted.casefold()
    by_id = [source for source in sources if source.id == wanted]
    by_name = [source for source in sources if source.name.casefold() == name]
    by_part = [source for source in sources if name and name in source.name.casefold()]
    return by_id or by_name or by_part


def _choices(sources: Sequence[Source]) -> str:
    shown = ", ".join(f"{source.name} ({source.id})" for source in sources[:_NAMED_AT_MOST])
    return said.choices(shown, len(sources) - _NAMED_AT_MOST)
