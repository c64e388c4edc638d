"""The little of `libpulse.so.0` that recording needs: its constants, structures and functions.

Own ctypes rather than a package: no packaged way to capture offers `PA_STREAM_DONT_MOVE`, without which the server
moves a recording silently to the microphone when the recorded output disappears. PipeWire's pulse server speaks the
same protocol. Numbers and structures are those of PulseAudio's public headers, which have been stable since 1.0; a
structure that the server only hands over by pointer may end early here.
"""

from __future__ import annotations

import ctypes
import functools
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
from typing import Any

from tray_app.errors import BackendUnavailableError
from tray_app.sentences import sources as said

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
