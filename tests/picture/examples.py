"""Makes the README's pictures of what was cut: `python -m tests.picture.examples`.

Speech and music as the benchmarks have them, and a meeting in a noisy room that was paused, whose device went away for
a while. The sound is made from numbers, so the pictures are the same every time.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.benchmarks.inputs import Sound, music, speech
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.audio.samples import to_pcm
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk
from tray_app.picture.make import picture_of_cut
from tray_app.processing.trimming import look
from tray_app.take.facts import Facts

KEPT = Path(__file__).resolve().parents[2] / "docs" / "pictures"
RATE = 16_000
FORMAT = AudioFormat(RATE, 1, 24)


def decibels(level: float) -> np.float32:
    return np.float32(10 ** (level / 20))


def lecture() -> tuple[Sound, dict[str, object]]:
    """A minute and a half of one voice, close to the microphone."""
    rng = np.random.default_rng([11])
    sound = np.concatenate([speech(rng, 15 * RATE, RATE) * decibels(gain) for gain in (0, 2, -1, 1, -2, 0)])
    return sound, {}


def concert() -> tuple[Sound, dict[str, object]]:
    """Four pieces that begin and die away, with some seconds between them."""
    rng = np.random.default_rng([12])
    parts = []
    for seconds, loud in ((62, 1), (48, -6), (75, -3), (55, 2)):
        piece = music(rng, seconds * RATE, RATE)
        at = np.linspace(0, seconds, len(piece), dtype=np.float32)
        swell = 0.55 + 0.45 * np.sin(at / seconds * 9) ** 2
        edges = np.clip(at / 1.5, 0, 1) * np.clip((seconds - at) / 6, 0, 1) ** 2
        parts += [piece * swell * edges * decibels(loud), rng.standard_normal(6 * RATE, np.float32) * decibels(-74)]
    return np.concatenate(parts), {}


def meeting() -> tuple[Sound, dict[str, object]]:
    """Half an hour in a noisy room: three voices, long silences, a break, a lost device, frames that were dropped."""
    rng = np.random.default_rng([13])
    parts = []
    for minute in range(30):
        voice = (-4, 3, -9)[minute % 3]
        part = speech(rng, 60 * RATE, RATE) * decibels(voice)
        quiet = {6: 40, 7: 55, 15: 25, 16: 60, 22: 35, 27: 20}.get(minute, 0)
        part[: quiet * RATE] = 0
        parts.append(part)
    sound = np.concatenate(parts)
    sound += rng.standard_normal(len(sound), np.float32) * decibels(-49)
    lost = (19 * 60 * RATE, 70 * RATE)
    sound[lost[0] : sum(lost)] = 0
    dropped = (25 * 60 * RATE + 20 * RATE, 3 * RATE)
    sound[dropped[0] : sum(dropped)] = 0
    known: dict[str, object] = {
        "gaps": (lost,),
        "dropped": (dropped,),
        "pauses": ((12 * 60 * RATE, 600.0),),
        "sleeps": ((int(4.5 * 60 * RATE), 240.0, "", ""),),
    }
    return sound, known


def facts_of(path: Path, sound: Sound, rule: CutRule) -> Facts:
    """Write the sound as a file, and look for what the rule would cut."""
    with path.open("wb", buffering=0) as file:
        writer = WavWriter(file, FORMAT)
        writer.write(to_pcm(sound[:, np.newaxis], FORMAT.bits))
        writer.finish()
    return look(Disk(), path, rule)


EXAMPLES = {
    "cut-speech": (lecture, "lecture.wav", CutRule(500, -40.0)),
    "cut-music": (concert, "concert.wav", CutRule(2000, -55.0)),
    "cut-meeting": (meeting, "meeting in a noisy room.wav", CutRule(700, -35.0)),
}


def main(folder: Path = KEPT, size: tuple[int, int] = (1600, 500)) -> None:
    """Draw all three."""
    with tempfile.TemporaryDirectory() as work:
        for name, (make, title, rule) in EXAMPLES.items():
            sound, known = make()
            path = Path(work) / title
            facts = replace(facts_of(path, sound, rule), **known)  # type: ignore[arg-type]
            picture = picture_of_cut(Disk(), path, facts, title, size)
            picture.image.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
