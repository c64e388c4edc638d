"""What lies in a save folder may be anything: recovery gives a right result or a clear line, and changes nobody's file.

20,000 damaged takes, each a sound file, a marker, a sidecar, a half-made twin, any of them damaged, cut, swapped or
missing; an ordinary run a tenth. Damaged files of settings are in `tests/test_settings.py`, as many.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import tenth
from tests.faults.short import TRIMS, Start, record, talk
from tests.faults.simulated import Studio
from tray_app.audio.wav import NotWavError, UnsupportedWavError, WavReader
from tray_app.disk import Disk
from tray_app.events import JobFinished

MINE = {"originals/mine.wav": b"not a sound", "mine.wav": b"RIFF\0\0\0\0WAVE", "originals/notes.json": b"{}"}
"""Files of the user's own, which have no marker."""


def crashed() -> dict[str, bytes]:
    """What a take that was killed after 2 s has left."""
    folder = _folder()

    class Crash(BaseException):
        pass

    def crash() -> None:
        raise Crash

    studio = Studio(folder, talk, plan=TRIMS)
    studio.after(2.0, crash)
    with pytest.raises(Crash):
        studio.run()
    return _content(folder)


def stopped() -> dict[str, bytes]:
    """What a take has left whose program died before its job."""
    folder = _folder()
    record(folder, Disk()).release()
    return _content(folder)


def _folder() -> Path:
    return Path(tempfile.mkdtemp())


def _content(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shutil.rmtree(folder)
    return found


TAKES = [crashed(), stopped()]
HEADER_BEHIND = 1700
NAMES = sorted({name for take in TAKES for name in take})


@dataclass(frozen=True)
class Damage:
    """What is done to one file: bytes replaced, put in, cut off, or all of it something else."""

    kind: str
    at: float
    data: bytes

    def apply(self, content: bytes) -> bytes:
        # Most of what matters stands at the beginning.
        at = int(self.at * min(len(content), 200)) if self.kind != "cut" else int(self.at * len(content))
        if self.kind == "replace":
            return content[:at] + self.data + content[at + len(self.data) :]
        if self.kind == "insert":
            return content[:at] + self.data + content[at:]
        return content[:at] if self.kind == "cut" else self.data


bits = st.binary(min_size=1, max_size=12) | st.sampled_from(
    [b"\0", b"\xff" * 4, b"\xff" * 8, b"{", b'"', b"null", b"1e999", b"-1", b"9" * 30, b"[" * 3000, b"RIFF", b"RF64"]
)
damages = st.builds(Damage, st.sampled_from(["replace", "insert", "cut", "whole"]), st.floats(0, 1), bits)
files = st.dictionaries(st.sampled_from(NAMES), st.none() | st.lists(damages, min_size=1, max_size=3), min_size=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


@settings(deadline=None, max_examples=tenth(20_000))
@given(st.integers(0, len(TAKES) - 1), files)
def test_recovery_of_anything_is_right_or_says_so(
    folder: Path, which: int, changes: dict[str, list[Damage] | None]
) -> None:
    takes = folder / "takes"
    shutil.rmtree(takes, ignore_errors=True)
    (takes / "originals").mkdir(parents=True)
    left = dict(TAKES[which])
    for name, damage in changes.items():
        content = left.pop(name, b"")
        for one in damage or ():
            content = one.apply(content)
        if damage is not None:
            left[name] = content
    for name, content in (left | MINE).items():
        (takes / name).write_bytes(content)
    start = Start(Disk(), takes)
    for said in start.said:
        if not isinstance(said, JobFinished):
            assert len(said.text.splitlines()) == 1
            assert "Traceback" not in said.text
            assert "could not be finished" not in said.text, "that is said only of what nobody expected"
    for name, content in MINE.items():
        assert (takes / name).read_bytes() == content
    assert_original_is_kept(takes, left)
    assert_results_are_right(start)


def assert_original_is_kept(takes: Path, left: dict[str, bytes]) -> None:
    """No sound goes: what the original held as it lay is in it, unless it held not a frame."""
    before, path = left.get("originals/take.wav"), takes / "originals" / "take.wav"
    if before is None:
        return
    try:
        reader = WavReader(io.BytesIO(before))
        sound = reader.read(reader.frames)
    except (NotWavError, UnsupportedWavError):
        assert not before or path.read_bytes() == before, "what is not ours to judge stays as it is"
        return
    if sound:
        with path.open("rb") as file:
            now = WavReader(file)
            kept = now.read(now.frames)
        assert kept[: len(sound)] == sound[: len(kept)]
        # A header that says 0 says nothing to a reader, and that of a crash may be 100 ms behind.
        assert path.read_bytes() == before or len(kept) >= min(len(sound), len(before) - 104) - HEADER_BEHIND


def seconds_of(path: Path) -> float:
    """By our own reader, which forgives a damaged header more than others do."""
    with path.open("rb") as file:
        reader = WavReader(file)
        return reader.format.seconds(reader.frames)


def assert_results_are_right(start: Start) -> None:
    for done in start.finished:
        if done.original is not None and done.seconds:
            assert seconds_of(done.original) == pytest.approx(done.seconds, abs=0.001)
        if done.trimmed is not None:
            assert seconds_of(done.trimmed) == pytest.approx(done.kept_seconds, abs=0.001)
        json.dumps(dict(done.facts), allow_nan=False)
