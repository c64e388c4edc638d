"""Sound to encode, and what other programs say of the file that came out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import Samples, to_pcm
from tray_app.audio.wav_writer import WavWriter
from tray_app.outputs import FORMATS, Output

TONES = (330, 440, 550, 62, 770, 880)
"""Hz, one a channel: the fourth is the LFE, of which codecs keep only what is low."""


def chord(fmt: AudioFormat, seconds: float = 1.5) -> Samples:
    """A tone of its own in every channel, each with its own level, and a little noise."""
    at = np.arange(round(seconds * fmt.rate)) / fmt.rate
    noise = np.random.default_rng(7).uniform(-1e-4, 1e-4, (len(at), fmt.channels))
    tones = [0.4 / (1 + channel / 4) * np.sin(2 * np.pi * TONES[channel] * at) for channel in range(fmt.channels)]
    return (np.stack(tones, axis=1) + noise).astype(np.float32)


def write_wav(path: Path, fmt: AudioFormat, sound: Samples) -> Path:
    with path.open("xb", buffering=0) as file:
        writer = WavWriter(file, fmt)
        writer.write(to_pcm(sound, fmt.bits))
        writer.finish()
    return path


def default(name: str) -> Output:
    """A format with the quality that it has where nobody says anything."""
    quality = FORMATS[name].quality
    return Output(name, None if quality is None else float(quality.default))


def by_ffmpeg(path: Path, channels: int) -> Samples:
    """What ffmpeg decodes, without a complaint."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, "<f4").reshape(-1, channels)


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says of a file: `stream` and `format`, with the tags of both under `tags` in lower case."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    stream, whole = found["streams"][0], found["format"]
    tags = {**stream.get("tags", {}), **whole.get("tags", {})}
    return {"stream": stream, "format": whole, "tags": {name.lower(): text for name, text in tags.items()}}


def levels(samples: Samples) -> NDArray[np.float64]:
    """The RMS of every channel in dBFS, but for a tenth at each end, where codecs fade."""
    tenth = len(samples) // 10
    middle = samples[tenth : len(samples) - tenth].astype(np.float64)
    found: NDArray[np.float64] = 10 * np.log10((middle**2).mean(axis=0))
    return found
