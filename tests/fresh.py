"""Does what a newcomer does: takes an empty Debian 12 and a fresh clone, and types the README's two commands.

    sudo python3 -m tests.fresh                     both, 25 minutes and 8 GB of disk
    sudo python3 -m tests.fresh --only first        the one that tries the program, a minute
    sudo python3 -m tests.fresh --kind chroot       in a bare chroot instead of a container

The commands are taken from the README as they stand there, and nothing else is typed. Before there is only what the
README says must be there. What is not committed is not in the clone. Ends with 0 when both have ended with 0, leaves
nothing behind, and prints how long each has taken. Needs Debian, and root. Standard library only.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.fresh_debian import HOME, KINDS, Debian, fresh
from tests.windows.enclosure import LabError

ROOT = Path(__file__).resolve().parent.parent

SIGNS = {"first": "tray-recorder record --demo", "second": "tests/run.py"}
"""By what the README's two commands are known: the first block of its code in which this stands."""

CLONED_WITH = ("git", "ca-certificates")
"""What somebody has who has just cloned."""

BEFORE = {"first": ("python3", "python3-venv"), "second": ("python3",)}
"""What must be there, by the README. tests/run.py installs the rest itself."""

CLONE = HOME / "tray-recorder"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command that was run: how many `seconds` it took, and its exit status."""

    name: str
    command: str
    seconds: float
    status: int


def commands(readme: str) -> dict[str, str]:
    """Return the two commands of a README, by name. Raises `ValueError` where one is missing."""
    blocks = re.findall(r"^```(?:sh|bash|shell|console)?\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    found = {}
    for name, sign in SIGNS.items():
        block = next((block for block in blocks if sign in block), None)
        if block is None:
            raise ValueError(f"The README has no block of code with `{sign}`.")
        found[name] = re.sub(r"^\$ ", "", block.strip(), flags=re.MULTILINE)
    return found


def clone(to: Path) -> None:
    """Clone the repository as it is committed. Raises `LabError`."""
    command = ["git", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(to)]
    if subprocess.run(command, check=False).returncode != 0:
        raise LabError(f"{ROOT} cannot be cloned.")
    changed = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "status", "--porcelain"]
    if subprocess.run(changed, capture_output=True, check=False).stdout:
        print("--- The clone has only what is committed: some files here are changed.", flush=True)


def type_in(debian: Debian, name: str, command: str) -> Typed:
    """Run a command as if it was typed in the clone's folder; what it says is shown."""
    print(f"--- {name}: {command}", flush=True)
    began = time.monotonic()
    line = debian.command("bash", "-c", command, at=CLONE)
    status = subprocess.run(line, stdin=subprocess.DEVNULL, check=False).returncode
    return Typed(name, command, time.monotonic() - began, status)


def table(typed: Sequence[Typed]) -> str:
    """Return the times as a table of Markdown."""
    rows = [
        f"| `{one.command}` | {one.seconds:.0f} s | {'passed' if one.status == 0 else f'ended with {one.status}'} |"
        for one in typed
    ]
    return "\n".join(["| typed in a fresh clone on an empty Debian 12 | time | |", "|---|--:|---|", *rows])


def run(names: Sequence[str], kind: str) -> list[Typed]:
    """Make the Debian and type the commands of these names, as far as they pass. Raises `LabError`, `ValueError`."""
    packages = dict.fromkeys([*CLONED_WITH, *(package for name in names for package in BEFORE[name])])
    print(f"--- An empty Debian 12, {KINDS[kind]}, with {', '.join(packages)}", flush=True)
    began = time.monotonic()
    with fresh(list(packages), kind) as debian:
        there = debian.tree / CLONE.relative_to("/")
        clone(there)
        wanted = commands((there / "README.md").read_text(encoding="utf-8"))
        print(f"--- It took {time.monotonic() - began:.0f} s to make.", flush=True)
        done: list[Typed] = []
        for name in names:
            done.append(type_in(debian, name, wanted[name]))
            if done[-1].status != 0:
                break
        return done


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.fresh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--only", choices=SIGNS, help="one of the two")
    parser.add_argument(
        "--kind", choices=KINDS, default="container", help="; ".join(f"{name}: {text}" for name, text in KINDS.items())
    )
    options = parser.parse_args(arguments)
    # It must end what it has started, and remove what it has made.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        typed = run([options.only] if options.only else list(SIGNS), options.kind)
    except (LabError, ValueError, OSError) as error:
        print(f"fresh: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fresh: interrupted", file=sys.stderr)
        return 130
    print(table(typed), flush=True)
    return 0 if all(one.status == 0 for one in typed) else 1


if __name__ == "__main__":
    sys.exit(main())
