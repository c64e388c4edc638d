"""What each option of a rule means, said slowly: on lists of milliseconds and single samples, without the program."""

from __future__ import annotations

import itertools
import math

from hypothesis import strategies as st

from tests.audio.oracle import Case, Cuts, Values
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule


@st.composite
def rules(draw: st.DrawFn, window: int, thresh: float = -40.0) -> CutRule:
    """A rule with any of the options; their lengths are like the sound's, or nothing."""

    def length(most: int) -> int:
        return draw(st.just(0) | st.integers(0, 3) | st.integers(0, most))

    return CutRule(
        window,
        thresh,
        keep_silence=length(window),
        longest_pause=length(3 * window),
        edges_only=draw(st.sampled_from((False, False, True))),
        shortest_sound=length(2 * window),
        fade=length(window),
    )


def stretches(kept: list[bool]) -> list[tuple[int, int, bool]]:
    """Start, end and fate of every stretch of milliseconds that have the same."""
    found, at = [], 0
    for fate, group in itertools.groupby(kept):
        count = len(list(group))
        found.append((at, at + count, fate))
        at += count
    return found


def shaped(cuts: Cuts, length: int, rule: CutRule) -> Cuts:
    """What a rule makes of pydub's cuts in `length` ms."""
    kept = [not any(start <= ms < end for start, end in cuts) for ms in range(length)]
    kept = without_short_sounds(kept, rule.shortest_sound)
    if rule.edges_only:
        kept = only_edges(kept)
    kept = with_silence_left(kept, rule.keep_silence, rule.longest_pause)
    return tuple((start, end) for start, end, fate in stretches(kept) if not fate)


def without_short_sounds(kept: list[bool], shortest: int) -> list[bool]:
    if all(kept):
        return kept
    result = list(kept)
    for start, end, fate in stretches(kept):
        if fate and end - start < shortest:
            result[start:end] = [False] * (end - start)
    return result


def only_edges(kept: list[bool]) -> list[bool]:
    result = list(kept)
    for start, end, fate in stretches(kept):
        if not fate and start > 0 and end < len(kept):
            result[start:end] = [True] * (end - start)
    return result


def with_silence_left(kept: list[bool], keep: int, pause: int) -> list[bool]:
    result = list(kept)
    for start, end, fate in stretches(kept):
        if fate or end - start == len(kept):
            continue
        rest = max(2 * keep, pause)
        if start == 0:
            left = list(range(end - keep, end))
        elif end == len(kept):
            left = list(range(start, start + keep))
        elif end - start <= rest:
            left = list(range(start, end))
        else:
            left = [*range(start, start + math.ceil(rest / 2)), *range(end - rest // 2, end)]
        for ms in left:
            if start <= ms < end:
                result[ms] = True
    return result


def kept_frames(fmt: AudioFormat, frames: int, cuts: Cuts) -> list[int]:
    """The frames that are kept: those of no cut, and the end after the last millisecond, unless all else is cut."""
    ranges = [(fmt.ms_to_frame(start), min(fmt.ms_to_frame(end), frames)) for start, end in cuts]
    kept = [frame for frame in range(frames) if not any(start <= frame < end for start, end in ranges)]
    last = fmt.ms_to_frame(fmt.length_ms(frames))
    return kept if any(frame < last for frame in kept) or not cuts else []


def kept_values(case: Case, cuts: Cuts, fade_ms: int) -> tuple[Values, list[bool]]:
    """The samples that are kept, faded at the sides of cuts, and of each of its frames: is it in a fade?"""
    fmt, fade = case.fmt, case.fmt.ms_to_frame(fade_ms)
    frames = kept_frames(fmt, len(case.values), cuts)
    ranges = [(fmt.ms_to_frame(start), min(fmt.ms_to_frame(end), len(case.values))) for start, end in cuts]
    values, faded = case.values[frames].copy(), []
    for index, frame in enumerate(frames):
        gain = 1.0
        before = [frame - end for start, end in ranges if start < end <= frame]
        after = [start - 1 - frame for start, end in ranges if frame < start < end]
        for distance in (min(before, default=fade), min(after, default=fade)):
            if distance < fade:
                gain *= (1 - math.cos(math.pi * (distance + 0.5) / fade)) / 2
        faded.append(gain != 1.0)
        values[index] = [round(int(value) * gain) for value in case.values[frame]]
    return values, faded
