"""Cuts beyond pydub's: each option against what it means, said slowly in `slow`, and against pydub where it has it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydub.silence import split_on_silence

from tests.audio.in_memory import MemoryReader, Sink, counted, parted
from tests.audio.oracle import Case, Cuts, Values, cases, pack, pydub_cuts, segment
from tests.audio.slow import kept_values, rules, shaped
from tests.effort import effort
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.shaping import Shaper
from tray_app.audio.trim import LiveTrimmer, TrimResult, trim

SLOW = settings(deadline=None, max_examples=effort(150, 40), suppress_health_check=[HealthCheck.too_slow])


class Tape(Sink):
    """A sink that can be cut back, as a file can."""

    def __init__(self, fmt: AudioFormat) -> None:
        super().__init__()
        self.fmt = fmt
        self.times = 0

    def cut_back(self, frames: int) -> None:
        assert frames * self.fmt.frame_bytes <= len(self.data)
        self.parts = [self.data[: frames * self.fmt.frame_bytes]]
        self.times += 1


def from_file(case: Case, rule: CutRule, most: int = 1 << 40) -> tuple[bytes, TrimResult]:
    sink = Sink()
    result = trim(MemoryReader(case.fmt, case.pcm, most), sink.write, rule)
    return sink.data, result


def live(case: Case, rule: CutRule, chunks: list[int]) -> tuple[bytes, TrimResult]:
    tape = Tape(case.fmt)
    trimmer = LiveTrimmer(case.fmt, tape.write, rule, tape.cut_back)
    for part in parted(case, chunks):
        trimmer.feed(part)
    result = trimmer.finish()
    assert tape.times <= 1
    return tape.data, result


def made_of(*parts: tuple[int, int], rate: int = 1000, bits: int = 16) -> Case:
    """Mono square waves of (milliseconds, sample value) at a rate of one frame, or some, a millisecond."""
    each = [np.full(ms * rate // 1000, level, np.int64) for ms, level in parts]
    values: Values = np.concatenate(each)[:, np.newaxis]
    values[1::2] *= -1
    return Case(AudioFormat(rate, 1, bits), 100, -40.0, values)


# The cuts


@st.composite
def exact_cuts(draw: st.DrawFn) -> tuple[Cuts, int]:
    """Cuts as pydub finds them, and the length of the sound."""
    edges = list(itertools.accumulate(draw(st.lists(st.integers(1, 60), max_size=16))))
    length = edges[-1] if edges else 0
    marks = [0, *edges] if draw(st.booleans()) else edges
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    return tuple(pairs), length + draw(st.just(0) | st.integers(0, 50))


@settings(deadline=None, max_examples=effort(1000, 200))
@given(exact_cuts(), rules(20), st.lists(st.integers(1, 40), max_size=60))
def test_the_cuts_are_what_the_rule_says(found: tuple[Cuts, int], rule: CutRule, steps: list[int]) -> None:
    """However the spans are portioned, what comes out is whole, in order, and what the slow statement says."""
    cuts, length = found
    shaper = Shaper(rule)
    given_out = [True] * length
    at = decided = 0

    def take(spans: list[Any], last: bool = False) -> None:
        nonlocal decided
        for start, end, keep, sure in spans:
            assert start == decided or (last and start < decided and not keep)
            assert sure or rule.waits_for_end
            given_out[start:end] = [keep] * (end - start)
            decided = end

    for step in [*steps, length]:
        end = min(at + step, length)
        fates = [not any(start <= ms < stop for start, stop in cuts) for ms in range(at, end)]
        spans = [(keep, len(list(group))) for keep, group in itertools.groupby(fates)]
        pushed = []
        for keep, count in spans:
            pushed.append((at, at + count, keep))
            at += count
        take(shaper.push(pushed))
        assert at - decided <= shaper.held_ms
    take(shaper.finish(length), last=True)
    assert decided == length
    expected = shaped(cuts, length, rule)
    assert tuple(shaper.cuts) == expected
    assert given_out == [not any(start <= ms < end for start, end in expected) for ms in range(length)]


@SLOW
@given(st.data(), cases(widths=(8, 16), most_samples=20_000))
def test_silence_that_is_kept_is_what_pydub_keeps(data: st.DataObject, case: Case) -> None:
    """pydub's own `split_on_silence`, its parts joined; but for the part of a millisecond at the end, see `silence`."""
    keep = data.draw(st.integers(0, 3) | st.integers(0, 2 * case.window))
    kept, result = from_file(case, CutRule(case.window, case.thresh, keep_silence=keep))
    fmt, frames = case.fmt, len(case.values)
    if not frames:
        return
    sound = segment(fmt, case.pcm)
    parts = split_on_silence(sound, case.window, case.thresh, keep_silence=keep, seek_step=1)
    theirs = b"".join(part.raw_data for part in parts)
    if fmt.bits == 8:
        theirs = bytes(byte ^ 0x80 for byte in theirs)
    beyond = fmt.ms_to_frame(fmt.length_ms(frames)) - frames
    if beyond < 0 and (theirs or not result.cuts):
        theirs += case.pcm[beyond * fmt.frame_bytes :]
    elif beyond > 0 and not (result.cuts and result.cuts[-1][1] == fmt.length_ms(frames)):
        assert theirs.endswith(fmt.zero * beyond)
        theirs = theirs[: -beyond * fmt.frame_bytes]
    assert kept == theirs


@SLOW
@given(
    st.data(),
    cases(most_samples=6_000, rates=(500, 1000, 7999, 8000, 11025, 44100)),
    st.lists(st.integers(0, 4000), max_size=40),
    st.integers(1, 5000),
)
def test_every_rule_live_and_from_a_file(data: st.DataObject, case: Case, chunks: list[int], most: int) -> None:
    """Cuts, bytes and fades are what `slow` says; samples in a fade to one step, for a cosine's last digit."""
    rule = data.draw(rules(case.window, case.thresh))
    kept, result = from_file(case, rule, most)
    if case.fmt.bits <= 16 and case.fmt.rate >= 1000:
        assert result.cuts == shaped(pydub_cuts(case), case.fmt.length_ms(len(case.values)), rule)
    exact = from_file(case, CutRule(case.window, case.thresh))[1]
    assert result.cuts == shaped(exact.cuts, case.fmt.length_ms(len(case.values)), rule)
    values, faded = kept_values(case, result.cuts, rule.fade)
    assert result.kept_frames == len(values)
    assert len(kept) == len(values) * case.fmt.frame_bytes
    got = unpack(kept, case.fmt)
    assert np.array_equal(got[~np.array(faded, bool)], values[~np.array(faded, bool)])
    assert np.abs(got - values).max(initial=0) <= 1
    assert live(case, rule, chunks) == (kept, result)


@settings(deadline=None, max_examples=effort(1000, 150))
@given(exact_cuts(), rules(20, -60.0), st.integers(0, 2**32), st.lists(st.integers(1, 90), max_size=30))
def test_any_pattern_of_cuts_live_and_from_a_file(
    found: tuple[Cuts, int], rule: CutRule, seed: int, chunks: list[int]
) -> None:
    """A sample is a millisecond, and silent if it is zero: any pattern can be had, so that all that can meet does."""
    cuts, length = found
    rng = np.random.default_rng(seed)
    values: Values = rng.integers(1000, 30_000, (length, 1)) * rng.choice([-1, 1], (length, 1))
    # What is cut is not all alike, so that it is seen where it comes from.
    quiet = rng.integers(-9, 10, (length, 1))
    for start, end in cuts:
        values[start:end] = quiet[start:end]
    case = Case(AudioFormat(1000, 1, 16), 1, -60.0, values)
    rule = replace(rule, min_silence_len=1)
    kept, result = from_file(case, rule)
    assert result.cuts == shaped(cuts, length, rule)
    expected, faded = kept_values(case, result.cuts, rule.fade)
    got = unpack(kept, case.fmt)
    assert np.array_equal(got[~np.array(faded, bool)], expected[~np.array(faded, bool)])
    assert np.abs(got - expected).max(initial=0) <= 1
    assert live(case, rule, chunks) == (kept, result)


def unpack(pcm: bytes, fmt: AudioFormat) -> Values:
    """PCM bytes as signed integers."""
    raw = np.frombuffer(pcm, np.uint8).reshape(-1, fmt.sample_bytes)
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 4 - fmt.sample_bytes :] = raw ^ 0x80 if fmt.bits == 8 else raw
    values: Values = (wide.view("<i4")[:, 0] >> (32 - fmt.bits)).astype(np.int64).reshape(-1, fmt.channels)
    return values


@pytest.mark.parametrize("fade", [0, 6])
def test_below_1000_hz_a_sound_without_a_frame_is_sure_too(fade: int) -> None:
    """At 500 Hz every other millisecond has no frame, so that each silent one is a cut of its own."""
    case = made_of((40, 9000), (60, 0), rate=500)
    rule = CutRule(1, -70.0, edges_only=True, fade=fade)
    kept, result = from_file(case, rule)
    assert result.cuts == shaped(from_file(case, CutRule(1, -70.0))[1].cuts, 100, rule)
    assert result.kept_frames == len(kept) // 2 == 49
    assert live(case, rule, [1] * 50) == (kept, result)


@pytest.mark.parametrize("end", range(195, 262, 3))
@pytest.mark.parametrize("options", [{"edges_only": True}, {"longest_pause": 405}], ids=str)
def test_an_end_that_is_taken_back_in_the_middle_of_its_fade(options: dict[str, int], end: int) -> None:
    """Of the silence at the end only what is kept, and less than a fade of what is not, was given out."""
    case = made_of((300, 9000), (500, 0), (300, 9000), (end, 9))
    rule = CutRule(100, -60.0, keep_silence=200, fade=60, **options)  # type: ignore[arg-type]
    for chunks in ([1] * 1500, [7] * 300):
        assert live(case, rule, chunks) == from_file(case, rule)


# Each option by a picture of its own, in milliseconds

TALK = made_of((300, 0), (200, 9000), (1000, 0), (7, 9000), (400, 0), (500, 9000), (250, 0), (100, 9000), (600, 0))
"""Silence, sound from 300 to 500, a click at 1500, sound from 1907 to 2407 and from 2657 to 2757, silence to 3357."""


@pytest.mark.parametrize(
    ("options", "cuts"),
    [
        ({}, [(0, 300), (500, 1500), (1507, 1907), (2407, 2657), (2757, 3357)]),
        ({"keep_silence": 100}, [(0, 200), (600, 1400), (1607, 1807), (2507, 2557), (2857, 3357)]),
        ({"keep_silence": 125}, [(0, 175), (625, 1375), (1632, 1782), (2882, 3357)]),
        ({"keep_silence": 400}, [(900, 1100), (3157, 3357)]),
        ({"longest_pause": 300}, [(0, 300), (650, 1350), (1657, 1757), (2757, 3357)]),
        ({"longest_pause": 301}, [(0, 300), (651, 1350), (1658, 1757), (2757, 3357)]),
        ({"longest_pause": 300, "keep_silence": 50}, [(0, 250), (650, 1350), (1657, 1757), (2807, 3357)]),
        ({"longest_pause": 300, "keep_silence": 200}, [(0, 100), (700, 1300), (2957, 3357)]),
        ({"edges_only": True}, [(0, 300), (2757, 3357)]),
        ({"edges_only": True, "keep_silence": 50, "longest_pause": 500}, [(0, 250), (2807, 3357)]),
        ({"shortest_sound": 7}, [(0, 300), (500, 1500), (1507, 1907), (2407, 2657), (2757, 3357)]),
        ({"shortest_sound": 8}, [(0, 300), (500, 1907), (2407, 2657), (2757, 3357)]),
        ({"shortest_sound": 201}, [(0, 1907), (2407, 3357)]),
        ({"shortest_sound": 201, "edges_only": True, "keep_silence": 10}, [(0, 1897), (2417, 3357)]),
        ({"shortest_sound": 1000}, [(0, 3357)]),
        ({"shortest_sound": 1000, "keep_silence": 100, "edges_only": True}, [(0, 3357)]),
    ],
    ids=str,
)
def test_an_option_cuts_these_milliseconds(options: dict[str, int], cuts: list[tuple[int, int]]) -> None:
    rule = CutRule(100, -70.0, **options)  # type: ignore[arg-type]
    kept, result = from_file(TALK, rule)
    assert list(result.cuts) == cuts
    assert result.kept_frames == 3357 - sum(end - start for start, end in cuts)
    assert live(TALK, rule, [13] * 400) == (kept, result)


def test_a_sound_without_a_cut_stays_however_short_it_is() -> None:
    rule = CutRule(100, -70.0, shortest_sound=5000, fade=50)
    case = made_of((80, 9000))
    assert from_file(case, rule)[0] == case.pcm


# Fades


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_a_fade_is_a_raised_cosine_and_touches_nothing_else(bits: int) -> None:
    """Full scale before and after a cut, 8 kHz: what a user would see in an editor."""
    top = 2 ** (bits - 1) - 1
    case = made_of((400, top), (1000, 0), (400, top), rate=8000, bits=bits)
    kept, result = from_file(case, CutRule(100, -70.0, fade=10))
    assert result.cuts == ((400, 1400),)
    values = unpack(kept, case.fmt)[:, 0]
    assert len(values) == 6400
    assert np.array_equal(np.abs(values[:3120]), np.full(3120, top))
    assert np.array_equal(np.abs(values[3280:]), np.full(3120, top))
    envelope = np.abs(values[3120:3280]) / top
    expected = (1 - np.cos(np.pi * (np.arange(80) + 0.5) / 80)) / 2
    assert envelope[80:] == pytest.approx(expected, abs=1.01 / 2 / top)
    assert envelope[:80] == pytest.approx(expected[::-1], abs=1.01 / 2 / top)


def test_the_sounds_own_start_and_end_are_not_faded_but_those_that_a_cut_has_made() -> None:
    rule = CutRule(100, -70.0, fade=20)
    loud = made_of((300, 9000), (300, 0), (300, 9000))
    kept, _ = from_file(loud, rule)
    assert (kept[:400], kept[-400:]) == (loud.pcm[:400], loud.pcm[-400:])
    cut = made_of((300, 0), (300, 9000), (300, 0))
    values = np.abs(unpack(from_file(cut, rule)[0], cut.fmt)[:, 0])
    assert len(values) == 300
    assert values[0] < 100 > values[-1]
    assert np.array_equal(values, values[::-1])
    assert np.array_equal(values[20:280], np.full(260, 9000))


def test_no_fade_is_bit_for_bit() -> None:
    rule = CutRule(100, -70.0, keep_silence=30, longest_pause=120, shortest_sound=8)
    kept, result = from_file(TALK, rule)
    rest = [TALK.values[start:end] for start, end in itertools.pairwise([0, *itertools.chain(*result.cuts)])]
    assert kept == pack(np.concatenate(rest[::2]), 16)


# Bounds


@pytest.mark.parametrize("options", [{}, {"edges_only": True}, {"longest_pause": 900}, {"fade": 40}], ids=str)
def test_an_hour_of_silence_is_never_held(options: dict[str, int]) -> None:
    """What is held is bounded by the rule, not by how long a silence lasts."""
    fmt = AudioFormat(8000, 1, 16)
    rule = CutRule(500, -40.0, keep_silence=200, shortest_sound=100, **options)  # type: ignore[arg-type]
    kept = 0

    def count(view: memoryview) -> None:
        nonlocal kept
        kept += len(view) // 2

    def cut_back(frames: int) -> None:
        nonlocal kept
        kept = frames

    trimmer = LiveTrimmer(fmt, count, rule, cut_back)
    sound = pack(np.full((8000, 1), 9000, np.int64), 16)
    trimmer.feed(sound)
    peaks: list[int] = []
    with counted(peaks):
        for _ in range(effort(3600, 600)):
            trimmer.feed(bytes(16_000))
    assert peaks[0] < 1 << 18, "ten minutes are 9.6 MB"
    result = trimmer.finish()
    assert result.kept_frames == kept == 8000 + fmt.ms_to_frame(200)


def test_what_must_be_taken_back_needs_somebody_who_can() -> None:
    fmt = AudioFormat(8000, 1, 16)
    with pytest.raises(ValueError, match="takes back"):
        LiveTrimmer(fmt, Sink().write, CutRule(edges_only=True))
    with pytest.raises(ValueError, match="not found yet"):
        LiveTrimmer(fmt, Sink().write, CutRule(silence_thresh=None, auto=True))


def test_long_rules_read_a_file_twice_and_cut_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = CutRule(100, -70.0, keep_silence=30, shortest_sound=8, fade=12)
    once = from_file(TALK, rule)
    monkeypatch.setattr("tray_app.audio.trim._MOST_HELD", 1)
    assert from_file(TALK, rule) == once
    assert from_file(TALK, replace(rule, fade=0))[1].cuts == once[1].cuts


@pytest.mark.parametrize("name", ["keep_silence", "longest_pause", "shortest_sound", "fade"])
def test_a_rule_refuses_what_makes_no_sense(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        CutRule(**{name: -1})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="silence_thresh"):
        CutRule(silence_thresh=None)
