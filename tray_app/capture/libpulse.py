"""The little of `libpulse.so.0` that recording needs: its declarations, and a connection that never waits for ever.

Own ctypes rather than a package: no packaged way to capture offers `PA_STREAM_DONT_MOVE`, without which the server
moves a recording silently to the microphone when the recorded output disappears. PipeWire's pulse server speaks the
same protocol. Numbers and structures are those of PulseAudio's public headers, which have been stable since 1.0; a
structure that the server only hands over by pointer may end early here.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from tray_app.errors import BackendUnavailableError
from tray_app.sentences import sources as said

DEADLINE = 5.0
"""Seconds in which a sound server must answer; one that is well takes a few milliseconds."""

CLIENT_NAME = b"Tray Recorder"

CONTEXT_NOAUTOSPAWN = 1
CONTEXT_READY, CONTEXT_FAILED, CONTEXT_TERMINATED = 4, 5, 6
STREAM_READY, STREAM_FAILED, STREAM_TERMINATED = 2, 3, 4
STREAM_DONT_MOVE = 0x0200
STREAM_ADJUST_LATENCY = 0x2000
SUBSCRIBE_SINK, SUBSCRIBE_SOURCE, SUBSCRIBE_SERVER = 0x01, 0x02, 0x80
SAMPLE_FLOAT32LE = 5
ORDER_OF_WAV = 3
SERVER_DEFAULT = 0xFFFFFFFF
ERROR_NO_ENTITY = 5
FAILED_SIZE = ctypes.c_size_t(-1).value
"""What `pa_stream_readable_size` returns of a stream that has ended."""


class SampleSpec(Structure):
    """`pa_sample_spec`."""

    _fields_ = (("format", c_int), ("rate", c_uint32), ("channels", c_uint8))


class ChannelMap(Structure):
    """`pa_channel_map`."""

    _fields_ = (("channels", c_uint8), ("map", c_int * 32))


class Volume(Structure):
    """`pa_cvolume`: 0 is silence, 0x10000 is 100 %."""

    _fields_ = (("channels", c_uint8), ("values", c_uint32 * 32))


class BufferAttributes(Structure):
    """`pa_buffer_attr`, in bytes; only `fragsize` matters to a recording."""

    _fields_ = tuple((name, c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


class ServerInfo(Structure):
    """The beginning of `pa_server_info`."""

    _fields_ = (
        *((name, c_char_p) for name in ("user_name", "host_name", "server_version", "server_name")),
        ("sample_spec", SampleSpec),
        ("default_sink_name", c_char_p),
    )


_DEVICE_HEAD = (
    ("name", c_char_p),
    ("index", c_uint32),
    ("description", c_char_p),
    ("sample_spec", SampleSpec),
    ("channel_map", ChannelMap),
    ("owner_module", c_uint32),
    ("volume", Volume),
    ("mute", c_int),
)


class SinkInfo(Structure):
    """The beginning of `pa_sink_info`."""

    _fields_ = (
        *_DEVICE_HEAD,
        ("monitor_source", c_uint32),
        ("monitor_source_name", c_char_p),
        ("latency", c_uint64),
        ("driver", c_char_p),
        ("flags", c_int),
        ("proplist", c_void_p),
    )


class SourceInfo(Structure):
    """The beginning of `pa_source_info`."""

    _fields_ = (*_DEVICE_HEAD, ("monitor_of_sink", c_uint32), ("monitor_of_sink_name", c_char_p))


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


NOTIFY = CFUNCTYPE(None, c_void_p, c_void_p)
"""State callbacks of contexts and streams."""
SUCCESS = CFUNCTYPE(None, c_void_p, c_int, c_void_p)
EVENT = CFUNCTYPE(None, c_void_p, c_int, c_uint32, c_void_p)
ON_SERVER = CFUNCTYPE(None, c_void_p, POINTER(ServerInfo), c_void_p)
ON_SINK = CFUNCTYPE(None, c_void_p, POINTER(SinkInfo), c_int, c_void_p)
ON_SOURCE = CFUNCTYPE(None, c_void_p, POINTER(SourceInfo), c_int, c_void_p)

_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    # function: result, arguments...
    "pa_threaded_mainloop_new": (c_void_p,),
    "pa_threaded_mainloop_start": (c_int, c_void_p),
    "pa_threaded_mainloop_stop": (None, c_void_p),
    "pa_threaded_mainloop_free": (None, c_void_p),
    "pa_threaded_mainloop_lock": (None, c_void_p),
    "pa_threaded_mainloop_unlock": (None, c_void_p),
    "pa_threaded_mainloop_get_api": (c_void_p, c_void_p),
    "pa_context_new": (c_void_p, c_void_p, c_char_p),
    "pa_context_set_state_callback": (None, c_void_p, NOTIFY, c_void_p),
    "pa_context_connect": (c_int, c_void_p, c_char_p, c_int, c_void_p),
    "pa_context_get_state": (c_int, c_void_p),
    "pa_context_errno": (c_int, c_void_p),
    "pa_context_disconnect": (None, c_void_p),
    "pa_context_unref": (None, c_void_p),
    "pa_context_get_server_info": (c_void_p, c_void_p, ON_SERVER, c_void_p),
    "pa_context_get_sink_info_list": (c_void_p, c_void_p, ON_SINK, c_void_p),
    "pa_context_get_source_info_list": (c_void_p, c_void_p, ON_SOURCE, c_void_p),
    "pa_context_set_subscribe_callback": (None, c_void_p, EVENT, c_void_p),
    "pa_context_subscribe": (c_void_p, c_void_p, c_int, SUCCESS, c_void_p),
    "pa_channel_map_init_auto": (c_void_p, POINTER(ChannelMap), c_uint, c_int),
    "pa_operation_unref": (None, c_void_p),
    "pa_proplist_gets": (c_char_p, c_void_p, c_char_p),
    "pa_stream_new": (c_void_p, c_void_p, c_char_p, POINTER(SampleSpec), POINTER(ChannelMap)),
    "pa_stream_set_state_callback": (None, c_void_p, NOTIFY, c_void_p),
    "pa_stream_connect_record": (c_int, c_void_p, c_char_p, POINTER(BufferAttributes), c_int),
    "pa_stream_get_state": (c_int, c_void_p),
    "pa_stream_readable_size": (c_size_t, c_void_p),
    "pa_stream_peek": (c_int, c_void_p, POINTER(c_void_p), POINTER(c_size_t)),
    "pa_stream_drop": (c_int, c_void_p),
    "pa_stream_disconnect": (c_int, c_void_p),
    "pa_stream_unref": (None, c_void_p),
    "pa_strerror": (c_char_p, c_int),
}


def no_server(detail: str) -> BackendUnavailableError:
    """Return the error for "nobody to record from", with `detail` for the log."""
    return BackendUnavailableError(said.NO_SERVER, detail=detail)


@functools.cache
def load() -> ctypes.CDLL:
    """Load `libpulse.so.0`. Raises `BackendUnavailableError` where it is not installed."""
    try:
        library = ctypes.CDLL("libpulse.so.0")
    except OSError as error:
        raise no_server(f"libpulse.so.0: {error}") from error
    for name, (result, *arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    # These return at once and wait for no lock, so they keep Python's: to let go of it and to wait for it again at
    # every call costs more than all the rest of taking a chunk in.
    kept = ctypes.PyDLL("libpulse.so.0")
    for name in ("pa_threaded_mainloop_unlock", "pa_stream_readable_size", "pa_stream_peek", "pa_stream_drop"):
        function = getattr(kept, name)
        function.restype, *function.argtypes = _PROTOTYPES[name]
        setattr(library, name, function)
    return library


def wav_order(device_map: ChannelMap) -> ChannelMap:
    """Return the channels of `device_map` in the order of WAV files, where WAV names just these; else as they are.

    The server then only sorts channels, it never mixes: ALSA has the rear ones of 5.1 before the centre, WAV behind.
    """
    count = device_map.channels
    wav = ChannelMap()
    known = load().pa_channel_map_init_auto(wav, count, ORDER_OF_WAV)
    return wav if known and sorted(wav.map[:count]) == sorted(device_map.map[:count]) else device_map


def text(value: bytes | None) -> str:
    """Return the server's UTF-8 as text; empty for NULL."""
    return (value or b"").decode("utf-8", "replace")


_T = TypeVar("_T")


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
        self._loop: Any = self.lib.pa_threaded_mainloop_new()
        if not self._loop:
            raise no_server("libpulse could not make a mainloop (too many open files?)")
        self._context: Any = self.lib.pa_context_new(self.lib.pa_threaded_mainloop_get_api(self._loop), CLIENT_NAME)
        try:
            self._connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def locked(self) -> Iterator[Any]:
        """Hold the mainloop's lock, without which nothing of libpulse may be called; yields the context."""
        self.lock()
        try:
            yield self._context
        finally:
            self.unlock()

    def lock(self) -> None:
        """Take the mainloop's lock: `locked` without its own cost, for what is done 25 times a second."""
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
