from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audio.in_memory import MemoryReader, Sink, counted, parted
from tests.audio.oracle import Case, Values, cases, complement, noise, pydub_cuts, pydub_kept
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.trim import LiveTrimmer, TrimCancelledError, TrimResult, trim


def from_file(case: Case, most: int = 1 << 40) -> tuple[bytes, TrimResult]:
    sink = Sink()
    result = trim(MemoryReader(case.fmt, case.pcm, most), sink.write, CutRule(case.window, case.thresh))
    return sink.data, result


def live(case: Case, chunks: list[int]) -> tuple[bytes, TrimResult]:
    sink = Sink()
    trimmer = LiveTrimmer(case.fmt, sink.write, CutRule(case.window, case.thresh))
    for part in parted(case, chunks):
        trimmer.feed(part)
    result = trimmer.finish()
    return sink.data, result


def digest(data: bytes) -> str:
    """Stands for megabytes, which pytest would print for minutes."""
    return hashlib.sha256(data).hexdigest()


def speech(fmt: AudioFormat, seconds: float, seed: int = 1) -> Case:
    """Loud and silent by turns, each 0.1 to 2 s."""
    rng = np.random.default_rng(seed)
    parts: list[Values] = []
    frames = int(seconds * fmt.rate)
    while frames > 0:
        count = min(frames, int(rng.uniform(0.1, 2) * fmt.rate))
        level = (0.2, 0.001)[len(parts) % 2] * 2 ** (fmt.bits - 1)
        parts.append(noise(rng, count, fmt.channels, level))
        frames -= count
    return Case(fmt, 500, -40.0, np.concatenate(parts))


def bytes_of(case: Case, cuts: tuple[tuple[int, int], ...]) -> bytes:
    """The original's own bytes between the cuts, and after the last whole millisecond, unless all is cut."""
    fmt, pcm, frames = case.fmt, case.pcm, len(case.values)
    length = fmt.length_ms(frames)
    pieces = [(fmt.ms_to_frame(a), fmt.ms_to_frame(b)) for a, b in complement(cuts, length)]
    if pieces or not cuts:
        pieces.append((fmt.ms_to_frame(length), frames))
    return b"".join(pcm[a * fmt.frame_bytes : b * fmt.frame_bytes] for a, b in pieces)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(cases(most_samples=20_000))
def test_kept_bytes_are_those_of_pydub(case: Case) -> None:
    """24-bit and 32-bit sound can be cut elsewhere next to the threshold; then the original's bytes are the judge."""
    kept, result = from_file(case)
    assert kept == bytes_of(case, result.cuts)
    cuts = pydub_cuts(case)
    if case.fmt.bits <= 16:
        assert result.cuts == cuts
    if result.cuts == cuts:
        _assert_like_pydub(case, kept, cuts)


def _assert_like_pydub(case: Case, kept: bytes, cuts: tuple[tuple[int, int], ...]) -> None:
    """The same bytes but at the end, where pydub drops or fills up a part of a millisecond."""
    fmt, frames = case.fmt, len(case.values)
    theirs = pydub_kept(case, cuts)
    beyond = fmt.ms_to_frame(fmt.length_ms(frames)) - frames
    ends_in_cut = bool(cuts) and cuts[-1][1] == fmt.length_ms(frames)
    if beyond < 0 and (theirs or not cuts):
        theirs += case.pcm[beyond * fmt.frame_bytes :]
    elif beyond > 0 and not ends_in_cut:
        assert theirs.endswith(fmt.zero * beyond)
        theirs = theirs[: -beyond * fmt.frame_bytes]
    assert kept == theirs


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(cases(most_samples=20_000), st.lists(st.integers(0, 4000), max_size=40), st.integers(1, 5000))
def test_live_and_file_give_the_same_bytes(case: Case, chunks: list[int], most: int) -> None:
    (live_kept, live_result), (kept, result) = live(case, chunks), from_file(case, most)
    assert live_result == result
    assert live_kept.hex() == kept.hex()


@pytest.mark.parametrize(("rate", "bits"), [(48000, 24), (44100, 24), (44100, 16), (96000, 32), (22050, 8)])
def test_many_blocks_of_a_file_give_what_512_frames_a_chunk_gave_live(rate: int, bits: int) -> None:
    case = speech(AudioFormat(rate, 2, bits), 5_500_000 / (rate * bits / 4))
    kept, result = from_file(case)
    live_kept, live_result = live(case, [512] * (len(case.values) // 512))
    assert len(result.cuts) > 3
    assert live_result == result
    assert digest(live_kept) == digest(kept) == digest(bytes_of(case, result.cuts))


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_all_silent_writes_nothing(bits: int) -> None:
    case = Case(AudioFormat(44100, 2, bits), 500, -40.0, np.zeros((44_123, 2), np.int64))
    nothing = TrimResult(44_123, 0, ((0, 1001),), heard=False)
    assert from_file(case) == live(case, [512] * 20) == (b"", nothing)


def test_an_empty_file() -> None:
    case = Case(AudioFormat(44100, 2, 24), 500, -40.0, np.zeros((0, 2), np.int64))
    assert from_file(case) == live(case, []) == (b"", TrimResult(0, 0, (), heard=False))


def test_live_holds_back_no_more_than_a_window_and_a_block() -> None:
    """All of it is loud, so what was not written yet is held."""
    case = Case(AudioFormat(48000, 2, 24), 500, -40.0, noise(np.random.default_rng(3), 960_000, 2, 1e6))
    sink = Sink()
    trimmer = LiveTrimmer(case.fmt, sink.write)
    pcm, most = case.pcm, 0
    for at in range(0, len(pcm), 512 * 6):
        trimmer.feed(pcm[at : at + 512 * 6])
        most = max(most, min(at + 512 * 6, len(pcm)) - sum(map(len, sink.parts)))
    assert case.fmt.ms_to_frame(500) * 6 <= most <= case.fmt.ms_to_frame(500 + 1000 + 55) * 6
    trimmer.finish()
    assert sink.data == pcm


def test_live_writes_large_pieces() -> None:
    """20 s of sound in chunks of 10 ms come as at most 2.5 writes a second, and one more for the rest."""
    case = Case(AudioFormat(48000, 2, 24), 500, -40.0, noise(np.random.default_rng(2), 960_000, 2, 1e6))
    sink = Sink()
    trimmer = LiveTrimmer(case.fmt, sink.write)
    pcm = case.pcm
    for at in range(0, len(pcm), 480 * 6):
        trimmer.feed(pcm[at : at + 480 * 6])
    trimmer.finish()
    assert sink.data == pcm
    assert len(sink.parts) <= 51


def test_a_long_silence_is_never_held() -> None:
    fmt, peaks = AudioFormat(8000, 1, 16), list[int]()
    trimmer = LiveTrimmer(fmt, never)
    with counted(peaks):
        for _ in range(600):
            trimmer.feed(bytes(16_000))
    assert peaks[0] < 1 << 18, "ten minutes are 9.6 MB"
    assert trimmer.finish() == TrimResult(600 * 8000, 0, ((0, 600_000),), heard=False)


def test_live_refuses_a_part_of_a_frame() -> None:
    with pytest.raises(ValueError, match="whole frames"):
        LiveTrimmer(AudioFormat(48000, 2, 24), never).feed(bytes(5))


def never(view: memoryview) -> None:
    raise AssertionError("nothing was to be written")


def _full(view: memoryview) -> None:
    raise OSError(28, "No space left on device")


def test_a_write_that_fails_passes_through() -> None:
    case = speech(AudioFormat(48000, 2, 24), 3)
    with pytest.raises(OSError, match="No space"):
        trim(MemoryReader(case.fmt, case.pcm), _full)
    with pytest.raises(OSError, match="No space"):
        LiveTrimmer(case.fmt, _full).feed(case.pcm)


def test_progress_grows_to_the_whole() -> None:
    case = speech(AudioFormat(48000, 2, 24), 40)
    seen: list[float] = []
    trim(MemoryReader(case.fmt, case.pcm), Sink().write, progress=seen.append)
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


class Later:
    """Does what it is told only when it must: notices a buffer that is used again too early."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.turns = 0
        self._views: list[memoryview] = []
        self._older: list[memoryview] = []

    def write(self, view: memoryview) -> None:
        self._views.append(view)

    def turn(self) -> None:
        self.turns += 1
        self.parts += map(bytes, self._older)
        self._older, self._views = self._views, []


@pytest.mark.parametrize("window", [500, 30_000])
def test_a_write_may_be_done_later_until_the_turn_after_the_next(window: int) -> None:
    case = speech(AudioFormat(48000, 2, 24), 60)
    case.values[48_000 * 10 : 48_000 * 45] //= 100
    later = Later()
    result = trim(MemoryReader(case.fmt, case.pcm), later.write, CutRule(window), turn=later.turn)
    later.turn()
    later.turn()
    assert later.turns > 3
    assert digest(b"".join(later.parts)) == digest(bytes_of(case, result.cuts))
    assert result.cuts


@pytest.mark.parametrize("most", [1 << 40, 10_007])
@pytest.mark.parametrize("sound", [True, False])
def test_a_window_too_long_to_be_held_gives_what_it_gave_live(sound: bool, most: int) -> None:
    """More than 8 MiB of it: the file is read twice."""
    case = speech(AudioFormat(48000, 2, 24), 100)
    case.values[48_000 * 20 : 48_000 * 81] //= 100
    if not sound:
        case.values[:] = 0
    case = Case(case.fmt, 60_000, -40.0, case.values)
    seen: list[float] = []
    sink = Sink()
    result = trim(MemoryReader(case.fmt, case.pcm, most), sink.write, CutRule(60_000), progress=seen.append)
    live_kept, live_result = live(case, [])
    assert result == live_result
    assert digest(sink.data) == digest(live_kept)
    assert len(result.cuts) == 1
    assert seen == sorted(seen)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_cancelling_ends_it_before_the_next_block(after: int) -> None:
    case = speech(AudioFormat(48000, 2, 24), 80)
    sink = Sink()
    seen: list[float] = []
    told: Callable[[], bool] = lambda: len(seen) >= after  # noqa: E731
    with pytest.raises(TrimCancelledError):
        trim(MemoryReader(case.fmt, case.pcm), sink.write, progress=seen.append, cancelled=told)
    assert len(seen) == after
    assert len(sink.data) < len(case.pcm) / 2


def test_a_file_is_read_from_its_start() -> None:
    case = speech(AudioFormat(48000, 1, 16), 3)
    reader = MemoryReader(case.fmt, case.pcm)
    reader.seek(1000)
    assert trim(reader, Sink().write).frames == len(case.values)


@pytest.mark.parametrize(("window", "thresh"), [(0, -40.0), (500, 1.0), (500, math.nan)])
def test_impossible_settings_are_refused(window: int, thresh: float) -> None:
    fmt = AudioFormat(48000, 2, 24)
    with pytest.raises(ValueError):
        trim(MemoryReader(fmt, b""), never, CutRule(window, thresh))
    with pytest.raises(ValueError):
        LiveTrimmer(fmt, never, CutRule(window, thresh))
