"""Every large count whole, and the tables: `python -m tests.faults` (20 minutes; with the soak 30 min more).

    python -m tests.faults [--soak] [--no-windows] [pytest's own arguments, such as -k kill]

An ordinary run of the tests, and so `.ci/run`, does a tenth of each. Ends with pytest's exit status, the first that is
not 0. The table is printed at the end and left in `tests/out/faults.txt`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "out" / "faults.txt"
TESTS = ["tests/faults", "tests/test_settings.py", "tests/audio/test_wav_write.py", "tests/audio/test_wav_damage.py"]
ON_WINDOWS = ["tests/windows/test_kill.py", "tests/faults/test_scripts.py", "tests/faults/test_every_operation.py"]


def main() -> int:
    """Run all of it, then tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--soak", action="store_true", help="record for 30 minutes, too, with the processor busy")
    parser.add_argument("--no-windows", action="store_true", help="leave out the tests in Windows' Python")
    options, more = parser.parse_known_args()
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.unlink(missing_ok=True)
    env = os.environ | {"RECORDER_TESTS_WHOLE": "1", "RECORDER_TESTS_TABLE": str(TABLE.relative_to(ROOT))}
    commands = [[sys.executable, "-m", "pytest", "-q", "-s", "--timeout", "1800", *TESTS, *more]]
    if sys.platform == "linux" and not options.no_windows:
        commands.append([sys.executable, "tests/windows/run.py", "-q", "-s", "--timeout", "1800", *ON_WINDOWS, *more])
    if options.soak:
        commands.append([sys.executable, "-m", "tests.faults.soak"])
    statuses = [subprocess.run(command, cwd=ROOT, env=env, check=False).returncode for command in commands]
    if TABLE.exists():
        print(TABLE.read_text(encoding="utf-8"), end="")
    return next((status for status in statuses if status), 0)


if __name__ == "__main__":
    sys.exit(main())
