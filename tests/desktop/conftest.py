"""A name for each test, and which of these tests a system can run at all."""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator

import pytest

from tests.desktop.clients import channel_threads
from tests.sound import wait_until

collect_ignore = ["test_unix_socket.py"] if sys.platform == "win32" else []


@pytest.fixture
def name(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name that no other program has, and a runtime folder of the test's own, for its children too."""
    folder = tempfile.mkdtemp(prefix="rt")
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    yield f"TrayRecorderTest{uuid.uuid4().hex[:12]}"
    wait_until(lambda: not channel_threads(), what="the channel's threads end")
    shutil.rmtree(folder)
