"""WAV files as they are found in the wild, against soundfile, sox and ffmpeg, and rule by rule."""

from __future__ import annotations

import io
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.wav_files import FORMATS, ShortReads, chunk, left_aligned, name, plain_fmt, riff, sound
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import NotWavError, UnsupportedWavError, WavReader
from tray_app.audio.wav_header import GUID_TAIL
from tray_app.errors import AudioFileError

CD = AudioFormat(44_100, 2, 16)
PCM = sound(CD, 1000)
FMT = chunk(b"fmt ", plain_fmt(CD))
LIST = chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0\0")
UNKNOWN = 0xFFFFFFFF
FRAMES = 1002  # even: what comes through a pipe may end with a pad byte that nobody can tell from 8-bit sound


def read(content: bytes) -> WavReader:
    return WavReader(io.BytesIO(content))


def extensible(fmt: AudioFormat, valid: int, tag: int = 1, tail: bytes = GUID_TAIL) -> bytes:
    return chunk(b"fmt ", plain_fmt(fmt, tag=0xFFFE) + struct.pack("<HHIH", 22, valid, 0, tag) + tail)


def ds64(data: int) -> bytes:
    return chunk(b"ds64", struct.pack("<QQQI", 0, data, 0, 0))


def data(body: bytes = PCM, size: int | None = None) -> bytes:
    return chunk(b"data", body, size)


def assert_same_as_soundfile(path: Path, fmt: AudioFormat, frames: int) -> None:
    expected = soundfile.read(path, dtype="int32", always_2d=True)[0]
    with path.open("rb", buffering=0) as file:
        reader = WavReader(file)
        assert (reader.format, reader.frames, reader.truncated) == (fmt, frames, False)
        assert np.array_equal(left_aligned(fmt, reader.read(frames)), expected)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_files_of_soundfile(tmp_path: Path, fmt: AudioFormat, kind: str) -> None:
    path = tmp_path / "a.wav"
    subtype = "PCM_U8" if fmt.bits == 8 else f"PCM_{fmt.bits}"
    soundfile.write(path, left_aligned(fmt, sound(fmt, FRAMES)), fmt.rate, subtype, format=kind)
    assert_same_as_soundfile(path, fmt, FRAMES)


@pytest.mark.posix("sox is Debian's here; what it writes are the same bytes on every system")
@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_files_and_pipes_of_sox(tmp_path: Path, fmt: AudioFormat) -> None:
    path = tmp_path / "a.wav"
    command = ["sox", "-D", "-r", str(fmt.rate), "-n", "-c", str(fmt.channels), "-b", str(fmt.bits), "-t", "wav"]
    effect = ["synth", f"{FRAMES}s", "sine", "500", "sine", "700"]
    subprocess.run([*command, str(path), *effect], check=True, timeout=60)
    assert_same_as_soundfile(path, fmt, FRAMES)
    with path.open("rb") as file:
        expected = WavReader(file).read(FRAMES)
    piped = subprocess.run([*command, "-", *effect], capture_output=True, check=True, timeout=60).stdout
    reader = read(piped)
    assert (reader.format, reader.frames, reader.declared_frames, reader.truncated) == (fmt, FRAMES, None, False)
    assert reader.read(FRAMES) == expected


@pytest.mark.posix("ffmpeg is Debian's here; what it writes are the same bytes on every system")
@pytest.mark.parametrize("large", ["never", "always"])
@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_files_and_pipes_of_ffmpeg(tmp_path: Path, fmt: AudioFormat, large: str) -> None:
    path = tmp_path / "a.wav"
    codec = "u8" if fmt.bits == 8 else f"s{fmt.bits}le"
    pcm = sound(fmt, FRAMES)
    source = ["ffmpeg", "-v", "error", "-f", codec, "-ar", str(fmt.rate), "-ac", str(fmt.channels), "-i", "-"]
    command = [*source, "-c:a", f"pcm_{codec}", "-rf64", large, "-f", "wav"]
    subprocess.run([*command, str(path)], input=pcm, check=True, timeout=60)
    assert_same_as_soundfile(path, fmt, FRAMES)
    piped = subprocess.run([*command, "-"], input=pcm, capture_output=True, check=True, timeout=60).stdout
    reader = read(piped)
    assert (reader.format, reader.frames, reader.declared_frames, reader.truncated) == (fmt, FRAMES, None, False)
    assert reader.read(FRAMES) == pcm


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (riff(FMT, data()), 1000),
        (riff(LIST, chunk(b"bext", bytes(601)), FMT, chunk(b"fact", bytes(4)), LIST, data(), LIST), 1000),
        (riff(chunk(b"odd!", b"abc"), FMT, chunk(b"LIST", b"abcde"), data(), chunk(b"id3 ", b"abc")), 1000),
        (riff(chunk(b"odd!", b"abc", pad=False), FMT, chunk(b"LIST", b"abcde", pad=False), data()), 1000),
        (riff(chunk(b"fmt ", plain_fmt(CD) + b"\0\0"), data()), 1000),
        (riff(FMT, chunk(b"fmt ", plain_fmt(CD, rate=1)), data()), 1000),
        (riff(extensible(CD, 12), data()), 1000),
        (riff(chunk(b"fmt ", plain_fmt(CD, byte_rate=0)), data()), 1000),
        (riff(FMT, data(), magic=b"RIFF", size=0), 1000),
        (riff(ds64(4000), FMT, data(size=UNKNOWN), LIST, magic=b"RF64", size=UNKNOWN), 1000),
        (riff(ds64(4000), FMT, data(size=UNKNOWN), LIST, magic=b"BW64", size=UNKNOWN), 1000),
        (riff(ds64(9999), FMT, data(), LIST, magic=b"RF64", size=UNKNOWN), 1000),
        (riff(ds64(2**64 - 1), FMT, data(size=UNKNOWN), magic=b"RF64", size=UNKNOWN), None),
        (riff(FMT, data(size=UNKNOWN), magic=b"RF64", size=UNKNOWN), None),
        (riff(ds64(0), FMT, data(size=UNKNOWN), magic=b"RF64", size=UNKNOWN), None),
        (riff(FMT, data(size=UNKNOWN), size=UNKNOWN), None),
        (riff(ds64(4), FMT, data(size=UNKNOWN), size=UNKNOWN), None),
        (riff(FMT, data(size=0), size=0), None),
        (riff(FMT, data(size=0), size=36), None),
        (riff(FMT, data(PCM + b"ab", size=UNKNOWN)), None),
        (riff(FMT, data(PCM + b"abc", size=4003)), 1000),
    ],
    ids=[
        "plain",
        "chunks everywhere",
        "odd chunks",
        "odd chunks without pad",
        "fmt of 18 bytes",
        "two fmt",
        "12 valid bits",
        "wrong byte rate",
        "RIFF size 0",
        "RF64",
        "BW64",
        "RF64 with a 32-bit data size",
        "RF64 of a pipe",
        "RF64 without ds64",
        "RF64 of a writer that died",
        "size not known",
        "ds64 in RIFF does not count",
        "size 0",
        "size 0, RIFF size written",
        "part of a frame at the end",
        "part of a frame in the data",
    ],
)
def test_the_sound_is_found(content: bytes, declared: int | None) -> None:
    reader = read(content)
    assert (reader.format, reader.frames, reader.declared_frames, reader.truncated) == (CD, 1000, declared, False)
    assert reader.read(2000) == PCM
    assert content[reader.data_offset :].startswith(PCM)


@pytest.mark.parametrize("size", [4000, 2**31, 2**32 - 2])
@pytest.mark.parametrize("there", [0, 3, 4, 1999, 3999])
def test_less_sound_than_promised_is_read_and_said(size: int, there: int) -> None:
    reader = read(riff(FMT, data(size=size))[: 44 + there])
    assert (reader.frames, reader.declared_frames, reader.truncated) == (there // 4, size // 4, True)
    assert reader.read(2000) == PCM[: there // 4 * 4]


def test_a_rf64_may_promise_more_than_there_is() -> None:
    for size in (2**40, 2**63, 2**64 - 2):
        reader = read(riff(ds64(size), FMT, data(size=UNKNOWN), magic=b"RF64"))
        assert (reader.frames, reader.declared_frames, reader.truncated) == (1000, size // 4, True)


@pytest.mark.parametrize(
    "content",
    [
        riff(FMT, data(b"")),
        riff(FMT, data(b""), LIST),
        riff(FMT, data(b""), LIST, chunk(b"bext", bytes(601))),
        riff(FMT, data(b""), LIST, chunk(b"id3 ", b"abc", pad=False)),
        riff(FMT, data(b""), LIST)[:-3],
        riff(FMT, data(b""), LIST) + b"TAG of an old player, behind the form",
        riff(ds64(0), FMT, data(b"", size=UNKNOWN), LIST, magic=b"RF64"),
    ],
    ids=["nothing", "LIST", "two chunks", "no last pad byte", "cut in LIST", "something behind", "RF64"],
)
def test_an_empty_file_is_empty(content: bytes) -> None:
    reader = read(content)
    assert (reader.frames, reader.declared_frames, reader.truncated, reader.read(9)) == (0, 0, False, b"")


def test_silence_of_a_writer_that_died_is_no_chain_of_chunks() -> None:
    reader = read(riff(FMT, data(bytes(4000), size=0), size=0))
    assert (reader.frames, reader.declared_frames) == (1000, None)


def test_sox_writes_its_pipe_size_into_long_files_too() -> None:
    """A file that really holds 0x7FFFF000 bytes has chunks behind them, which are no sound."""

    class Huge(io.RawIOBase):
        start = riff(FMT, chunk(b"data", b"", 0x7FFFF000))
        at = 0

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset if whence == 0 else 44 + 0x7FFFF000 + 100
            return self.at

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            part = self.start[self.at : self.at + len(buffer)]
            buffer[: len(part)] = part
            self.at += len(part)
            return len(part)

    assert WavReader(Huge()).frames == 0x7FFFF000 // 4


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (riff(chunk(b"fmt ", plain_fmt(CD, tag=3, bits=32)), data()), "floating-point"),
        (riff(chunk(b"fmt ", plain_fmt(CD, tag=7, bits=8)), data()), "µ-law"),
        (riff(chunk(b"fmt ", plain_fmt(CD, tag=0x1234)), data()), "0x1234"),
        (riff(extensible(CD, 16, tag=3), data()), "floating-point"),
        (riff(extensible(CD, 16, tail=bytes(14)), data()), "unknown kind"),
        (riff(chunk(b"fmt ", plain_fmt(CD, bits=12)), data()), "12 bits in 2 bytes"),
        (riff(chunk(b"fmt ", plain_fmt(CD, bits=24, block=8)), data()), "24 bits in 4 bytes"),
        (riff(chunk(b"fmt ", plain_fmt(CD, bits=64, block=16)), data()), "64 bits"),
        (riff(chunk(b"fmt ", plain_fmt(CD, channels=65, block=130)), data()), "65 channels"),
        (riff(chunk(b"fmt ", plain_fmt(CD, rate=768_001)), data()), "768001 Hz"),
        (riff(FMT, data(), magic=b"RIFX"), "RIFX"),
    ],
)
def test_what_a_decoder_may_know_is_told_apart(content: bytes, what: str) -> None:
    with pytest.raises(UnsupportedWavError, match=what) as caught:
        read(content)
    assert str(caught.value).startswith("This WAV file holds ")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a WAV file"),
        (b"RIFF", "not a WAV file"),
        (b"\0" * 5000, "not a WAV file"),
        (b"fLaC" + bytes(500), "not a WAV file"),
        (riff(FMT, data()).replace(b"WAVE", b"AVI "), "RIFF file, but not a WAV"),
        (riff(), "ends before its sound"),
        (riff(FMT), "ends before its sound"),
        (riff(FMT, chunk(b"LIST", b"", size=2**32 - 1), data()), "ends before its sound"),
        (riff(data(), FMT), "what format"),
        (riff(chunk(b"fmt ", plain_fmt(CD)[:14]), data()), "format is cut short"),
        (riff(chunk(b"fmt ", plain_fmt(CD, tag=0xFFFE)), data()), "format is cut short"),
        (riff(chunk(b"ds64", bytes(8)), FMT, data(), magic=b"RF64"), "ds64"),
        (riff(chunk(b"fmt ", plain_fmt(CD, rate=0)), data()), "0 Hz"),
        (riff(chunk(b"fmt ", plain_fmt(CD, channels=0)), data()), "0 channels"),
        (riff(chunk(b"fmt ", plain_fmt(CD, bits=0)), data()), "0 bits"),
        (riff(chunk(b"fmt ", plain_fmt(CD, block=0)), data()), "frames of 0 bytes"),
        (riff(chunk(b"fmt ", plain_fmt(CD, block=2)), data()), "frames of 2 bytes"),
        (riff(chunk(b"fmt ", plain_fmt(CD, block=5)), data()), "frames of 5 bytes"),
        (riff(extensible(CD, 17), data()), "17 valid bits"),
    ],
)
def test_what_is_no_wav_or_damaged_says_so_in_one_line(content: bytes, what: str) -> None:
    with pytest.raises(NotWavError, match=what) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_every_error_is_one_about_audio_files() -> None:
    assert issubclass(UnsupportedWavError, AudioFileError)
    assert issubclass(NotWavError, AudioFileError)


def test_reading_goes_on_where_it_was_left() -> None:
    reader = read(riff(FMT, data(), LIST))
    reader.seek(10)
    assert (reader.read(5), reader.tell()) == (PCM[40:60], 15)
    buffer = bytearray(23)  # five frames and a part of one
    assert (reader.readinto(buffer), reader.tell()) == (20, 20)
    assert buffer == PCM[60:80] + bytes(3)
    reader.seek(998)
    assert (reader.readinto(memoryview(bytearray(400))), reader.tell()) == (8, 1000)
    assert (reader.read(1), reader.readinto(buffer), reader.read(-1)) == (b"", 0, b"")
    reader.seek(1000)
    for outside in (-1, 1001):
        with pytest.raises(ValueError, match="is not in 0 to 1000"):
            reader.seek(outside)


def test_arrays_are_filled_in_place() -> None:
    samples = np.zeros((300, 2), "<i2")
    assert read(riff(FMT, data())).readinto(samples.data) == 1200
    assert samples.tobytes() == PCM[:1200]


@pytest.mark.parametrize("most", [1, 3, 7, 1000])
def test_short_reads_are_put_together(most: int) -> None:
    reader = WavReader(ShortReads(riff(LIST, FMT, data()), most))
    assert (reader.read(300), reader.tell()) == (PCM[:1200], 300)
    assert reader.read(2000) == PCM[1200:]


def test_a_file_that_shrinks_meanwhile_ends_at_its_last_whole_frame_until_it_is_back() -> None:
    file = io.BytesIO(riff(FMT, data()))
    reader = WavReader(file)
    file.truncate(44 + 4 * 500 + 3)
    assert (reader.read(1000), reader.tell(), reader.read(1000)) == (PCM[:2000], 500, b"")
    here = file.seek(0, io.SEEK_CUR)
    file.seek(44 + 2000)
    file.write(PCM[2000:])
    file.seek(here)
    assert reader.read(1000) == PCM[2000:]
