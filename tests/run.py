#!/usr/bin/env python3
"""Runs everything that holds the project together; a fresh Debian 12 with nothing but `python3` is enough.

    python3 tests/run.py [--venv FOLDER] [--no-windows] [pytest's own arguments, such as -k silence]

Installs what is missing (Debian's packages when run as root, Python's into a virtual environment of its own), then
runs ruff, mypy and pytest, tries the program with another Python, and then runs the tests in Windows' Python, under
Wine (neither with `--no-windows`, nor when pytest gets arguments of its own; tests/windows/run.py takes those too).
Ends with 0 when all passed; else names the first step that failed and ends with 1.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PACKAGES = [
    *["pulseaudio", "pulseaudio-utils", "libpulse0", "libportaudio2", "libasound2-plugins", "ffmpeg", "sox"],
    *["pipewire", "pipewire-pulse", "wireplumber", "dbus", "libnotify-bin", "desktop-file-utils", "libglib2.0-bin"],
    *["xvfb", "trayer", "python3-gi", "gir1.2-gtk-3.0", "gir1.2-ayatanaappindicator3-0.1", "librsvg2-common"],
    *["espeak-ng", "nsis"],
]
"""What the tests play with: real sound servers, a message bus, a screen with a panel, the tools that are measured
against, and what makes the installer. Debian's own PyGObject serves Python 3.11, whoever's it is.
"""

OTHER_PYTHON = "3.13"
"""What the program is installed for and tried with as well: the Python of Debian's stable release.
`python3 -m tests.pythons` tries all of them.
"""

MAY_NOT_MOUNT = "Nothing may be mounted here for them alone. A container needs more rights: docker run --privileged."

MOUNTS = Path("/proc/self/mountinfo")

NETWORK_SIGNS = ("connection", "timed out", "timeout", "temporary failure", "max retries", "network", "resolve")


class StepError(Exception):
    """A step failed; its text says how to go on, or is empty where the step has said it."""


def step(name: str, command: list[str]) -> None:
    """Run one command and tell how long it took."""
    print(f"--- {name}: {' '.join(command)}", flush=True)
    began = time.monotonic()
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    verdict = "passed" if status == 0 else f"FAILED with status {status}"
    print(f"--- {name}: {verdict} in {time.monotonic() - began:.1f} s", flush=True)
    if status != 0:
        raise StepError(f"{name} failed.")


def missing_packages() -> list[str]:
    """Return which of Debian's packages are not installed."""
    wanted = [*PACKAGES, *venv_package()]
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    answer = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    installed = {line.split()[0] for line in answer.splitlines() if line.endswith(" installed")}
    return [package for package in wanted if package not in installed]


def venv_package() -> list[str]:
    """Debian takes `ensurepip`, which `venv` needs, out of its Python; other Pythons have it."""
    probe = subprocess.run([sys.executable, "-c", "import ensurepip"], stderr=subprocess.DEVNULL, check=False)
    return ["python3-venv"] if probe.returncode != 0 else []


def install_packages() -> None:
    """Install what is missing of Debian's packages; elsewhere they are the user's to install."""
    if not shutil.which("apt-get"):
        print("--- No apt-get here. What the tests need, by its Debian names:", *PACKAGES, flush=True)
        return
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0:
        raise StepError(
            f"Some packages are missing. Run: sudo apt-get install --no-install-recommends {' '.join(missing)}"
        )
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    # Another package manager may be at work (a fresh machine updates itself): wait for it.
    apt = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"]
    step("package lists", [*apt, "update"])
    step("packages", [*apt, "install", "--no-install-recommends", *missing])


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv(venv: Path) -> Path:
    """Make the virtual environment where it is missing or broken, and install the project and its tests' needs."""
    python = python_of(venv)
    if subprocess_fails([str(python), "-c", "import pip"]):
        step("virtual environment", [sys.executable, "-m", "venv", "--clear", str(venv)])
    install(python)
    return python


def subprocess_fails(command: list[str]) -> bool:
    """Return whether a command cannot be run or ends badly; shows nothing of it."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode != 0
    except OSError:
        return True


def install(python: Path) -> None:
    """Install the project with pip; try a second time when it was the network that failed."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[test]"]
    print(f"--- install: {' '.join(command)}", flush=True)
    began = time.monotonic()
    for attempt in (1, 2):
        done = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        print(done.stdout, end="", flush=True)
        if done.returncode == 0:
            print(f"--- install: passed in {time.monotonic() - began:.1f} s", flush=True)
            return
        if attempt == 2 or not any(sign in done.stdout.lower() for sign in NETWORK_SIGNS):
            break
        print("--- install: the network failed; once more.", flush=True)
    raise StepError("install failed.")


def check(python: Path, pytest_arguments: list[str]) -> None:
    """Run the checks, the quick ones first."""
    run = [str(python), "-m"]
    step("ruff", [*run, "ruff", "check", "."])
    step("format", [*run, "ruff", "format", "--check", "."])
    step("types", [*run, "mypy", "--strict", "tray_app", "tests", "packaging"])
    step("tests", [*run, "pytest", *pytest_arguments])


def why_not_windows() -> str:
    """Return why this machine cannot be made to have a Windows Python, and what helps; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "On Debian: sudo python3 tests/windows/run.py"
    return "" if may_mount() else MAY_NOT_MOUNT


def may_mount() -> bool:
    """Return whether root may mount here: what runs in Wine does so in a namespace of its own, as is tried here."""
    return not subprocess_fails([*own_namespace(), "mount", "-t", "proc", "proc", "/proc"])


def own_namespace(mounts: Path = MOUNTS) -> list[str]:
    """Return the unshare(1) that keeps what a command mounts and starts to itself."""
    propagation = "unchanged" if in_bare_chroot(mounts) else "private"
    return ["unshare", "--mount", "--propagation", propagation, "--pid", "--fork"]


def in_bare_chroot(mounts: Path = MOUNTS) -> bool:
    """Return whether `/` is a folder that chroot(2) made the root, and what is mounted there is not shared.

    Such a root is no mount, so it cannot be made private, nor be left by pivot_root(2). Its mounts need not be made so.
    """
    lines = mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else []
    return bool(lines) and not any(line.split()[4] == "/" or " shared:" in line for line in lines)


@contextlib.contextmanager
def windows_lab_meanwhile(python: Path) -> Iterator[Callable[[], None]]:
    """Have the Windows lab made while other tests run: mostly that waits for downloads. Gives what waits for it.

    Where it fails, the Windows tests try once more and say why.
    """
    with tempfile.TemporaryFile() as out:
        command = [str(python), "tests/windows/run.py", "--prepare"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

        def wait() -> None:
            process.wait()
            out.seek(0)
            print(out.read().decode(errors="replace"), end="", flush=True)

        try:
            yield wait
        finally:
            process.kill()
            process.wait()


def main() -> int:
    """Prepare, check, and say in the last line how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the virtual environment to use or make")
    parser.add_argument("--no-windows", action="store_true", help="leave out the tests in Windows' Python")
    options, pytest_arguments = parser.parse_known_args()
    began = time.monotonic()
    try:
        if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have another one
            raise StepError("This needs Python 3.11 or newer.")
        install_packages()
        python = make_venv(options.venv.absolute())
        if options.no_windows or pytest_arguments or sys.platform == "win32":
            check(python, pytest_arguments)
        elif reason := why_not_windows():
            check(python, pytest_arguments)
            print(f"--- Not run: the tests in Windows' Python. {reason}", flush=True)
        else:
            with windows_lab_meanwhile(python) as lab_is_made:
                check(python, pytest_arguments)
                step(f"Python {OTHER_PYTHON}", [str(python), "-m", "tests.pythons", OTHER_PYTHON])
                lab_is_made()
                step("Windows tests", [str(python), "tests/windows/run.py"])
    except StepError as error:
        print(f"FAILED after {time.monotonic() - began:.0f} s: {error}", flush=True)
        return 1
    print(f"All passed in {time.monotonic() - began:.0f} s.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
