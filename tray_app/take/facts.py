"""What is known about a take, and its sidecar: the same facts as JSON beside the original."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule, read_rule
from tray_app.audio.wav_header import put_all
from tray_app.disk import Disk

SIDECAR_VERSION = 1

Ranges = tuple[tuple[int, int], ...]
Sleeps = tuple[tuple[int, float, str, str], ...]
"""(frame at which it stands, seconds, from, to by the clock on the wall) of every sleep."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a take. Frames and ranges are of the original; `cuts` in ms, half-open; `pauses` (frame, seconds).

    `started` and `stopped` are wall times in ISO 8601 with offset (empty when unknown, as after a crash). `drift_ppm`
    is None while unknown. `kept_frames` is None until silence was looked for, and so is the `rule` by which it was;
    `stop_ms` is None where no Stop was seen.
    """

    name: str
    format: AudioFormat
    frames: int
    source: str = ""
    started: str = ""
    stopped: str = ""
    gaps: Ranges = ()
    dropped: Ranges = ()
    pauses: tuple[tuple[int, float], ...] = ()
    sleeps: Sleeps = ()
    late_frames: int = 0
    drift_ppm: float | None = None
    cuts: Ranges = ()
    kept_frames: int | None = None
    stop_ms: float | None = None
    rule: CutRule | None = None

    @property
    def seconds(self) -> float:
        """Length of the original in seconds."""
        return self.format.seconds(self.frames)

    def with_cuts(self, cuts: Ranges, kept_frames: int, rule: CutRule | None) -> Facts:
        """Return the facts with what silence removal found, and by which rule."""
        return replace(self, cuts=cuts, kept_frames=kept_frames, rule=rule)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object, with `seconds` and without what is empty of meaning."""
        found = asdict(self)
        found["seconds"] = round(self.seconds, 6)
        found["drift_ppm"] = None if self.drift_ppm is None else round(self.drift_ppm, 2)
        found["stop_ms"] = None if self.stop_ms is None else round(self.stop_ms, 3)
        found["sleeps"] = [[at, round(seconds, 3), *when] for at, seconds, *when in self.sleeps]
        found["pauses"] = [[at, round(seconds, 6)] for at, seconds in self.pauses]
        return found


def write_sidecar(disk: Disk, path: Path, facts: Facts) -> None:
    """Write the sidecar under a temporary name and rename it. Raises `OSError`, and leaves nothing of it then."""
    text = json.dumps({"version": SIDECAR_VERSION, **facts.as_json()}, indent=1, ensure_ascii=False)
    temporary = path.with_name(path.name + ".part")
    disk.remove(temporary)
    try:
        with disk.create(temporary) as file:
            # A disk that fills up takes a part, and says nothing.
            put_all(file, text.encode())
        disk.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
        raise


def read_sidecar(disk: Disk, path: Path) -> Facts | None:
    """Read a sidecar; None where there is none, or where it is damaged: it only adds to what the sound file says."""
    try:
        with disk.open_read(path) as file:
            found = json.loads(file.readall().decode())
        return _facts(found) if found["version"] == SIDECAR_VERSION else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _facts(found: dict[str, Any]) -> Facts:
    fmt = found["format"]
    drift, stop_ms, kept = found["drift_ppm"], found["stop_ms"], found["kept_frames"]
    rule = found.get("rule")  # not in the first sidecars, nor are sleeps
    return Facts(
        name=str(found["name"]),
        format=AudioFormat(int(fmt["rate"]), int(fmt["channels"]), int(fmt["bits"])),
        frames=int(found["frames"]),
        source=str(found["source"]),
        started=str(found["started"]),
        stopped=str(found["stopped"]),
        gaps=_ranges(found["gaps"]),
        dropped=_ranges(found["dropped"]),
        pauses=tuple((int(at), _finite(seconds)) for at, seconds in found["pauses"]),
        sleeps=tuple((int(at), _finite(sec), str(since), str(to)) for at, sec, since, to in found.get("sleeps", [])),
        late_frames=int(found["late_frames"]),
        drift_ppm=None if drift is None else _finite(drift),
        cuts=_ranges(found["cuts"]),
        kept_frames=None if kept is None else int(kept),
        stop_ms=None if stop_ms is None else _finite(stop_ms),
        rule=None if rule is None else read_rule(rule),
    )


def _ranges(found: list[list[int]]) -> Ranges:
    return tuple((int(first), int(second)) for first, second in found)


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
