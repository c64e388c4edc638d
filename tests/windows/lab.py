"""Windows on a Linux machine: makes the lab where it is missing, and keeps it. Standard library only.

`ensure` gives a lab that is whole and as the recipe says. Each part (see `recipe`) lies in a folder of its own with a
stamp of its recipe. It is made under another name and renamed when it is done, so an interrupted set-up is only
repeated. A run never works in these folders: `fresh_prefix` puts a Windows together from them, for that run alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.windows import debian
from tests.windows.enclosure import Lab, LabError, check_machine, lab_folder
from tests.windows.recipe import HOST_PACKAGES, PARTS, Bench, Part

__all__ = ["Lab", "LabError", "ensure", "fresh_prefix", "run_folder"]

STAMP = ".stamp"


@contextlib.contextmanager
def ensure(folder: Path | None = None) -> Iterator[Lab]:
    """Give the lab in `folder` (default: see `lab_folder`), made or renewed where need be; nobody changes it meanwhile.

    Prints a line for each part that is made. Raises `LabError` in one line.
    """
    check_machine()
    lab = Lab((folder or lab_folder()).absolute())
    with contextlib.ExitStack() as stack:
        try:
            (lab.folder / "logs").mkdir(parents=True, exist_ok=True)
            _install(lab)
            stack.enter_context(_held(lab))
        except OSError as error:
            raise LabError(f"The Windows lab in {lab.folder} cannot be made: {error}.") from error
        yield lab


def _install(lab: Lab) -> None:
    began = time.monotonic()
    if installed := debian.install(HOST_PACKAGES, lab.folder / "logs" / "apt.log"):
        _tell(f"{len(installed)} packages of this machine", began)


@contextlib.contextmanager
def _held(lab: Lab) -> Iterator[None]:
    """While this lasts the lab is up to date and others only use it too."""
    with (lab.folder / "lock").open("w") as lock:
        _wait_for(lock.fileno(), fcntl.LOCK_SH)
        while stale_parts(lab):
            # A lock is not widened in one step, so another one may have made it all meanwhile.
            fcntl.flock(lock, fcntl.LOCK_UN)
            _wait_for(lock.fileno(), fcntl.LOCK_EX)
            for part, digest in stale_parts(lab):
                _make(lab, part, digest)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _wait_for(lock: int, kind: int) -> None:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        print("--- Windows lab: another run is making or using it; waiting for that.", flush=True)
        fcntl.flock(lock, kind)


def stale_parts(lab: Lab) -> list[tuple[Part, str]]:
    """Return the parts that are missing or made by another recipe, each with what its stamp is to say."""
    found, digest = [], ""
    for part in PARTS:
        digest = part.digest(digest)
        stamp = lab.folder / part.name / STAMP
        if not stamp.is_file() or stamp.read_text() != digest:
            found.append((part, digest))
    return found


def _make(lab: Lab, part: Part, digest: str) -> None:
    began = time.monotonic()
    log = lab.folder / "logs" / f"{part.name}.log"
    log.unlink(missing_ok=True)
    final, growing = lab.folder / part.name, lab.folder / f"{part.name}.new"
    _remove(growing)
    growing.mkdir()
    try:
        part.make(Bench(lab, log), growing)
    except LabError as error:
        raise LabError(f"Making the Windows lab's {part.name} failed. {error}") from error
    (growing / STAMP).write_text(digest)
    _remove(final)
    growing.rename(final)
    _tell(part.name, began, final)


def _tell(what: str, began: float, folder: Path | None = None) -> None:
    size = f", {_megabytes(folder)} MB" if folder else ""
    print(f"--- Windows lab: {what}: {time.monotonic() - began:.0f} s{size}", flush=True)


def _megabytes(folder: Path) -> int:
    told = subprocess.run(["du", "-smx", folder], capture_output=True, text=True, check=False).stdout
    return int(told.split()[0]) if told else 0


def _remove(folder: Path) -> None:
    """Remove a folder of the lab; never what somebody has mounted there."""
    subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)


@contextlib.contextmanager
def run_folder(lab: Lab) -> Iterator[Path]:
    """Give an empty folder for one run, removed at its end; those of runs that died are removed too."""
    runs = lab.folder / "runs"
    runs.mkdir(exist_ok=True)
    with _locked(runs):
        for left in runs.iterdir():
            with contextlib.suppress(BlockingIOError), _locked(left, fcntl.LOCK_NB):
                _remove(left)
        folder = Path(tempfile.mkdtemp(dir=runs))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


@contextlib.contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(handle)


def fresh_prefix(lab: Lab, run: Path) -> Path:
    """Put together a Windows for one run, in `run`: Wine's, with Python in `C:\\Python311`; return its prefix.

    Its files are hard links, which takes a fifth of a second instead of ten for 1 GB. What Wine writes in place, the
    registry above all, is copied.
    """
    prefix = run / "prefix"
    python = prefix / "drive_c" / "Python311"
    _copy("-al", lab.folder / "prefix", prefix)
    _copy("-al", lab.folder / "python", python)
    _copy("-al", lab.folder / "packages", python / "Lib" / "site-packages")
    for name in (*(file.name for file in prefix.glob("*.reg")), "drive_c/users"):
        linked = prefix / name
        shutil.rmtree(linked) if linked.is_dir() else linked.unlink()
        _copy("-a", lab.folder / "prefix" / name, linked)
    return prefix


def _copy(how: str, source: Path, target: Path) -> None:
    if subprocess.run(["cp", how, source, target], check=False).returncode != 0:
        raise LabError(f"{source} could not be copied to {target}.")
