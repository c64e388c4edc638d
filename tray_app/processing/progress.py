"""How far a work is, and whether it is still wanted: what long works are handed, and tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

Progress = Callable[[float], None]
"""Takes the part that is done, 0.0 to 1.0. What it raises ends the work."""

Cancelled = Callable[[], bool]
"""Whether nobody wants the work any more."""


@overload
def share(progress: Progress, start: float, end: float) -> Progress: ...
@overload
def share(progress: Progress | None, start: float, end: float) -> Progress | None: ...
def share(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Return what moves `progress` from `start` to `end` while its own part goes from 0.0 to 1.0."""
    return None if progress is None else lambda done: progress(start + done * (end - start))
