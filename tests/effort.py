"""How much is enough: all of it at home, a part where it is the same code on a system on which a file costs more."""

from __future__ import annotations

import os
import sys
from typing import TypeVar

ALL = "TRAY_RECORDER_EFFORT"
"""The environment's variable that, with the value `all`, asks for every round of tests that have very many."""

_T = TypeVar("_T")


def effort(full: _T, windows: _T) -> _T:
    """Return how long or how often: `windows` in Windows' Python, where opening a file takes tens of times as long."""
    return windows if sys.platform == "win32" else full


def rounds(full: int) -> int:
    """Return how often: a tenth of `full`, or all of it where `TRAY_RECORDER_EFFORT=all` asks for it."""
    return full if os.environ.get(ALL) == "all" else full // 10
