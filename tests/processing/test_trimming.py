"""Trimming a file in this process: damage gives a plain error or sound, a full disk changes nothing."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from tests.audio.test_wav_damage import damaged
from tests.audio.wav_files import ours, sound
from tests.effort import effort
from tests.refusing import Refusing
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.wav import UnsupportedWavError, WavReader
from tray_app.commands.trim import matching
from tray_app.disk import Disk, Patience
from tray_app.errors import AudioFileError, RecorderError, StorageError
from tray_app.processing import trimming
from tray_app.processing.trimming import trim_file
from tray_app.sentences.forms import Said
from tray_app.take.facts import Facts

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FMT = AudioFormat(8_000, 2, 16)
SILENCE = CutRule(20, -40.0)


@pytest.fixture(scope="module")
def decoded() -> Iterator[list[Path]]:
    """Stands for a decoder that knows nothing; lists what it was asked for."""
    asked: list[Path] = []

    def refuse(disk: Disk, source: Path, target: Path, **options: object) -> None:
        asked.append(source)
        raise AudioFileError(Said("No decoder here."))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trimming, "decode", refuse)
        yield asked


def is_for_a_decoder(content: bytes) -> bool:
    """Whether the bytes are no RIFF at all, or a WAV of a kind that is not read here."""
    try:
        WavReader(io.BytesIO(content))
    except UnsupportedWavError:
        return True
    except AudioFileError:
        return content[:4] not in (b"RIFF", b"RF64", b"BW64", b"")
    return False


@settings(max_examples=effort(2000, 150), deadline=None)
@given(content=damaged())
def test_damage_gives_one_plain_error_or_sound(decoded: list[Path], content: bytes) -> None:
    decoded.clear()
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "in.wav", Path(name) / "out.wav"
        source.write_bytes(content)
        for force in (False, True):
            outcome = facts_or_error(source, target, force=force)
            if isinstance(outcome, Facts):
                assert_reads_back(target, outcome)
                target.unlink()
            else:
                assert "\n" not in outcome
            assert [path.name for path in Path(name).iterdir()] == ["in.wav"]
            assert source.read_bytes() == content
        assert bool(decoded) == is_for_a_decoder(content)


def facts_or_error(source: Path, target: Path, *, force: bool) -> Facts | str:
    try:
        return trim_file(Disk(), source, target, SILENCE, force=force)
    except RecorderError as error:
        return str(error)


def assert_reads_back(target: Path, facts: Facts) -> None:
    with target.open("rb") as file:
        reader = WavReader(file)
        assert reader.format == facts.format
        assert reader.frames == facts.kept_frames
        assert not reader.truncated


class FullFile(io.FileIO):
    """A new file on a disk with `room` bytes left."""

    room = 0

    def write(self, data: ReadableBuffer) -> int:
        part = memoryview(data).cast("B")[: max(0, self.room - self.tell())]
        if not part and memoryview(data).nbytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(part)


class FullDisk(Disk):
    """The real disk with little room for new files."""

    def __init__(self, room: int) -> None:
        self.room = room

    def create(self, path: Path) -> io.FileIO:
        super().create(path).close()
        file = FullFile(path, "r+b")
        file.room = self.room
        return file


class BrokenDisk(Disk):
    """The real disk, where reading the sound of a file fails: its header can still be read."""

    def open_read(self, path: Path) -> io.FileIO:
        return BrokenFile(path, "rb")


class BrokenFile(io.FileIO):
    def readinto(self, buffer: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def loud(folder: Path) -> Path:
    path = folder / "in.wav"
    path.write_bytes(ours(FMT, sound(FMT, 20_000)))
    return path


@pytest.mark.parametrize("room", [0, 10, 44, 5000, 80_000])
@pytest.mark.parametrize("force", [False, True])
def test_a_full_disk_is_said_and_leaves_all_as_it_was(tmp_path: Path, room: int, force: bool) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"
    if force:
        target.write_bytes(b"precious")
    before = contents(tmp_path)
    with pytest.raises(StorageError) as caught:
        trim_file(FullDisk(room), source, target, SILENCE, force=force)
    assert str(caught.value).startswith(f"Cannot write {target}: the disk is full. Nothing was changed.")
    assert contents(tmp_path) == before


def test_enough_room_is_enough(tmp_path: Path) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"
    facts = trim_file(FullDisk(81_000), source, target, SILENCE)
    assert facts.kept_frames == 20_000
    assert_reads_back(target, facts)


def test_a_disk_that_cannot_be_read_is_said_of_the_input(tmp_path: Path) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"
    before = contents(tmp_path)
    with pytest.raises(StorageError) as caught:
        trim_file(BrokenDisk(), source, target, SILENCE)
    assert str(caught.value).startswith(f"Cannot read {source}: the disk reported an error.")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_new_file_that_a_scanner_looks_at_is_waited_for(tmp_path: Path, force: bool) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"
    if force:
        target.write_bytes(b"in the way")
    waited: list[float] = []
    patience = Patience(waited.append, lambda: sum(waited))
    facts = trim_file(Refusing(5), source, target, SILENCE, force=force, patience=patience)
    assert_reads_back(target, facts)
    assert 0 < sum(waited) < 10


def test_an_output_that_is_played_stays_as_it_was(tmp_path: Path) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"
    target.write_bytes(b"precious")
    before = contents(tmp_path)
    waited: list[float] = []
    patience = Patience(waited.append, lambda: sum(waited))
    disk = Refusing(10**9, lambda path: path == target)
    with pytest.raises(StorageError) as caught:
        trim_file(disk, source, target, SILENCE, force=True, patience=patience)
    assert str(caught.value).startswith(f"Cannot write {target}: another program has it open. Nothing was changed.")
    assert contents(tmp_path) == before


def test_an_output_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    source, target = loud(tmp_path), tmp_path / "out.wav"

    def appear(done: float) -> None:
        target.write_bytes(b"precious")

    with pytest.raises(RecorderError, match=r"out\.wav exists already"):
        trim_file(Disk(), source, target, SILENCE, progress=appear)
    assert contents(tmp_path) == {"in.wav": source.read_bytes(), "out.wav": b"precious"}


def test_windows_shells_leave_wildcards_to_the_program(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "B2.wav", "talk [1].wav", "talk [2].wav", "talk 1.wav", "c.mp3"):
        (tmp_path / name).touch()
    (tmp_path / "folder.wav").mkdir()

    def names(pattern: str) -> list[str]:
        return [path.name for path in matching(tmp_path / pattern)]

    assert set(names("*.wav")) == {"a.wav", "b.wav", "B2.wav", "talk [1].wav", "talk [2].wav", "talk 1.wav"}
    assert names("?.mp3") == ["c.mp3"]
    assert names("talk [*.wav") == ["talk [1].wav", "talk [2].wav"]
    assert names("talk [1].wav") == ["talk [1].wav"]
    assert names("missing.wav") == ["missing.wav"]
    assert names("*.flac") == ["*.flac"]
