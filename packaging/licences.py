"""Whose the parts of the Windows program are, and under which licences.

`build.spec` puts the texts into the exe's folder, and beside the programs a list of all parts: `THIRD-PARTY.txt`. On
Windows, with `pip install .[exe]`, the list of an exe's folder is printed by

    python packaging/licences.py FOLDER

which ends with 1 where a library lies in the folder that is nobody's: its licence must be known before it is given on.
Standard library only.
"""

from __future__ import annotations

import fnmatch
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distribution, distributions, packages_distributions
from pathlib import Path, PurePosixPath
from typing import Any

NAME = "THIRD-PARTY.txt"
TEXTS = "licences"
"""The folder with the texts, in the folder of PyInstaller's that holds everything else."""

BROUGHT = {"_soundfile_data": ("libsndfile",)}
"""Folders in which a package brings somebody else's library along with the text of its licence, and whose that is."""

_TEXT = re.compile(r"(?i)licen[cs]e|copying|notice")

STARTER = "pyinstaller"
"""Its own program is what starts ours."""

PYTHON = "Python"
MICROSOFT = "Microsoft's C and C++ runtime"

ALONE = {
    **dict.fromkeys(("vcruntime140*.dll", "msvcp140*.dll", "concrt140*.dll", "ucrtbase.dll"), MICROSOFT),
    "api-ms-win-*.dll": MICROSOFT,
    "ffmpeg.exe": "FFmpeg",
}
"""Files that are somebody else's than the package's that brings them, by patterns of their names."""

LICENCES = {
    PYTHON: ("PSF-2.0", "https://www.python.org"),
    MICROSOFT: ("redistributable, by Microsoft's licence terms for Visual Studio", "https://learn.microsoft.com"),
    "FFmpeg": ("LGPL-2.1-or-later or GPL, as its builder chose: `ffmpeg -L` says it", "https://ffmpeg.org"),
}
"""Licence and home of what is no package."""

EXACTLY = {STARTER: "GPL-2.0-or-later, with an exception for the programs that it starts"}
"""Where a package tells only half of it."""

WITHIN = {
    "libscipy_openblas*.dll": "OpenBLAS with LAPACK (BSD-3-Clause), GNU's Fortran runtime (GPL-3.0 with its exception)",
    "_imaging.*.pyd": "zlib-ng (Zlib), libjpeg-turbo (IJG, BSD-3-Clause), libtiff (libtiff), OpenJPEG (BSD-2-Clause)",
    "_imagingft.*.pyd": "FreeType (FTL), HarfBuzz (MIT), Raqm (MIT); the font Aileron (CC0-1.0)",
    "_portaudiowpatch.*.pyd": "PortAudio with WASAPI loopback (MIT)",
    "soxr_ext.*.pyd": "libsoxr (LGPL-2.1-or-later)",
    "libsndfile*.dll": "libsndfile (LGPL-2.1-or-later), FLAC, Ogg, Vorbis and Opus (BSD-3-Clause), mpg123 (LGPL-2.1), "
    "LAME (LGPL-2.0)",
    "libffi-*.dll": "libffi (MIT)",
    "libcrypto-*.dll": "OpenSSL (Apache-2.0)",
    "_bz2.pyd": "bzip2 (bzip2-1.0.6)",
    "_lzma.pyd": "liblzma (public domain)",
    "_decimal.pyd": "libmpdec (BSD-2-Clause)",
    "pyexpat.pyd": "Expat (MIT)",
    "python3??.dll": "zlib (Zlib)",
}
"""What is linked into a library, or carried along by a package, by patterns of the files' names."""


@dataclass(slots=True)
class Part:
    """A part of the program: whose it is, and `files`, the libraries of it. `name` is empty for what is nobody's."""

    name: str
    version: str = ""
    licence: str = ""
    home: str = ""
    files: list[str] = field(default_factory=list)

    def within(self) -> list[str]:
        """Return what else is in it."""
        lower = [PurePosixPath(file).name.lower() for file in self.files]
        return [text for pattern, text in WITHIN.items() if fnmatch.filter(lower, pattern)]


def packages_of(modules: Iterable[str]) -> list[str]:
    """Return the packages from which modules were taken, and the one that starts the program."""
    owners = packages_distributions()
    return sorted({*(package for module in modules for package in owners.get(module.split(".")[0], ())), STARTER})


def texts(packages: Iterable[str]) -> list[tuple[str, str]]:
    """Return the licences of packages and of Python: where each goes, as `licences/PACKAGE/NAME`, and where it is."""
    found = []
    for package in packages:
        for file in distribution(package).files or ():
            folder, *inner = file.parts
            if (folder.endswith(".dist-info") or folder in BROUGHT) and _TEXT.match(file.name):
                name = "-".join([*BROUGHT.get(folder, ()), *(part for part in inner if part != "licenses")])
                found.append((f"{TEXTS}/{package}/{name}", str(file.locate())))
    pythons = Path(sys.base_prefix, "LICENSE.txt")
    if pythons.is_file():
        found.append((f"{TEXTS}/python/LICENSE.txt", str(pythons)))
    return found


def parts(packages: Iterable[str], files: Iterable[str]) -> list[Part]:
    """Return the parts that `packages` and the libraries `files` are of; what is nobody's comes last.

    `files` are named from the exe's folder of libraries on, as in the packages themselves.
    """
    found = {package: _part_of(distribution(package)) for package in packages}
    found[PYTHON] = Part(PYTHON, ".".join(map(str, sys.version_info[:3])), *LICENCES[PYTHON])
    owners = _owners()
    for file in sorted(files):
        name = _owner(file, owners)
        if name not in found:
            found[name] = Part(name, "", *LICENCES[name]) if name in LICENCES else _part_by_name(name)
        found[name].files.append(file)
    return sorted(found.values(), key=lambda part: (not part.name, part.name.lower()))


def _part_by_name(name: str) -> Part:
    return _part_of(distribution(name)) if name else Part("")


def _part_of(package: Distribution) -> Part:
    meta: Any = package.metadata  # a mapping, whatever its types say
    named = meta.get("License-Expression") or _from_classifiers(meta.get_all("Classifier") or [])
    # The older field may hold anything, whole texts too.
    short = (meta.get("License") or "").strip().partition("\n")[0]
    homes = [url.partition(",")[2].strip() for url in meta.get_all("Project-URL") or [] if _is_home(url)]
    home = meta.get("Home-page") or next(iter(homes), "")
    return Part(meta["Name"], package.version, EXACTLY.get(meta["Name"], named or short), home)


def _is_home(url: str) -> bool:
    return url.partition(",")[0].strip().lower() in ("homepage", "home", "source", "repository", "source code")


def _from_classifiers(classifiers: Sequence[str]) -> str:
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    return ", ".join(name for name in named if name != "OSI Approved")


def _owners() -> dict[str, str]:
    """Return which package has installed which library."""
    return {
        _short(file): package.metadata["Name"]
        for package in distributions()
        for file in package.files or ()
        if file.suffix in (".dll", ".pyd")
    }


def _short(file: PurePosixPath) -> str:
    """Return a library's name with its folder's: what is above is not the same for PyInstaller as for the package."""
    return "/".join(file.parts[-2:]).lower()


def _owner(file: str, owners: dict[str, str]) -> str:
    name = PurePosixPath(file).name.lower()
    for pattern, owner in ALONE.items():
        if fnmatch.fnmatchcase(name, pattern):
            return owner
    if owner := owners.get(_short(PurePosixPath(file)), ""):
        return owner
    homes = (Path(sys.base_prefix), Path(sys.base_prefix, "DLLs"))
    return PYTHON if any((home / name).is_file() for home in homes) else ""


def listing(found: Sequence[Part]) -> str:
    """Return the list as people read it."""
    lines = [
        "What Tray Recorder for Windows is made of, and the licences of that. Their texts lie in _internal\\licences,",
        "Tray Recorder's own in LICENSE.txt. Whoever wants another version of a library in it builds it anew: the",
        "program's source is open, and build.spec in it says how.",
        "",
    ]
    for part in found:
        lines.append(f"{part.name} {part.version}".strip() or "Nobody's:")
        lines += [f"    {text}" for text in (part.licence, part.home) if text]
        lines += [f"    in it: {text}" for text in part.within()]
        lines += [f"    {file}" for file in part.files] if not part.name else []
    return "\n".join([*lines, ""])


def of_folder(folder: Path) -> list[Part]:
    """Return the parts of an exe's folder, whose packages are those of which it has the texts."""
    inside = folder / "_internal"
    packages = [path.name for path in sorted((inside / TEXTS).iterdir()) if path.name != "python"]
    libraries = [path for path in inside.rglob("*") if path.suffix.lower() in (".dll", ".pyd", ".exe")]
    beside = [path.name for path in folder.glob("ff*.exe")]
    return parts(packages, [*(path.relative_to(inside).as_posix() for path in libraries), *beside])


def main() -> int:
    """Print the list of a folder."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    found = of_folder(Path(sys.argv[1]))
    print(listing(found), end="")
    return 0 if found[-1].name else 1


if __name__ == "__main__":
    sys.exit(main())
