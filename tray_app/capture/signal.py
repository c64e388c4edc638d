"""A built-in test signal: always there, for a first run, for `doctor`, and for tests that know every sample."""

from __future__ import annotations

import functools
import threading
import time

import numpy as np

from tray_app.capture.base import Backend, Chunk, OnChunk, OnLost, Samples, Source, Stream
from tray_app.errors import SourceNotFoundError
from tray_app.sentences import sources as said

RATE = 48_000
CHANNELS = 2
CYCLE_FRAMES = 5 * RATE

_TONE_HZ = 1000
_PARTS = ((0, 1500, -12.0), (1800, 3000, -12.0), (4000, 5000, -52.0))
"""Where in the cycle the tone sounds: from and to in ms, and the peak in dBFS. Between them is digital silence."""

_SOURCE = Source("signal", "Built-in test signal", "signal", "signal", RATE, CHANNELS)


@functools.cache
def _cycle() -> Samples:
    """One cycle, shape (240 000, 2): a whole number of tone periods, and every part begins at a zero crossing."""
    level = np.zeros(CYCLE_FRAMES)
    for start, end, peak in _PARTS:
        level[start * RATE // 1000 : end * RATE // 1000] = 10 ** (peak / 20)
    tone = level * np.sin(2 * np.pi * _TONE_HZ / RATE * np.arange(CYCLE_FRAMES))
    return np.repeat(tone.astype(np.float32)[:, np.newaxis], CHANNELS, axis=1)


def samples_at(first_frame: int, frames: int) -> Samples:
    """Return frames `first_frame` to `first_frame + frames` of the signal: float32, shape (frames, 2).

    The signal repeats every 5 s; both channels are the same. In each cycle (pydub's defaults take 500 ms, −40 dBFS):

    | from | to | sound | removed as silence |
    |---|---|---|---|
    | 0.0 s | 1.5 s | 1 kHz sine, peak −12 dBFS | no |
    | 1.5 s | 1.8 s | digital silence | no: too short |
    | 1.8 s | 3.0 s | 1 kHz sine, peak −12 dBFS | no |
    | 3.0 s | 4.0 s | digital silence | yes |
    | 4.0 s | 5.0 s | 1 kHz sine, peak −52 dBFS | yes: too quiet |

    Silent windows may hold one millisecond of the loud tone, so the cut is 2999 ms to 5001 ms.
    """
    return _cycle()[np.arange(first_frame, first_frame + frames) % CYCLE_FRAMES]


class SignalBackend(Backend):
    """The one source `signal`: 48 kHz, 2 channels, in real time. It needs nothing of the system and is never lost."""

    name = "signal"

    def sources(self) -> list[Source]:
        """Return the signal."""
        return [_SOURCE]

    def open(self, source: Source, chunk_frames: int, on_chunk: OnChunk, on_lost: OnLost) -> Stream:
        """Start the signal at its frame 0; never calls `on_lost`. Raises `SourceNotFoundError` for another source."""
        del on_lost
        if source.id != _SOURCE.id:
            raise SourceNotFoundError(said.no_signal(source.id, _SOURCE.id))
        return SignalStream(chunk_frames, on_chunk)


class SignalStream(Stream):
    """Delivers each chunk when its last frame is due, by the clock and not by the sum of its waits.

    Late wake-ups are made good by a burst of chunks, each with the capture time it should have had.
    """

    def __init__(self, chunk_frames: int, on_chunk: OnChunk) -> None:
        self.source = _SOURCE
        self._chunk_frames = chunk_frames
        self._on_chunk = on_chunk
        self._closed = threading.Event()
        _cycle()  # made before the clock starts
        self.started_at = time.perf_counter()
        self._thread = threading.Thread(target=self._run, name="signal", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it, except where it is that thread that calls."""
        self._closed.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        frame = 0
        while not self._closed.wait(max(0.0, self._time_of(frame + self._chunk_frames) - time.perf_counter())):
            self._on_chunk(Chunk(samples_at(frame, self._chunk_frames), self._time_of(frame)))
            frame += self._chunk_frames

    def _time_of(self, frame: int) -> float:
        return self.started_at + frame / RATE
