"""Fixtures for everybody: sound servers of the test run's own. And which tests a system can run at all."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.sound import PulseServer

# The same change gives the same verdict; `--hypothesis-profile=explore` looks for cases that nobody has seen yet.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")

# Left out and not skipped: what a system cannot have is no gap in its verdict. On Windows that is all that plays into
# a sound server of Linux, or drives a POSIX terminal; the same is tested in `windows/` with what Windows has. And the
# documents, whose terminal is Linux': they are the same on every system.
collect_ignore = (
    [
        *("capture/test_pulse.py", "capture/test_pulse_trouble.py", "capture/test_pulse_watch.py"),
        *("capture/test_portaudio.py", "terminal", "linux", "documents"),
    ]
    if sys.platform == "win32"
    else ["windows"]
)


def refuse_own_settings(root: Path) -> None:
    """Raise where settings of the developer's lie beside the program: they would change what the tests see of it."""
    file = root / ".env"
    if file.exists():
        raise pytest.UsageError(f"The program that is tested would follow {file}. Move it away while the tests run.")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test what the developer's own settings change; hear Ctrl-C; make the markers known."""
    refuse_own_settings(Path(__file__).parents[1])
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script's `… &` has it ignored, in all that the tests start, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "posix(reason): about something that Windows does not have; left out there")
    config.addinivalue_line("markers", "real_windows(reason): about something that Wine does not have; left out there")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of what this system does not have."""
    if sys.platform == "win32":
        without = {"posix", "real_windows"} if hasattr(ctypes.windll.ntdll, "wine_get_version") else {"posix"}
        out = [item for item in items if any(map(item.get_closest_marker, without))]
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


@pytest.fixture(scope="session")
def pulse_env() -> Iterator[PulseServer]:
    """One PulseAudio for all tests that leave it as it was: no sink removed, nothing muted.."""
    with PulseServer() as server:
        yield server
