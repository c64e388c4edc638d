"""Numbers as people read them."""

from __future__ import annotations


def clock_time(seconds: float) -> str:
    """Return a duration as `1:02:03`, `2:03` or, below a minute, `3.5 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def dbfs(level: float) -> str:
    """Return a level as `−52.3 dBFS`."""
    return f"{level:g} dBFS".replace("-", "−")


def megabytes(count: int) -> str:
    """Return a number of bytes as `1.2 GB` or `34 MB`, in powers of ten as disks are sold."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
