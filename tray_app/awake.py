"""How long the machine has been awake, and how long it slept, by the clocks of each system.

The clock on the wall tells neither: users and time servers set it. What a sound device is timed by
(`time.perf_counter`) stands still in sleep on Linux and macOS, and goes on on Windows. So each system is asked for a
clock that counts sleep and for one that does not.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Awake:
    """Seconds since some moment: `awake` without the time asleep, `slept` the time asleep (to 20 ms)."""

    awake: float
    slept: float


def read() -> Awake:
    """Return both as they are now. Takes about a microsecond; never raises.

    Linux: CLOCK_BOOTTIME counts suspend, CLOCK_MONOTONIC does not (clock_gettime(2)). macOS: CLOCK_MONOTONIC_RAW and
    CLOCK_UPTIME_RAW (its clock_gettime(3)). Windows: GetTickCount64 and QueryUnbiasedInterruptTime (Microsoft's
    "Interrupt Time"). Where there is no such clock, the machine counts as never asleep.
    """
    awake, real = _pair()
    return Awake(awake, real - awake)


if sys.platform == "win32":
    import ctypes

    _kernel32 = ctypes.WinDLL("kernel32")
    _kernel32.GetTickCount64.restype = ctypes.c_ulonglong
    _kernel32.GetTickCount64.argtypes = ()
    _kernel32.QueryUnbiasedInterruptTime.argtypes = (ctypes.POINTER(ctypes.c_ulonglong),)

    def _pair() -> tuple[float, float]:
        unbiased = ctypes.c_ulonglong()
        _kernel32.QueryUnbiasedInterruptTime(ctypes.byref(unbiased))
        return unbiased.value * 1e-7, _kernel32.GetTickCount64() * 1e-3

elif sys.platform == "darwin":

    def _pair() -> tuple[float, float]:
        return time.clock_gettime(time.CLOCK_UPTIME_RAW), time.clock_gettime(time.CLOCK_MONOTONIC_RAW)

else:
    _REAL = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def _pair() -> tuple[float, float]:
        return time.clock_gettime(time.CLOCK_MONOTONIC), time.clock_gettime(_REAL)
