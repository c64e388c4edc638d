#!/usr/bin/env python3
"""Installs the program for the Python that runs this, and tries it: `PYTHON tests/installed.py [--tests]`.

As a user gets it: a virtual environment in an empty folder, `pip install` of this checkout, and nothing of the checkout
on Python's path. Then every module is imported, and the terminal's program is run: its help, `record --demo`, `trim`
and `doctor`. With `--tests` the tests that only compute are run too, with what they need (`.[test]`). Needs the
network. Prints how long each step took. Ends with 0 when all is well; else says which step failed, and ends with 1.
Standard library only, and any system.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TESTS = ("tests/audio", "tests/take", "--ignore=tests/audio/test_speech.py")
"""The tests that only compute. Speech needs a program that speaks."""

ELSEWHERE = {
    "win32": ("desktop.folder_gtk", "desktop.unix_socket", "tray.gtk"),
    "linux": ("desktop.pipe", "desktop.shortcut", "desktop.windows", "tray.gtk", "tray.plain", "tray.windows"),
    "darwin": ("desktop.pipe", "desktop.shortcut", "desktop.windows", "tray.gtk", "tray.windows"),
}
"""By system, what is about another one, or about what pip alone does not bring: GTK. All else can be imported."""

IMPORT_ALL = """
import importlib, pkgutil, sys, traceback
import tray_app
names = [one.name for one in pkgutil.walk_packages(tray_app.__path__, "tray_app.") if one.name != "tray_app.__main__"]
failed = []
for name in names:
    try:
        importlib.import_module(name)
    except Exception:
        if name.removeprefix("tray_app.") not in sys.argv[1:]:
            failed.append(name)
            traceback.print_exc()
print(len(names), tray_app.__file__)
sys.exit(f"cannot be imported: {', '.join(failed)}" if failed else 0)
"""

DEADLINE = 600
"""Seconds for one step."""


class FailedError(Exception):
    """A step failed; the text says which, and the end of what it said."""


class Trial:
    """The program in a virtual environment in `folder`, for a user who has nothing yet.

    `took` are the seconds of each step.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.took = folder, dict[str, float]()
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        self.home = folder / "home"
        self.home.mkdir()
        self.env = environment(os.environ, self.home)

    def step(self, name: str, *command: str | Path, at: Path | None = None, good: Sequence[int] = (0,)) -> str:
        """Run a command to its end, in the empty home unless `at` says where; return what it printed.

        Raises `FailedError` when its status is not a `good` one.
        """
        began = time.monotonic()
        try:
            done = subprocess.run(
                list(map(str, command)),
                cwd=at or self.home,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=DEADLINE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FailedError(f"{name}: {error}") from error
        self.took[name] = time.monotonic() - began
        print(f"--- {name}: {self.took[name]:.1f} s", flush=True)
        if done.returncode not in good or "Traceback" in done.stdout:
            said = "\n".join(done.stdout.splitlines()[-40:])
            raise FailedError(f"{name} ended with {done.returncode}:\n{said}")
        return done.stdout

    def install(self, tests: bool) -> None:
        """Install the checkout, with what its tests need where `tests` says so."""
        self.step("venv", sys.executable, "-m", "venv", self.folder / "venv")
        pip = (self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        self.step("install", *pip, f"{ROOT}[test]" if tests else ROOT)

    def import_all(self) -> None:
        """Import every module, all in one Python. Raises `FailedError`."""
        told = self.step("import", self.python, "-P", "-c", IMPORT_ALL, *ELSEWHERE.get(sys.platform, ()))
        count, _, file = told.splitlines()[-1].partition(" ")
        if int(count) < 100 or Path(self.folder).resolve() not in Path(file).resolve().parents:
            raise FailedError(f"import: {count} modules of {file}, which is not what was installed")

    def use(self) -> None:
        """Run the program as its user does. Raises `FailedError`."""
        program = self.bin / ("tray-recorder.exe" if os.name == "nt" else "tray-recorder")
        self.step("help", program, "--help")
        # Where there is an output it may be silent, so what is trimmed is the signal's.
        demo, take = self.home / "demo.wav", self.home / "one.wav"
        self.step("demo", program, "record", "--demo", "--seconds", "1", "--output", demo)
        self.step("record", program, "record", "--source", "signal", "--seconds", "1", "--output", take)
        originals = self.home / "originals"
        self.step("trim", program, "trim", originals / take.name, "--output", self.home / "again.wav")
        for file in (originals / demo.name, originals / take.name, take, self.home / "again.wav"):
            if not file.is_file():
                raise FailedError(f"{file} was not made")
        # 1 says that there is nothing to record from, which is true of most machines that test.
        if f"Python {platform.python_version()}" not in self.step("doctor", program, "doctor", good=(0, 1)):
            raise FailedError("doctor does not know its Python")

    def test(self) -> None:
        """Run the tests that only compute. Raises `FailedError`."""
        self.step("tests", self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, at=ROOT)


def environment(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the environment of somebody who has no settings, takes or log: all of it would be in `home`."""
    kept = {name: value for name, value in environ.items() if not name.startswith(("RECORDER_", "PYTHON", "XDG_"))}
    windows = {"USERPROFILE": str(home), "APPDATA": str(home / "Roaming"), "LOCALAPPDATA": str(home / "Local")}
    own = {"HOME": str(home), "RECORDER_NOTIFY": "false", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | (windows if os.name == "nt" else {}) | own


def main(arguments: Sequence[str] | None = None) -> int:
    """Try it, and say in the last line how it went."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--tests", action="store_true", help="run the tests that only compute, too")
    options = parser.parse_args(arguments)
    system = f"Python {platform.python_version()} on {platform.system()}"
    with tempfile.TemporaryDirectory(prefix="installed-", ignore_cleanup_errors=True) as folder:
        trial = Trial(Path(folder))
        try:
            trial.install(options.tests)
            trial.import_all()
            trial.use()
            if options.tests:
                trial.test()
        except FailedError as error:
            print(f"{system}: FAILED: {error}", flush=True)
            return 1
    print(f"{system}: passed in {sum(trial.took.values()):.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
