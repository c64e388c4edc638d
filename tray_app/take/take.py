"""A take's files and its marker.

The marker lies beside the original and is held locked by the process that owns the take. Its lock, not a process id,
tells whether that process lives; its stage is the post-processing queue's memory.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tray_app.audio.rule import EXACT, CutRule, read_rule
from tray_app.disk import Disk, is_held, storage_error
from tray_app.errors import OutputExistsError, TakeBusyError
from tray_app.outputs import AS_RECORDED, FORMATS, Output
from tray_app.sentences import disk as said
from tray_app.sentences import recording as recording_said
from tray_app.take.names import ORIGINALS, free_name, safe_name

log = logging.getLogger(__name__)

MARKER_VERSION = 2
MARKER = ".take"
_MARKER_BYTES = 1024
_MAX_MARKER = 1 << 20


class Stage(StrEnum):
    """How far a take is."""

    RECORDING = "recording"
    FINISHING = "finishing"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a take, fixed when it begins.

    `rule` says how silence is removed, or None to leave the sound as it is; `output` the format that it becomes;
    `keep_original` whether the original stays beside what was made of it. `labels` asks for Audacity's labels beside an
    original that stays.
    """

    rule: CutRule | None
    keep_original: bool = True
    output: Output = AS_RECORDED
    labels: bool = False

    @property
    def apart(self) -> bool:
        """Whether something is made of the original, which then lies in a folder of its own."""
        return self.rule is not None or self.output.converts


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a take's files are. `folder` is the save folder, in which the original lies unless it is kept `apart`.

    It `trims` where there is to be a trimmed twin. `source` is the name of the take whose original is trimmed again
    under this name; empty for a take of its own.
    """

    folder: Path
    name: str
    trims: bool
    apart: bool
    source: str = ""

    @property
    def home(self) -> Path:
        """The folder of the original, its marker and its sidecar."""
        return self.folder / ORIGINALS if self.apart else self.folder

    @property
    def original(self) -> Path:
        """The take as recorded."""
        return self.home / f"{self.source or self.name}.wav"

    @property
    def trimmed(self) -> Path | None:
        """The take with the cuts taken out; None without silence removal."""
        return self.folder / f"{self.name}.wav" if self.trims else None

    @property
    def part(self) -> Path:
        """What is made of the original while it grows, twin or output: on the same volume, under a temporary name."""
        return self.home / f"{self.name}.part"

    @property
    def marker(self) -> Path:
        """The marker."""
        return self.home / f"{self.name}{MARKER}"

    @property
    def sidecar(self) -> Path:
        """The facts as JSON, and the cut list."""
        return self.home / f"{self.name}.json"

    @property
    def labels(self) -> Path:
        """Audacity's labels of the original."""
        return self.home / f"{self.name}.txt"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the marker says. `live` tells that the twin was completed at Stop; `reason` why a take is parked.

    `sound` is the trimmed WAV's name in the save folder from when it was verified until the output has its place: then
    the original may be gone. `saved` is the output's name, from when that was read back: only the renaming is left.

    `attempts` is how often somebody began to finish it without having noted how that ended: each time the program, or
    the machine, ended in the middle. `source` is as in `Paths`; a take that has one was never recorded itself.
    """

    stage: Stage
    plan: Plan
    live: bool = False
    attempts: int = 0
    reason: str = ""
    sound: str = ""
    saved: str = ""
    source: str = ""


class Take:
    """A take that this process owns: its marker is locked until `release` or `done`."""

    def __init__(self, disk: Disk, paths: Paths, marker: io.FileIO, memory: Memory) -> None:
        self._disk = disk
        self.paths = paths
        self._marker = marker
        self.memory = memory

    def remember(self, **changes: Any) -> None:
        """Change what the marker says, in place (a rename would lose the lock). Raises `OSError`."""
        self.memory = replace(self.memory, **changes)
        _write(self._marker, self.memory)

    @property
    def sound(self) -> Path:
        """The WAV that holds the take for certain: the original, or the trimmed one once that was verified."""
        return self.paths.folder / self.memory.sound if self.memory.sound else self.paths.original

    def release(self) -> None:
        """Give the take up without ending it: another start will find it. Never raises."""
        self._close()

    def done(self) -> None:
        """End the take: the marker goes. Failure to remove it only means that it is looked at once more.

        Never raises.
        """
        try:
            try:
                # Removed while it is still locked, so that nobody can claim a take that has just ended …
                self._disk.remove(self.paths.marker)
            except PermissionError:
                # … but Windows removes no open file: there it may be claimed once more, which does no harm.
                self._close()
                self._disk.remove(self.paths.marker)
        except OSError as error:
            log.warning("marker %s stays: %r", self.paths.marker, error)
        finally:
            self._close()

    def _close(self) -> None:
        """Close the marker, which frees its lock, whatever the disk says to that."""
        with contextlib.suppress(OSError):
            self._marker.close()


def begin(disk: Disk, folder: Path, name: str, plan: Plan) -> Take:
    """Claim a free name in `folder` and make the marker, locked. Folders are made where missing.

    Raises `StorageError` when the folder cannot be used.
    """
    folders = [folder, folder / ORIGINALS]
    try:
        disk.make_folder(folders[1] if plan.apart else folder)
        wanted = safe_name(name)
        while True:
            paths = Paths(folder, free_name(disk, folders, wanted), plan.rule is not None, plan.apart)
            with contextlib.suppress(FileExistsError):
                return _mark(disk, paths, Memory(Stage.RECORDING, plan))
    except OSError as error:
        raise storage_error(said.RECORD_INTO, folder, error, safe=said.NOTHING_RECORDED) from error


def begin_exactly(disk: Disk, folder: Path, name: str, plan: Plan) -> Take:
    """As `begin`, for a name that the user gave: refused when anything has it, with `OutputExistsError`."""
    take = begin(disk, folder, name, plan)
    if take.paths.name != safe_name(name):
        take.done()
        raise OutputExistsError(said.take_exists(folder / f"{safe_name(name)}.{plan.output.format.ending}"))
    return take


def begin_again(disk: Disk, original: Path, plan: Plan) -> Take:
    """Claim a free name for the kept `original` of a take that is to be trimmed once more, by the rule of `plan`.

    It is a take that was recorded already and is to be finished: where the program ends in between, the next start
    does that. Its original is the other's, so it must stay. Raises `TakeBusyError` while the other's marker is there,
    `StorageError` when its original is not, or the folder cannot be used.
    """
    home, name = original.parent, original.stem
    try:
        if disk.exists(home / f"{name}{MARKER}"):
            raise TakeBusyError(recording_said.busy(original))
        disk.size(original)
        memory = Memory(Stage.FINISHING, replace(plan, keep_original=True), source=name)
        while True:
            free = free_name(disk, [home.parent, home], name)
            paths = Paths(home.parent, free, trims=True, apart=True, source=name)
            with contextlib.suppress(FileExistsError):
                return _mark(disk, paths, memory)
    except OSError as error:
        raise storage_error(said.TRIM, original, error, safe=said.NOTHING_CHANGED) from error


def _mark(disk: Disk, paths: Paths, memory: Memory) -> Take:
    file = disk.create(paths.marker)
    try:
        locked = disk.lock(file)
        if locked:
            _write(file, memory)
    except BaseException:
        file.close()
        with contextlib.suppress(OSError):
            disk.remove(paths.marker)
        raise
    if not locked:
        # Another start looks for unfinished takes, and was quicker: it will remove the empty marker.
        file.close()
        raise FileExistsError(str(paths.marker))
    return Take(disk, paths, file, memory)


def markers(disk: Disk, folder: Path) -> list[Path]:
    """Return the markers in a save folder, oldest name first. Raises `OSError` when it cannot be read."""
    found = [*disk.list(folder), *disk.list(folder / ORIGINALS)]
    return [path for path in found if path.suffix == MARKER]


class NewerMarkerError(Exception):
    """A marker was written by a newer version: left alone."""


def claim(disk: Disk, marker: Path) -> Take | None:
    """Take over a take that nobody owns. None while a process has it, or when it went away meanwhile.

    Raises `NewerMarkerError` for a marker of a newer version, and `OSError`. A marker that cannot be read counts
    as one of a recording with default silence settings: the sound is what matters.
    """
    try:
        file = disk.open_update(marker)
    except FileNotFoundError:
        return None
    except OSError as error:
        if is_held(error):
            return None
        raise
    try:
        # Between opening and locking, its owner may have ended the take: then the name is gone, or is another file.
        if not disk.lock(file) or not disk.exists(marker):
            file.close()
            return None
        memory = _read(file, Plan(EXACT if marker.parent.name == ORIGINALS else None))
    except BaseException:
        file.close()
        raise
    plan = memory.plan
    folder = marker.parent.parent if plan.apart else marker.parent
    paths = Paths(folder, marker.name[: -len(MARKER)], plan.rule is not None, plan.apart, memory.source)
    return Take(disk, paths, file, memory)


def _write(file: io.FileIO, memory: Memory) -> None:
    # Spaces make it as long as before: one write, which needs no room on a full disk and cannot leave an old end.
    text = json.dumps({"version": MARKER_VERSION, **asdict(memory)}).encode().ljust(_MARKER_BYTES)
    file.seek(0)
    if file.write(text) != len(text):
        raise OSError(errno.ENOSPC, "the marker was written in part")
    file.truncate()


def _read(file: io.FileIO, fallback: Plan) -> Memory:
    try:
        file.seek(0)
        found = json.loads(file.read(_MAX_MARKER) or b"")
        if isinstance(found, dict) and isinstance(found.get("version"), int) and found["version"] > MARKER_VERSION:
            raise NewerMarkerError
        return _memory(found)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        log.warning("a damaged marker is taken for a crashed recording's: %r", error)
        return Memory(Stage.RECORDING, fallback)


def _memory(found: dict[str, Any]) -> Memory:
    plan = found["plan"]
    if found["version"] == 1:
        rule = _first_rule(plan["silence"])
    else:
        rule = None if plan["rule"] is None else read_rule(plan["rule"])
    stage, source = Stage(found["stage"]), _name(found.get("source", ""))
    if source and (stage is Stage.RECORDING or rule is None):
        raise ValueError("what is trimmed again was never recorded")
    return Memory(
        stage,
        Plan(
            rule,
            # Another take's original stays, whatever the marker says.
            plan["keep_original"] is not False or bool(source),
            _output(plan.get("output")),
            labels=plan.get("labels") is True,
        ),
        live=found["live"] is True,
        attempts=int(found["attempts"]),
        reason=str(found["reason"]),
        sound=_name(found.get("sound", "")),
        saved=_name(found.get("saved", "")),
        source=source,
    )


def _name(found: object) -> str:
    """Take the name of a take or of a file, which lies where takes do: a damaged marker must not lead elsewhere."""
    name = str(found)
    if any(mark in name for mark in "/\\\0") or name in (".", ".."):
        raise ValueError("not the name of a take")
    return name


def _first_rule(found: list[Any] | None) -> CutRule | None:
    """Read what the first version of the marker had: a list of the two values that there were."""
    return None if found is None else CutRule(int(found[0]), float(found[1]))


def _output(found: dict[str, Any] | None) -> Output:
    """Read what a take becomes; markers from before there was a choice do not say it."""
    if found is None:
        return AS_RECORDED
    quality = found["quality"]
    return Output(FORMATS[found["name"]].name, None if quality is None else float(quality))
