"""`python -m tray_app`, and what the installed command `tray-recorder` calls."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the terminal program with the arguments of this process; return its exit status."""
    # numpy's OpenBLAS else starts a thread a core, which spin for 50 ms of CPU time; nothing here multiplies matrices.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from tray_app.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
