"""What is known about a take, and its sidecar: the same facts as JSON, which is the cut list, too."""

from __future__ import annotations

import contextlib
import json
import math
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule, read_rule
from tray_app.binary_file import put_all
from tray_app.disk import Disk

SIDECAR_VERSION = 1

_MOST = 64 << 20
"""Bytes of a sidecar that are read: a cut takes some 60, so that is a million of them."""

Ranges = tuple[tuple[int, int], ...]
Sleeps = tuple[tuple[int, float, str, str], ...]
"""(frame at which it stands, seconds, from, to by the clock on the wall) of every sleep."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a take. Frames and ranges are of the original; `cuts` in ms, half-open; `pauses` (frame, seconds).

    `started` and `stopped` are wall times in ISO 8601 with offset (empty when unknown, as after a crash). `drift_ppm`
    is None while unknown. `kept_frames` is None until silence was looked for; `stop_ms` None where no Stop was seen.

    `rule` is the one by which the cuts were found, with the threshold that was found where it was to be; None where
    that is not known. `original` and `trimmed` are the files that this is about, as paths from the sidecar's folder on,
    with `/`: empty where there is none, or it is not noted.
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
    original: str = ""
    trimmed: str = ""

    @property
    def seconds(self) -> float:
        """Length of the original in seconds."""
        return self.format.seconds(self.frames)

    def with_cuts(self, cuts: Ranges, kept_frames: int, rule: CutRule | None) -> Facts:
        """Return the facts with what silence removal found, and by which rule."""
        return replace(self, cuts=cuts, kept_frames=kept_frames, rule=rule)

    def with_files(self, sidecar: Path, original: Path | None, trimmed: Path | None) -> Facts:
        """Return the facts with the files that they are about, as the sidecar at `sidecar` names them."""
        names = (_from(sidecar, path) for path in (original, trimmed))
        return replace(self, original=next(names), trimmed=next(names))

    def cut_frames(self) -> Ranges:
        """Return the cuts in frames (start, end) of the original, the end not included.

        Together they are all that the trimmed file lacks: where nothing at all was kept that is the whole original.
        """
        if self.kept_frames == 0:
            return ((0, self.frames),) if self.frames else ()
        spans = ((self.format.ms_to_frame(start), self.format.ms_to_frame(end)) for start, end in self.cuts)
        return tuple((min(start, self.frames), min(end, self.frames)) for start, end in spans)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object, with `seconds` and the cuts in frames, too.

        Without the files' names: a result has their whole paths, a sidecar's stand in it.
        """
        # Not by `asdict` as a whole, which copies number by number: Stop would wait for thousands of cuts.
        names = [field.name for field in fields(self) if field.name not in ("original", "trimmed")]
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        found["format"] = asdict(self.format)
        found["rule"] = None if self.rule is None else asdict(self.rule)
        found["cut_frames"] = self.cut_frames()
        found["seconds"] = round(self.seconds, 6)
        found["drift_ppm"] = None if self.drift_ppm is None else round(self.drift_ppm, 2)
        found["stop_ms"] = None if self.stop_ms is None else round(self.stop_ms, 3)
        found["sleeps"] = [[at, round(seconds, 3), *when] for at, seconds, *when in self.sleeps]
        found["pauses"] = [[at, round(seconds, 6)] for at, seconds in self.pauses]
        return found


def _from(sidecar: Path, path: Path | None) -> str:
    """Return the way from a sidecar to a file; empty where there is none, as between two drives of Windows."""
    if path is None:
        return ""
    with contextlib.suppress(ValueError):
        return Path(os.path.relpath(path.absolute(), sidecar.absolute().parent)).as_posix()
    return ""


def write_sidecar(disk: Disk, path: Path, facts: Facts) -> None:
    """Write the sidecar under a temporary name and rename it. Raises `OSError`, and leaves nothing of it then.

    A file of ours that has the name is replaced.
    """
    names = {"original": facts.original or None, "trimmed": facts.trimmed or None}
    found = {"version": SIDECAR_VERSION, **names, **facts.as_json()}
    # A line for each. With an indent, every number of thousands of cuts would have one, and Stop would take longer.
    lines = (f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in found.items())
    text = "{\n" + ",\n".join(lines) + "\n}\n"
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
            found = json.loads((file.read(_MOST) or b"").decode())
        return _facts(found) if found["version"] == SIDECAR_VERSION else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _facts(found: dict[str, Any]) -> Facts:
    fmt = found["format"]
    drift, stop_ms, kept = found["drift_ppm"], found["stop_ms"], found["kept_frames"]
    rule = found.get("rule")
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
        # Not in the sidecars of the first version.
        sleeps=tuple((int(at), _finite(sec), str(since), str(to)) for at, sec, since, to in found.get("sleeps", [])),
        late_frames=int(found["late_frames"]),
        drift_ppm=None if drift is None else _finite(drift),
        cuts=_ranges(found["cuts"]),
        kept_frames=None if kept is None else int(kept),
        stop_ms=None if stop_ms is None else _finite(stop_ms),
        # Not in sidecars from before there were cut lists.
        rule=None if rule is None else read_rule(rule),
        original=_path(found.get("original", "")),
        trimmed=_path(found.get("trimmed", "")),
    )


def _path(found: object) -> str:
    """Take a path that begins at the sidecar; another counts as none: who wrote it may want us to look anywhere."""
    if not isinstance(found, str) or "\\" in found or "\0" in found or PureWindowsPath(found).anchor:
        return ""
    return found


def _ranges(found: list[list[int]]) -> Ranges:
    return tuple((int(first), int(second)) for first, second in found)


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
