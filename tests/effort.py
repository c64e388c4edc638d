"""How much is enough: all of it at home, a part where it is the same code on a system on which a file costs more."""

from __future__ import annotations

import sys
from typing import TypeVar

_T = TypeVar("_T")


def effort(full: _T, windows: _T) -> _T:
    """Return how long or how often: `windows` in Windows' Python, where opening a file takes tens of times as long."""
    return windows if sys.platform == "win32" else full
