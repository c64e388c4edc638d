"""Numbers as people read them."""

from __future__ import annotations


def clock_time(seconds: float) -> str:
    """Return a duration as `1:02:03`, `2:03` or, below a minute, `3.5 s`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    return running_time(round(seconds))


def running_time(seconds: int) -> str:
    """Return whole seconds as a clock that runs shows them: `1:02:03`, `0:03`."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def duration(ms: int) -> str:
    """Return milliseconds as people say them: `250 ms`, `1.5 s`."""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:g} s"


def dbfs(level: float) -> str:
    """Return a level as `−52.3 dBFS`."""
    return f"{level:g} dBFS".replace("-", "−")


def exact_time(ms: int) -> str:
    """Return a place in a recording as `1:02:03.456`, `2:03.456` or, below a minute, `3.456`."""
    minutes, rest = divmod(ms, 60_000)
    if not minutes:
        return f"{rest / 1000:.3f}"
    text = f"{minutes % 60:02}:{rest / 1000:06.3f}" if minutes >= 60 else f"{minutes}:{rest / 1000:06.3f}"
    return f"{minutes // 60}:{text}" if minutes >= 60 else text


def cuts(count: int) -> str:
    """Return how many cuts there are."""
    return f"{count} cut{'' if count == 1 else 's'}"


def megabytes(count: int) -> str:
    """Return a number of bytes as `1.2 GB` or `34 MB`, in powers of ten as disks are sold."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
