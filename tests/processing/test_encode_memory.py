"""Saving in another format takes as much memory for five minutes as for one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processing.sounds import chord, default, write_wav
from tray_app.audio.format import AudioFormat

pytestmark = pytest.mark.posix("measures a process as POSIX does")

FMT = AudioFormat(16_000, 1, 16)
_ENCODE = """
import resource, sys
from pathlib import Path
from tray_app.disk import Disk
from tray_app.outputs import Output
from tray_app.processing.encoding import encode
source, target, name, quality = sys.argv[1:]
encode(Disk(), Path(source), Path(target), Output(name, None if quality == "None" else float(quality)), {})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def peak(source: Path, name: str) -> int:
    """The peak memory, in bytes, of a process that encodes a file."""
    target, output = source.with_suffix(f".{name}"), default(name)
    command = [sys.executable, "-c", _ENCODE, str(source), str(target), name, str(output.quality)]
    found = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    target.unlink()
    return found


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One minute, and five."""
    folder = tmp_path_factory.mktemp("takes")
    return tuple(write_wav(folder / f"{n}.wav", FMT, chord(FMT, 60.0 * n)) for n in (1, 5))  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["flac", "mp3", "ogg", "opus", "m4a", "wav24"])
def test_the_peak_does_not_grow_with_the_length(takes: tuple[Path, Path], name: str) -> None:
    one, five = (peak(take, name) for take in takes)
    # Held whole, the four minutes more would take 7.7 MB as they are, and twice that as the encoders want them.
    assert five - one < 4 << 20
