from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from PIL import IcoImagePlugin, Image

from tray_app import __version__, assets
from tray_app.tray import icon

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["tray-recorder.png", "tray-recorder.ico"]


def frames(file: Path) -> dict[tuple[int, int], bytes]:
    """Return the pixels of every size in a picture's file."""
    with Image.open(file) as picture:
        if not isinstance(picture, IcoImagePlugin.IcoImageFile):
            return {picture.size: picture.convert("RGBA").tobytes()}
        return {size: picture.ico.getimage(size).convert("RGBA").tobytes() for size in picture.ico.sizes()}


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_command_makes(name: str, tmp_path: Path) -> None:
    made = subprocess.run([sys.executable, "-m", "tray_app.tray.icon", tmp_path], cwd=ROOT, timeout=60)
    assert made.returncode == 0
    assert frames(ROOT / "assets" / name) == frames(tmp_path / name)


def test_the_contact_sheet_of_the_documents_is_what_the_tray_shows() -> None:
    with Image.open(ROOT / "docs" / "pictures" / "tray-icons.png") as shown:
        assert shown.convert("RGB").tobytes() == icon.sheet().tobytes()


def test_every_size_in_the_ico_is_drawn_for_itself() -> None:
    got = frames(ROOT / "assets" / "tray-recorder.ico")
    assert sorted(got) == [(size, size) for size in (16, 20, 24, 32, 40, 48, 64, 256)]
    assert got == {(size, size): icon.draw(size).tobytes() for size, _ in got}


@pytest.mark.parametrize("size", [16, 17, 20, 24, 31, 32, 64, 128, 255, 256])
def test_the_icon_reads_on_light_and_dark(size: int) -> None:
    picture = icon.draw(size)
    assert (picture.size, picture.mode) == ((size, size), "RGBA")
    red, green, blue, alpha = picture.getpixel((size // 2, size // 2))  # type: ignore[misc]
    assert red > 200
    assert max(green, blue) < 100
    assert alpha == 255
    assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]
    edge, inside = picture.getpixel((size // 2, 0)), picture.getpixel((size // 2, max(1, round(size / 32))))
    assert min(edge[:3]) > 200  # type: ignore[index]
    assert max(inside[:3]) < 100  # type: ignore[index]


@pytest.mark.parametrize("size", [16, 17, 24, 32, 63, 256])
def test_the_icon_is_symmetric(size: int) -> None:
    picture = icon.draw(size)
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    worst = max(abs(a - b) for a, b in zip(picture.tobytes(), mirrored.tobytes(), strict=True))
    assert worst <= 16


@pytest.mark.parametrize("size", [0, 15, 257])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 256"):
        icon.draw(size)


@pytest.mark.parametrize("name", NAMES)
def test_found_in_the_checkout(name: str) -> None:
    assert assets.path(name) == ROOT / "assets" / name


def test_found_in_a_bundle_and_only_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "tray-recorder.ico").touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert assets.path("tray-recorder.ico") == tmp_path / "assets" / "tray-recorder.ico"
    with pytest.raises(FileNotFoundError, match=r"tray-recorder\.png"):
        assets.path("tray-recorder.png")


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.png"):
        assets.path("other.png")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    options = [
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "--disable-pip-version-check",
        "--target",
        str(target),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.parametrize("name", NAMES)
def test_found_in_an_installed_package(name: str, installed: Path, tmp_path: Path) -> None:
    code = f"import tray_app, tray_app.assets as a; print(tray_app.__file__); print(a.path({name!r}))"
    environ = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    module, file = (Path(line) for line in done.stdout.splitlines())
    assert module == installed / "tray_app" / "__init__.py"
    assert file == installed / "tray_app" / "assets" / name
    assert file.read_bytes() == (ROOT / "assets" / name).read_bytes()


def test_the_wheel_has_types_entry_point_and_nothing_else(wheel: Path, installed: Path) -> None:
    assert (installed / "tray_app" / "py.typed").is_file()
    (info,) = installed.glob("*.dist-info")
    distribution = PathDistribution(info)
    assert distribution.version == __version__
    points = distribution.entry_points.select(group="console_scripts")
    assert [(point.name, point.value) for point in points] == [("tray-recorder", "tray_app.__main__:main")]
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"tray_app", info.name}
