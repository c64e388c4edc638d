"""What `build.spec` makes: what is in the folder, what the files say of themselves, and that the programs run.

Neither sound nor tray: the exe is driven through both elsewhere.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import struct
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import win32api
import win32con
from PIL import Image
from PyInstaller.archive.readers import CArchiveReader

from tests.packing import licences
from tests.windows.build import ROOT, SOURCES, Build, key
from tests.windows.program import User
from tray_app import __version__

windows: Any = win32api
"""Its types know neither the numbers that name resources nor the texts of a version."""

WINDOWED, TERMINAL = "tray-recorder.exe", "tray-recorder-cli.exe"
PROGRAMS = [WINDOWED, TERMINAL]

UNWANTED_MODULES = [
    *("pytest", "_pytest", "hypothesis", "unittest", "doctest", "mypy", "ruff", "tests", "pdb", "pydoc"),
    *("setuptools", "pkg_resources", "pip", "tkinter", "sqlite3", "ssl", "asyncio", "multiprocessing", "psutil"),
    *("sounddevice", "imageio_ffmpeg", "pywin", "win32com.client.makepy"),
    *("numpy.f2py", "numpy.testing", "numpy.distutils", "numpy.random", "PIL.ImageTk", "PIL.JpegImagePlugin"),
]
UNWANTED_FILES = [
    *("ffmpeg*", "ffprobe*", "libcrypto*", "libssl*", "_ssl*", "_hashlib*", "tcl*", "tk8*", "_tkinter*", "mfc*"),
    *(
        "win32ui*",
        "_psutil*",
        "_avif*",
        "_webp*",
        "*.chm",
        "*.py",
        "*.pyc",
    ),
]
LATE = [
    "PIL.ImageFont",
    "pyaudiowpatch",
    "pystray._win32",
    "plyer.platforms.win.libs.balloontip",
    "pydub.utils",
    "tqdm",
    "soxr",
    "soundfile",
    "_soundfile_data",
]
"""Libraries that are imported only when they are needed: one that is forgotten is missed in the middle of the work."""

MOST_MEGABYTES = 75


@pytest.fixture
def env(user: User) -> dict[str, str]:
    """A user's environment in which no Python and no other program can be found."""
    system = Path(os.environ["SYSTEMROOT"])
    alone = {name: value for name, value in user.env.items() if not name.startswith("PYTHON")}
    return alone | {"PATH": f"{system / 'system32'}{os.pathsep}{system}"}


def modules(program: Path) -> set[str]:
    """Return the names of all modules that an exe carries in its archive."""
    return set(CArchiveReader(str(program)).open_embedded_archive("PYZ.pyz").toc)


def run(
    program: Path, *arguments: str | Path, env: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [str(program), *map(str, arguments)]
    return subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )


def resources(program: Path, kind: int) -> list[bytes]:
    """Return an exe's resources of one kind."""
    handle = windows.LoadLibraryEx(str(program), 0, win32con.LOAD_LIBRARY_AS_DATAFILE)
    try:
        return [windows.LoadResource(handle, kind, name) for name in windows.EnumResourceNames(handle, kind)]
    finally:
        windows.FreeLibrary(handle)


def pictures(icon: Path) -> list[bytes]:
    """Return the pictures in an .ico file: their sizes and places stand in a table at its beginning."""
    data = icon.read_bytes()
    (count,) = struct.unpack_from("<4xH", data)
    places = [struct.unpack_from("<8xII", data, 6 + 16 * index) for index in range(count)]
    return [data[place : place + length] for length, place in places]


def test_what_changes_the_program_changes_the_key(tmp_path: Path) -> None:
    """Else the tests would run an exe of yesterday."""
    for name in SOURCES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, tmp_path / name)
    before = key(tmp_path)
    (tmp_path / "tray_app" / "__pycache__").mkdir(exist_ok=True)
    (tmp_path / "tray_app" / "__pycache__" / "words.cpython-311.pyc").write_bytes(b"made by Python")
    assert key(tmp_path) == before
    module = tmp_path / "tray_app" / "audio" / "wav.py"
    module.write_bytes(module.read_bytes() + b"\n")
    changed = key(tmp_path)
    module.rename(module.with_name("wav0.py"))
    assert len({before, changed, key(tmp_path)}) == 3


def test_people_find_only_what_concerns_them(exe: Build) -> None:
    beside = {"LICENSE.txt", "THIRD-PARTY.txt", ".env.example"}
    assert {path.name for path in exe.folder.iterdir()} == {*PROGRAMS, *beside, "_internal"}
    assert (exe.folder / ".env.example").read_bytes() == (ROOT / ".env.example").read_bytes()
    assert (exe.folder / "LICENSE.txt").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_of_the_program_is_in(exe: Build, program: str) -> None:
    files = [file.relative_to(ROOT).with_suffix("").parts for file in (ROOT / "tray_app").rglob("*.py")]
    ours = {".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in files}
    # PyInstaller keeps the script that begins apart from the modules; GTK's dialog is a program of Linux' own.
    assert {*ours, *LATE} - {"tray_app.__main__", "tray_app.desktop.folder_gtk"} - modules(
        exe.folder / program
    ) == set()
    inside = exe.folder / "_internal" / "assets"
    assert {file.name: file.read_bytes() for file in inside.iterdir()} == {
        file.name: file.read_bytes() for file in (ROOT / "assets").iterdir()
    }


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_module_is_in_that_is_not_needed(exe: Build, program: str) -> None:
    found = modules(exe.folder / program)
    assert {name for name in found if any(f"{name}.".startswith(f"{bad}.") for bad in UNWANTED_MODULES)} == set()


def test_no_file_is_in_that_is_not_needed(exe: Build) -> None:
    files = [path for path in exe.folder.rglob("*") if path.is_file()]
    wrong = [path for path in files if any(fnmatch.fnmatch(path.name.lower(), bad) for bad in UNWANTED_FILES)]
    assert wrong == []
    assert sum(path.stat().st_size for path in files) < MOST_MEGABYTES * 1_000_000


def test_the_licences_of_what_is_in_are_in(exe: Build) -> None:
    folder = exe.folder / "_internal" / "licences"
    texts = {
        path.name.lower(): "".join(file.read_text("utf-8", "replace") for file in path.iterdir())
        for path in folder.iterdir()
    }
    for package in (
        "cffi",
        "numpy",
        "pillow",
        "plyer",
        "pyaudiowpatch",
        "pydub",
        "pyinstaller",
        "python-dotenv",
        "pywin32",
    ):
        assert len(texts[package]) > 500, package
    for package in ("pystray", "soxr", "soundfile"):
        assert "GNU LESSER GENERAL PUBLIC LICENSE" in texts[package], package
    assert not {"pytest", "hypothesis", "setuptools"} & set(texts)


def test_everything_in_it_is_somebodys(exe: Build) -> None:
    """The list beside the programs names all, with a licence each, and a library of unknown origin is found."""
    told = (exe.folder / licences.NAME).read_text(encoding="utf-8")
    found = licences.of_folder(exe.folder)
    assert told == licences.listing(found)
    assert [part for part in found if not part.name or not part.licence] == []
    for name in ("Python 3.11", "OpenBLAS", "PortAudio", "libsoxr (LGPL", "pyinstaller", "pywin32", "Microsoft's C"):
        assert name in told
    libraries = {file.name for file in exe.folder.rglob("*") if file.suffix.lower() in (".dll", ".pyd")}
    assert {PurePosixPath(file).name for part in found for file in part.files} == libraries
    *known, unknown = licences.parts(["numpy"], ["numpy/_core/unheard_of.dll"])
    assert all(part.name for part in known)
    assert (unknown.name, unknown.files) == ("", ["numpy/_core/unheard_of.dll"])


@pytest.mark.parametrize(
    ("program", "description"),
    [(WINDOWED, "Tray Recorder"), (TERMINAL, "Tray Recorder for the terminal")],
)
def test_the_properties_say_what_it_is(exe: Build, program: str, description: str) -> None:
    file = str(exe.folder / program)
    fixed = windows.GetFileVersionInfo(file, "\\")
    major, minor, patch = (int(part) for part in __version__.split("."))
    for name in ("File", "Product"):
        assert (fixed[f"{name}VersionMS"], fixed[f"{name}VersionLS"]) == (major << 16 | minor, patch << 16)
    ((language, codepage),) = windows.GetFileVersionInfo(file, r"\VarFileInfo\Translation")
    table = rf"\StringFileInfo\{language:04x}{codepage:04x}"
    texts = {
        name: windows.GetFileVersionInfo(file, rf"{table}\{name}")
        for name in ("ProductName", "ProductVersion", "FileVersion", "FileDescription", "OriginalFilename")
    }
    assert texts == {
        "ProductName": "Tray Recorder",
        "ProductVersion": __version__,
        "FileVersion": __version__,
        "FileDescription": description,
        "OriginalFilename": program,
    }
    assert "MIT License" in windows.GetFileVersionInfo(file, rf"{table}\LegalCopyright")


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_size_of_the_icon_is_in(exe: Build, program: str) -> None:
    drawn = pictures(ROOT / "assets" / "tray-recorder.ico")
    assert len(drawn) == 8
    assert sorted(resources(exe.folder / program, win32con.RT_ICON)) == sorted(drawn)


@pytest.mark.parametrize(("program", "subsystem"), [(WINDOWED, 2), (TERMINAL, 3)])
def test_only_the_terminal_program_opens_a_console(exe: Build, program: str, subsystem: int) -> None:
    """2 is IMAGE_SUBSYSTEM_WINDOWS_GUI and 3 IMAGE_SUBSYSTEM_WINDOWS_CUI, in Microsoft's PE format."""
    data = (exe.folder / program).read_bytes()
    (header,) = struct.unpack_from("<I", data, 0x3C)
    assert data[header : header + 4] == b"PE\0\0"
    assert struct.unpack_from("<H", data, header + 4 + 20 + 68) == (subsystem,)


def test_the_terminal_program_prints(exe: Build, env: dict[str, str]) -> None:
    said = run(exe.terminal, "--version", env=env)
    assert (said.returncode, said.stdout, said.stderr) == (0, f"Tray Recorder {__version__}\r\n".encode(), b"")
    helped = run(exe.terminal, "--help", env=env)
    assert helped.returncode == 0
    assert {b"record", b"trim", b"devices", b"doctor", b"status", b"autostart"} <= set(helped.stdout.split())
    listed = run(exe.terminal, "devices", "--json", env=env)
    assert listed.returncode == 0
    assert "signal" in {source["id"] for source in json.loads(listed.stdout)}


def test_exit_statuses(exe: Build, env: dict[str, str], tmp_path: Path) -> None:
    wrong = run(exe.terminal, "nonsense", env=env)
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert b"invalid choice: 'nonsense'" in wrong.stderr
    failed = run(exe.terminal, "trim", tmp_path / "nothing.wav", env=env)
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert failed.stderr.startswith(b"tray-recorder: Cannot read ")
    assert failed.stderr.count(b"\n") == 1


def test_doctor_finds_what_is_built_in(exe: Build, env: dict[str, str]) -> None:
    told = json.loads(run(exe.terminal, "doctor", "--json", env=env).stdout)
    assert told["version"] == __version__
    checks = {check["name"]: check for check in told["checks"]}
    assert checks["notification"]["status"] == "ok"
    assert (checks["ffmpeg"]["status"], checks["ffmpeg"]["text"]) == ("note", "not found")


def test_it_records_and_trims_in_any_folder_with_its_env_beside_it(
    exe: Build, env: dict[str, str], tmp_path: Path
) -> None:
    moved = exe.copy(tmp_path / "Grüße an 録音 & mehr")
    (moved.folder / ".env").write_text("RECORDER_SAVE_FOLDER=Aufnahmen für Zoë\n", encoding="utf-8")
    del env["RECORDER_SAVE_FOLDER"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    recorded = run(moved.terminal, "record", "--source", "signal", "--seconds", "1", "--json", env=env, cwd=elsewhere)
    assert recorded.returncode == 0, recorded.stderr
    take = json.loads(recorded.stdout.decode("utf-8"))
    assert Path(take["trimmed"]).parent == moved.folder / "Aufnahmen für Zoë"
    assert Path(take["original"]).stat().st_size > 6 * take["frames"] > 6 * 40_000

    target = elsewhere / "kürzer.wav"
    trimmed = run(moved.terminal, "trim", take["original"], "--output", target, "--json", env=env, cwd=elsewhere)
    assert trimmed.returncode == 0, trimmed.stderr
    (told,) = json.loads(trimmed.stdout.decode("utf-8"))
    assert (told["trimmed"], told["frames"]) == (str(target), take["frames"])
    sound = -6 * told["kept_frames"]
    assert target.read_bytes()[sound:] == Path(take["trimmed"]).read_bytes()[sound:]


def test_it_draws_pictures_with_letters_in_them(exe: Build, env: dict[str, str], user: User) -> None:
    """FreeType is among what Pillow loads only when it is needed, and without it there are no letters."""
    take = user.takes / "Grüße.wav"
    recorded = run(
        *(exe.terminal, "record", "--source", "signal", "--seconds", "4"),
        *("--output", take, "--picture", "--json"),
        env=env,
    )
    assert recorded.returncode == 0, recorded.stderr
    drawn = Path(json.loads(recorded.stdout.decode("utf-8"))["picture"])
    assert drawn == user.takes / "Grüße.png"
    with Image.open(drawn) as found:
        assert found.size == (1600, 500)
        title = np.asarray(found.convert("L"))[14:44, 14:200]
    assert 0.03 < (title < 100).mean() < 0.5, "the title is written"
    shown = run(exe.terminal, "picture", take, "--size", "400x160", "--output", user.folder / "x.png", env=env)
    assert (shown.returncode, shown.stderr) == (0, b"")
    with Image.open(user.folder / "x.png") as found:
        assert found.size == (400, 160)


def test_the_windowed_program_works_in_silence(exe: Build, env: dict[str, str], user: User) -> None:
    """As when it is double-clicked: no console, no standard handles, so Python has neither stdout nor stderr."""
    one, trimmed = user.takes / "one.wav", user.folder / "trimmed.wav"
    for arguments in (
        ["record", "--source", "signal", "--seconds", "1", "--output", str(one)],
        ["trim", str(one), "--output", str(trimmed)],
    ):
        started = subprocess.Popen([str(exe.windowed), *arguments], env=env, creationflags=win32con.DETACHED_PROCESS)
        try:
            assert started.wait(60) == 0, arguments
        finally:
            # What fails here shows a box, and waits for somebody to close it.
            started.kill()
    assert (user.takes / "originals" / "one.wav").is_file()
    assert trimmed.is_file()
