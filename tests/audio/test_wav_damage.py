"""Whatever the bytes are: a plain error, or sound that lies within the file. Never more memory or time than that."""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audio.wav_files import FORMATS, chunk, ours, plain_fmt, riff, sound
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import NotWavError, UnsupportedWavError, WavReader

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FMT = AudioFormat(8_000, 2, 16)
PLAIN = chunk(b"fmt ", plain_fmt(FMT))
LIST = chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0\0")
SIZES = [0, 1, 7, 8, 16, 40, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF7, 0xFFFFFFFE, 0xFFFFFFFF]


def by_soundfile(kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((40, 2)), 8_000, subtype, format=kind)
    return file.getvalue()


VALID = [
    *(ours(fmt, sound(fmt, 41), promote_at) for fmt in FORMATS[:8] for promote_at in (100, 2**32 - 1)),
    *(by_soundfile(kind, subtype) for kind in ("WAV", "WAVEX", "RF64") for subtype in ("PCM_16", "PCM_24", "FLOAT")),
    by_soundfile("WAV", "ULAW"),
    by_soundfile("WAV", "IMA_ADPCM"),
    riff(LIST, chunk(b"bext", bytes(13)), PLAIN, LIST, chunk(b"data", bytes(161)), LIST),
    riff(chunk(b"odd ", bytes(3), pad=False), PLAIN, chunk(b"data", bytes(160), size=0xFFFFFFFF), size=0xFFFFFFFF),
    riff(PLAIN, chunk(b"data", b""), LIST, LIST),
    riff(PLAIN, chunk(b"data", bytes(160), size=0)),
]


class ReadOnly(io.BytesIO):
    """Refuses to be changed, and counts the reads."""

    reads = 0

    def write(self, data: ReadableBuffer) -> int:
        raise AssertionError("a reader changed its file")

    def truncate(self, size: int | None = None) -> int:
        raise AssertionError("a reader changed its file")

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def overwrite(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    content = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(content), 180)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "remove", "size", "size64", "value"]))
        if kind == "flip" and at < len(content):
            content = overwrite(content, at, bytes([content[at] ^ 1 << draw(st.integers(0, 7))]))
        elif kind == "cut":
            content = content[: draw(st.integers(0, len(content)))]
        elif kind == "insert":
            content = content[:at] + draw(st.binary(max_size=20)) + content[at:]
        elif kind == "remove":
            content = content[:at] + content[at + draw(st.integers(1, 20)) :]
        elif kind == "size":
            content = overwrite(content, at // 4 * 4, struct.pack("<I", draw(st.sampled_from(SIZES))))
        elif kind == "size64":
            content = overwrite(content, at // 4 * 4, struct.pack("<Q", draw(st.integers(0, 2**64 - 1))))
        else:
            content = overwrite(content, at // 2 * 2, struct.pack("<H", draw(st.integers(0, 2**16 - 1))))
    return content


@settings(deadline=None, max_examples=2000)
@given(damaged())
def test_damage_gives_a_plain_error_or_sound_within_the_file(content: bytes) -> None:
    file = ReadOnly(content)
    outcome = reader_or_error(file)
    if isinstance(outcome, str):
        assert outcome.startswith("This ")
        assert "\n" not in outcome
    else:
        assert_readable(outcome, content)
    assert file.getvalue() == content
    assert file.reads < 200


def reader_or_error(file: ReadOnly) -> WavReader | str:
    try:
        return WavReader(file)
    except (NotWavError, UnsupportedWavError) as error:
        return str(error)


def assert_readable(reader: WavReader, content: bytes) -> None:
    size = reader.frames * reader.format.frame_bytes
    assert 0 <= reader.data_offset <= reader.data_offset + size <= len(content)
    sound_there = content[reader.data_offset : reader.data_offset + size]
    assert reader.read(2**62) == sound_there
    middle = reader.frames // 2
    reader.seek(middle)
    assert reader.read(2**62) == sound_there[middle * reader.format.frame_bytes :]
    if reader.declared_frames is not None:
        assert reader.truncated == (reader.declared_frames > reader.frames)
        assert reader.frames <= reader.declared_frames


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=120), st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"RF64\xff\xff\xff\xffWAVEds64"]))
def test_any_bytes_at_all(tail: bytes, start: bytes) -> None:
    content = start + tail
    outcome = reader_or_error(ReadOnly(content))
    if isinstance(outcome, WavReader):
        assert_readable(outcome, content)


@pytest.mark.parametrize(
    "content",
    [
        riff(chunk(b"fmt ", plain_fmt(FMT), size=2**32 - 1)),
        riff(chunk(b"ds64", b"\xff" * 28), PLAIN, chunk(b"data", bytes(8), size=0xFFFFFFFF), magic=b"RF64"),
        riff(chunk(b"ds64", b"\xfe" * 28), PLAIN, chunk(b"data", bytes(8), size=0xFFFFFFFF), magic=b"RF64"),
        riff(PLAIN, chunk(b"data", bytes(8), size=2**32 - 2)),
    ],
)
def test_a_hostile_size_takes_no_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with io.FileIO(path) as file:
            assert WavReader(file).read(2**62) == bytes(8)
    except NotWavError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("start", [b"", PLAIN + chunk(b"data", b"")], ids=["before the sound", "behind no sound"])
def test_a_million_chunks_are_not_walked(start: bytes) -> None:
    file = ReadOnly(riff(start, chunk(b"many", b"") * 1_000_000, chunk(b"odd ", b"a")))
    outcome = reader_or_error(file)
    assert isinstance(outcome, WavReader) == bool(start)
    assert file.reads < 3000
