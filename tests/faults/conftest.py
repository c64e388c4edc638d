"""Where faults happen."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# They fork; on Windows that is `windows/test_kill.py`.
collect_ignore = ["test_kill.py", "test_kill_encoding.py"] if sys.platform == "win32" else []


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: real disks take their time for thousands of files."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)
