#!/usr/bin/env python3
"""Makes what people download, in one folder: the installer, the portable zip, and their SHA-256 sums.

    python packaging/release.py                what this checkout is: on Windows, with `pip install .[exe]` and NSIS
    python packaging/release.py --exe FOLDER   of a folder that build.spec has made: on any system with NSIS

NSIS is `apt install nsis` on Debian and `choco install nsis` or `winget install NSIS.NSIS` on Windows. Standard library
only, so that it runs as it is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import licences
import sizes

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

PROGRAMS = ("tray-recorder.exe", "tray-recorder-cli.exe")
UNINSTALLER = "uninstall.exe"
SUMS = "SHA256SUMS.txt"
ZIP_FOLDER = "Tray Recorder"
"""What the zip unpacks to."""

WHERE_NSIS_IS = (r"C:\Program Files (x86)\NSIS\makensis.exe", r"C:\Program Files\NSIS\makensis.exe")
STUBS_OF_DEBIAN = Path("/usr/share/nsis/Stubs")
TARGET = "amd64-unicode"
"""The stub of 64 bits, which NSIS' own releases for Windows lack; theirs has 32, which Windows runs as well."""


class ReleaseError(Exception):
    """It cannot be made; the text says why, in a line or with the end of what a tool said."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is packed: the exe's `folder`, the `version` to be written on it, and how files are signed.

    `sign` is a line that runs a command which signs the file named behind it; empty for none.
    """

    folder: Path
    version: str
    sign: str = ""

    @property
    def zip_name(self) -> str:
        """What the portable zip is called."""
        return f"tray-recorder-{self.version}-windows-x64.zip"

    @property
    def installer_name(self) -> str:
        """What the installer is called."""
        return f"tray-recorder-{self.version}-windows-x64-setup.exe"


def version(root: Path = ROOT) -> str:
    """Return the program's version, as its `__init__.py` says."""
    text = (root / "tray_app" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ReleaseError("tray_app/__init__.py names no version.")
    return found[1]


def numbers(version: str) -> str:
    """Return a version as Windows' resources want it: four numbers."""
    parts = [int(found[0]) if (found := re.match(r"\d+", part)) else 0 for part in version.split(".")]
    return ".".join(str(part) for part in [*parts, 0, 0, 0, 0][:4])


def make(release: Release, to: Path) -> list[Path]:
    """Make all of it in the folder `to`; return the files. What has their names is replaced. Raises `ReleaseError`."""
    check(release.folder)
    to.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        sign(release, release.folder / program)
    made = [make_zip(release, to), make_installer(release, to)]
    sign(release, made[1])
    return [*made, write_sums(made, to)]


def check(folder: Path) -> None:
    """Raise `ReleaseError` where `folder` is not what build.spec makes."""
    missing = [name for name in (*PROGRAMS, "_internal") if not (folder / name).exists()]
    if missing:
        raise ReleaseError(f"{folder} is no folder that build.spec made: {', '.join(missing)} is missing.")


def build_exe(to: Path, ffmpeg: Path | None = None) -> Path:
    """Have PyInstaller build the exe's folder in `to`; return it. Raises `ReleaseError`."""
    if sys.platform != "win32":
        raise ReleaseError("The exe can be built on Windows only. Name a folder that was built there: --exe FOLDER.")
    own = ["--", "--ffmpeg", str(ffmpeg)] if ffmpeg else []
    with tempfile.TemporaryDirectory() as work:
        options = ["--noconfirm", "--distpath", str(to), "--workpath", work]
        run([sys.executable, "-m", "PyInstaller", *options, str(ROOT / "build.spec"), *own], "PyInstaller")
    folder = to / "tray-recorder"
    if not (last := licences.of_folder(folder)[-1]).name:
        raise ReleaseError(f"Whose is {', '.join(last.files)}? packaging/licences.py must know it.")
    return folder


def make_zip(release: Release, to: Path) -> Path:
    """Make the portable zip; return it. It has read back what it holds."""
    made = to / release.zip_name
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in files(release.folder):
            archive.write(release.folder / name, PurePosixPath(ZIP_FOLDER, name))
    with zipfile.ZipFile(made) as archive:
        if (bad := archive.testzip()) is not None:
            raise ReleaseError(f"{made} cannot be read back: {bad} is damaged.")
    return made


def make_installer(release: Release, to: Path, compressor: str = "") -> Path:
    """Compile the installer; return it. `compressor` is NSIS' own words for another one than the script's."""
    made = to / release.installer_name
    with tempfile.TemporaryDirectory() as work:
        macros = Path(work, "files.nsh")
        macros.write_text(listing(files(release.folder)), encoding="utf-8-sig")
        defines = {
            "FOLDER": str(release.folder.resolve()),
            "OUT": str(made.resolve()),
            "VERSION": release.version,
            "NUMBERS": numbers(release.version),
            "FILES": str(macros),
            "KILOBYTES": str(size(release.folder) // 1024),
            "ICON": str(ROOT / "assets" / "tray-recorder.ico"),
        }
        if (STUBS_OF_DEBIAN / f"lzma_solid-{TARGET}").exists():
            defines["TARGET"] = TARGET
        if compressor:
            defines["COMPRESSOR"] = compressor
        if release.sign:
            defines["SIGN"] = release.sign
        given = [f"-D{name}={value}" for name, value in defines.items()]
        # No warning is let pass: the script has none.
        run([makensis(), "-V2", "-WX", "-INPUTCHARSET", "UTF8", *given, str(HERE / "installer.nsi")], "makensis")
    return made


def makensis() -> str:
    """Return NSIS' compiler. Raises `ReleaseError` where there is none."""
    found = shutil.which("makensis") or next((path for path in WHERE_NSIS_IS if Path(path).is_file()), None)
    if found is None:
        raise ReleaseError("NSIS is missing. Debian: apt install nsis. Windows: choco install nsis.")
    return found


def files(folder: Path) -> list[PurePosixPath]:
    """Return the names of all files in a folder, from the folder on, in order."""
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return [PurePosixPath(name) for name in sorted(found)]


def size(folder: Path) -> int:
    """Return how many bytes the files of a folder have."""
    return sum((folder / name).stat().st_size for name in files(folder))


def listing(names: Sequence[PurePosixPath]) -> str:
    """Return the script's macros that name the files.

    `RemoveFrom FOLDER` removes each of them from a folder, and the folders that then are empty; `EachName MACRO` calls
    a macro with each name that lies at the top.
    """
    folders = {parent for name in names for parent in name.parents if parent.parts}
    removed = [f'  Delete "${{FROM}}\\{windows_name(name)}"' for name in names]
    # What lies deepest goes first. RMDir leaves a folder in which something is.
    deepest = sorted(folders, key=lambda folder: (-len(folder.parts), folder))
    removed += [f'  RMDir "${{FROM}}\\{windows_name(folder)}"' for folder in deepest]
    top = [*sorted({name.parts[0] for name in names}), UNINSTALLER]
    each = [f'  !insertmacro ${{DO}} "{windows_name(PurePosixPath(name))}"' for name in top]
    return "\n".join(["!macro RemoveFrom FROM", *removed, "!macroend", "!macro EachName DO", *each, "!macroend", ""])


def windows_name(name: PurePosixPath) -> str:
    """Return a name as a text of NSIS, in which a dollar begins a variable."""
    return str(name).replace("/", "\\").replace("$", "$$")


def sign(release: Release, file: Path) -> None:
    """Sign a file, where files are signed."""
    if release.sign and os.name == "nt":
        run(f"{release.sign} {subprocess.list2cmdline([str(file)])}", "signing")
    elif release.sign:
        run([*shlex.split(release.sign), str(file)], "signing")


def write_sums(made: Sequence[Path], to: Path) -> Path:
    """Write the sums as `sha256sum --check` reads them; return the file."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in made]
    sums = to / SUMS
    sums.write_text("".join(lines), encoding="ascii", newline="\n")
    return sums


def run(command: Sequence[str] | str, what: str) -> None:
    """Run a tool to its end; on Windows a line is a command too. Raises `ReleaseError` with the end of what it said."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise ReleaseError(f"{what} cannot be run: {error}.") from error
    if done.returncode != 0:
        said = done.stdout.decode("utf-8", "replace").splitlines()
        raise ReleaseError("\n".join([f"{what} ended with {done.returncode}:", *said[-30:]]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it, and tell the size of each file, and of what makes it up."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--exe", type=Path, metavar="FOLDER", help="pack this folder, which build.spec has made")
    parser.add_argument("--ffmpeg", type=Path, metavar="FILE", help="an ffmpeg.exe to lie beside the programs")
    parser.add_argument("--to", type=Path, metavar="FOLDER", default=ROOT / "dist", help="where it goes; dist else")
    parser.add_argument("--sign", default="", metavar="COMMAND", help="signs the file that is named behind it")
    options = parser.parse_args(arguments)
    if options.exe and options.ffmpeg:
        parser.error("--ffmpeg is for an exe that is built here")
    try:
        folder = options.exe or build_exe(options.to, options.ffmpeg)
        release = Release(folder, version(), options.sign)
        made = make(release, options.to)
        for file in made:
            print(f"{file}  {file.stat().st_size:,} bytes")
        print(sizes.table(sizes.read(made[0])))
    except (ReleaseError, OSError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
