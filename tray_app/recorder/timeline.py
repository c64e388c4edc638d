"""Capture times against frames: where a gap was, how many zeros it gets, where a pause begins and ends. Pure.

The *line* is the take's clock in frames of the take, counted from "stream started"; pauses are on it. Line position
L stands for the time `reference + L / rate`. The file is the line without the pauses.

A chunk's capture time is late by whatever the system was late, never early. So the device's own time line is the
lower envelope of `capture time − position`. A step up of that envelope is a gap. To tell a step from a stall whose
frames come in a burst, chunks are held for `HOLD` seconds after a stall. The step is measured against a reference
that gaps never move, so that errors of single gaps do not add up; only drift moves it, learnt from the minima of
`BLOCK` seconds within one undisturbed stretch.
"""

from __future__ import annotations

import math

from tray_app.capture.base import Chunk, Samples
from tray_app.recorder.envelope import BLOCK, Hold, Stretch
from tray_app.recorder.pauses import Pauses
from tray_app.recorder.pieces import Break, Fill, Piece, Sound

STEP = 0.050
"""A rise of the envelope of at least this many seconds is a gap; less is jitter or drift."""
HOLD = 0.250
"""So long chunks are held after a stall, until it is clear whether the missing frames still come."""
LONG_STALL = 3.0
"""A stall that was watched for so many seconds is filled while it lasts …"""
BEHIND = 1.0
"""… up to this many seconds behind now, so that Stop owes nothing and a crash loses no more."""
MAX_DRIFT = 1e-3
"""The steepest creep that is taken for a clock's drift: 1000 ppm. Sound devices stay within some 200 ppm."""
WATCHED_TICK = 0.5
"""A tick counts for at most this much of a stall: after the program itself stood still, a burst may yet come."""


class Timeline:
    """Places chunks on the take's line. Times in seconds of one monotonic clock, positions in frames.

    `rate` is the take's, `started` the moment at which the first stream began to run. Feed chunks in the order of
    their delivery; call `tick` when nothing arrived for a while. The pieces that come back are in the file's order
    and are to be written at once.
    """

    def __init__(self, rate: int, started: float) -> None:
        self.rate = rate
        self.started = started
        self.late_frames = 0
        self.gaps: list[tuple[int, int]] = []
        self.dropped: list[tuple[int, int]] = []
        self._reference = started
        self._anchored = False
        self._device_rate = rate
        self._begin_run(0)
        self._stall_from: int | None = None
        self._hold: Hold | None = Hold()
        self._stretch = Stretch(started)
        self._past_creep = (0.0, 0.0)
        self._disturbed = False
        self._pauses = Pauses()
        self._skipped = 0
        self._last_tick: float | None = None
        self._watched = 0.0
        self._early = 0
        self._surplus = 0
        self._chunk_seconds = 0.0
        self._most: int | None = None
        self._reopened = False

    # What is known

    @property
    def frames(self) -> int:
        """Frames of the file so far: what the pieces given out add up to."""
        return self._line - self._skipped

    @property
    def pauses(self) -> list[tuple[int, float]]:
        """Every pause that has ended: (frame of the file at which it stands, seconds it lasted)."""
        return self._pauses.listed(self.frames)

    @property
    def sleeps(self) -> list[tuple[int, float]]:
        """Every time that the machine slept: (frame of the file at which it stands, seconds)."""
        return self._pauses.sleeps(self.frames)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the device's clock runs than ours, in parts per million; None while unknown (20 s)."""
        rise = self._past_creep[0] + self._stretch.creep[0]
        over = self._past_creep[1] + self._stretch.creep[1]
        return -1e6 * rise / over if over > 0 else None

    def seconds_at(self, now: float) -> float:
        """Return the take's clock at `now`: seconds since the start less pauses and sleep so far."""
        return max(0.0, now - self.started - self._pauses.seconds(now))

    # What happens

    def open(self, device_rate: int, chunk_frames: int | None = None) -> list[Piece]:
        """Begin with a stream whose chunks have `device_rate` frames a second: the first, or one that returned.

        `chunk_frames` is what the device hands over at once, where a longer chunk means that nobody had looked; None
        where any chunk is what the device handed over.
        """
        pieces = self._release()
        self._begin_run(self._line)
        self._device_rate, self._most = device_rate, chunk_frames
        self._reopened = self._anchored
        self._new_stretch()
        return [*pieces, Break()]

    def feed(self, chunk: Chunk) -> list[Piece]:
        """Place a chunk; return what can be written now (nothing while chunks are held)."""
        self._watched, self._last_tick = 0.0, None
        frames = len(chunk.samples)
        self._chunk_seconds = (frames if self._most is None else min(frames, self._most)) / self._device_rate
        if self._hold is None and (offset := self._offset(chunk, 0)) - self._reference < self._step:
            self._reopened = False
            return self._place(chunk, offset)
        return self._keep(chunk)

    def tick(self, now: float) -> list[Piece]:
        """Say that nothing has arrived up to `now`: ends a hold that is over, fills a long stall in pieces."""
        self._watch(now)
        if self._hold is not None and self._hold.chunks:
            return self._release() if now >= self._hold.until else []
        if self._watched < LONG_STALL:
            return []
        return self._fill_stall(self._line_at(now - BEHIND))

    def lost(self, dropped: int = 0) -> list[Piece]:
        """Say that the stream has ended: what is held is decided now.

        `dropped` are frames of the device that came last and could not be kept: no chunk will bring that number.
        """
        pieces = self._release()
        if dropped:
            pieces += self._fill(self._run_start + self._scaled(self._run_frames + dropped), dropped=True)
        return [*pieces, Break()]

    def pause(self, at: float) -> None:
        """Begin a pause at time `at`: from there nothing reaches the file."""
        self._pauses.begin(at, max(self._line_at(at), self._line))

    def resume(self, at: float) -> None:
        """End the pause that runs, at time `at`."""
        self._pauses.end(at, max(self._line_at(at), self._line))

    def sleep(self, at: float, seconds: float, counted: float) -> None:
        """The machine slept for `seconds` from `at` on, of which the clock counted `counted`: not in the file."""
        begin = max(self._line_at(at), self._line)
        if begin - self._line < STEP * self.rate:
            # What was on its way when the machine fell asleep comes afterwards, whole.
            begin = self._line
        self._pauses.sleep(at, begin, seconds, counted, begin + round(counted * self.rate))

    def stop(self, at: float, dropped: int = 0) -> list[Piece]:
        """End the take at time `at`: place what is held, and fill what was `dropped` last, or a stall still owes."""
        pieces = self._release()
        missing = min(self._run_start + self._scaled(self._run_frames + dropped), self._line_at(at))
        if dropped and missing > self._line:
            pieces += self._fill(missing, dropped=True)
        if self._line_at(at) - self._line >= (STEP + self._chunk_seconds) * self.rate:
            pieces += self._fill_stall(self._line_at(at))
        if self._pauses.running:
            self.resume(at)
        return [*pieces, Break()]

    # The line

    @property
    def _step(self) -> float:
        """Seconds from which on a rise of the envelope is a gap.

        Where a stream was opened again something is missing for certain: there a chunk is enough.
        """
        return min(STEP, self._chunk_seconds) if self._reopened else STEP

    def _scaled(self, device_frames: int) -> int:
        """Frames of the take for frames of the device, rounded half up in whole numbers: nothing adds up."""
        return (2 * device_frames * self.rate + self._device_rate) // (2 * self._device_rate)

    def _line_at(self, time: float) -> int:
        return max(0, round((time - self._reference) * self.rate))

    def _begin_run(self, line: int) -> None:
        """Begin a run of sound at `line`. `_line` is the position of the next frame, after `_run_frames` of the run."""
        self._line = self._run_start = line
        self._run_frames = 0

    def _offset(self, chunk: Chunk, frames_before: int) -> float:
        """Capture time less position: where the chunk says that the line began."""
        base = self._stall_from if self._stall_from is not None else self._line - self._early
        lead = (frames_before + chunk.dropped) / self._device_rate
        return chunk.time - base / self.rate - lead

    # Gaps

    def _keep(self, chunk: Chunk) -> list[Piece]:
        """Hold a chunk after a stall; let go when it is clear what the stall was."""
        hold = self._hold
        if hold is None:
            hold = self._hold = Hold()
        if not hold.chunks:
            hold.until = chunk.time + len(chunk.samples) / self._device_rate + HOLD
        hold.add(chunk, self._offset(chunk, hold.frames))
        caught_up = self._anchored and hold.least - self._reference < self._step
        return self._release() if caught_up or chunk.time >= hold.until else []

    def _release(self) -> list[Piece]:
        """Decide what a stall was, and place the chunks that were held.

        Up to the one with the lowest offset they belong together, since a further gap would have raised it; those
        behind it are judged anew.
        """
        hold = self._hold
        if hold is None or not hold.chunks:
            return []
        self._hold = None
        rise = hold.least - self._reference
        if not self._anchored:
            self._anchored = True
            if rise < STEP:
                self._reference = self._stretch.base = hold.least
        pieces = self._close_gap(round(rise * self.rate) if rise >= self._step else 0)
        self._reopened = False
        for chunk in hold.chunks[: hold.least_at + 1]:
            pieces += self._place(chunk, self._offset(chunk, 0))
        for chunk in hold.chunks[hold.least_at + 1 :]:
            pieces += self.feed(chunk)
        return pieces

    def _close_gap(self, frames: int) -> list[Piece]:
        """End a stall that turned out to be a gap of `frames`; some, or too much, of it may be filled already."""
        if self._stall_from is None and not frames:
            return []
        begin = self._stall_from if self._stall_from is not None else self._line - self._early
        self._stall_from = None
        missing = begin + frames - self._line
        self._early = max(0, -missing)
        pieces = self._fill(self._line + missing) if missing > 0 else []
        self._new_stretch()
        self._surplus = frames
        return pieces

    def _fill_stall(self, line: int) -> list[Piece]:
        """Fill a stall that still lasts up to `line`."""
        if line <= self._line:
            return []
        if self._stall_from is None:
            self._stall_from, self._early = self._line - self._early, 0
        return self._fill(line)

    def _watch(self, now: float) -> None:
        if self._last_tick is not None and now > self._last_tick:
            self._watched += min(now - self._last_tick, WATCHED_TICK)
        self._last_tick = now

    # Placing

    def _place(self, chunk: Chunk, offset: float) -> list[Piece]:
        pieces: list[Piece] = []
        if chunk.dropped:
            pieces += self._fill(self._run_start + self._scaled(self._run_frames + chunk.dropped), dropped=True)
        self._learn(chunk.time, offset)
        samples = self._without_early(chunk.samples, offset)
        return pieces + self._sound(samples) if len(samples) else pieces

    def _without_early(self, samples: Samples, offset: float) -> Samples:
        """Leave out frames that arrive for time that zeros were written for: counted, not inserted.

        That is known when a stall was filled too far, and found out when a burst brings a gap's frames after all.
        """
        ahead = round((self._reference - offset) * self.rate)
        if not self._early and self._surplus and ahead >= STEP * self.rate:
            self._early = min(self._surplus, ahead)
            self._surplus -= self._early
        if not self._early:
            return samples
        late = min(len(samples), self._early * self._device_rate // self.rate)
        self._early = self._early - self._scaled(late) if late == len(samples) else 0
        self.late_frames += late
        return samples[late:]

    def _learn(self, time: float, offset: float) -> None:
        """Follow the clock: the anchor by every chunk at first, the drift by blocks."""
        stretch = self._stretch
        if not self._disturbed and math.isnan(stretch.first_min) and offset < self._reference:
            self._reference = stretch.base = offset
        if stretch.add(time, offset):
            target = stretch.base + stretch.last_min - stretch.first_min
            most = MAX_DRIFT * BLOCK
            self._reference += min(max(target - self._reference, -most), most)

    def _new_stretch(self) -> None:
        rise, over = self._stretch.creep
        self._past_creep = (self._past_creep[0] + rise, self._past_creep[1] + over)
        self._stretch = Stretch(self._reference)

    # Pauses: what of the line reaches the file

    def _sound(self, samples: Samples) -> list[Piece]:
        """Place frames of the device at the line's end, without what pauses take out."""
        at, first = self._line, self._run_frames
        end = self._run_start + self._scaled(first + len(samples))
        pieces: list[Piece] = []
        for part_begin, part_end in [*self._pauses.leave(at, end), (end, end)]:
            if part_begin > at:
                self._skipped += part_begin - at
                pieces.append(Break())
            if part_begin < part_end:
                low = self._device_frame(part_begin) - first if part_begin > self._line else 0
                high = self._device_frame(part_end) - first if part_end < end else len(samples)
                pieces.append(Sound(part_begin - self._skipped, samples[low:high]))
            at = part_end
        self._run_frames += len(samples)
        self._line = end
        return pieces

    def _device_frame(self, line: int) -> int:
        """The frame of the run, in the device's rate, that stands at `line`."""
        return round((line - self._run_start) * self._device_rate / self.rate)

    def _fill(self, end: int, *, dropped: bool = False) -> list[Piece]:
        """Fill the line up to `end` with zeros, without what pauses take out."""
        at = self._line
        self._disturbed = True
        pieces: list[Piece] = []
        for part_begin, part_end in [*self._pauses.leave(at, end), (end, end)]:
            self._skipped += part_begin - at
            if part_begin < part_end:
                start, frames = part_begin - self._skipped, part_end - part_begin
                pieces.append(Fill(start, start + frames, dropped))
                self._note(start, frames, dropped)
            at = part_end
        self._begin_run(end)
        return pieces

    def _note(self, start: int, frames: int, dropped: bool) -> None:
        """List a gap; one that goes on where the last ended is the same gap."""
        ranges = self.dropped if dropped else self.gaps
        if ranges and sum(ranges[-1]) == start:
            start, frames = ranges[-1][0], ranges[-1][1] + frames
            ranges.pop()
        ranges.append((start, frames))
