"""What the tests of PulseAudio's back end record by, and look at."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tests.sound import SINK, Recording, SoundServer, wait_until
from tray_app.capture.base import Source, Stream
from tray_app.capture.pulse import PulseBackend

MONITOR = f"{SINK}.monitor"


def named(wanted: str) -> Source:
    return next(source for source in PulseBackend().sources() if source.id == wanted)


def opened(recording: Recording, source: str = MONITOR, chunk_frames: int = 512) -> Stream:
    stream = PulseBackend().open(named(source), chunk_frames, recording.on_chunk, recording.on_lost)
    recording.stream = stream
    wait_until(lambda: recording.chunks, what="the first chunk")
    return stream


def recorded(server: SoundServer, sound: Any, **play: Any) -> Recording:
    """Record the default output while `sound` plays, and a little after."""
    recording = Recording()
    stream = opened(recording)
    server.play(sound, **play).wait(30)
    end = recording.frames + stream.source.rate // 2
    wait_until(lambda: recording.frames > end, what="half a second more")
    stream.close()
    assert recording.lost == []
    return recording


def entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def tasks() -> int:
    return entries("/proc/self/task")


def switches() -> dict[str, int]:
    """How often each thread but this one went to sleep."""
    own = str(threading.get_native_id())
    found = {}
    for task in Path("/proc/self/task").iterdir():
        if task.name != own:
            lines = (task / "status").read_text().splitlines()
            found[task.name] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return found
