"""Which of these tests a system can run at all."""

from __future__ import annotations

import sys

collect_ignore = ["test_unix_socket.py"] if sys.platform == "win32" else []
