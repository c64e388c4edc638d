"""The door to sound that is no plain WAV: ffmpeg tells what it is, pydub reads that, ffmpeg turns it into a WAV.

ffmpeg is called by its absolute path and writes a file. pydub's own decoding would hold the whole sound in memory; its
own probing calls ffprobe, which not everybody has beside ffmpeg, and by a bare name, for which Windows looks in the
current folder first.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from tray_app.errors import AudioFileError

_SAMPLES = re.compile(r"(?:(?P<float>flt|dbl)|[su](?P<width>\d+))p?\b(?: \((?P<bits>\d+) bit\))?")
"""ffmpeg's names of sample formats: `s16`, `fltp`, `s32 (24 bit)`."""


def find_ffmpeg() -> Path | None:
    """Return ffmpeg's absolute path, or None: beside the program's exe, else by PATH.

    Never one in the current folder, which anybody may have filled; Windows, and `shutil.which` there, look there first.
    """
    name = "ffmpeg.exe" if sys.platform == "win32" else "ffmpeg"
    folders = [Path(entry.strip('"')) for entry in os.environ.get("PATH", "").split(os.pathsep)]
    trusted = [folder for folder in folders if folder.is_absolute() and folder != Path.cwd()]
    if getattr(sys, "frozen", False):
        trusted.insert(0, Path(sys.executable).parent)
    # With a folder before it, `which` looks for a name nowhere else.
    found = (shutil.which(str(folder / name)) for folder in trusted)
    return next((Path(path) for path in found if path), None)


def decode(source: Path, target: Path) -> None:
    """Decode the first sound stream of `source` into a new WAV at `target`, with its own rate and channels.

    Raises `AudioFileError` where ffmpeg is missing or `source` holds no sound that it knows, `OSError` for a full disk.
    """
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise AudioFileError(
            f"{source} is no plain WAV, and ffmpeg, which could read it, is missing.",
            safe="Nothing was changed.",
            todo="Install ffmpeg and try again.",
        )
    bits = _bits(ffmpeg, source)
    command = [str(ffmpeg), "-nostdin", "-v", "error", "-i", f"file:{source}", "-map", "0:a:0", "-vn"]
    command += ["-c:a", f"pcm_s{bits}le", "-f", "wav", "-rf64", "auto", "-y", f"file:{target}"]
    done = _run(command)
    if done.returncode:
        said = done.stderr.strip()
        if os.strerror(errno.ENOSPC) in said:
            raise OSError(errno.ENOSPC, said, str(target))
        raise _no_sound(source, said)


def _bits(ffmpeg: Path, source: Path) -> int:
    """Return the sample width that keeps what the file holds: 16, 24 or 32 bits."""
    # It ends with an error, since nothing is to be written, but says what it has found before.
    said = _run([str(ffmpeg), "-hide_banner", "-nostdin", "-i", f"file:{source}"]).stderr
    with warnings.catch_warnings():
        # pydub warns at import when it finds no ffmpeg; decode() has said so in plain words already.
        warnings.simplefilter("ignore")
        from pydub.utils import get_extra_info
    streams = [tokens for _, tokens in sorted(get_extra_info(said).items()) if "Audio" in tokens]
    if not streams:
        raise _no_sound(source, said.strip())
    codec, *shape = streams[0][streams[0].index("Audio") + 1 :]
    samples = next((found for token in shape if (found := _SAMPLES.match(token))), None)
    if samples is None:
        return 16
    if samples["float"]:
        # A lossy decoder's floats hold no more than 16 bits; so pydub 0.25.1 (`AudioSegment.from_file`) judges, too.
        return 32 if codec.startswith("pcm_f") else 16
    bits = int(samples["bits"] or samples["width"])
    return 16 if bits <= 16 else 24 if bits <= 24 else 32


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program without a window and without a terminal."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW  # else a console flashes up where the tray's program has none
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        creationflags=flags,
        check=False,
    )


def _no_sound(source: Path, detail: str) -> AudioFileError:
    return AudioFileError(f"{source} is not a sound file that can be read.", safe="Nothing was changed.", detail=detail)
