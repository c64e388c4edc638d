"""A take in the making: chunks and commands in, files out. No thread and no clock: times come with the calls."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable

from tray_app.audio.convert import Converter
from tray_app.audio.format import AudioFormat
from tray_app.audio.samples import dbfs, measure, to_pcm
from tray_app.audio.trim import TrimResult
from tray_app.audio.wav_writer import WavWriter
from tray_app.capture.base import Chunk, Samples
from tray_app.disk import Disk, is_full, storage_error
from tray_app.errors import StorageError
from tray_app.recorder.pieces import Fill, Piece, Sound
from tray_app.recorder.sleep import Sleep
from tray_app.recorder.timeline import Timeline
from tray_app.recorder.twin import Twin
from tray_app.sentences import disk as disk_said
from tray_app.take.facts import Facts, Ranges, write_sidecar
from tray_app.take.take import Stage, Take

log = logging.getLogger(__name__)

HEADER_MS = 40
"""How often the header is rewritten: at least with all that waits between two looks of the recorder's thread.

With the time for which that waits, a killed process loses less than 0.1 s.
"""

RETRIES = (0.1, 0.5, 2.0)
"""Seconds after which a failed write is tried again: the inbox holds 10 s of sound meanwhile."""


class Making:
    """Writes a take. Belongs to one thread; every method that writes raises `StorageError` when the original cannot.

    `fmt` is the take's format, `started` the `perf_counter` time at which its clock began, `source` a name for the
    facts. `said` is called with every gap and every run of dropped frames once it has ended: (start, frames,
    dropped). `wait` lets so many seconds pass before a write is tried again.
    """

    def __init__(
        self,
        disk: Disk,
        take: Take,
        fmt: AudioFormat,
        started: float,
        source: str,
        said: Callable[[int, int, bool], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.take = take
        self.format = fmt
        self.timeline = Timeline(fmt.rate, started)
        self._disk = disk
        self._source = source
        self._said, self._wait = said, wait
        self._loudest = 0.0
        self._told = [0, 0]
        self._failed = False
        self._slept: list[tuple[str, str]] = []
        try:
            self._file = disk.create(take.paths.original)
            self._writer = self._begin_file()
        except OSError as error:
            raise storage_error(disk_said.WRITE, take.paths.original, error, safe=disk_said.NOTHING_RECORDED) from error
        self._twin = Twin(disk, take, fmt) if take.memory.plan.rule is not None else None
        self._converter: Converter | None = None
        self._fresh = True
        self._one_second = fmt.zero * fmt.rate

    @property
    def frames(self) -> int:
        """Frames of the original so far."""
        return self._writer.frames

    @property
    def written(self) -> int:
        """Bytes of sound that the take has on the disk, original and twin."""
        return self.frames * self.format.frame_bytes + (self._twin.written if self._twin else 0)

    def take_peak(self) -> float:
        """Return the loudest sample since the last call, in dBFS; −inf for digital silence."""
        loudest, self._loudest = self._loudest, 0.0
        return dbfs(loudest)

    def opened(self, rate: int, channels: int, chunk_frames: int | None = None) -> None:
        """A stream of this rate and channel count begins: the first, or one that returned.

        `chunk_frames` as `Timeline.open` has it.
        """
        self._put(self.timeline.open(rate, chunk_frames))
        converter = Converter(rate, channels, self.format.rate, self.format.channels)
        self._converter = None if converter.identity else converter

    def feed(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        self._put(self.timeline.feed(chunk))

    def tick(self, now: float) -> None:
        """Nothing has arrived up to `now`."""
        self._put(self.timeline.tick(now))

    def lost(self, dropped: int = 0) -> None:
        """The stream has ended; the last `dropped` frames of it could not be kept."""
        self._put(self.timeline.lost(dropped))

    def slept(self, sleep: Sleep, since: str, until: str) -> None:
        """The machine slept, by the clock on the wall (ISO 8601) from `since` to `until`."""
        self.timeline.sleep(sleep.at, sleep.seconds, sleep.counted)
        self._slept.append((since, until))

    def finish(self, at: float, started: str, stopped: str, dropped: int = 0) -> Facts:
        """End the take at time `at`: both files are complete, closed and named, and the sidecar lies beside.

        The last `dropped` frames of the device could not be kept.

        The twin is named last: a crash before that leaves a marker that says that it is complete.
        `started` and `stopped` are the wall times for the facts. When the disk fails meanwhile, the original keeps
        what it has, and `StorageError` says so only if its header could not be written either. What is refused
        because another program has a file open is left to the job, which has the patience for it.
        """
        pieces = self.timeline.stop(at, dropped)
        if not self._failed:
            with contextlib.suppress(StorageError):
                self._put(pieces)
                self._tell(everything=True)
        try:
            self._writer.finish()
            self._file.close()
        except OSError as error:
            raise self._failure(error) from error
        result = self._twin.finish() if self._twin else None
        facts = self._facts(result, started, stopped)
        noted = self._note(facts)
        marked = self._mark(live=result is not None)
        # A twin under its name that neither says anything of would be made a second time after a crash.
        if self._twin and noted and marked:
            self._twin.name()
        return facts

    def close(self) -> None:
        """Free the files on any path. The original stays as it lies, for recovery. Never raises."""
        with contextlib.suppress(OSError):
            self._file.close()
        if self._twin:
            self._twin.close()

    def _note(self, facts: Facts) -> bool:
        """Write the sidecar; return whether it could be."""
        try:
            write_sidecar(self._disk, self.take.paths.sidecar, facts)
        except OSError as error:
            log.warning("the take is whole, its facts could not be written yet: %r", error)
            return False
        return True

    def _mark(self, *, live: bool) -> bool:
        """Say in the marker that the take is whole; return whether that could be written."""
        try:
            self.take.remember(stage=Stage.FINISHING, live=live)
        except OSError as error:
            log.warning("the take is whole, its marker could not be written: %r", error)
            return False
        return True

    # Writing

    def _begin_file(self) -> WavWriter:
        """Write the header. Where not even that fits, the file that was just made goes again."""
        try:
            return WavWriter(self._file, self.format, refresh_ms=HEADER_MS)
        except OSError:
            self._file.close()
            with contextlib.suppress(OSError):
                self._disk.remove(self.take.paths.original)
            raise

    def _put(self, pieces: Iterable[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Sound):
                self._sound(piece)
            else:
                self._flush(piece.start if isinstance(piece, Fill) else None)
                if isinstance(piece, Fill):
                    self._zeros(piece.end - self.frames)
        self._tell()

    def _sound(self, piece: Sound) -> None:
        samples, loudest = measure(piece.samples)
        self._loudest = max(self._loudest, loudest)
        if self._converter is None:
            self._write(samples, loudest)
        else:
            if self._fresh:
                self._zeros(piece.at - self.frames)
            self._write(self._converter.process(samples))
        self._fresh = False

    def _flush(self, until: int | None) -> None:
        """End a run of sound, at frame `until` at the latest: there zeros begin, as the facts say.

        Elsewhere a converter's rounding is put right where the next run says where it begins.
        """
        if self._converter is not None and not self._fresh:
            rest = self._converter.flush()
            self._write(rest if until is None else rest[: max(0, until - self.frames)])
        self._fresh = True

    def _write(self, samples: Samples, loudest: float | None = None) -> None:
        if len(samples):
            self._write_pcm(to_pcm(samples, self.format.bits, loudest))

    def _zeros(self, frames: int) -> None:
        while frames > 0:
            piece = min(frames, self.format.rate)
            self._write_pcm(memoryview(self._one_second)[: piece * self.format.frame_bytes])
            frames -= piece

    def _write_pcm(self, pcm: bytes | memoryview) -> None:
        view = memoryview(pcm).cast("B")
        begun = self.frames
        try:
            self._write_original(view)
        finally:
            # The twin gets what the original has, also where a disk took a part of it and then failed.
            if self._twin:
                self._twin.feed(view[: (self.frames - begun) * self.format.frame_bytes])

    def _write_original(self, pcm: memoryview) -> None:
        """Write with some patience: a take that cannot be repeated does not end for a drive that hiccups."""
        waits = iter(RETRIES)
        begun = self.frames
        while True:
            done = (self.frames - begun) * self.format.frame_bytes
            try:
                self._writer.write(pcm[done:])
                return
            except OSError as error:
                wait = None if is_full(error) else next(waits, None)
                if wait is None:
                    self._failed = True
                    raise self._failure(error) from error
                log.warning("writing is tried again in %.1f s: %r", wait, error)
                self._wait(wait)

    def _failure(self, error: OSError) -> StorageError:
        seconds = self.format.seconds(self.frames)
        safe = disk_said.safe_until(seconds)
        return storage_error(disk_said.GO_ON_WRITING, self.take.paths.original, error, safe=safe)

    # Facts

    def _tell(self, *, everything: bool = False) -> None:
        """Report gaps that have ended, since sound stands behind them; or `everything`, since the take has."""
        for index, ranges in enumerate((self.timeline.gaps, self.timeline.dropped)):
            while self._told[index] < len(ranges):
                start, frames = ranges[self._told[index]]
                if start + frames >= self.timeline.frames and not everything:
                    break
                self._said(start, frames, index == 1)
                self._told[index] += 1

    def _facts(self, result: TrimResult | None, started: str, stopped: str) -> Facts:
        line = self.timeline
        facts = Facts(
            name=self.take.paths.name,
            format=self.format,
            frames=self.frames,
            source=self._source,
            started=started,
            stopped=stopped,
            gaps=self._written(line.gaps),
            dropped=self._written(line.dropped),
            pauses=tuple(line.pauses),
            sleeps=tuple((*at, *when) for at, when in zip(line.sleeps, self._slept, strict=True)),
            late_frames=line.late_frames,
            drift_ppm=line.drift_ppm,
        )
        return facts.with_cuts(result.cuts, result.kept_frames, result.rule) if result else facts

    def _written(self, ranges: Iterable[tuple[int, int]]) -> Ranges:
        """The ranges as far as they are in the file: a disk that failed has less than the timeline placed."""
        return tuple((start, min(frames, self.frames - start)) for start, frames in ranges if start < self.frames)
