"""A library as ctypes has it, whose functions are played."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.tray.fake_windows import FakeWindows


class Library:
    """A library of a played Windows, whose functions are the methods of `windows` with their names."""

    def __init__(self, windows: FakeWindows) -> None:
        self._windows = windows

    def __getattr__(self, name: str) -> Any:
        newer = ("GetSystemMetricsForDpi", "GetDpiForWindow", "SetThreadDpiAwarenessContext")
        if not name[0].isupper() or (self._windows.old and name in newer):
            raise AttributeError(name)
        function = Function(self._windows, getattr(type(self._windows), name).__name__)
        setattr(self, name, function)
        return function


class Function:
    """A function of a library as ctypes has it."""

    argtypes: tuple[Any, ...] | None = None
    restype: Any = None
    errcheck: Callable[..., Any] | None = None

    def __init__(self, windows: FakeWindows, name: str) -> None:
        self._windows = windows
        self._name = name

    def __call__(self, *arguments: Any) -> Any:
        if self.argtypes is not None and len(self.argtypes) != len(arguments):
            raise TypeError(f"{self._name} takes {len(self.argtypes)} arguments, not {len(arguments)}")
        result = getattr(self._windows, self._name)(*arguments)
        return self.errcheck(result, self, arguments) if self.errcheck else result
