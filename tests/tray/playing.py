"""Has pystray take what is played for the system that it runs on."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import tray_app.tray
from tests.tray.fake_windows import FakeWindows

OURS = ("tray_app.tray.windows", "tray_app.tray.plain")


@contextlib.contextmanager
def fresh_modules() -> Iterator[None]:
    """Have pystray, and what of ours builds on it, imported anew inside, and as it was before afterwards."""

    def ours() -> dict[str, ModuleType]:
        return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "pystray" or name in OURS}

    def forget() -> None:
        for name in ours():
            del sys.modules[name]
        for name in OURS:
            vars(tray_app.tray).pop(name.rpartition(".")[2], None)

    before = ours()
    forget()
    try:
        yield
    finally:
        forget()
        sys.modules.update(before)
        for name in set(before) & set(OURS):
            setattr(tray_app.tray, name.rpartition(".")[2], before[name])


@contextlib.contextmanager
def played(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWindows]:
    """Have pystray take `windows` for the system it runs on."""
    monkeypatch.setenv("PYSTRAY_BACKEND", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", windows.dll, raising=False)
    monkeypatch.setattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE, raising=False)
    monkeypatch.setattr(ctypes, "HRESULT", ctypes.c_long, raising=False)
    monkeypatch.setattr(ctypes, "WinError", lambda: OSError("Windows refused it"), raising=False)
    with fresh_modules():
        assert importlib.import_module("pystray").Icon.__module__ == "pystray._win32"
        yield windows
