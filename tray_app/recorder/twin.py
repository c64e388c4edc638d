"""The trimmed file while it grows beside the original."""

from __future__ import annotations

import contextlib
import io
import logging

from tray_app.audio.format import AudioFormat
from tray_app.audio.sieve import most_held
from tray_app.audio.trim import LiveTrimmer, TrimResult
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk
from tray_app.take.take import Take

log = logging.getLogger(__name__)

LIVE_LIMIT = 16 << 20
"""Live trimming keeps up to one silent window in memory, and what the rule holds; where that is more than this, the
file is trimmed after Stop.
"""


class Twin:
    """The trimmed file while it grows. The first failure ends it, never the original.

    There is none where too much would have to be held, nor where the threshold is found in the take, at its end.
    """

    def __init__(self, disk: Disk, take: Take, fmt: AudioFormat) -> None:
        rule = take.memory.plan.rule
        assert rule is not None
        self._disk, self._take = disk, take
        self._file: io.FileIO | None = None
        if rule.silence_thresh is None or most_held(fmt, rule) > LIVE_LIMIT:
            return
        try:
            self._file = disk.create(take.paths.part)
            # A crash throws the twin away, so its header need not keep up.
            self._writer = WavWriter(self._file, fmt, refresh_ms=60_000)
            self._trimmer = LiveTrimmer(fmt, self._writer.write, rule, self._writer.cut_back)
        except OSError as error:
            self._give_up(error)

    @property
    def written(self) -> int:
        """Bytes of sound that are in the file."""
        return self._writer.frames * self._writer.format.frame_bytes if self._file else 0

    def feed(self, pcm: bytes | memoryview) -> None:
        """Take in sound; on failure the file is given up. Never raises."""
        if self._file is None:
            return
        try:
            self._trimmer.feed(pcm)
        except OSError as error:
            self._give_up(error)

    def finish(self) -> TrimResult | None:
        """Complete the file. None when that failed; then a job trims the original."""
        if self._file is None:
            return None
        try:
            result = self._trimmer.finish()
            self._writer.finish()
            self._file.close()
        except OSError as error:
            self._give_up(error)
            return None
        if not result.heard:
            self.close()
        return result

    def name(self) -> None:
        """Give the complete file its name; where that is refused now, the job tries again with patience."""
        if self._file is None or self._take.paths.trimmed is None:
            return
        try:
            self._disk.rename_new(self._take.paths.part, self._take.paths.trimmed)
            self._file = None
        except OSError as error:
            log.warning("the trimmed file could not be named yet: %r", error)

    def _give_up(self, error: OSError) -> None:
        log.warning("the trimmed file failed while recording, the original goes on: %r", error)
        self.close()

    def close(self) -> None:
        """Give the file up; what there is of it is removed. Never raises."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):
            file.close()
        with contextlib.suppress(OSError):
            self._disk.remove(self._take.paths.part)
