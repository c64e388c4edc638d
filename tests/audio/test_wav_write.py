from __future__ import annotations

import errno
import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from pydub import AudioSegment

from tests.audio.wav_files import FORMATS, SmallDisk, left_aligned, name, ours, sound
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav import WavReader
from tray_app.audio.wav_writer import WavWriter

CD = AudioFormat(44_100, 2, 16)
SMALL = 100  # a size at which files become RF64 in these tests


def ffmpeg_samples(path: Path, channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<i4").reshape(-1, channels)


@pytest.mark.parametrize("promote_at", [2**32 - 1, SMALL], ids=["riff", "rf64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_soundfile_reads_every_sample(tmp_path: Path, fmt: AudioFormat, promote_at: int) -> None:
    path = tmp_path / "a.wav"
    pcm = sound(fmt, 4411)
    path.write_bytes(ours(fmt, pcm, promote_at))
    assert path.read_bytes()[:4] == (b"RIFF" if promote_at > SMALL else b"RF64")
    info = soundfile.info(path)
    assert (info.samplerate, info.channels, info.frames) == (fmt.rate, fmt.channels, 4411)
    assert np.array_equal(soundfile.read(path, dtype="int32", always_2d=True)[0], left_aligned(fmt, pcm))


@pytest.mark.posix("ffmpeg is Debian's here; what it reads are the same bytes on every system")
@pytest.mark.parametrize("promote_at", [2**32 - 1, SMALL], ids=["riff", "rf64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_ffmpeg_reads_every_sample(tmp_path: Path, fmt: AudioFormat, promote_at: int) -> None:
    path = tmp_path / "a.wav"
    pcm = sound(fmt, 4411)
    path.write_bytes(ours(fmt, pcm, promote_at))
    assert np.array_equal(ffmpeg_samples(path, fmt.channels), left_aligned(fmt, pcm))


@pytest.mark.parametrize("fmt", FORMATS, ids=name)
def test_pydub_reads_every_sample(tmp_path: Path, fmt: AudioFormat) -> None:
    path = tmp_path / "a.wav"
    pcm = sound(fmt, 4411)
    path.write_bytes(ours(fmt, pcm))
    segment = AudioSegment.from_file(path)
    assert (segment.frame_rate, segment.channels) == (fmt.rate, fmt.channels)
    samples = np.array(segment.get_array_of_samples(), np.int64).reshape(-1, fmt.channels)
    expected = left_aligned(fmt, pcm).astype(np.int64)
    if fmt.bits == 24:  # pydub widens 24-bit to 32 and puts 255 below negative samples
        expected = expected + np.where(expected < 0, 255, 0)
    elif fmt.bits < 24:
        expected >>= 32 - fmt.bits
    assert np.array_equal(samples, expected)


@pytest.mark.posix("ffprobe is Debian's here; what it reads are the same bytes on every system")
@pytest.mark.parametrize(("channels", "layout"), [(1, "mono"), (2, "stereo"), (4, "quad"), (6, "5.1"), (8, "7.1")])
def test_players_are_told_the_speakers(tmp_path: Path, channels: int, layout: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(ours(AudioFormat(48_000, channels, 24), bytes(3 * channels)))
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=channel_layout", "-of", "csv=p=0", str(path)]
    assert subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout.strip() == layout


@pytest.mark.parametrize("bits", [16, 24])
def test_a_header_is_as_plain_as_the_format_allows(bits: int) -> None:
    file = ours(AudioFormat(48_000, 2, bits), b"")
    tag = struct.unpack_from("<H", file, 56)[0]
    assert file[12:20] == b"JUNK" + struct.pack("<I", 28)
    assert file[48:52] == b"fmt "
    assert (tag, len(file)) == ((1, 80) if bits == 16 else (0xFFFE, 104))


def test_rf64_sizes_are_64_bits_wide() -> None:
    file = ours(AudioFormat(48_000, 1, 24), bytes(33), SMALL)
    assert file[:16] == b"RF64\xff\xff\xff\xffWAVEds64"
    assert struct.unpack_from("<QQQ", file, 20) == (len(file) - 8, 33, 11)
    assert file[96:104] == b"data\xff\xff\xff\xff"
    assert len(file) == 104 + 33 + 1


def test_a_file_becomes_rf64_exactly_past_the_largest_riff() -> None:
    fmt = AudioFormat(8_000, 1, 8)
    largest = len(ours(fmt, bytes(20))) - 8
    assert ours(fmt, bytes(20), largest)[:4] == b"RIFF"
    assert ours(fmt, bytes(21), largest)[:4] == b"RF64"
    assert ours(fmt, bytes(19), largest)[:4] == b"RIFF"
    assert ours(fmt, bytes(19), largest - 1)[:4] == b"RF64"  # its pad byte counts


def test_a_real_file_over_4_gib_reads_back_whole(tmp_path: Path) -> None:
    """The sound is one hole with a mark at its end, so that the disk holds a few KiB of it."""
    fmt = AudioFormat(768_000, 8, 32)
    frames = 2**32 // fmt.frame_bytes + 1000
    path = tmp_path / "a.wav"
    with io.FileIO(path, "x+b") as file:
        writer = WavWriter(SparseFile(file), fmt)
        zeros = memoryview(fmt.zero * fmt.rate)
        for at in range(0, frames - 1, fmt.rate):
            writer.write(zeros[: (frames - 1 - at) * fmt.frame_bytes])
        writer.write(b"\x11" * fmt.frame_bytes)
        writer.finish()
        reader = WavReader(file)
        assert (reader.frames, reader.declared_frames, writer.frames) == (frames, frames, frames)
        reader.seek(frames - 2)
        assert reader.read(9) == fmt.zero + b"\x11" * fmt.frame_bytes
    info = soundfile.info(path)
    assert (info.format, info.frames) == ("RF64", frames)
    path.unlink()  # some file systems have no holes


class SparseFile(io.RawIOBase):
    """Turns a whole MiB of zeros into a hole."""

    def __init__(self, file: io.FileIO) -> None:
        self.file = file
        if sys.platform == "win32":
            import msvcrt

            import win32file

            fsctl_set_sparse = 0x900C4  # winioctl.h; without it NTFS writes every zero
            win32file.DeviceIoControl(msvcrt.get_osfhandle(file.fileno()), fsctl_set_sparse, None, 0)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        if view.nbytes < 1 << 20:
            return self.file.write(view)
        self.file.seek(view.nbytes, io.SEEK_CUR)
        return view.nbytes


@settings(deadline=None, max_examples=200)
@given(
    fmt=st.builds(AudioFormat, st.sampled_from([8_000, 48_000]), st.integers(1, 9), st.sampled_from([8, 16, 24, 32])),
    pieces=st.lists(st.integers(0, 700), max_size=12),
    promote_at=st.sampled_from([SMALL, 2_000, 2**32 - 1]),
    refresh_ms=st.sampled_from([0, 1, 100]),
    short=st.integers(1, 5_000),
)
def test_what_was_written_is_read(
    fmt: AudioFormat, pieces: list[int], promote_at: int, refresh_ms: int, short: int
) -> None:
    file = SmallDisk(room=1 << 40, short=short)
    writer = WavWriter(file, fmt, promote_at=promote_at, refresh_ms=refresh_ms)
    expected = b""
    for number, frames in enumerate(pieces):
        pcm = fmt.zero * frames if number % 3 == 2 else sound(fmt, frames, number)
        writer.write(memoryview(pcm))
        expected += pcm
        assert writer.frames * fmt.frame_bytes == len(expected)
    writer.finish()
    reader = WavReader(file.file)
    assert (reader.format, reader.declared_frames, reader.truncated) == (fmt, writer.frames, False)
    assert reader.read(writer.frames + 1) == expected
    assert len(file.file.getvalue()) % 2 == 0


def test_finishing_twice_and_writing_on_is_fine() -> None:
    fmt = AudioFormat(48_000, 1, 24)
    file = io.BytesIO()
    writer = WavWriter(file, fmt)
    writer.write(b"abc")
    writer.finish()
    once = file.getvalue()
    writer.finish()
    assert file.getvalue() == once
    writer.write(b"def")
    writer.finish()
    assert file.getvalue() == ours(fmt, b"abcdef")


@pytest.mark.parametrize("fmt", FORMATS, ids=name)
@pytest.mark.parametrize("more", [0, 7, 700])
def test_what_is_cut_back_leaves_no_trace(fmt: AudioFormat, more: int) -> None:
    """Also where the file was stated as longer meanwhile: it is as if the rest had never been written."""
    file = io.BytesIO()
    writer = WavWriter(file, fmt, refresh_ms=1)
    first, second = sound(fmt, 503), sound(fmt, more, seed=2)
    writer.write(first + sound(fmt, 400, seed=3))
    writer.cut_back(503)
    assert writer.frames == 503
    assert WavReader(io.BytesIO(file.getvalue())).frames == 503, "a crash now leaves what counts"
    if more:
        writer.write(second)
    writer.finish()
    assert file.getvalue() == ours(fmt, first + second)
    for frames in (-1, 504 + more):
        with pytest.raises(ValueError, match="cannot be left"):
            writer.cut_back(frames)


def test_arrays_are_written_as_they_lie() -> None:
    samples = np.arange(12, dtype="<i2").reshape(-1, 2)
    file = io.BytesIO()
    writer = WavWriter(file, CD)
    writer.write(samples.data)
    writer.write(samples[:0].data)
    writer.finish()
    assert writer.frames == 6
    assert file.getvalue() == ours(CD, samples.tobytes())


def test_a_part_of_a_frame_is_refused_and_changes_nothing() -> None:
    file = io.BytesIO()
    writer = WavWriter(file, CD)
    before = file.getvalue()
    with pytest.raises(ValueError, match="whole frames"):
        writer.write(b"abc")
    assert (file.getvalue(), writer.frames) == (before, 0)


def test_the_header_is_one_write_each_100_ms_of_sound() -> None:
    headers = []

    class Watching(SmallDisk):
        def write(self, data: object) -> int:
            if self.file.tell() < 104:
                headers.append(memoryview(data).nbytes)  # type: ignore[arg-type]
            return super().write(data)  # type: ignore[arg-type]

    fmt = AudioFormat(48_000, 2, 24)
    writer = WavWriter(Watching(1 << 30), fmt, promote_at=100_000)
    for _ in range(94):
        writer.write(bytes(512 * fmt.frame_bytes))
    assert set(headers) <= {104, 512 * fmt.frame_bytes}
    assert 9 <= headers.count(104) <= 12


@pytest.mark.parametrize("frames", [4800, 48_000])
def test_what_is_100_ms_or_longer_is_stated_at_once(frames: int) -> None:
    """A pause may follow, in which no write would bring the header up to date."""
    fmt = AudioFormat(48_000, 2, 16)
    file = io.BytesIO()
    writer = WavWriter(file, fmt)
    writer.write(bytes(frames * fmt.frame_bytes))
    assert WavReader(file).declared_frames == frames


@settings(deadline=None, max_examples=300)
@given(
    fmt=st.builds(AudioFormat, st.just(1_000), st.integers(1, 3), st.sampled_from([8, 16, 24])),
    pieces=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    room=st.integers(104, 700),
    short=st.integers(1, 300),
    promote_at=st.sampled_from([200, 2**32 - 1]),
)
def test_a_full_disk_leaves_a_valid_file_of_what_fitted(
    fmt: AudioFormat, pieces: list[int], room: int, short: int, promote_at: int
) -> None:
    file = SmallDisk(room, short)
    writer = WavWriter(file, fmt, promote_at=promote_at, refresh_ms=20)
    header = len(file.file.getvalue())
    everything = b""
    for number, frames in enumerate(pieces):
        pcm = sound(fmt, frames, number)
        everything += pcm
        if header + len(everything) > room:
            with pytest.raises(OSError) as caught:
                writer.write(pcm)
            assert caught.value.errno == errno.ENOSPC
            break
        writer.write(pcm)
    fitting = min(len(everything), room - header) // fmt.frame_bytes
    assert writer.frames == fitting
    writer.finish()
    assert_valid(file.file, fmt, everything[: fitting * fmt.frame_bytes])


def assert_valid(file: io.BytesIO, fmt: AudioFormat, pcm: bytes) -> None:
    reader = WavReader(file)
    assert (reader.declared_frames, reader.truncated, reader.read(1 << 20)) == (reader.frames, False, pcm)
    assert len(file.getvalue()) - reader.data_offset - len(pcm) in (0, len(pcm) % 2)
    with soundfile.SoundFile(io.BytesIO(file.getvalue())) as other:
        assert other.frames == reader.frames
        assert np.array_equal(other.read(dtype="int32", always_2d=True), left_aligned(fmt, pcm))


@pytest.mark.parametrize("fail_write", range(1, 22))
def test_after_any_failing_write_the_take_can_go_on(fail_write: int) -> None:
    fmt = AudioFormat(1_000, 1, 24)
    file = SmallDisk(1 << 20, short=7, fail_write=len(range(0, 104, 7)) + fail_write)
    writer = WavWriter(file, fmt, refresh_ms=10)
    expected = b""
    failures = 0
    for number in range(4):
        pcm = sound(fmt, 8, number)
        before = writer.frames
        try:
            writer.write(pcm)
        except OSError:
            failures += 1
        expected += pcm[: (writer.frames - before) * fmt.frame_bytes]
    assert failures == 1
    writer.finish()
    assert_valid(file.file, fmt, expected)


FULL_DISK = """
import io, resource, signal, sys
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav_writer import WavWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_001, 10_001))
writer = WavWriter(io.FileIO(sys.argv[1], "x+b"), AudioFormat(48_000, 2, 24))
try:
    for _ in range(100):
        writer.write(b"abcdef" * 50)
except OSError as error:
    print(error.errno, writer.frames)
writer.finish()
"""


@pytest.mark.posix("Windows has no limit of a file's size")
def test_the_system_itself_may_write_short_and_then_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    frames = (10_001 - 104) // 6
    assert (done.stdout, done.stderr) == (f"{errno.EFBIG} {frames}\n", "")
    assert path.stat().st_size == 104 + frames * 6
    assert soundfile.info(path).frames == frames
