"""Debian's packages, mirrors and trees, as far as tests need them. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.windows.enclosure import LabError, alone

APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")
"""Another package manager may be at work (a fresh machine updates itself): it is waited for."""

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def missing(packages: Sequence[str]) -> list[str]:
    """Return which of the packages are not installed on this machine."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages]
    answer = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def install(packages: Sequence[str], log: Path) -> list[str]:
    """Install those of the packages that are missing; return them. Needs root: else `LabError` names the command."""
    if not shutil.which("apt-get"):
        raise LabError("This needs Debian: there is no apt-get here.")
    wanted = missing(packages)
    if not wanted:
        return []
    if os.geteuid() != 0:
        command = f"sudo apt-get install --no-install-recommends {' '.join(wanted)}"
        raise LabError(f"Some packages are missing. Run: {command}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = ([*APT, "update"], [*APT, "install", "--no-install-recommends", *wanted])
    with log.open("ab") as out:
        for step in steps:
            if subprocess.run(step, env=environment, stdout=out, stderr=out, check=False).returncode != 0:
                raise LabError(f"Installing {' '.join(wanted)} failed; the log is {log}.")
    return wanted


def bootstrap(suite: str, folder: Path, packages: Sequence[str] = ()) -> list[str]:
    """Return the command that makes a small Debian of its own in `folder`, from the mirror that this machine uses."""
    wanted = [f"--include={','.join(packages)}"] if packages else []
    return [*alone(), "debootstrap", "--variant=minbase", f"--keyring={KEYRING}", *wanted, suite, str(folder), mirror()]


def mirror(etc: Path = Path("/etc")) -> str:
    """Return the address of the Debian mirror that this machine uses for its own release.

    Reads both formats of sources.list(5). Raises `LabError` when no line names the machine's own release.
    """
    release = _release(etc / "os-release")
    for addresses, suites in (*_deb822(etc / "apt"), *_one_line(etc / "apt")):
        if release in suites and (found := _plain(addresses)):
            return found
    raise LabError(f"No Debian mirror for {release or 'this release'} is named in {etc / 'apt'}.")


def _release(file: Path) -> str:
    """Return the machine's release, such as `bookworm`, from os-release(5)."""
    found = re.search(r'^VERSION_CODENAME="?(\w+)', file.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _deb822(apt: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Give (addresses, suites) of every paragraph of the `*.sources` files."""
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        for paragraph in re.split(r"\n[ \t]*\n", file.read_text(encoding="utf-8")):
            unfolded = re.sub(r"\n[ \t]+", " ", paragraph)
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", unfolded, re.MULTILINE))
            if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes").strip() != "no":
                yield fields.get("URIs", "").split(), fields.get("Suites", "").split()


def _one_line(apt: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Give (addresses, suites) of every line of `sources.list` and the `*.list` files."""
    line = re.compile(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)", re.MULTILINE)
    for file in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))):
        if file.is_file():
            for address, suite in line.findall(file.read_text(encoding="utf-8")):
                yield [address], [suite]


def _plain(addresses: list[str]) -> str:
    """Return the first address that debootstrap can read; one of a list of mirrors where apt is given such a list."""
    for address in addresses:
        if address.startswith("mirror+file:"):
            lines = Path(address.removeprefix("mirror+file:")).read_text(encoding="utf-8").splitlines()
            return _plain([line.split()[0] for line in lines if line.strip() and not line.startswith("#")])
        if address.startswith(("http://", "https://", "file:")):
            return address
    return ""
