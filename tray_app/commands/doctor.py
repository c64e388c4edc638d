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
from tray_app.sentences import disk as disk_said
from tray_app.sentences import doctor as said
from tray_app.settings import Settings
from tray_app.tray.host import TrayUnavailableError, find_tray

ABOUT: tuple[str, ...] = (
    "Tell what works here, and what to do about what does not.",
    "Looks at the sound system, the default output, the save folder, the disk, the\n"
    "tray, notifications, autostart and ffmpeg. Changes nothing. The exit status is 1\n"
    "when recording what the computer plays cannot work.",
)
OVERRIDES: dict[str, str] = {}

LOW_SPACE = 1_000_000_000

OK, NOTE, FAIL = "ok", "note", "fail"
"""All is well; it works with less; recording what the computer plays cannot work."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line: `status` is `OK`, `NOTE` or `FAIL`; `text` is no sentence, `remedy` is one and says what to do."""

    name: str
    status: str
    text: str
    remedy: str = ""


def _failed(name: str, status: str, error: RecorderError, remedy: str = "") -> Check:
    """Return the line for what an error says."""
    return Check(name, status, error.what.removesuffix("."), remedy or error.todo)


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
    return 1 if any(check.status == FAIL for check in checks) else 0


def _checks(settings: Settings) -> Iterator[Check]:
    where = str(settings.env_file) if settings.env_file else said.NO_ENV
    yield Check(said.PROGRAM, OK, said.program(__version__, sys.version.split()[0]))
    yield Check(said.SETTINGS, NOTE if settings.unknown else OK, where, " ".join(settings.unknown))
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
        yield _failed(said.SOUND, FAIL, errors[0])
    else:
        yield Check(said.SOUND, OK, said.sources(len(real), ", ".join(sorted({source.backend for source in real}))))
        yield _default(real)
    yield Check(said.TEST_SIGNAL, OK, said.SIGNAL_THERE)


def _default(sources: list[Source]) -> Check:
    default = next((source for source in sources if source.default), None)
    if default is None:
        return Check(said.LOOPBACK, FAIL, said.NO_DEFAULT, said.CONNECT_OUTPUT)
    text = said.output(default.name, default.rate, default.channels)
    backend = next(backend for backend in pick() if backend.name == default.backend)
    try:
        if backend.muted(default):
            return Check(said.LOOPBACK, NOTE, said.muted(text), said.UNMUTE)
    except BackendUnavailableError as error:
        return _failed(said.LOOPBACK, FAIL, error)
    return Check(said.LOOPBACK, OK, text)


def _folder(settings: Settings) -> Iterator[Check]:
    folder = settings.save_folder
    disk = Disk()
    there = next((parent for parent in (folder, *folder.parents) if disk.is_folder(parent)), None)
    if there is None:
        yield Check(said.SAVE_FOLDER, FAIL, said.drive_gone(folder), said.CONNECT_DRIVE)
        return
    trouble = _trouble(disk, there)
    if trouble is not None:
        yield _failed(said.SAVE_FOLDER, FAIL, trouble)
        return
    yield Check(said.SAVE_FOLDER, OK, str(folder) if there == folder else said.made_later(folder))
    free = disk.free_bytes(there)
    if free == ENDLESS:
        yield Check(said.DISK_SPACE, NOTE, said.SIZE_NOT_TOLD, said.KEEP_AN_EYE)
        return
    rate = (settings.sample_rate or 48000) * (settings.channels or 2) * settings.bit_depth // 8
    low = free < LOW_SPACE
    yield Check(said.DISK_SPACE, NOTE if low else OK, said.free(free, free / rate), said.FREE_SOME if low else "")


def _trouble(disk: Disk, folder: Path) -> StorageError | None:
    """What keeps a file from being made there, tried with one: permissions alone do not tell on every file system."""
    probe = folder / f".tray-recorder-{secrets.token_hex(8)}"
    try:
        disk.create(probe).close()
        Patience()(lambda: disk.remove(probe))
    except OSError as error:
        return storage_error(disk_said.WRITE_INTO, folder, error)
    return None


def _notification() -> Check:
    try:
        system_sender()
    except Exception as error:
        return Check(said.NOTIFICATION, NOTE, said.not_available(error), said.WORKS_WITHOUT)
    return Check(said.NOTIFICATION, OK, said.AVAILABLE)


def _tray() -> Check:
    try:
        find_tray()
    except TrayUnavailableError as error:
        return _failed(said.TRAY, NOTE, error, error.remedy)
    return Check(said.TRAY, OK, said.AVAILABLE)


def _autostart() -> Check:
    ours = autostart.for_system()
    try:
        if ours is None:
            return Check(said.AUTOSTART, NOTE, said.NO_AUTOSTART, said.START_BY_HAND)
        if ours.enabled():
            return Check(said.AUTOSTART, OK, said.on(ours.path))
    except RecorderError as error:
        return _failed(said.AUTOSTART, NOTE, error)
    return Check(said.AUTOSTART, OK, said.OFF)


def _ffmpeg(settings: Settings) -> Check:
    found = find_ffmpeg()
    if found is not None:
        return Check(said.FFMPEG, OK, str(found))
    if settings.output.format.by_ffmpeg:
        form = settings.output.format.label
        return Check(said.FFMPEG, NOTE, said.not_saved_as(form), said.INSTALL_OR_CHOOSE)
    return Check(said.FFMPEG, NOTE, said.NOT_FOUND, said.INSTALL_FFMPEG)
