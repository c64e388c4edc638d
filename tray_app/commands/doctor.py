"""`tray-recorder doctor`: what works here, line by line, and the remedy for what does not."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tray_app import __version__
from tray_app.capture import all_sources, pick
from tray_app.capture.base import Source
from tray_app.desktop import autostart
from tray_app.desktop.notify import system_sender
from tray_app.disk import ENDLESS, Disk, Patience, storage_error
from tray_app.errors import BackendUnavailableError, RecorderError, StorageError
from tray_app.ffmpeg import find_ffmpeg
from tray_app.settings import Settings
from tray_app.tray.host import TrayUnavailableError, find_tray
from tray_app.words import clock_time, megabytes

ABOUT: tuple[str, ...] = (
    "Tell what works here, and what to do about what does not.",
    "Looks at the sound system, the default output, the save folder, the disk, the\n"
    "tray, notifications, autostart and ffmpeg. Changes nothing. The exit status is 1\n"
    "when recording what the computer plays cannot work.",
)
OVERRIDES: dict[str, str] = {}

LOW_SPACE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One line: `status` is ok, note (works with less) or fail (recording cannot work); `remedy` says what to do."""

    name: str
    status: str
    text: str
    remedy: str = ""


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Look at everything and print it."""
    checks = list(_checks(settings))
    if args.json:
        print(json.dumps({"version": __version__, "checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            print(f"{check.status:4}  {check.name:13}  {check.text}")
            if check.remedy:
                print(f"{'':21}{check.remedy}")
    return 1 if any(check.status == "fail" for check in checks) else 0


def _checks(settings: Settings) -> Iterator[Check]:
    where = str(settings.env_file) if settings.env_file else "no .env was found, so every setting has its default"
    yield Check("program", "ok", f"Tray Recorder {__version__}, Python {sys.version.split()[0]}")
    yield Check("settings", "note" if settings.unknown else "ok", where, " ".join(settings.unknown))
    yield from _sound()
    yield from _folder(settings)
    yield _tray()
    yield _notification()
    yield _autostart()
    yield _ffmpeg(settings)


def _sound() -> Iterator[Check]:
    sources, errors = all_sources(pick())
    real = [source for source in sources if source.kind != "signal"]
    if errors and not real:
        yield Check("sound", "fail", errors[0].what, errors[0].todo)
    else:
        by = ", ".join(sorted({source.backend for source in real})) or "nobody"
        yield Check("sound", "ok", f"{len(real)} source{'' if len(real) == 1 else 's'} by {by}")
        yield _default(real)
    yield Check("test signal", "ok", "always there: --source signal")


def _default(sources: list[Source]) -> Check:
    default = next((source for source in sources if source.default), None)
    if default is None:
        remedy = "Connect or switch on an output, or name a source that `tray-recorder devices` lists."
        return Check("loopback", "fail", "there is no default output whose sound could be recorded", remedy)
    text = f"{default.name}, {default.rate} Hz, {default.channels} channels"
    backend = next(backend for backend in pick() if backend.name == default.backend)
    try:
        if backend.muted(default):
            return Check("loopback", "note", f"{text}; it is muted, so a recording would hold silence", "Unmute it.")
    except BackendUnavailableError as error:
        return Check("loopback", "fail", error.what, error.todo)
    return Check("loopback", "ok", text)


def _folder(settings: Settings) -> Iterator[Check]:
    folder = settings.save_folder
    disk = Disk()
    there = next((parent for parent in (folder, *folder.parents) if disk.is_folder(parent)), None)
    if there is None:
        yield Check("save folder", "fail", f"{folder} is on a drive that is not there", "Connect it, or name another.")
        return
    trouble = _trouble(disk, there)
    if trouble is not None:
        yield Check("save folder", "fail", trouble.what, trouble.todo)
        return
    yield Check("save folder", "ok", str(folder) if there == folder else f"{folder} (made when the first take begins)")
    free = disk.free_bytes(there)
    if free == ENDLESS:
        yield Check("disk space", "note", "this drive does not tell how much is free", "Keep an eye on it yourself.")
        return
    rate = (settings.sample_rate or 48000) * (settings.channels or 2) * settings.bit_depth // 8
    text = f"{megabytes(free)} free, about {clock_time(free / rate)} of recording"
    low = free < LOW_SPACE
    yield Check("disk space", "note" if low else "ok", text, "Free some space before a long recording." if low else "")


def _trouble(disk: Disk, folder: Path) -> StorageError | None:
    """What keeps a file from being made there, tried with one: permissions alone do not tell on every file system."""
    probe = folder / f".tray-recorder-{secrets.token_hex(8)}"
    try:
        disk.create(probe).close()
        Patience()(lambda: disk.remove(probe))
    except OSError as error:
        return storage_error("write into", folder, error)
    return None


def _notification() -> Check:
    try:
        system_sender()
    except Exception as error:
        return Check("notification", "note", f"not available ({error})", "Recording works without it.")
    return Check("notification", "ok", "available")


def _tray() -> Check:
    try:
        find_tray()
    except TrayUnavailableError as error:
        return Check("tray", "note", error.what.removesuffix("."), error.remedy or error.todo)
    return Check("tray", "ok", "available")


def _autostart() -> Check:
    ours = autostart.for_system()
    try:
        if ours is None:
            return Check("autostart", "note", "there is no known way to start with this desktop", "Start it by hand.")
        if ours.enabled():
            return Check("autostart", "ok", f"on: {ours.path}")
    except RecorderError as error:
        return Check("autostart", "note", error.what, error.todo)
    return Check("autostart", "ok", "off")


def _ffmpeg(settings: Settings) -> Check:
    found = find_ffmpeg()
    if found is not None:
        return Check("ffmpeg", "ok", str(found))
    if settings.output.format.by_ffmpeg:
        text = f"not found, so recordings are not saved as {settings.output.format.label} but as WAV"
        return Check("ffmpeg", "note", text, "Install ffmpeg, or choose another RECORDER_OUTPUT_FORMAT.")
    remedy = "Needed only to save as M4A, and to trim M4A, WMA and other files of video. Install ffmpeg for that."
    return Check("ffmpeg", "note", "not found", remedy)
