"""From pydub's cuts to those of a rule, span by span, in whole milliseconds. `rule` says what each option means.

Each stage is fed what the one before it has decided, and holds no more than it must: a short sound until it is long
enough, a cut until it is longer than what it leaves. What only the sound's end can tell, and what could be any length,
is not held: it is given out as kept but not sure, and taken back where it comes to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tray_app.audio.rule import CutRule

Fate = tuple[int, int, bool]
"""Start and end of a span in ms, the end not included, and whether it is kept."""


class Span(NamedTuple):
    """Milliseconds `start` to `end` (not included): kept or cut.

    What is kept but not `sure` is cut after all if the sound ends before anything sure comes. Then a last span says so:
    it begins where the first of those did.
    """

    start: int
    end: int
    keep: bool
    sure: bool = True


class Shaper:
    """Makes of pydub's cuts those of `rule`. Spans go in and come out in order, each where the last one ended.

    `cuts` are those made, in ms, half-open and merged; complete after `finish`.
    """

    def __init__(self, rule: CutRule) -> None:
        self._sounds = _Sounds(rule.shortest_sound)
        self._pauses = _Pauses(rule)
        self.held_ms = rule.left + rule.shortest_sound
        self.cuts: list[tuple[int, int]] = []

    def push(self, fates: Iterable[Fate]) -> list[Span]:
        """Take the next spans; return what is decided by them."""
        return self._noted(self._pauses.push(self._sounds.push(fates)))

    def finish(self, length: int) -> list[Span]:
        """Decide the rest of a sound of `length` ms, all of which was pushed."""
        rest = self._pauses.push(self._sounds.finish(length))
        return self._noted([*rest, *self._pauses.finish(length)])

    def _noted(self, spans: Iterable[Span]) -> list[Span]:
        """Return the spans, with the cuts among them noted."""
        noted = list(spans)
        for span in noted:
            if not span.keep:
                self._cut(span.start, span.end)
        return noted

    def _cut(self, start: int, end: int) -> None:
        while self.cuts and start <= self.cuts[-1][1]:
            start = min(start, self.cuts.pop()[0])
        self.cuts.append((start, end))


class _Sounds:
    """Cuts sounds that are shorter than `shortest` ms and have a cut at a side."""

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest
        self._begun: int | None = 0  # where the sound that is held begins; None in a cut or a sound that is long enough
        self._cut_before = False

    def push(self, fates: Iterable[Fate]) -> Iterator[Fate]:
        """Take spans, yield what they decide."""
        for start, end, keep in fates:
            if not keep:
                yield start if self._begun is None else self._begun, end, False
                self._begun, self._cut_before = end, True
            elif self._begun is None:
                yield start, end, True
            elif end - self._begun >= self._shortest:
                yield self._begun, end, True
                self._begun = None

    def finish(self, length: int) -> Iterator[Fate]:
        """Decide what is held of a sound of `length` ms. One without any cut is kept however short it is."""
        if self._begun is not None and self._begun < length:
            yield self._begun, length, not self._cut_before


class _Pauses:
    """Leaves a part of each cut, or only the cuts at the edges."""

    def __init__(self, rule: CutRule) -> None:
        self._edges_only = rule.edges_only
        self._at_sound = rule.keep_silence
        self._left = rule.left
        self._after, self._before = rule.left - rule.left // 2, rule.left // 2
        self._cut: int | None = None  # where the cut begins in which we are
        self._given = 0  # up to where spans were given out
        self._unsure = False

    def push(self, fates: Iterable[Fate]) -> Iterator[Span]:
        """Take spans, yield what they decide."""
        for start, end, keep in fates:
            if keep:
                self._cut, self._unsure = None, False
                yield from self._give(end, keep=True)
            else:
                self._cut = start if self._cut is None else self._cut
                yield from self._silence(self._cut, end)

    def _silence(self, start: int, now: int) -> Iterator[Span]:
        """Yield what is decided of a cut that lasts from `start` to `now` or longer."""
        if start == 0:
            yield from self._give(now - self._at_sound, keep=False)
        elif self._edges_only:
            yield from self._give(min(now, start + self._at_sound), keep=True)
            yield from self._perhaps(now)
        elif now - start > self._left:
            yield from self._give(start + self._at_sound, keep=True)
            yield from self._perhaps(start + self._after)
            yield from self._give(now - self._before, keep=False)

    def _perhaps(self, end: int) -> Iterator[Span]:
        if self._given < end:
            self._unsure = True
            yield from self._give(end, keep=True, sure=False)

    def _give(self, end: int, *, keep: bool, sure: bool = True) -> Iterator[Span]:
        if self._given < end:
            yield Span(self._given, end, keep, sure)
            self._given = end

    def finish(self, length: int) -> Iterator[Span]:
        """Decide what is held of a sound of `length` ms: a cut that lasts to its end."""
        if self._cut is None:
            return
        if self._cut > 0:
            end = min(self._cut + self._at_sound, length)
            if self._unsure:
                yield Span(end, length, keep=False)
                return
            yield from self._give(end, keep=True)
        yield from self._give(length, keep=False)
