"""The door to sound that is no plain WAV: pydub tells what it is, ffmpeg turns it into a WAV.

ffmpeg is called by its absolute path and writes a file: pydub's own decoding would hold the whole sound in memory.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from tray_app.errors import AudioFileError

_LOSSY = {"mp3", "mp4", "aac", "webm", "ogg"}
"""Decoders that deliver floats; pydub 0.25.1 (`AudioSegment.from_file`) takes 16 bits of them."""


def find_ffmpeg() -> Path | None:
    """Return ffmpeg's absolute path, or None. Never one in the current folder, which anybody may have filled."""
    found = shutil.which("ffmpeg")
    path = Path(found).absolute() if found else None
    return None if path is None or path.parent == Path.cwd() else path


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
    bits = _bits(source)
    command = [str(ffmpeg), "-nostdin", "-v", "error", "-i", f"file:{source}", "-map", "0:a:0", "-vn"]
    command += ["-c:a", f"pcm_s{bits}le", "-f", "wav", "-rf64", "auto", "-y", f"file:{target}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, **_hidden())
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        if os.strerror(errno.ENOSPC) in said:
            raise OSError(errno.ENOSPC, said, str(target))
        raise _no_sound(source, said)


def _bits(source: Path) -> int:
    """Return the sample width that keeps what the file holds: 16, 24 or 32 bits."""
    with warnings.catch_warnings():
        # pydub warns at import when it finds no ffmpeg; decode() has said so in plain words already.
        warnings.simplefilter("ignore")
        from pydub.utils import mediainfo_json

        try:
            info = mediainfo_json(str(source))
        except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise _no_sound(source, repr(error)) from error
    streams = [stream for stream in info.get("streams", []) if stream.get("codec_type") == "audio"]
    if not streams:
        raise _no_sound(source, "no audio stream")
    stream = streams[0]
    if stream.get("codec_name") in _LOSSY or str(stream.get("sample_fmt", "")).startswith("flt"):
        return 32 if str(stream.get("codec_name", "")).startswith("pcm_f") else 16
    bits = int(stream.get("bits_per_raw_sample") or stream.get("bits_per_sample") or 16)
    return 16 if bits <= 16 else 24 if bits <= 24 else 32


def _no_sound(source: Path, detail: str) -> AudioFileError:
    return AudioFileError(f"{source} is not a sound file that can be read.", safe="Nothing was changed.", detail=detail)


def _hidden() -> dict[str, Any]:
    """Keep Windows from flashing a console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW}
    return {}
