"""`python -m tray_app`, and what the installed command `tray-recorder` calls."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the terminal program with the arguments of this process; return its exit status."""
    from tray_app.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
