from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audio.oracle import Case, Cuts, cases, exact_cuts, flat, noise, pack, pydub_cuts
from tray_app.audio.energy import EnergyMeter
from tray_app.audio.format import AudioFormat
from tray_app.audio.silence import Run, SilenceDetector


def slow(examples: int) -> settings:
    return settings(deadline=None, max_examples=examples, suppress_health_check=[HealthCheck.too_slow])


def detect(case: Case, thresh: float | None = None, chunk: int | None = None) -> SilenceDetector:
    detector = SilenceDetector(case.fmt, case.window, case.thresh if thresh is None else thresh)
    run_through(detector, case.pcm, [chunk or max(1, len(case.values))] * (len(case.values) // (chunk or 1) + 1))
    return detector


def run_through(detector: SilenceDetector, pcm: bytes, chunks: list[int]) -> list[Run]:
    """Feed chunks of so many frames, the rest at once; the runs, neighbours of the same fate joined."""
    size = detector.format.frame_bytes
    runs, at = [], 0
    for frames in chunks:
        runs += detector.feed(pcm[at : at + frames * size])
        at += frames * size
    runs += detector.feed(pcm[at:])
    return joined([*runs, *detector.finish()])


def joined(runs: list[Run]) -> list[Run]:
    whole: list[Run] = []
    for run in runs:
        assert run.start == (whole[-1].end if whole else 0)
        assert run.end > run.start
        if whole and whole[-1].keep == run.keep:
            whole[-1] = Run(whole[-1].start, run.end, run.keep)
        else:
            whole.append(run)
    return whole


def milliseconds(cuts: Cuts) -> set[int]:
    return {ms for start, end in cuts for ms in range(start, end)}


def loud_quiet(fmt: AudioFormat, *lengths_ms: int) -> bytes:
    """Loud, digital silence, loud, ... of so many milliseconds each."""
    rng = np.random.default_rng(1)
    parts = [
        noise(rng, fmt.rate * ms // 1000, fmt.channels, 2 ** (fmt.bits - 2) * (index % 2 == 0))
        for index, ms in enumerate(lengths_ms)
    ]
    return pack(np.concatenate(parts), fmt.bits)


@slow(450)
@given(cases(widths=(8, 16)))
def test_cuts_are_those_of_pydub(case: Case) -> None:
    assert detect(case).cuts == pydub_cuts(case)


@slow(250)
@given(cases(widths=(24, 32)))
def test_wide_cuts_are_those_of_pydub_but_within_a_step_of_the_threshold(case: Case) -> None:
    """24 bits: pydub's RMS is lower by less than one step. 32 bits: its sums are rounded, far less than a step."""
    lowest = case.limit() - (case.fmt.bits == 32)
    lower = milliseconds(detect(case, case.with_limit(lowest)).cuts) if case.fmt.bits == 32 else None
    ours = milliseconds(detect(case).cuts)
    upper = milliseconds(detect(case, case.with_limit(10 ** (case.thresh / 20) * 2 ** (case.fmt.bits - 1) + 1)).cuts)
    assert (ours if lower is None else lower) <= milliseconds(pydub_cuts(case)) <= upper


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
@pytest.mark.parametrize("window", [1, 7, 60])
def test_many_cuts_are_those_of_pydub_away_from_the_threshold(bits: int, rate: int, window: int) -> None:
    fmt = AudioFormat(rate, 2, bits)
    rng = np.random.default_rng([bits, rate, window])
    parts = [
        noise(rng, int(rng.integers(1, rate // 12)), 2, 2.0 ** (bits - 1) * level)
        for level in rng.permuted(np.repeat([0.3, 0.02, 0.015, 0.001], 4))
    ]
    case = Case(fmt, window, -40.0, np.concatenate(parts))
    assert detect(case).cuts == pydub_cuts(case) != ()


@slow(60)
@given(cases(widths=(24,)))
def test_24_bit_cuts_are_those_of_pydub_where_no_sample_is_negative(case: Case) -> None:
    case = Case(case.fmt, case.window, case.thresh, np.abs(case.values))
    assert detect(case).cuts == pydub_cuts(case)


@slow(150)
@given(cases(most_samples=6000))
def test_cuts_are_exact_in_every_width(case: Case) -> None:
    assert detect(case).cuts == exact_cuts(case)


@slow(100)
@given(cases(most_samples=300, rates=(1, 90, 333, 999)))
def test_cuts_are_exact_where_milliseconds_hold_no_frame(case: Case) -> None:
    assert detect(case).cuts == exact_cuts(case)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize(("rate", "channels"), [(48000, 2), (96000, 6), (88200, 6), (44100, 1)])
def test_a_sum_of_squares_that_is_one_too_small_is_silent(bits: int, rate: int, channels: int) -> None:
    """With v = k² + k + 1, one sample v + k and one v - k - 1 among samples v make the sum smaller by exactly 1."""
    k = math.isqrt(2 ** (bits - 1)) - 2
    v = k * k + k + 1
    scale = 256 if bits == 24 else 1
    thresh = 20 * math.log10((scale * v - 0.5) / (scale * 2 ** (bits - 1)))
    case = Case(AudioFormat(rate, channels, bits), 100, thresh, flat(rate // 10, channels, v, square=True))
    assert detect(case).cuts == ()
    case.values[1000:1002, 0] = [v + k, v - k - 1]
    assert detect(case).cuts == ((0, 100),)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("thresh", [0.0, -6.0, -40.0])
@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("rate", [44100, 48000])
def test_the_step_at_the_threshold(bits: int, thresh: float, square: bool, rate: int) -> None:
    """500 ms of 32-bit stereo sum up to far more than 64 bits hold; one step decides all the same."""
    case = Case(AudioFormat(rate, 2, bits), 500, thresh, np.zeros((0, 2), np.int64))
    highest = 2 ** (bits - 1) - 1
    for step, silent in ((-1, True), (0, True), (1, False)):
        level = case.limit() + step
        if level <= highest:
            sound = Case(case.fmt, 500, thresh, flat(rate * 3 // 5, 2, level, square=square))
            assert detect(sound).cuts == (((0, 600),) if silent else ()), (step, level)


def test_a_24_bit_square_wave_within_the_stated_bound_is_judged_by_its_own_samples() -> None:
    """All negative and one step above the threshold: pydub's 255 lowers it below; here it is what it is."""
    case = Case(AudioFormat(8000, 1, 24), 20, -40.0, flat(800, 1, -(83886 + 1), square=False))
    assert pydub_cuts(case) == ((0, 100),)
    assert detect(case).cuts == ()


@slow(120)
@given(cases(most_samples=20_000), st.lists(st.integers(0, 3000), max_size=30))
def test_chunks_make_no_difference(case: Case, chunks: list[int]) -> None:
    whole = SilenceDetector(case.fmt, case.window, case.thresh)
    runs = run_through(whole, case.pcm, [])
    parts = SilenceDetector(case.fmt, case.window, case.thresh)
    assert run_through(parts, case.pcm, chunks) == runs
    assert (parts.cuts, parts.frames, parts.kept_frames) == (whole.cuts, whole.frames, whole.kept_frames)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([(48000, 24), (44100, 24), (48000, 16), (96000, 24), (32000, 32), (22050, 8)]),
    st.sampled_from([1, 64, 90, 500]),
    st.lists(st.sampled_from([0.0, 0.001, 0.012, 0.0165, 0.018, 0.5]), min_size=1, max_size=12),
    st.lists(st.integers(0, 150_000), max_size=8),
)
def test_large_blocks_make_no_difference(
    kind: tuple[int, int], window: int, levels: list[float], chunks: list[int]
) -> None:
    fmt = AudioFormat(kind[0], 2, kind[1])
    rng = np.random.default_rng(len(levels))
    lengths = rng.integers(1, fmt.rate, len(levels))
    full = 2.0 ** (fmt.bits - 1) - 1
    sound = [noise(rng, int(n), 2, level * full) for n, level in zip(lengths, levels, strict=True)]
    pcm = pack(np.concatenate(sound), fmt.bits)
    small = SilenceDetector(fmt, window)
    runs = run_through(small, pcm, [512] * (len(pcm) // fmt.frame_bytes // 512))
    large = SilenceDetector(fmt, window)
    assert run_through(large, pcm, chunks) == runs
    assert large.cuts == small.cuts


@slow(100)
@given(cases(most_samples=5000))
def test_runs_cover_everything_and_agree_with_the_cuts(case: Case) -> None:
    detector = SilenceDetector(case.fmt, case.window, case.thresh)
    runs = run_through(detector, case.pcm, [300] * 5)
    assert (runs[-1].end if runs else 0) == detector.frames == len(case.values)
    assert sum(run.end - run.start for run in runs if run.keep) == detector.kept_frames
    to_frame = case.fmt.ms_to_frame
    cut = [(run.start, run.end) for run in runs if not run.keep]
    if detector.heard:
        assert cut == [(to_frame(a), min(to_frame(b), detector.frames)) for a, b in detector.cuts]
    else:
        assert cut == ([(0, detector.frames)] if detector.frames else [])
    assert detector.heard == (detector.kept_frames > 0)


@pytest.mark.parametrize(("extra", "length_ms"), [(20, 3000), (25, 3001), (40, 3001)])
def test_the_last_part_of_a_millisecond_is_kept_after_sound(extra: int, length_ms: int) -> None:
    """pydub would drop 20 frames, and fill 25 up to a millisecond with zeros that never were."""
    fmt = AudioFormat(48000, 1, 16)
    pcm = loud_quiet(fmt, 1000, 1000, 1000) + loud_quiet(fmt, 1000)[: extra * 2]
    detector = SilenceDetector(fmt)
    runs = run_through(detector, pcm, [])
    assert detector.cuts == ((1000, 2000),)
    assert fmt.length_ms(144000 + extra) == length_ms
    assert runs == [Run(0, 48000, True), Run(48000, 96000, False), Run(96000, 144000 + extra, True)]


@pytest.mark.parametrize(
    ("extra", "cut_end", "tail"),
    [(20, 2000, [Run(96000, 96020, True)]), (25, 2001, []), (0, 2000, [])],
)
def test_the_last_part_of_a_millisecond_after_a_cut(extra: int, cut_end: int, tail: list[Run]) -> None:
    """No window ever saw the 20 frames that pydub drops, so they stay; 25 frames count as a millisecond of the cut."""
    fmt = AudioFormat(48000, 1, 16)
    detector = SilenceDetector(fmt)
    runs = run_through(detector, loud_quiet(fmt, 1000, 1000) + bytes(extra * 2), [])
    assert detector.cuts == ((1000, cut_end),)
    assert runs == [Run(0, 48000, True), Run(48000, min(96000 + extra, cut_end * 48), False), *tail]


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_shorter_than_the_window_is_kept_whole(bits: int) -> None:
    fmt = AudioFormat(44100, 2, bits)
    detector = SilenceDetector(fmt)
    frames = fmt.ms_to_frame(499)
    assert run_through(detector, fmt.zero * frames, []) == [Run(0, frames, True)]
    assert (detector.cuts, detector.heard) == ((), True)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("extra", [0, 1, 20, 30, 43])
def test_all_silent_keeps_nothing(bits: int, extra: int) -> None:
    fmt = AudioFormat(44100, 2, bits)
    detector = SilenceDetector(fmt)
    runs = run_through(detector, fmt.zero * (44100 + extra), [512] * 80)
    assert runs == [Run(0, 44100 + extra, False)]
    assert (detector.heard, detector.kept_frames) == (False, 0)
    assert detector.cuts == ((0, fmt.length_ms(44100 + extra)),)


def test_nothing_at_all() -> None:
    detector = SilenceDetector(AudioFormat(48000, 2, 24))
    assert run_through(detector, b"", []) == []
    assert (detector.cuts, detector.frames, detector.heard) == ((), 0, False)


def test_a_handful_of_frames_is_kept() -> None:
    detector = SilenceDetector(AudioFormat(48000, 2, 24), 1)
    assert run_through(detector, bytes(6 * 5), []) == [Run(0, 5, True)]


@pytest.mark.parametrize("rate", [1, 100, 999])
def test_rates_with_milliseconds_that_hold_no_frame(rate: int) -> None:
    fmt = AudioFormat(rate, 1, 24)
    values = np.concatenate([flat(300, 1, 4_000_000, square=True), np.zeros((300, 1), np.int64)])
    detector = SilenceDetector(fmt, 3 * 1000 // rate + 1)
    runs = run_through(detector, pack(values, 24), [])
    assert [run.keep for run in runs] == [True, False]
    assert 298 <= runs[0].end <= 302


def test_decided_in_time_and_in_constant_memory() -> None:
    """A millisecond is decided a window and a batch after it came, through half an hour of changing sound."""
    fmt = AudioFormat(8000, 1, 8)
    piece = loud_quiet(fmt, 700, 900, 400)
    detector = SilenceDetector(fmt)
    decided = 0
    half = peak = 0
    tracemalloc.start()
    for number in range(900):
        for at in range(0, len(piece), 1600):
            runs = detector.feed(piece[at : at + 1600])
            decided = runs[-1].end if runs else decided
            assert detector.frames - decided <= detector.most_undecided < 8 * 560
        if number in (450, 899):
            half, peak = peak, tracemalloc.get_traced_memory()[1] - 170 * len(detector.cuts)
            tracemalloc.reset_peak()
    tracemalloc.stop()
    assert peak - half < 50_000
    assert len(detector.cuts) == 900


@pytest.mark.parametrize("rate", [7999, 11025, 22050, 44100, 88200])
def test_milliseconds_after_weeks_begin_where_they_should(rate: int) -> None:
    fmt = AudioFormat(rate, 2, 24)
    meter = EnergyMeter(fmt, -40.0)
    for first in (0, 1, 86_400_000 * 30 + 7):
        cells = meter._cells(first, 500)
        assert cells is not None
        start = fmt.ms_to_frame(first)
        assert cells.tolist() == [2 * (fmt.ms_to_frame(first + ms) - start) for ms in range(501)]


def test_a_long_loud_recording_does_not_overflow_its_sums() -> None:
    """Full scale for long enough that the running sums wrap around at 64 bits; the silence after it is found."""
    fmt = AudioFormat(768_000, 64, 8)
    loud = b"\x00" * (fmt.frame_bytes * 7680)
    detector = SilenceDetector(fmt, 20, -100.0)
    detector._fates._windows._sums[:, 0] = 2**63 - 50_000_000
    for _ in range(10):
        detector.feed(loud)
    detector.feed(fmt.zero * 76800)
    detector.finish()
    assert detector.cuts == ((100, 200),)


@pytest.mark.parametrize(("window", "thresh"), [(0, -40.0), (-1, -40.0), (500, 0.1), (500, math.nan)])
def test_impossible_settings_are_refused(window: int, thresh: float) -> None:
    with pytest.raises(ValueError):
        SilenceDetector(AudioFormat(48000, 2, 24), window, thresh)


def test_a_part_of_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="whole frames"):
        SilenceDetector(AudioFormat(48000, 2, 24)).feed(bytes(7))
