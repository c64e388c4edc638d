"""A connection to the user's sound server, in which everything has a deadline: what there is, and news of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from tray_app.capture.libpulse import (
    CONTEXT_FAILED,
    CONTEXT_NOAUTOSPAWN,
    CONTEXT_READY,
    CONTEXT_TERMINATED,
    EVENT,
    NOTIFY,
    ON_SERVER,
    ON_SINK,
    ON_SOURCE,
    SUCCESS,
    ChannelMap,
    SinkInfo,
    SourceInfo,
    load,
    no_server,
    text,
)
from tray_app.errors import BackendUnavailableError
from tray_app.sentences import sources as said
from tray_app.settings import APP_NAME

DEADLINE = 5.0
"""Seconds in which a sound server must answer; one that is well takes a few milliseconds."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Device:
    """An output or a source of the server.

    `other` is the monitor of an output, or the output whose monitor a source is (empty: a real source). `silent`
    says that mute or volume leave nothing to record.
    """

    name: str
    description: str
    rate: int
    channels: int
    channel_map: ChannelMap
    other: str
    silent: bool


class Connection:
    """A connection to the user's sound server, with libpulse's own thread behind it; a context manager.

    Never starts a server. Callbacks run on libpulse's thread, which holds the mainloop's lock meanwhile. Everything
    here is for any other thread: on libpulse's own, `close` would wait for itself.
    """

    def __init__(self, broken: Callable[[], None] = lambda: None) -> None:
        """Connect. `broken` is called on libpulse's thread when the connection, once made, ends by itself.

        Raises `BackendUnavailableError` when there is no library, no server, or no answer within `DEADLINE`.
        """
        self.lib = load()
        self._broken = broken
        self._news = threading.Condition(threading.Lock())
        self._state = 0
        self._closing = threading.Lock()
        self._keep: list[object] = []  # ctypes frees a callback that Python no longer knows, whoever else still does
        self._loop: int | None = self.lib.pa_threaded_mainloop_new()
        if not self._loop:
            raise no_server("libpulse could not make a mainloop (too many open files?)")
        api = self.lib.pa_threaded_mainloop_get_api(self._loop)
        self._context: int | None = self.lib.pa_context_new(api, APP_NAME.encode())
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def locked(self) -> Iterator[int | None]:
        """Hold the mainloop's lock, without which nothing of libpulse may be called; yields the context."""
        self.lock()
        try:
            yield self._context
        finally:
            self.unlock()

    def lock(self) -> None:
        """Take the mainloop's lock: `locked` without its own cost, for what is done 22 times a second."""
        self.lib.pa_threaded_mainloop_lock(self._loop)

    def unlock(self) -> None:
        """Give the mainloop's lock back."""
        self.lib.pa_threaded_mainloop_unlock(self._loop)

    def keep(self, callback: _T) -> _T:
        """Keep a ctypes callback alive as long as the connection."""
        self._keep.append(callback)
        return callback

    def tell(self) -> None:
        """Wake `wait_for`; for callbacks."""
        with self._news:
            self._news.notify_all()

    @property
    def ended(self) -> bool:
        """Whether the server, or `close`, has ended the connection."""
        return self._state in (CONTEXT_FAILED, CONTEXT_TERMINATED)

    def wait_for(self, done: Callable[[], object]) -> None:
        """Wait until `done()` is true; it is asked after every `tell`.

        Raises `BackendUnavailableError` when the connection ends first or nothing comes within `DEADLINE`.
        """
        with self._news:
            self._news.wait_for(lambda: done() or self.ended, DEADLINE)
            if done():
                return
        if self.ended:
            raise no_server(f"connection ended: {self.last_error()}")
        raise BackendUnavailableError(said.SERVER_SILENT, detail=f"no answer within {DEADLINE} s")

    def last_error(self) -> str:
        """Return libpulse's words for what went wrong last."""
        return text(self.lib.pa_strerror(self.errno()))

    def errno(self) -> int:
        """Return libpulse's number for what went wrong last."""
        return int(self.lib.pa_context_errno(self._context))

    def default_sink(self) -> str:
        """Return the name of the default output; it may name none that exists."""
        return self._ask("pa_context_get_server_info", ON_SERVER, lambda info: text(info.default_sink_name))[0]

    def sinks(self) -> list[Device]:
        """Return every output."""
        return self._ask("pa_context_get_sink_info_list", ON_SINK, self._sink)

    def sources(self) -> list[Device]:
        """Return every source, the monitors of outputs included."""
        return self._ask("pa_context_get_source_info_list", ON_SOURCE, _source)

    def subscribe(self, mask: int, changed: Callable[[], None]) -> None:
        """Call `changed`, on libpulse's thread, for every event in `mask` that happens after this returns."""
        accepted: list[int] = []

        def on_accepted(_context: int, success: int, _data: int) -> None:
            accepted.append(success)
            self.tell()

        on_event = self.keep(EVENT(lambda _context, _event, _index, _data: changed()))
        done = self.keep(SUCCESS(on_accepted))
        with self.locked() as context:
            self.lib.pa_context_set_subscribe_callback(context, on_event, None)
            self._release(self.lib.pa_context_subscribe(context, mask, done, None))
        self.wait_for(lambda: accepted)

    def close(self) -> None:
        """Disconnect and end libpulse's thread. May be called twice; never raises."""
        with self._closing:
            if self._loop is None:
                return
            self._broken = lambda: None
            with self.locked() as context:
                self.lib.pa_context_disconnect(context)
            self.lib.pa_threaded_mainloop_stop(self._loop)
            self.lib.pa_context_unref(self._context)
            self.lib.pa_threaded_mainloop_free(self._loop)
            self._loop = self._context = None
            self._keep.clear()

    def _connect(self) -> None:
        callback = self.keep(NOTIFY(self._on_state))
        self.lib.pa_threaded_mainloop_start(self._loop)
        with self.locked() as context:
            self.lib.pa_context_set_state_callback(context, callback, None)
            # A refusal shows as the state FAILED, too, for which wait_for looks.
            self.lib.pa_context_connect(context, None, CONTEXT_NOAUTOSPAWN, None)
        self.wait_for(lambda: self._state == CONTEXT_READY)

    def _on_state(self, context: int, _data: int) -> None:
        was, self._state = self._state, self.lib.pa_context_get_state(context)
        self.tell()
        if was == CONTEXT_READY and self.ended:
            self._broken()

    def _ask(self, function: str, kind: Any, convert: Callable[[Any], _T]) -> list[_T]:
        """Call a `pa_context_get_...` function and wait for its answers, converted on libpulse's thread."""
        answers: list[_T] = []
        end: list[bool] = []

        def on_answer(_context: int, info: Any, *_rest: Any) -> None:
            if info:
                answers.append(convert(info.contents))
            if not info or kind is ON_SERVER:  # lists end with NULL, the one server does not
                end.append(True)
                self.tell()

        callback = self.keep(kind(on_answer))
        with self.locked() as context:
            self._release(getattr(self.lib, function)(context, callback, None))
        self.wait_for(lambda: end)
        return answers

    def _sink(self, info: SinkInfo) -> Device:
        """PulseAudio takes a monitor behind volume and mute, PipeWire only where a property of the output says so."""
        through = info.driver != b"PipeWire" or (
            self.lib.pa_proplist_gets(info.proplist, b"monitor.channel-volumes") == b"true"
        )
        return _device(info, info.monitor_source_name, through and _is_silent(info))

    def _release(self, operation: int | None) -> None:
        """Let go of an operation (NULL when the connection has ended, which `wait_for` reports)."""
        if operation:
            self.lib.pa_operation_unref(operation)


def _source(info: SourceInfo) -> Device:
    return _device(info, info.monitor_of_sink_name, _is_silent(info))


def _is_silent(info: SinkInfo | SourceInfo) -> bool:
    return bool(info.mute) or not any(info.volume.values[: info.volume.channels])


def _device(info: SinkInfo | SourceInfo, other: bytes | None, silent: bool) -> Device:
    spec, channel_map = info.sample_spec, ChannelMap.from_buffer_copy(info.channel_map)
    return Device(text(info.name), text(info.description), spec.rate, spec.channels, channel_map, text(other), silent)
