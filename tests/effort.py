"""How much is enough: all of it at home, a part where it is the same code on a system on which a file costs more."""

from __future__ import annotations

import os
import sys
from typing import TypeVar

_T = TypeVar("_T")

WHOLE = os.environ.get("RECORDER_TESTS_WHOLE", "") == "1"
"""Whether the large counts are run whole, as `python -m tests.faults` does; otherwise a tenth of each is."""


def effort(full: _T, windows: _T) -> _T:
    """Return how long or how often: `windows` in Windows' Python, where opening a file takes tens of times as long."""
    return windows if sys.platform == "win32" else full


def tenth(count: int) -> int:
    """Return `count`, or a tenth of it in an ordinary run of the tests; a fortieth in Windows' Python."""
    return count if WHOLE else max(1, count // effort(10, 40))
