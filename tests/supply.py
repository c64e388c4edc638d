#!/usr/bin/env python3
"""Tests what we depend on: the oldest versions that `pyproject.toml` allows, the newest, and whether they are safe.

    python tests/supply.py oldest [--python 3.12]   a venv with the oldest of each dependency, and the quick tests in it
    python tests/supply.py newest [--python 3.12]   the same with the newest
    python tests/supply.py constraints              writes packaging/constraints.txt: the newest of now, for all systems
    python tests/supply.py audit                    looks those up among the known vulnerabilities

Needs the network, `pip install -e .[supply]`, and for the tests ffmpeg and sox. Ends with 0 when all is well, 1 when
something is not, and 3 where it could not be found out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

UNKNOWN = 3

RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
"""What uv calls it. Only our own dependencies are the oldest: theirs are theirs to declare, and to test."""

QUICK = [
    *("tests/audio", "tests/take", "tests/processing", "tests/tray", "tests/capture/test_signal.py"),
    *(
        "tests/test_settings.py",
        "tests/test_choices.py",
        "tests/test_imports.py",
        "--ignore=tests/audio/test_speech.py",
    ),
]
"""A minute of the tests, which needs no sound server and no desktop. That leaves sounddevice and plyer out."""

EVERY_SYSTEM = ("--universal", "--python-version", "3.11", "--no-header", "--no-annotate")
EXTRAS = ("--extra", "exe", "--extra", "test")

HEAD = """\
# What a release is made of and tested with, by `python tests/supply.py constraints`. On Linux these versions have
# passed the tests; what the tests in Wine ran with stands in tests/windows/requirements.txt.
#     pip install -c packaging/constraints.txt .
"""


class SupplyError(Exception):
    """A step failed, and has said why."""

    def __init__(self, what: str, status: int = 1) -> None:
        super().__init__(what)
        self.status = status


def tool(name: str) -> str:
    """Return the path of a tool that pip installs: beside this Python, or on the path. Raises `SupplyError`."""
    beside = Path(sys.executable).with_name(name + (".exe" if os.name == "nt" else ""))
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise SupplyError(f"{name} is missing: pip install -e .[supply]", UNKNOWN)
    return found


def run(*command: str | Path, environ: dict[str, str] | None = None) -> None:
    """Run a command. Raises `SupplyError` where it fails."""
    print("---", *command, flush=True)
    if subprocess.run(list(map(str, command)), cwd=ROOT, env=environ, check=False).returncode != 0:
        raise SupplyError(f"{Path(command[0]).name} failed.")


def test_with(resolution: str, python: str) -> None:
    """Make a virtual environment with what `resolution` takes, say what that is, and run the quick tests in it."""
    uv = tool("uv")
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder, "venv")
        inside = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        run(uv, "venv", "--quiet", "--no-python-downloads", "--python", python, venv)
        install = (uv, "pip", "install", "--quiet", "--python", inside)
        # A wheel that is there is enough: an old version that has none for this Python is not worth compiling.
        run(*install, "--resolution", RESOLUTIONS[resolution], "--only-binary", ":all:", "--no-binary", "tray-recorder",
            "-e", ".[test]")  # fmt: skip
        run(uv, "pip", "list", "--python", inside)
        run(inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK)


def write_constraints() -> None:
    """Write what is the newest now, for every system and Python; no address of where it comes from."""
    uv = tool("uv")
    command = [uv, "pip", "compile", "--quiet", "--upgrade", *EVERY_SYSTEM, *EXTRAS, "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SupplyError(done.stderr.strip())
    CONSTRAINTS.write_text(HEAD + done.stdout, encoding="utf-8", newline="\n")
    print(f"{CONSTRAINTS}: {len(done.stdout.splitlines())} lines")


def audit() -> None:
    """Look up what a release is made of among the known vulnerabilities. Raises `SupplyError`."""
    options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [tool("pip-audit"), *options, "--requirement", str(CONSTRAINTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        # Its own last line says why.
        said = done.stderr.strip().splitlines() or ["nothing was said"]
        raise SupplyError(f"Nothing could be found out: {said[-1]}", UNKNOWN) from error
    for one in found:
        for known in one.get("vulns", ()):
            print(
                f"{one['name']} {one['version']}: {known['id']}, fixed in {', '.join(known['fix_versions']) or 'none'}"
            )
    if any(one.get("vulns") for one in found):
        raise SupplyError("Some are known to be vulnerable.")
    if unread := [one["name"] for one in found if "skip_reason" in one]:
        raise SupplyError(f"Of {len(unread)} of {len(found)} packages nothing could be found out.", UNKNOWN)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it, and say in the last line how it went."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("what", choices=[*RESOLUTIONS, "constraints", "audit"])
    parser.add_argument("--python", default=sys.executable, help="the Python to test with; this one else")
    options = parser.parse_args(arguments)
    try:
        if options.what in RESOLUTIONS:
            test_with(options.what, options.python)
        elif options.what == "constraints":
            write_constraints()
        else:
            audit()
    except SupplyError as error:
        print(f"{options.what}: {error}", file=sys.stderr)
        return error.status
    print(f"{options.what}: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
