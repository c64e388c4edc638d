"""Sound to measure with: like speech, like music, digital silence, a quiet room, and worst cases; the same every time.

Sound is made minute by minute from the minute's number, so that an hour holds no minute twice and needs no memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import to_pcm
from tray_app.audio.wav import WavReader
from tray_app.audio.wav_writer import WavWriter
from tray_app.errors import AudioFileError

PLAIN = AudioFormat(48_000, 2, 24)
"""What most takes are."""

Sound = NDArray[np.float32]
"""One channel, full scale 1.0."""

_ROOM = 10 ** (-62 / 20)
"""The RMS of a quiet room: well below the default threshold of −40 dBFS."""
_TABLE = 4096


@functools.cache
def _wave(harmonics: int) -> Sound:
    """One period of a buzz whose overtones fall as those of a voice or a string do; RMS 1."""
    phase = np.arange(_TABLE) * (2 * np.pi / _TABLE)
    wave = np.zeros(_TABLE)
    for number in range(1, harmonics + 1):
        wave += np.sin(number * phase + number * number) / number
    wave /= np.sqrt(np.mean(wave**2))
    return wave.astype(np.float32)


def _buzz(hertz: Sound, rate: int, harmonics: int) -> Sound:
    """A tone whose pitch is given for every frame."""
    phase = np.cumsum(hertz, dtype=np.float64) * (_TABLE / rate)
    return _wave(harmonics)[phase.astype(np.int64) % _TABLE]


def room(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """A quiet room: noise at −62 dBFS."""
    del rate
    return rng.standard_normal(frames, np.float32) * np.float32(_ROOM)


def nothing(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """Digital silence."""
    del rng, rate
    return np.zeros(frames, np.float32)


def speech(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """A voice in the room: syllables at 4 Hz in phrases of 1 to 4 s, pauses of 0.2 to 2 s between them."""
    level = np.zeros(frames, np.float32)
    at = 0
    while at < frames:
        syllables = int(rng.integers(4, 17))
        for _ in range(syllables):
            length = int(rate * rng.uniform(0.15, 0.33))
            part = level[at : at + length]
            shape = np.sqrt(np.sin(np.linspace(0, 3.1415, length, dtype=np.float32)))
            part[:] = (shape * np.float32(10 ** (rng.uniform(-28, -16) / 20)))[: len(part)]
            at += length
        at += int(rate * rng.choice([0.2, 0.35, 0.7, 1.2, 2.0]))
    pitch = np.repeat(rng.uniform(90, 190, frames * 4 // rate + 1).astype(np.float32), rate // 4 + 1)[:frames]
    return _buzz(pitch, rate, 24) * level + room(rng, frames, rate)


def music(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """Chords that fade, three a second, and two seconds of rest in every twenty."""
    beat = rate // 3
    count = frames // beat + 1
    fade = np.tile(np.exp(np.linspace(0, -2.5, beat, dtype=np.float32)), count)[:frames]
    sound = np.zeros(frames, np.float32)
    for _ in range(3):
        notes = 110 * 2 ** (rng.integers(0, 36, count) / 12)
        sound += _buzz(np.repeat(notes.astype(np.float32), beat)[:frames], rate, 12)
    sound *= fade * np.float32(10 ** (-20 / 20))
    place = np.arange(0, frames, 20 * rate)
    for start in place:
        sound[start + 18 * rate : start + 20 * rate] = 0
    return sound


def meeting(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """Of all of it: of a minute 36 s speech, 9 s music, 6 s digital silence, 9 s of a quiet room."""
    parts = ((speech, 0.6), (music, 0.15), (nothing, 0.1), (room, 0.15))
    return np.concatenate([make(rng, round(frames * share), rate) for make, share in parts])[:frames]


def threshold(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """A sine whose RMS is the threshold: no rough look can decide, every millisecond has to be added up."""
    del rng
    peak = 10 ** (-40.000 / 20) * np.sqrt(2)
    sound = peak * np.sin(np.arange(frames) * (2 * np.pi * 1000 / rate))
    return np.asarray(sound, np.float32)


def alternating(rng: np.random.Generator, frames: int, rate: int) -> Sound:
    """Loud and silent milliseconds in turn, and silences just long enough to be cut: as many spans as there can be."""
    loud = (np.arange(frames) * 1000 // rate) % 2 == 0
    loud &= (np.arange(frames) * 1000 // rate) % 1100 < 590
    return np.where(loud, rng.standard_normal(frames, np.float32) * np.float32(0.1), np.float32(0))


KINDS: dict[str, Callable[[np.random.Generator, int, int], Sound]] = {
    "meeting": meeting,
    "speech": speech,
    "music": music,
    "nothing": nothing,
    "room": room,
    "threshold": threshold,
    "alternating": alternating,
}


def make(folder: Path, kind: str, seconds: int, fmt: AudioFormat = PLAIN) -> Path:
    """Return the file with so much of a kind of sound, which is made where it is missing."""
    path = folder / f"{kind}-{seconds}s-{fmt.rate}-{fmt.channels}-{fmt.bits}.wav"
    if path.exists() and _whole(path, fmt, seconds):
        return path
    part = path.with_suffix(".part")
    with part.open("wb", buffering=0) as file:
        writer = WavWriter(file, fmt)
        for minute, start in enumerate(range(0, seconds, 60)):
            frames = min(60, seconds - start) * fmt.rate
            rng = np.random.default_rng([minute, *kind.encode()])
            writer.write(to_pcm(_spread(KINDS[kind](rng, frames, fmt.rate), rng, fmt.channels), fmt.bits))
        writer.finish()
    return part.replace(path)


def _spread(sound: Sound, rng: np.random.Generator, channels: int) -> Sound:
    """The sound in every channel, in each a little quieter than in the one before."""
    del rng
    return sound[:, np.newaxis] * np.float32(0.9) ** np.arange(channels, dtype=np.float32)


def _whole(path: Path, fmt: AudioFormat, seconds: int) -> bool:
    """Whether a file of an earlier run is what it should be."""
    with path.open("rb", buffering=0) as file:
        try:
            reader = WavReader(file)
        except AudioFileError:
            return False
        return reader.format == fmt and reader.frames == seconds * fmt.rate
