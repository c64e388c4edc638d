"""Holds the program to docs/ARCHITECTURE.md: its modules are those of the house, and who may know whom does."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests import architecture

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "tray_app"

GROUND = architecture.ground_floor()

# A part may import itself, the ground floor, and what stands here: a part, or one module of it.
MAY_KNOW = architecture.may_know() | {part: set[str]() for part in GROUND}


def modules(root: Path) -> dict[str, Path]:
    """Return the file of every module of the program, by its dotted name."""
    named = {}
    for file in sorted((root / PROGRAM).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


def imported(name: str, file: Path, known: dict[str, Path]) -> set[str]:
    """Return which of our modules a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = absolute(name, file, node)
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base for alias in node.names}
    return {target for target in found if target.split(".")[0] == PROGRAM} - {name}


def absolute(name: str, file: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def part_of(name: str) -> str:
    """Return the part of the house that a module belongs to; empty for the program's own `__init__`."""
    return ".".join(name.split(".")[1:2])


def allowed(source: str, target: str) -> bool:
    part, inner = part_of(source), ".".join(target.split(".")[1:])
    if not inner:
        return True
    may = {part, *GROUND, *MAY_KNOW.get(part, ())}
    return any(inner == one or inner.startswith(f"{one}.") for one in may)


def violations(root: Path) -> list[str]:
    known = modules(root)
    wrong = [f"{name}: its part is not in the table" for name in known if part_of(name) not in {"", *MAY_KNOW}]
    for name, file in known.items():
        wrong += [f"{name} -> {target}" for target in sorted(imported(name, file, known)) if not allowed(name, target)]
    return wrong


def circles(root: Path) -> list[list[str]]:
    known = modules(root)
    edges = {name: imported(name, file, known) for name, file in known.items()}
    done: set[str] = set()
    found: list[list[str]] = []

    def walk(name: str, path: list[str]) -> None:
        if name in path:
            found.append([*path[path.index(name) :], name])
        elif name not in done:
            for target in sorted(edges.get(name, ())):
                walk(target, [*path, name])
            done.add(name)

    for name in edges:
        walk(name, [])
    return found


def unused(root: Path) -> list[str]:
    """Return what the table allows and nobody does."""
    known = modules(root)
    done = {part: set[str]() for part in MAY_KNOW}
    for name, file in known.items():
        done.get(part_of(name), set[str]()).update(
            target.removeprefix(f"{PROGRAM}.") for target in imported(name, file, known)
        )
    return [
        f"{part} -> {may}"
        for part, allows in MAY_KNOW.items()
        for may in sorted(allows)
        if not any(target == may or target.startswith(f"{may}.") for target in done[part])
    ]


def test_nobody_imports_upwards() -> None:
    assert len(modules(ROOT)) > 10
    assert violations(ROOT) == []


def test_nobody_may_know_whom_he_does_not_know() -> None:
    assert unused(ROOT) == []


def test_the_house_is_the_one_that_is_written_down() -> None:
    """Every module has its line. A package's own file has one where it does more than say what the package is."""
    listed = architecture.modules()
    assert len(set(listed)) == len(listed)
    there = {file.relative_to(ROOT / PROGRAM).as_posix() for file in (ROOT / PROGRAM).rglob("*.py")}
    assert set(listed) <= there
    assert {name for name in there - set(listed) if not name.endswith("__init__.py")} == set()


def test_the_pages_table_is_read() -> None:
    """So that no change of its form empties it."""
    assert {"errors", "disk", "outputs"} < GROUND
    assert MAY_KNOW["audio"] == set()
    assert MAY_KNOW["shelf"] == {"take", "tray.view"}
    assert MAY_KNOW["cli"] == {"commands", "resident", "desktop"}
    assert len(architecture.modules()) > 100


def test_there_are_no_circles() -> None:
    assert circles(ROOT) == []


def house(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / PROGRAM / name).parent.mkdir(parents=True, exist_ok=True)
        (root / PROGRAM / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("audio/wav.py", "import tray_app.capture.base", "tray_app.audio.wav -> tray_app.capture.base"),
        ("audio/wav.py", "def f():\n    from tray_app.take import take", "tray_app.audio.wav -> tray_app.take"),
        ("audio/wav.py", "from ..recorder import x", "tray_app.audio.wav -> tray_app.recorder"),
        ("recorder/r.py", "from tray_app.capture import pulse", "tray_app.recorder.r -> tray_app.capture.pulse"),
        ("recorder/r.py", "from tray_app import capture", "tray_app.recorder.r -> tray_app.capture"),
        ("tray/tray.py", "import tray_app.audio.wav as w", "tray_app.tray.tray -> tray_app.audio.wav"),
        ("errors.py", "from tray_app.audio.wav import W", "tray_app.errors -> tray_app.audio.wav"),
        ("cli.py", "if True:\n    import tray_app.recorder", "tray_app.cli -> tray_app.recorder"),
        ("newcomer/x.py", "", "tray_app.newcomer.x: its part is not in the table"),
    ],
)
def test_a_wrong_import_is_found(file: str, text: str, told: str, tmp_path: Path) -> None:
    others = {"capture/pulse.py": "", "capture/__init__.py": "", "capture/base.py": "", "audio/wav.py": ""}
    house(tmp_path, others | {file: text})
    assert violations(tmp_path) == [told]


def test_a_right_import_is_not_told(tmp_path: Path) -> None:
    files = {
        "capture/base.py": "import numpy",
        "take/facts.py": "from tray_app.audio.wav import W",
        "audio/wav.py": "from tray_app import errors, __version__\nfrom . import energy\nfrom .energy import E",
        "audio/energy.py": "from ..errors import X",
        "errors.py": "",
        "recorder/r.py": "from tray_app.capture.base import B\nfrom tray_app.capture import base",
        "__init__.py": "",
    }
    house(tmp_path, files)
    assert violations(tmp_path) == []
    assert circles(tmp_path) == []


def test_a_circle_is_found(tmp_path: Path) -> None:
    files = {
        "audio/a.py": "from tray_app.audio import b",
        "audio/b.py": "def f():\n    from .c import C",
        "audio/c.py": "from . import a",
    }
    house(tmp_path, files)
    assert circles(tmp_path) == [["tray_app.audio.a", "tray_app.audio.b", "tray_app.audio.c", "tray_app.audio.a"]]


LATE = ("numpy", "soundfile", "soxr", "pydub", "plyer", "tqdm", "sounddevice", "concurrent.futures", "asyncio")


def loaded_by(statement: str) -> set[str]:
    """Return which of `LATE` are in a fresh Python after a statement."""
    code = f"import sys\n{statement}\nprint(*[name for name in {LATE} if name in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_icon_waits_for_nothing_that_only_recording_needs() -> None:
    """All that stands between a start and the icon, but for the desktop's own library."""
    start = "from tray_app import cli, resident\nfrom tray_app.app import App\nfrom tray_app.loading import load\n"
    start += "cli.parser(cli._needed(['--start']))\napp = App(load({}, {'RECORDER_NOTIFY': 'false'}, None))"
    assert loaded_by(start) == set()
    assert "numpy" in loaded_by(f"{start}\napp.warm_up()")


def test_neither_icon_nor_trimming_waits_for_what_only_a_picture_needs() -> None:
    loads = "{name for name in sys.modules if name == 'PIL.ImageFont' or name.startswith('tray_app.picture')}"
    for start in (
        "from tray_app import cli, resident\nfrom tray_app.app import App\nApp",
        "from tray_app import cli\ncli.parser(cli._needed(['trim', 'x']))",
        "from tray_app import cli\ncli.parser(cli._needed(['record']))",
    ):
        code = f"import sys\n{start}\nprint({loads} or '')"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert "tray_app.picture" not in loaded


def test_a_command_for_the_tray_waits_for_neither_numpy_nor_icon() -> None:
    code = "from tray_app import cli\ncli.parser(cli._needed(['status', '--json']))"
    assert loaded_by(code) == set()
