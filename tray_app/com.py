"""COM, as much of it as is needed here, by ctypes.

By hand, as `libpulse` is, since what comtypes does on its own is in the way here. Importing it makes a single-threaded
apartment of the importing thread, and ours live for one call. Its pointers are given back when the garbage collector
comes to them, on any thread. And the import takes longer than all the rest of opening a device.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import sys
import uuid
from collections.abc import Iterator
from ctypes import POINTER, Structure, byref, c_int32, c_uint32, c_void_p, pointer
from typing import Any, Self

CLSCTX_ALL = 23
"""Wherever the object is offered."""

_MULTITHREADED = 0
_RELEASE = 2

if sys.platform == "win32":
    METHOD = ctypes.WINFUNCTYPE
    ole32 = ctypes.WinDLL("ole32")
    ole32.CoTaskMemFree.argtypes = (c_void_p,)
else:
    METHOD = ctypes.CFUNCTYPE
    ole32: Any = None


class Guid(Structure):
    """GUID: the name of a class or an interface."""

    _fields_ = (("parts", c_uint32 * 4),)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the GUID that is written so, without braces."""
        return cls.from_buffer_copy(uuid.UUID(text).bytes_le)


class ComError(Exception):
    """Windows refused a call; `code` is its HRESULT as an unsigned number."""

    def __init__(self, code: int) -> None:
        self.code = code & 0xFFFF_FFFF
        super().__init__(f"HRESULT 0x{self.code:08X}")


def check(result: int) -> None:
    """Raise `ComError` where an HRESULT says failure."""
    if result < 0:
        raise ComError(result)


@functools.cache
def _keep_com() -> None:
    """Keep COM's multithreaded apartment for the process's whole life.

    PortAudio's objects live in it, and they outlive the short threads on which they are made.
    """
    check(ole32.CoIncrementMTAUsage(byref(c_void_p())))


@contextlib.contextmanager
def com() -> Iterator[None]:
    """Let this thread call COM, and leave it as it was. What it got must be released within."""
    _keep_com()
    result = ole32.CoInitializeEx(None, _MULTITHREADED)
    try:
        yield
    finally:
        # A thread that somebody else made a single-threaded apartment (RPC_E_CHANGED_MODE) serves as well, and stays.
        if result >= 0:
            ole32.CoUninitialize()


def create(kind: Guid, interface: Guid) -> int | None:
    """Return the address of a new object of the class `kind`, for a `Reference`. Raises `ComError`."""
    found = c_void_p()
    check(ole32.CoCreateInstance(byref(kind), None, CLSCTX_ALL, byref(interface), byref(found)))
    return found.value


class Reference:
    """A counted pointer to a COM object, by its address; a context manager that gives it back."""

    def __init__(self, address: int | None) -> None:
        self._address = address

    def __bool__(self) -> bool:
        return bool(self._address)

    @property
    def address(self) -> int | None:
        """Where the object is; None when there is none, or it was given back."""
        return self._address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give the object back. May be called twice."""
        if self._address:
            self.call(_RELEASE)
            self._address = None

    def call(self, place: int, *arguments: Any) -> None:
        """Call the method at `place` of the object's table with ctypes values. Raises `ComError`."""
        table = ctypes.cast(self._address, POINTER(POINTER(c_void_p))).contents  # type: ignore[arg-type]
        method = METHOD(c_int32, c_void_p, *map(type, arguments))(table[place])
        check(method(self._address, *arguments))

    def text(self, place: int, *arguments: Any) -> str:
        """Call a method whose last argument takes the text that it gives, and return that; its memory is freed."""
        found = c_void_p()
        self.call(place, *arguments, pointer(found))
        try:
            return ctypes.wstring_at(found.value) if found.value else ""
        finally:
            ole32.CoTaskMemFree(found)

    def obtain(self, place: int, *arguments: Any) -> int | None:
        """Call a method whose last argument takes the object that it gives; return that one's address."""
        found = c_void_p()
        self.call(place, *arguments, pointer(found))
        return found.value
