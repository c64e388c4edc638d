"""What people download, packed from a folder that looks like an exe's: on any system with NSIS, no Windows needed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from tests.packing import PACKAGING, ROOT, release
from tray_app import __version__

NAMES = [*release.PROGRAMS, "LICENSE.txt", ".env.example", "_internal/a/b/c.dll", "_internal/$1"]

posix = pytest.mark.posix("the Windows lab's NSIS is a program of Linux; there, the installers themselves are tested")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "exe's folder"
    for name in NAMES:
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        (found / name).write_bytes(name.encode() * 1000)
    return found


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(PACKAGING / "release.py"), *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)


@posix
def test_one_command_makes_installer_zip_and_sums(folder: Path, tmp_path: Path) -> None:
    done = command("--exe", folder, "--to", tmp_path / "made")
    assert (done.returncode, done.stderr) == (0, "")
    zipped, installer = (f"tray-recorder-{__version__}-windows-x64{end}" for end in (".zip", "-setup.exe"))
    assert {path.name for path in (tmp_path / "made").iterdir()} == {zipped, installer, "SHA256SUMS.txt"}
    sums = dict(line.split("  ")[::-1] for line in (tmp_path / "made" / "SHA256SUMS.txt").read_text().splitlines())
    for name in (zipped, installer):
        data = (tmp_path / "made" / name).read_bytes()
        assert sums[name] == hashlib.sha256(data).hexdigest()
        assert f"{len(data):,} bytes" in done.stdout
    with zipfile.ZipFile(tmp_path / "made" / zipped) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    assert held == {f"Tray Recorder/{name}": name.encode() * 1000 for name in NAMES}
    assert (tmp_path / "made" / installer).read_bytes().startswith(b"MZ")
    assert f"| all | {len(NAMES)} | " in done.stdout


@posix
def test_what_is_signed(folder: Path, tmp_path: Path) -> None:
    """Both programs before they are packed, the uninstaller while it is, and the installer before it is summed up."""
    signer = tmp_path / "my signer.py"
    signer.write_text(
        "import sys\nfrom pathlib import Path\nlast = Path(sys.argv[-1])\n"
        f"with open({str(tmp_path / 'log')!r}, 'a') as log: print(sys.argv[1], last, file=log)\n"
        "if last.suffix == '.exe' and last.stat().st_size < 1e5: last.write_bytes(last.read_bytes() + b'signed')\n"
    )
    made = tmp_path / "made"
    done = command("--exe", folder, "--to", made, "--sign", f'{sys.executable} "{signer}" -x')
    assert (done.returncode, done.stderr) == (0, "")
    log = (tmp_path / "log").read_text().splitlines()
    assert all(line.startswith("-x ") for line in log)
    first, second, uninstaller, last = (Path(line.removeprefix("-x ")) for line in log)
    assert [first, second] == [folder / name for name in release.PROGRAMS]
    assert uninstaller.parent != folder
    assert last == made / f"tray-recorder-{__version__}-windows-x64-setup.exe"
    with zipfile.ZipFile(next(made.glob("*.zip"))) as archive:
        assert archive.read("Tray Recorder/tray-recorder.exe").endswith(b"signed")


@posix
def test_a_signer_that_fails_ends_it(folder: Path, tmp_path: Path) -> None:
    done = command("--exe", folder, "--to", tmp_path, "--sign", "sh -c 'echo no certificate; exit 3'")
    assert (done.returncode, done.stderr) == (1, "release: signing ended with 3:\nno certificate\n")


def test_a_folder_that_is_no_exes_is_refused(tmp_path: Path) -> None:
    done = command("--exe", tmp_path, "--to", tmp_path / "made")
    assert done.returncode == 1
    assert done.stderr.startswith(f"release: {tmp_path} is no folder that build.spec made: tray-recorder.exe, ")
    assert not (tmp_path / "made").exists()


@posix
def test_the_exe_is_built_on_windows_only(tmp_path: Path) -> None:
    done = command("--to", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--exe FOLDER" in done.stderr


def test_without_nsis_it_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(release, "WHERE_NSIS_IS", ())
    with pytest.raises(release.ReleaseError, match=r"Debian: apt install nsis\. Windows: choco install nsis"):
        release.makensis()


def test_every_file_is_removed_by_name_and_folders_only_when_they_are_empty() -> None:
    script = release.listing([PurePosixPath(name) for name in ("_internal/a/b.dll", "_internal/$c", "x.exe")])
    removed, _, each = script.partition("!macroend")
    assert removed.splitlines()[1:] == [
        '  Delete "${FROM}\\_internal\\a\\b.dll"',
        '  Delete "${FROM}\\_internal\\$$c"',
        '  Delete "${FROM}\\x.exe"',
        '  RMDir "${FROM}\\_internal\\a"',
        '  RMDir "${FROM}\\_internal"',
    ]
    assert [line.split('"')[1] for line in each.splitlines() if '"' in line] == ["_internal", "x.exe", "uninstall.exe"]
    for file in PACKAGING.glob("*.ns[ih]"):
        assert "rmdir /r" not in file.read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("0.1.0", "0.1.0.0"), ("1.2.3.4.5", "1.2.3.4"), ("2.0rc1", "2.0.0.0"), ("1.0.dev5", "1.0.0.0")],
)
def test_a_version_in_four_numbers(version: str, numbers: str) -> None:
    assert release.numbers(version) == numbers


def test_it_is_the_programs_version() -> None:
    assert release.version(ROOT) == __version__


def test_what_makes_it_up(tmp_path: Path) -> None:
    """Each file counts for the part whose it is, on the disk and packed; the heaviest part comes first."""
    held = {
        "tray-recorder.exe": 1_000_000,
        "LICENSE.txt": 10_000,
        "_internal/numpy.libs/libopenblas-0123456789abcdef0123456789abcdef.dll": 4_000_000,
        "_internal/numpy/_core/_multiarray_umath.cp311-win_amd64.pyd": 2_000_000,
        "_internal/python311.dll": 1_200_000,
        "_internal/_cffi_backend.cp311-win_amd64.pyd": 200_000,
        "_internal/soxr/soxr_ext.pyd": 300_000,
        "_internal/tqdm-1.2.dist-info/METADATA": 1,
    }
    with zipfile.ZipFile(tmp_path / "it.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, size in held.items():
            archive.writestr(f"Tray Recorder/{name}", bytes(size))
    command = [sys.executable, str(PACKAGING / "sizes.py"), str(tmp_path / "it.zip")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()[2:]]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("numpy", "2", "6.0"),
        ("Python", "1", "1.2"),
        ("our programs", "2", "1.0"),
        ("soxr", "1", "0.3"),
        ("cffi", "1", "0.2"),
        ("tqdm", "1", "0.0"),
        ("all", "8", "8.7"),
    ]
    assert rows[0][4] == "libopenblas.dll 4.0, _multiarray_umath.pyd 2.0"
    assert all(row[3] == "0.0" for row in rows), "zeros are packed to nothing"


def test_what_is_no_zip_has_no_sizes(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no")
    command = [sys.executable, str(PACKAGING / "sizes.py"), str(tmp_path / "x.zip")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "x.zip cannot be read" in done.stderr
