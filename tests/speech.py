"""Real speech by espeak-ng: each word synthesised apart, so that it is known when it sounds; and rooms around it."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 22_050
"""espeak-ng's own."""

VOICES = ("en-us", "en-gb+f3")
WORDS = (
    *("seven", "fish", "shell", "half", "path", "this", "sixth", "fifth", "thought", "please", "house", "sense"),
    *("echo", "open", "you", "he", "off", "stop", "cats", "width", "music", "Anna", "zoo", "eight"),
)
"""Many begin or end with what is soft: f, s, sh, th, h, and stops with their hiss behind a hole."""

Sound = NDArray[np.float64]


@functools.cache
def spoken(voice: str, word: str) -> Sound:
    """One word from its first to its last audible sample: 60 dB below its peak, or louder."""
    program = shutil.which("espeak-ng")
    assert program, "Debian's package espeak-ng is missing; tests/run.py installs it"
    done = subprocess.run([program, "-v", voice, "--stdout", word], capture_output=True, check=True, timeout=60)
    samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float64")
    assert rate == RATE
    audible = np.flatnonzero(np.abs(samples) > np.abs(samples).max() / 1000)
    found: Sound = samples[audible[0] : audible[-1] + 1]
    return found


@dataclass(frozen=True)
class Talk:
    """Speech between pauses. `words` are the frames of each, the end not included."""

    samples: Sound
    words: tuple[tuple[int, int], ...]

    def over(self, noise: Sound) -> Talk:
        """Return the talk with a room's noise in all of it."""
        return Talk(self.samples + np.resize(noise, len(self.samples)), self.words)

    @property
    def pauses(self) -> tuple[tuple[int, int], ...]:
        """The frames between words, and before the first and after the last one."""
        edges = [0, *(edge for word in self.words for edge in word), len(self.samples)]
        return tuple(zip(edges[::2], edges[1::2], strict=True))


def talk(voice: str, level: float, seed: int = 1, *, rounds: int = 1, pause_every: int = 0) -> Talk:
    """Return all words, `rounds` times, with the RMS `level` in dBFS, and digital silence around them.

    Words are 0.7 to 2.5 s apart, every fourth follows within 0.1 to 0.3 s; with `pause_every` only each such word is
    followed by 0.7 to 1.2 s, and the others run on.
    """
    rng = np.random.default_rng(seed)
    said = [spoken(voice, word) for word in WORDS] * rounds
    gain = 10 ** (level / 20) / np.sqrt(np.mean(np.concatenate(said) ** 2))
    parts: list[Sound] = []
    words = []
    at = 0
    for number, word in enumerate([*said, None]):
        if pause_every:
            seconds = rng.uniform(0.7, 1.2) if number % pause_every == pause_every - 1 else rng.uniform(0.02, 0.15)
        else:
            seconds = rng.uniform(0.1, 0.3) if number % 4 == 2 else rng.uniform(0.7, 2.5)
        pause = np.zeros(int(RATE * seconds))
        parts.append(pause)
        at += len(pause)
        if word is not None:
            parts.append(word * gain)
            words.append((at, at + len(word)))
            at += len(word)
    return Talk(np.concatenate(parts), tuple(words))


def room(kind: str, level: float, seconds: float = 90.0, seed: int = 7) -> Sound:
    """Return noise of the RMS `level` in dBFS: white, pink, a fan's (60 to 300 Hz), or a mains hum with some hiss."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(frames))
    hertz = np.fft.rfftfreq(frames, 1 / RATE)
    if kind == "pink":
        spectrum /= np.sqrt(np.maximum(hertz, 20))
    elif kind == "fan":
        spectrum[(hertz < 60) | (hertz > 300)] = 0
    noise = np.fft.irfft(spectrum, frames)
    noise /= np.sqrt(np.mean(noise**2))
    if kind == "hum":
        time = np.arange(frames) / RATE
        noise = 0.2 * noise + np.sin(2 * np.pi * 50 * time) + 0.5 * np.sin(2 * np.pi * 100 * time)
        noise /= np.sqrt(np.mean(noise**2))
    return noise * 10 ** (level / 20)
