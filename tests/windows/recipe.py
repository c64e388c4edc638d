"""How the lab's four parts are made, each into an empty folder. Standard library only.

tree      Debian trixie with Wine 10: loopback capture by WASAPI needs Wine 9.12 or newer, bookworm has 8.0
prefix    what Wine calls a Windows installation, fresh
python    Windows' own CPython 3.11, as panda3d's wheel carries it; its library in Python is this machine's
packages  the wheels of `requirements.txt`
"""

from __future__ import annotations

import hashlib
import inspect
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.windows import debian
from tests.windows.enclosure import Lab, LabError

HERE = Path(__file__).resolve().parent

HOST_PACKAGES = (
    *("debootstrap", "gcc-mingw-w64-x86-64-win32", "xvfb", "pulseaudio", "pulseaudio-utils", "python3-venv", "nsis"),
)
"""What this machine needs: to make the lab, to give it a screen and a sound server, and to pack an installer."""

SUITE = "trixie"
TREE_PACKAGES = ("wine", "wine64", "libpulse0")

SCREEN = (1024, 768)
"""Windows' screen, and so the X server's, in pixels."""

REGISTRY = (
    # A virtual desktop shows icons, menus, tips and balloons. One that is named "shell" shows no balloons.
    ("HKCU\\Software\\Wine\\Explorer", "Desktop", "lab"),
    ("HKCU\\Software\\Wine\\Explorer\\Desktops", "lab", f"{SCREEN[0]}x{SCREEN[1]}"),
)

PANDA3D = "panda3d==1.10.16"
LIBRARIES = ("libffi-8", "libcrypto-3", "libssl-3", "sqlite3", "tcl86t", "tk86t")
COMPILER = "x86_64-w64-mingw32-"
NOT_COPIED = (
    *("lib-dynload", "site-packages", "dist-packages", "test", "tests", "__pycache__", "idlelib", "turtledemo"),
    *("config-3.11*", "_sysconfigdata*"),
)
"""Of Python's library: what is Linux' own, or big and of no use here."""

FOR_WINDOWS = ("--platform", "win_amd64", "--python-version", "311", "--implementation", "cp", "--only-binary=:all:")


@dataclass(frozen=True, slots=True)
class Bench:
    """What a maker works with: the lab with the parts made before, and the log of all that is started."""

    lab: Lab
    log: Path

    def run(
        self, *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, seconds: float = 900
    ) -> None:
        """Run a command to its end. Raises `LabError` when it fails or takes longer than `seconds`."""
        words = list(map(str, command))
        with self.log.open("ab") as out:
            out.write(f"$ {' '.join(words)}\n".encode())
            out.flush()
            try:
                done = subprocess.run(
                    words, cwd=cwd, env=env, timeout=seconds, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise LabError(f"{error}; the log is {self.log}.") from error
        if done.returncode != 0:
            raise LabError(f"It ended with status {done.returncode}; the log is {self.log}.")

    def pip(self, *arguments: str | Path) -> None:
        """Run pip, from a virtual environment of the lab's own: Debian's Python has none."""
        python = self.lab.folder / "pip" / "bin" / "python"
        if not python.exists() or subprocess.run([python, "-c", "import pip"], capture_output=True).returncode != 0:
            self.run(python311(), "-m", "venv", "--clear", python.parents[1])
        self.run(python, "-m", "pip", "--disable-pip-version-check", *arguments)


def make_tree(bench: Bench, folder: Path) -> None:
    """Debian with Wine, from the mirror that this machine uses."""
    bench.run(*debian.bootstrap(SUITE, folder))
    apt = [*debian.APT, "install", "--no-install-recommends", *TREE_PACKAGES]
    environment = ["/usr/bin/env", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
    bench.run(*bench.lab.enclosed("chroot", str(folder), *environment, *apt, tree=folder))
    for unused in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man"):
        shutil.rmtree(folder / unused)


def make_prefix(bench: Bench, folder: Path) -> None:
    """Windows as Wine makes it."""
    wine = bench.lab.wine
    steps = [wine("wineboot", "--init", folder=folder)]
    for key, name, value in REGISTRY:
        steps.append(wine("reg", "add", key, "/v", name, "/d", value, "/f", folder=folder))
    # The registry is on the disk only when Wine's server has ended.
    steps.append(wine("wineserver", "-w", folder=folder))
    script = " && ".join(map(shlex.join, steps))
    bench.run(*bench.lab.enclosed("sh", "-c", script), env=bench.lab.environment(folder), seconds=300)


def make_python(bench: Bench, folder: Path) -> None:
    """Windows' CPython: its own library in C, this machine's in Python, and launchers."""
    work = folder / "work"
    bench.pip("download", "--quiet", "--no-deps", *FOR_WINDOWS, "--dest", work, PANDA3D)
    (folder / "DLLs").mkdir()
    (wheel,) = work.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            home = home_of(name)
            if home is not None:
                (folder / home).write_bytes(archive.read(name))
    library = subprocess.check_output([python311(), "-c", "import os; print(os.path.dirname(os.__file__))"], text=True)
    shutil.copytree(library.strip(), folder / "Lib", ignore=shutil.ignore_patterns(*NOT_COPIED))
    make_launchers(bench, folder, work)
    make_stable_library(bench, folder, work)
    shutil.rmtree(work)


def home_of(member: str) -> str | None:
    """Return where a file of panda3d's wheel goes in Python's folder; None for what is not Python's."""
    folder, _, name = member.rpartition("/")
    if folder != "deploy_libs":
        return None
    if name in ("python311.dll", "VCRUNTIME140.dll"):
        return name
    return f"DLLs/{name}" if name.endswith(".pyd") or name.removesuffix(".dll") in LIBRARIES else None


def make_launchers(bench: Bench, folder: Path, work: Path) -> None:
    """python.exe and pythonw.exe."""
    resource = work / "python.res.o"
    bench.run(f"{COMPILER}windres", "python.rc", resource, cwd=HERE)
    compile_ = (f"{COMPILER}gcc", "-O2", "-s", "-municode", HERE / "python.c", resource, "-o")
    bench.run(*compile_, folder / "python.exe")
    bench.run(*compile_, folder / "pythonw.exe", "-mwindows", "-DWINDOWED")


def make_stable_library(bench: Bench, folder: Path, work: Path) -> None:
    """python3.dll, which the wheels of the stable ABI load: every name is forwarded to python311.dll."""
    told = subprocess.check_output([f"{COMPILER}objdump", "-p", folder / "python311.dll"], text=True)
    names = re.findall(r"^\t\[ *\d+\] (\w+)$", told.partition("[Ordinal/Name Pointer] Table")[2], re.MULTILINE)
    definition, nothing = work / "python3.def", work / "nothing.c"
    definition.write_text("LIBRARY python3\nEXPORTS\n" + "".join(f" {name} = python311.{name}\n" for name in names))
    nothing.write_text("\n")
    shared = ("-shared", "-nostdlib", "-s", "-Wl,-e,0", "-o")
    bench.run(f"{COMPILER}gcc", *shared, folder / "python3.dll", nothing, definition)


def make_packages(bench: Bench, folder: Path) -> None:
    """The wheels; pip puts them there from outside."""
    wanted = ("--no-deps", "--no-compile", "--requirement", HERE / "requirements.txt")
    bench.pip("install", "--quiet", *wanted, *FOR_WINDOWS, "--target", folder)


def python311() -> str:
    """Return a Python 3.11 of this machine."""
    found = shutil.which("python3.11")
    if found is None:
        raise LabError("The lab takes Python's library from this machine, and there is no python3.11 here.")
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the lab: made anew when its recipe, or that of a part before it, is another one."""

    name: str
    make: Callable[[Bench, Path], None]
    inputs: tuple[object, ...] = ()

    def digest(self, before: str) -> str:
        """Return what stands for the recipe: its code, what it reads, and all that comes before."""
        told = [before, inspect.getsource(self.make), *map(str, self.inputs)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _read(*names: str) -> tuple[str, ...]:
    return tuple((HERE / name).read_text(encoding="utf-8") for name in names)


PYTHON_DATA = (PANDA3D, LIBRARIES, NOT_COPIED, *_read("python.c", "python.rc", "python.manifest"))
PYTHON_CODE = (home_of, make_launchers, make_stable_library)

PARTS = (
    Part("tree", make_tree, (SUITE, TREE_PACKAGES, inspect.getsource(debian.bootstrap))),
    Part("prefix", make_prefix, (REGISTRY,)),
    Part("python", make_python, (*PYTHON_DATA, *(inspect.getsource(code) for code in PYTHON_CODE))),
    Part("packages", make_packages, (FOR_WINDOWS, *_read("requirements.txt"))),
)
"""In the order in which they build on each other."""
