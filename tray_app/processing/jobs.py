"""The jobs of a finished take: remove silence, verify, keep or remove the original, save in the format asked for."""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from tray_app.audio.wav import WavReader
from tray_app.audio.wav_repair import repair
from tray_app.disk import Disk, Patience, is_held
from tray_app.errors import AudioFileError
from tray_app.processing.encoding import EncodeError
from tray_app.processing.progress import Progress, share
from tray_app.processing.saving import Saving
from tray_app.processing.trimming import TRIMMING, trim_into
from tray_app.processing.verify import check_frames, kept_ranges, same_sound
from tray_app.sentences import recording as said
from tray_app.take.facts import Facts, read_sidecar, write_sidecar
from tray_app.take.labels import write_labels
from tray_app.take.names import free_name
from tray_app.take.take import Take

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a take has become: its facts, and its files as far as there are any.

    `saved` is the one that its user asked for: the trimmed one, or all of it where silence is not removed; None where
    nothing was heard. `trouble` says in one line why it is no more than a WAV.
    """

    facts: Facts
    trimmed: Path | None
    original: Path | None
    saved: Path | None = None
    trouble: str = ""

    @property
    def heard(self) -> bool:
        """Whether any sound was above the threshold (True where nobody looked)."""
        return self.facts.kept_frames is None or self.facts.kept_frames > 0


class Jobs:
    """Does the jobs of one take after the other. `patience` tries again where a file is open elsewhere."""

    def __init__(self, disk: Disk, patience: Patience | None = None) -> None:
        self._disk = disk
        self.patience = patience or Patience()
        self._saving = Saving(disk, self.patience)

    def finish(self, take: Take, facts: Facts | None, progress: Progress | None = None) -> Outcome:
        """Do all jobs of a complete take. `facts` are the recorder's, None where they are to be read from disk.

        The take's marker is gone afterwards. Raises `AudioFileError` and `OSError`: then the take is as it was, and
        its original, or the trimmed file that was compared with it, untouched.
        """
        converts = take.memory.plan.output.converts
        outcome = self._made_before(take, facts)
        if outcome is None:
            outcome = self._make(take, facts, share(progress, 0.0, TRIMMING if converts else 1.0))
        if converts and outcome.heard:
            outcome = self._save(take, outcome, share(progress, TRIMMING, 1.0))
        else:
            outcome = replace(outcome, saved=outcome.trimmed or (outcome.original if outcome.heard else None))
        outcome = self._tell(take, outcome)
        take.done()
        return outcome

    def _make(self, take: Take, facts: Facts | None, progress: Progress | None) -> Outcome:
        """Have the trimmed file, verified, where there is to be one; and keep or remove the original."""
        plan = take.memory.plan
        if facts is not None and not self._disk.exists(take.paths.sidecar):
            self._note_softly(take, facts)
        facts = facts or read_sidecar(self._disk, take.paths.sidecar) or self._facts_of(take)
        adopted = self._adopt(take, facts)
        there = self._what_is_there(take, facts)
        if plan.rule is None:
            outcome = Outcome(there, None, take.paths.original)
        elif adopted is None:
            trimmed_facts, trimmed = self._trim(take, there, progress)
            outcome = Outcome(trimmed_facts, trimmed, take.paths.original)
        else:
            there = there.with_cuts(facts.cuts, facts.kept_frames or 0, facts.rule)
            outcome = Outcome(there, adopted if facts.kept_frames else None, take.paths.original)
        self._sync(take.paths.original)
        if outcome.trimmed is None:
            return outcome
        self._sync(outcome.trimmed)
        if not plan.keep_original:
            self._compare(take, outcome)
        if plan.output.converts:
            take.remember(sound=outcome.trimmed.name)
        if plan.keep_original:
            return outcome
        self.patience(lambda: self._disk.remove(take.paths.original))
        return replace(outcome, original=None)

    def _made_before(self, take: Take, facts: Facts | None) -> Outcome | None:
        """Return what an earlier start had made and verified, where that is still there: only the output is left."""
        memory = take.memory
        if not (memory.sound or memory.saved):
            return None
        if not self._disk.exists(take.sound) and self._saving.left(take) is None:
            # Its user has moved it. The original is trimmed anew.
            take.remember(sound="", saved="")
            return None
        if memory.sound and not memory.plan.keep_original:
            # It was compared before this was noted.
            self.patience(lambda: self._disk.remove(take.paths.original))
        original = take.paths.original if self._disk.exists(take.paths.original) else None
        if facts is None or facts.kept_frames is None:
            facts = read_sidecar(self._disk, take.paths.sidecar) or facts or self._facts_of(take)
        return Outcome(facts, take.sound if memory.sound else None, original)

    def _save(self, take: Take, outcome: Outcome, progress: Progress | None) -> Outcome:
        """Save in the format that was asked for; where that cannot be, the WAV is what is left, and it is said why."""
        output = take.memory.plan.output.format
        source = outcome.trimmed or take.paths.original
        try:
            saved = self._saving.save(take, outcome.facts, source, progress)
        except EncodeError as error:
            log.error("%s is no %s: %s (%s)", take.paths.name, output.label, error, error.detail)
            why = error.what.removesuffix(".")
            trouble = said.not_saved(take.paths.name, output.label, why, source.name, error.todo)
            return replace(outcome, saved=source, trouble=trouble)
        if outcome.trimmed is not None:
            if saved != source:
                self.patience(lambda: self._disk.remove(source))
            return replace(outcome, trimmed=saved, saved=saved)
        if take.memory.plan.keep_original:
            return replace(outcome, saved=saved)
        self.patience(lambda: self._disk.remove(source))
        return replace(outcome, original=None, saved=saved)

    def _what_is_there(self, take: Take, facts: Facts) -> Facts:
        """Return the facts of the original as it can be read, which after a power cut may be less than was written."""
        original = take.paths.original
        try:
            check_frames(self._disk, original, facts.format, facts.frames)
            return facts
        except AudioFileError as error:
            log.warning("%s is not as it was: %s", original, error)
        if take.paths.source:
            # A finished take's, with which its user may have done something.
            return self._as_it_lies(take)
        with self._disk.open_update(original) as file:
            frames, fmt = repair(file), WavReader(file).format
        found = Facts(facts.name, fmt, frames, facts.source, facts.started, facts.stopped)
        self._note(take, found)
        return found

    def _adopt(self, take: Take, facts: Facts) -> Path | None:
        """Return the twin that was completed while recording, under its name; None when it does not hold.

        It is judged by itself: should the original have suffered, all the more is it worth.
        """
        trimmed = take.paths.trimmed
        if not take.memory.live or facts.kept_frames is None or trimmed is None:
            return None
        if facts.kept_frames == 0:
            return trimmed
        path = take.paths.part if self._disk.exists(take.paths.part) else trimmed
        try:
            expected = sum(end - start for start, end in kept_ranges(facts.format, facts.frames, facts.cuts))
            check_frames(self._disk, path, facts.format, expected)
        except (AudioFileError, FileNotFoundError) as error:
            log.warning("%s: the twin made while recording is not used: %s", take.paths.name, error)
            return None
        return trimmed if path == trimmed else self._name(take, path)

    def _trim(self, take: Take, facts: Facts, progress: Progress | None) -> tuple[Facts, Path | None]:
        """Trim the original anew, whatever half-made twin there is."""
        rule = take.memory.plan.rule
        assert rule is not None
        self.patience(lambda: self._disk.remove(take.paths.part))
        found = trim_into(self._disk, take.paths.original, take.paths.part, rule, progress)
        facts = facts.with_cuts(found.cuts, found.kept_frames or 0, found.rule)
        self._note(take, facts)
        if not facts.kept_frames:
            self.patience(lambda: self._disk.remove(take.paths.part))
            return facts, None
        take.remember(live=True)
        return facts, self._name(take, take.paths.part)

    def _name(self, take: Take, part: Path) -> Path:
        """Rename the complete twin to its name; to another one if somebody took it meanwhile."""
        target = take.paths.trimmed
        assert target is not None
        while True:
            try:
                self.patience(functools.partial(self._disk.rename_new, part, target))
                return target
            except FileExistsError:
                target = target.with_name(free_name(self._disk, [target.parent], take.paths.name) + ".wav")

    def _compare(self, take: Take, outcome: Outcome) -> None:
        """Compare the trimmed file with the original byte for byte, before that goes."""
        assert outcome.trimmed is not None
        rule = take.memory.plan.rule
        fade = rule.fade if rule else 0
        if not same_sound(self._disk, take.paths.original, outcome.trimmed, outcome.facts.cuts, fade):
            raise AudioFileError(said.differs(outcome.trimmed.name, take.paths.original))

    def _tell(self, take: Take, outcome: Outcome) -> Outcome:
        """Complete the cut list with the files' names, and write labels where the plan asks for them."""
        facts = replace(outcome.facts, name=take.paths.name)
        made = outcome.trimmed or (None if outcome.saved == outcome.original else outcome.saved)
        facts = facts.with_files(take.paths.sidecar, outcome.original, made)
        if take.paths.source and outcome.trimmed is None:
            # Nothing was made, so nothing is left of it. The other one's cut list stays.
            self.patience(lambda: self._disk.remove(take.paths.sidecar))
        elif self._disk.exists(take.paths.sidecar):
            self._note_softly(take, facts)
        if take.memory.plan.labels and outcome.original is not None and (outcome.trimmed or not take.paths.source):
            self.patience(lambda: write_labels(self._disk, take.paths.labels, facts))
        return replace(outcome, facts=facts)

    def _facts_of(self, take: Take) -> Facts:
        """Return the facts where the take has no sidecar: those of the take that is trimmed again, else the file's."""
        if take.paths.source:
            found = read_sidecar(self._disk, take.paths.original.with_suffix(take.paths.sidecar.suffix))
            if found is not None:
                return replace(found, cuts=(), kept_frames=None, stop_ms=None, rule=None)
        return self._as_it_lies(take)

    def _as_it_lies(self, take: Take) -> Facts:
        """Return what the sound itself tells."""
        with self._disk.open_read(take.sound) as file:
            reader = WavReader(file)
            return Facts(take.paths.name, reader.format, reader.frames)

    def _note(self, take: Take, facts: Facts) -> None:
        self.patience(lambda: write_sidecar(self._disk, take.paths.sidecar, facts))

    def _note_softly(self, take: Take, facts: Facts) -> None:
        """Write the sidecar if that can be. It only adds to what the sound says, so no take waits for it."""
        try:
            self._note(take, facts)
        except OSError as error:
            log.warning("the sidecar of %s could not be written: %r", take.paths.name, error)

    def _sync(self, path: Path) -> None:
        try:
            with self._disk.open_update(path) as file:
                self._disk.sync(file)
        except OSError as error:
            if not is_held(error):
                raise
            # Who plays it lets nobody write, and to hurry the system one must be able to. It writes by itself, later.
            log.info("%s is open elsewhere and was not forced to the disk: %r", path, error)
