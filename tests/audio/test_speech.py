"""Real speech, its words synthesised apart: no preset clips what `exact` keeps; a found threshold keeps every word."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.audio.in_memory import MemoryReader, Sink
from tests.audio.oracle import pack
from tests.speech import RATE, VOICES, Talk, room, talk
from tray_app.audio.floor import NO_FLOOR
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import EXACT, CutRule, rule_of
from tray_app.audio.trim import trim
from tray_app.loading import changed, load
from tray_app.presets import PRESETS

pytestmark = pytest.mark.posix("the words are spoken by Debian's espeak-ng")

FMT = AudioFormat(RATE, 1, 24)
AUTO = CutRule(silence_thresh=None, auto=True)
PRESET_RULES = {
    preset.name: rule_of(changed(load({}, {}, Path(os.devnull)), preset.texts, Path())) for preset in PRESETS
}


@dataclass(frozen=True)
class Trimmed:
    """What a rule made of a talk: which frames it cut, and by which threshold."""

    cut: NDArray[np.bool_]
    rule: CutRule

    def of(self, spans: tuple[tuple[int, int], ...]) -> list[float]:
        """The part of each span that is cut."""
        return [float(self.cut[start:end].mean()) for start, end in spans]


def trimmed(said: Talk, rule: CutRule) -> Trimmed:
    values = np.rint(np.clip(said.samples, -1, 1) * (2**23 - 1)).astype(np.int64)[:, np.newaxis]
    result = trim(MemoryReader(FMT, pack(values, 24)), Sink().write, rule)
    cut = np.zeros(len(values), np.bool_)
    for start, end in result.cuts:
        cut[FMT.ms_to_frame(start) : FMT.ms_to_frame(end)] = True
    return Trimmed(cut, result.rule)


def long_pauses(said: Talk, seconds: float) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in said.pauses if end - start > seconds * RATE)


def energy_kept(said: Talk, found: Trimmed) -> list[float]:
    """The part of each word's energy that is kept."""
    parts = [(said.samples[start:end] ** 2, ~found.cut[start:end]) for start, end in said.words]
    return [float(power[kept].sum() / power.sum()) for power, kept in parts]


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(("kind", "noise"), [("pink", -50.0), ("hum", -60.0), ("white", -70.0), ("white", -200.0)])
@pytest.mark.parametrize("level", [-20.0, -28.0])
def test_no_preset_clips_a_word_where_exact_keeps_it(voice: str, kind: str, noise: float, level: float) -> None:
    said = talk(voice, level).over(room(kind, noise))
    exact = trimmed(said, EXACT)
    assert all(part > 0.99 for part in exact.of(long_pauses(said, 0.7)))
    for name, rule in {**PRESET_RULES, "auto": AUTO}.items():
        found = trimmed(said, rule)
        assert found.cut.any() or (name == "music" and noise > -60), name
        for start, end in said.words:
            clipped = found.cut[start:end] & ~exact.cut[start:end]
            assert not clipped.any(), f"{name} clips {clipped.sum() / RATE * 1000:.0f} ms"


@pytest.mark.parametrize("voice", VOICES)
def test_what_each_preset_does_to_pauses(voice: str) -> None:
    said = talk(voice, -22.0).over(room("pink", -62.0))
    pauses = long_pauses(said, 0.76)
    inner = [span for span in pauses if span[0] > 0 and span[1] < len(said.samples)]

    def left(name: str) -> list[float]:
        """Seconds that are left of each pause between words."""
        cut = trimmed(said, PRESET_RULES[name]).cut
        return [float((~cut[start:end]).sum() / RATE) for start, end in inner]

    assert max(left("exact")) < 0.01
    # Two times 0.2 s, less what of them goes to the soft ends of words, which are below the threshold.
    assert all(0.1 < seconds <= 0.41 for seconds in left("speech"))
    lengths = [(end - start) / RATE for start, end in inner]
    assert all(
        rest == pytest.approx(whole) or 0.9 < rest <= 1.01 for rest, whole in zip(left("music"), lengths, strict=True)
    )
    assert min(np.array(lengths) - left("music")) == 0 < max(np.array(lengths) - left("music"))
    assert left("edges-only") == pytest.approx(lengths)
    cut = trimmed(said, PRESET_RULES["edges-only"]).cut
    first, last = said.words[0][0], said.words[-1][1]
    assert cut[: first - RATE // 2].all()
    assert cut[last + RATE // 2 : -RATE // 1000].all()
    assert not cut[first - RATE // 4 : last + RATE // 10].any()


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("level", [-20.0, -30.0, -40.0])
@pytest.mark.parametrize("kind", ["white", "pink", "fan", "hum"])
@pytest.mark.parametrize("above", [20.0, 30.0, 40.0])
def test_a_found_threshold_keeps_every_word_and_cuts_the_pauses(
    voice: str, level: float, kind: str, above: float
) -> None:
    """Speech 20 to 40 dB above the noise. What is lost of words is their ends that are as soft as the noise."""
    clean = talk(voice, level)
    said = clean.over(room(kind, level - above))
    found = trimmed(said, AUTO)
    assert level - above + 2 < found.rule.threshold < level - above / 2
    assert min(energy_kept(clean, found)) > {20.0: 0.92, 30.0: 0.985, 40.0: 0.997}[above]
    assert min(found.of(long_pauses(said, 0.7))) > 0.97


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("kind", ["white", "fan"])
@pytest.mark.parametrize("above", [15.0, 25.0, 45.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_noise_is_found_in_talk_that_hardly_pauses(voice: str, kind: str, above: float, seed: int) -> None:
    """Four pauses in a minute; without any, nothing tells noise from speech, and nothing is cut."""
    said = talk(voice, -25.0, seed, rounds=4, pause_every=24)
    found = trimmed(said.over(room(kind, -25 - above)), AUTO)
    assert -25 - above + 2 < found.rule.threshold < -25 - above / 2
    never = talk(voice, -25.0, seed, rounds=4, pause_every=1000)
    assert trimmed(never.over(room(kind, -25 - above)), AUTO).rule.threshold == NO_FLOOR


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("level", [-20.0, -30.0, -40.0])
def test_with_some_silence_kept_words_are_whole_even_close_to_the_noise(voice: str, level: float) -> None:
    clean = talk(voice, level)
    said = clean.over(room("pink", level - 15))
    found = trimmed(said, CutRule(silence_thresh=None, auto=True, keep_silence=300))
    assert min(energy_kept(clean, found)) > 0.998
    assert min(found.of(long_pauses(said, 1.5))) > 0.5
