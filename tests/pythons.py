#!/usr/bin/env python3
"""Tries the program with other Pythons: `python3 -m tests.pythons [3.12 …] [--tests]`; 3.11 to 3.14 else.

Each is this machine's own where it has one, on the path or by pyenv; else, on Debian as root, that of a Debian which
has it, made for this run alone in half a minute. What is tried with it stands in tests/installed.py, which any Python
runs. Prints a table. Ends with 0 when all passed, 1 when one failed, and 3 when one could not be had. Standard library
only.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fresh_debian import fresh
from tests.windows.enclosure import LabError

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "tests/installed.py"

VERSIONS = ("3.11", "3.12", "3.13", "3.14")

SUITES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "sid"}
"""The Debian that has each. None ever had 3.12."""

MADE = (".git", ".env", "__pycache__", ".*_cache", ".hypothesis", "dist", "build", "out")

UNKNOWN = 3
HAS_VENV = "import ensurepip, sys; print(sys.version.split()[0])"


@dataclass(frozen=True, slots=True)
class Tried:
    """How it went with a Python: its whole `version` as far as it is known, whose it is, and what became of it."""

    version: str
    source: str
    result: str
    seconds: float = 0


def of_machine(version: str) -> str | None:
    """Return a Python of this machine that can make virtual environments; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    found = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"), key=_patch, reverse=True)]
    return next((str(path) for path in found if path and version_of([str(path)], version)), None)


def _patch(python: Path) -> int:
    number = python.parents[1].name.rpartition(".")[2]
    return int(number) if number.isdecimal() else -1


def version_of(python: Sequence[str], version: str) -> str:
    """Return the whole version of a Python, such as 3.12.1; empty when it does not run, or is another one."""
    try:
        told = subprocess.run([*python, "-c", HAS_VENV], capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
    return told if told.startswith(f"{version}.") else ""


@contextlib.contextmanager
def debians(version: str) -> Iterator[list[str]]:
    """Give the command that is a Python of a Debian of its own, in which this checkout lies as it is here.

    Raises `LabError` where there is none.
    """
    if version not in SUITES:
        raise LabError(f"No Debian has Python {version}. Try: uv python install {version}")
    packages = ["ca-certificates", f"python{version}-venv"]
    with fresh(packages, suite=SUITES[version]) as debian:
        place = Path("/opt/checkout")
        copy(debian.tree / place.relative_to("/"))
        yield debian.command(f"python{version}", at=place)


def copy(to: Path) -> None:
    """Copy the checkout as it is; not what was made in it: environments, caches, the repository itself."""
    shutil.copytree(ROOT, to, ignore=_made, symlinks=True)


def _made(folder: str, names: list[str]) -> set[str]:
    made = {name for name in names for pattern in MADE if fnmatch.fnmatch(name, pattern)}
    return made | {name for name in names if Path(folder, name, "pyvenv.cfg").is_file()}


def attempt(version: str, tests: bool) -> Tried:
    """Try the program with one Python; what is done is shown."""
    began = time.monotonic()
    own = of_machine(version)
    source = "this machine's" if own else f"Debian {SUITES.get(version, '')}".strip()
    print(f"--- Python {version}, {source}", flush=True)
    try:
        with contextlib.nullcontext([own]) if own else debians(version) as python:
            full = version_of(python, version) or version
            line = [*python, "-P", SCRIPT, *(["--tests"] if tests else [])]
            status = subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
    except LabError as error:
        return Tried(version, "", f"not to be had: {error}")
    return Tried(full, source, "passed" if status == 0 else "FAILED", time.monotonic() - began)


def table(tried: Sequence[Tried]) -> str:
    """Return it as a table of Markdown."""
    rows = [f"| {one.version} | {one.source} | {one.seconds:.0f} s | {one.result} |" for one in tried]
    return "\n".join(["| Python | whose | time | |", "|---|---|--:|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them all, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.pythons",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("versions", nargs="*", metavar="VERSION", default=VERSIONS)
    parser.add_argument("--tests", action="store_true", help="run the tests that only compute, too")
    options = parser.parse_args(arguments)
    tried = [attempt(version, options.tests) for version in options.versions]
    print(table(tried), flush=True)
    if any(one.result == "FAILED" for one in tried):
        return 1
    return 0 if all(one.result == "passed" for one in tried) else UNKNOWN


if __name__ == "__main__":
    sys.exit(main())
