"""Builds the exe inside Windows' Python, once for the same sources: a build takes a minute."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import platformdirs

ROOT = Path(__file__).resolve().parents[2]

SOURCES = ["build.spec", "packaging/licences.py", "LICENSE", ".env.example", "assets", "tray_app"]
"""What `build.spec` reads."""

KEPT_SECONDS = 24 * 3600
DEADLINE = 900
"""Seconds for one build, on a machine that is busy with other things too."""


@dataclass(frozen=True, slots=True)
class Build:
    """The folder that users get, and the two programs in it. Whoever wants to write there takes a copy."""

    folder: Path

    @property
    def windowed(self) -> Path:
        return self.folder / "tray-recorder.exe"

    @property
    def terminal(self) -> Path:
        return self.folder / "tray-recorder-cli.exe"

    def copy(self, to: Path) -> Build:
        """Return a copy in the folder `to`, which must not be there yet."""
        shutil.copytree(self.folder, to)
        return Build(to)


def build(cache: Path | None = None) -> Build:
    """Return the build of the checkout as it is now; made unless the folder `cache` holds it.

    `cache` is by default `$RECORDER_WINDOWS_BUILDS`, else in the user's cache folder. What nobody has asked for in a
    day is removed from it. Raises `RuntimeError`, with the end of what PyInstaller said, when it fails.
    """
    cache = cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    there = cache / key(ROOT)
    if not there.is_dir():
        with tempfile.TemporaryDirectory(prefix="making-", dir=cache, ignore_cleanup_errors=True) as folder:
            there = _make(Path(folder), cache)
    os.utime(there)
    _remove_old(cache)
    return Build(there / "tray-recorder")


def cache_folder() -> Path:
    """Return where builds are kept. A Windows that is made anew for every run names a folder outside of it."""
    own = os.environ.get("RECORDER_WINDOWS_BUILDS")
    return Path(own) if own else platformdirs.user_cache_path("tray-recorder-tests", appauthor=False)


def _make(folder: Path, cache: Path) -> Path:
    """Build from a copy of the sources, which nobody changes meanwhile; return where the build is now."""
    copy = folder / "sources"
    copy.mkdir()
    for name in SOURCES:
        whole = ROOT / name
        if whole.is_dir():
            shutil.copytree(whole, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (copy / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(whole, copy / name)
    _run_pyinstaller(copy / "build.spec", folder)
    there = cache / key(copy)
    # Another test run may have been faster. It built the same.
    if not there.is_dir():
        (folder / "made").rename(there)
    return there


def _run_pyinstaller(spec: Path, folder: Path) -> None:
    options = ["--noconfirm", "--distpath", str(folder / "made"), "--workpath", str(folder / "work")]
    done = subprocess.run(
        [sys.executable, "-m", "PyInstaller", *options, str(spec)],
        # Nothing from the checkout, and nothing into it: the spec must find its sources from anywhere.
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").splitlines()
        raise RuntimeError("\n".join([f"PyInstaller ended with {done.returncode}:", *said[-30:]]))


def key(root: Path) -> str:
    """Return a name that changes with the sources in `root`, with Python, and with what is installed."""
    found = hashlib.sha256(sys.version.encode())
    for package in sorted(f"{one.name}=={one.version}" for one in importlib.metadata.distributions()):
        found.update(package.encode())
    for name in SOURCES:
        inside = sorted(path for path in (root / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        for file in inside or [root / name]:
            found.update(f"\0{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()[:16]


def _remove_old(cache: Path) -> None:
    for folder in cache.iterdir():
        try:
            if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:
            # Another test run removes them too.
            continue
