"""M4A by ffmpeg: AAC is written and read back by a program of its own, which streams; nothing is held in memory."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from tray_app.audio.samples import Samples
from tray_app.errors import AudioFileError
from tray_app.ffmpeg import check_room, find_ffmpeg, no_window
from tray_app.outputs import Output
from tray_app.processing.feed import Feed
from tray_app.processing.tags import Tags
from tray_app.sentences import files as files_said


def write(source: Path, target: Path, feed: Feed, output: Output, tags: Tags, done: Callable[[float], None]) -> None:
    """Encode the WAV at `source` into the file `target`, which is there and empty; `done` takes the part, 0.0 to 1.0.

    Raises `AudioFileError` where ffmpeg is missing or fails, `OSError` for a full disk; what `done` raises ends it.
    """
    per_channel = round(500 * (output.quality or 0))
    command = ["-i", f"file:{source}", "-map", "0:a:0", "-vn", "-map_metadata", "-1"]
    command += ["-c:a", "aac", "-b:a", str(per_channel * feed.channels), "-movflags", "+faststart"]
    for name, text in tags.items():
        # MP4's own field for the program is filled by this name (ffmpeg's movenc.c).
        command += ["-metadata", f"{'encoding_tool' if name == 'software' else name}={text}"]
    command += ["-progress", "pipe:1", "-stats_period", "0.2", "-f", "ipod", "-y", f"file:{target}"]
    seconds = max(1, feed.frames) / feed.rate
    with _running(command, target) as out:
        for line in out:
            # In microseconds, whatever its name says; "N/A" before the first.
            name, _, value = line.decode("ascii", "replace").strip().partition("=")
            if name == "out_time_ms" and value.isdigit():
                done(min(1.0, int(value) / 1e6 / seconds))


@contextlib.contextmanager
def reading(path: Path, channels: int) -> Iterator[Callable[[int], Samples]]:
    """Give a function that returns up to so many frames of the file at `path` as float32; none at its end.

    Raises as `write`.
    """
    command = ["-i", f"file:{path}", "-map", "0:a:0", "-f", "f32le", "-c:a", "pcm_f32le", "-"]
    with _running(command, path) as out:

        def read(frames: int) -> Samples:
            data = _read_all(out, frames * channels * 4)
            return np.frombuffer(data[: len(data) // (channels * 4) * channels * 4], "<f4").reshape(-1, channels)

        yield read
        while out.read(1 << 20):
            pass


def _read_all(out: IO[bytes], size: int) -> bytes:
    parts, left = [], size
    while left and (part := out.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


@contextlib.contextmanager
def _running(command: list[str], path: Path) -> Iterator[IO[bytes]]:
    """Run ffmpeg and give what it prints. It ends with the context, whatever happens there."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        raise AudioFileError(files_said.FFMPEG_MISSING)
    with tempfile.TemporaryFile() as said:  # a pipe that nobody empties would hold it
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [str(ffmpeg), "-nostdin", "-v", "error", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            creationflags=no_window(),
        )
        assert process.stdout is not None
        try:
            yield process.stdout
            status = process.wait()
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
        if status:
            said.seek(0)
            words = said.read(4096).decode("utf-8", "replace").strip()
            check_room(words, path)
            raise AudioFileError(files_said.ffmpeg_failed(status), detail=words)
