"""The programs that are measured side by side, as commands; each reads one file and writes another."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tray_app.audio.rule import DEFAULT_MIN_SILENCE_LEN, DEFAULT_SILENCE_THRESH

OURS = "tray-recorder trim"
PYDUB = "pydub, seek_step=1"
PYDUB_10 = "pydub, seek_step=10"
FFMPEG = "ffmpeg silenceremove"
SOX = "sox silence"
COPY = "cp --reflink=never"

_PYDUB = """
import sys
from pydub import AudioSegment
from pydub.silence import detect_silence
source, target, window, thresh, step = sys.argv[1:]
sound = AudioSegment.from_wav(source)
cuts = detect_silence(sound, int(window), float(thresh), int(step))
edges = [0, *(edge for cut in cuts for edge in cut), len(sound)]
kept = [sound[a:b]._data for a, b in zip(edges[::2], edges[1::2]) if a < b]
sound._spawn(b"".join(kept)).export(target, format="wav")
"""
"""What a script on pydub does at its best: what is kept is joined once, not segment by segment."""

_WINDOW, _THRESH = str(DEFAULT_MIN_SILENCE_LEN), f"{DEFAULT_SILENCE_THRESH:g}"
_SECONDS, _DB = f"{DEFAULT_MIN_SILENCE_LEN / 1000:g}", f"{DEFAULT_SILENCE_THRESH:g}dB"
_REMOVE = (
    f"silenceremove=start_periods=1:start_duration=0:start_threshold={_DB}"
    f":stop_periods=-1:stop_duration={_SECONDS}:stop_threshold={_DB}"
)
_PERCENT = f"{100 * 10 ** (DEFAULT_SILENCE_THRESH / 20):g}%"


@dataclass(frozen=True, slots=True)
class Peer:
    """A program: `command(source, target)` is what is run, `rule` what it calls silence, `needs` what it is run by.

    `slow` tells that an hour takes it minutes: it then gets a single run.
    """

    name: str
    rule: str
    command: Callable[[Path, Path], list[str]]
    needs: str = sys.executable
    slow: bool = False

    @property
    def there(self) -> bool:
        """Whether it is installed."""
        return shutil.which(self.needs) is not None


def _ours(source: Path, target: Path) -> list[str]:
    return [sys.executable, "-m", "tray_app", "trim", str(source), "--output", str(target)]


def _pydub(step: int) -> Callable[[Path, Path], list[str]]:
    def command(source: Path, target: Path) -> list[str]:
        return [sys.executable, "-W", "ignore", "-c", _PYDUB, str(source), str(target), _WINDOW, _THRESH, str(step)]

    return command


def _ffmpeg(source: Path, target: Path) -> list[str]:
    start = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(source)]
    return [*start, "-af", _REMOVE, "-c:a", "pcm_s24le", "-rf64", "auto", str(target)]


def _sox(source: Path, target: Path) -> list[str]:
    return ["sox", str(source), str(target), "silence", "1", "0", _PERCENT, "-1", _SECONDS, _PERCENT]


def _copy(source: Path, target: Path) -> list[str]:
    return ["cp", "--reflink=never", str(source), str(target)]


PEERS = (
    Peer(OURS, "pydub's, at seek_step=1", _ours),
    Peer(PYDUB, "the rule", _pydub(1), slow=True),
    Peer(PYDUB_10, "pydub's, looked at every 10 ms only", _pydub(10), slow=True),
    Peer(FFMPEG, "another: RMS of a moving 20 ms; tells no cuts", _ffmpeg, "ffmpeg"),
    Peer(SOX, "another: RMS of a moving 20 ms; tells no cuts", _sox, "sox"),
    Peer(COPY, "none: it copies all of it, and is the floor", _copy, "cp"),
)
