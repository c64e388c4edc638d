"""Presets: sets of values, which are known again when a user has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.audio.rule import EXACT, CutRule, rule_of
from tray_app.choices import keep
from tray_app.loading import load
from tray_app.presets import NAMES, PRESETS, VARIABLES, Preset, current, texts_of
from tray_app.settings import Settings


def settings_of(tmp_path: Path, texts: dict[str, str]) -> Settings:
    file = tmp_path / "my.env"
    file.write_text("".join(f"{name}={text}\n" for name, text in texts.items()))
    return load({}, {}, file)


def test_exact_is_what_holds_where_nothing_is_chosen(tmp_path: Path) -> None:
    assert rule_of(settings_of(tmp_path, {})) == EXACT == CutRule(500, -40.0)
    assert current(settings_of(tmp_path, {})) is PRESETS[0]
    assert NAMES == ("exact", "speech", "music", "edges-only")


@pytest.mark.parametrize("preset", PRESETS, ids=NAMES)
def test_a_preset_is_known_by_its_values(tmp_path: Path, preset: Preset) -> None:
    texts = dict(texts_of(preset.name))
    assert set(texts) == set(VARIABLES)
    chosen = settings_of(tmp_path, {**texts, "RECORDER_BIT_DEPTH": "16"})
    assert current(chosen) is preset
    for other in PRESETS:
        assert (rule_of(chosen) == rule_of(settings_of(tmp_path, dict(other.texts)))) == (other is preset)
    keep(replace(chosen, env_file=tmp_path / "new.env"), texts)
    assert current(load({}, {}, tmp_path / "new.env")) is preset


@given(st.sampled_from(VARIABLES), st.integers(1, 100))
def test_one_other_value_makes_it_ones_own(name: str, value: int) -> None:
    texts = dict(texts_of("speech"))
    other = {"RECORDER_CUT": "edges", "RECORDER_SILENCE_THRESH": f"-{value}"}.get(name, str(value))
    empty = Path(__file__).with_name("tray") / "empty.env"
    chosen = load({**texts, name: other}, {}, empty)
    assert (current(chosen) is None) == (chosen != load(texts, {}, empty))


@pytest.mark.parametrize("preset", PRESETS, ids=NAMES)
def test_no_preset_can_cut_where_exact_does_not(tmp_path: Path, preset: Preset) -> None:
    """What the module says of longer windows: the threshold is lower by what the window is longer."""
    rule = rule_of(settings_of(tmp_path, dict(preset.texts)))
    assert rule.min_silence_len >= EXACT.min_silence_len
    longer = rule.min_silence_len / EXACT.min_silence_len
    assert 10 ** (rule.threshold / 10) * longer <= 10 ** (EXACT.threshold / 10)
    assert rule.shortest_sound == 0
