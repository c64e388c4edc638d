"""The picture of a file: what is known of it is shown, nothing is overwritten, nothing half-made stays."""

from __future__ import annotations

import errno
import io
import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.audio.wav_files import ours
from tests.picture.seen import facts as facts_of
from tests.processing.takes import RATE, finished, speech
from tests.refusing import Refusing
from tray_app.audio.format import AudioFormat
from tray_app.audio.rule import CutRule
from tray_app.disk import Disk
from tray_app.errors import AudioFileError, OutputExistsError, StorageError
from tray_app.picture import paint
from tray_app.picture.make import Picture, picture_of, picture_of_cut, save, save_again
from tray_app.picture.subject import opened
from tray_app.processing.jobs import Jobs
from tray_app.processing.listed import beside, trim_listed
from tray_app.take.take import Plan

RULE, WIDE = CutRule(500, -40.0), CutRule(1500, -40.0)
TWO = speech((1.0, 0.5), (1.0, 0.0), (1.0, 0.5), (2.0, 0.0), (1.0, 0.5))
SIZE = (400, 160)


def take(folder: Path, plan: Plan) -> Path:
    """Finish a take; return its trimmed file, or its original where it has none."""
    made, facts = finished(folder, plan, TWO)
    Jobs(Disk()).finish(made, facts)
    return folder / "take.wav"


def wav(folder: Path) -> Path:
    soundfile.write(folder / "talk.wav", TWO, RATE, "PCM_24")
    return folder / "talk.wav"


def cuts(file: Path, rule: CutRule = WIDE, *, anew: bool = False) -> list[tuple[float, float]]:
    """What the picture of a file shows as cut, in seconds."""
    with opened(Disk(), file, rule, anew=anew) as source:
        shown = source.subject.facts
        return [(round(start / 1000, 1), round(end / 1000, 1)) for start, end in shown.cuts]


BOTH, LONG = [(1.0, 2.0), (3.0, 5.0)], [(3.0, 5.0)]


def test_a_take_is_shown_as_it_was_cut_whatever_the_settings_are_now(tmp_path: Path) -> None:
    trimmed = take(tmp_path, Plan(RULE))
    for file in (trimmed, tmp_path / "originals" / "take.wav"):
        assert cuts(file) == BOTH
        assert cuts(file, anew=True) == LONG, "unless it is asked what they would cut"


def test_a_file_that_trim_made_is_shown_on_its_originals_time(tmp_path: Path) -> None:
    target = beside(tmp_path / "out" / "talk_trimmed.wav")
    trim_listed(Disk(), wav(tmp_path), target, RULE)
    with opened(Disk(), target.sound, WIDE) as source:
        assert source.subject.facts.seconds == 6.0
        assert source.reader.frames == 6 * RATE
    assert cuts(target.sound) == BOTH


def test_of_any_other_file_is_shown_what_would_be_cut(tmp_path: Path) -> None:
    assert cuts(wav(tmp_path)) == LONG
    assert [path.name for path in tmp_path.iterdir()] == ["talk.wav"]


@pytest.mark.posix("the lab's Windows has no ffmpeg where the program looks for it")
def test_other_formats_are_decoded(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "talk.flac", TWO, RATE, "PCM_24")
    assert cuts(tmp_path / "talk.flac", RULE) == BOTH
    assert [path.name for path in tmp_path.iterdir()] == ["talk.flac"]


def test_a_take_without_silence_removal_shows_its_gaps_and_what_would_be_cut(tmp_path: Path) -> None:
    from tray_app.take.facts import read_sidecar, write_sidecar

    file = take(tmp_path, Plan(None))
    known = read_sidecar(Disk(), tmp_path / "take.json")
    assert known is not None
    write_sidecar(Disk(), tmp_path / "take.json", replace(known, gaps=((8000, 80),)))
    with opened(Disk(), file, RULE) as source:
        assert source.subject.facts.gaps == ((8000, 80),)
    assert cuts(file, RULE) == BOTH


def test_without_its_original_what_is_left_is_in_its_place(tmp_path: Path) -> None:
    whole = picture_of(Disk(), take(tmp_path / "kept", Plan(RULE)), RULE, SIZE).image
    left = picture_of(Disk(), take(tmp_path / "gone", Plan(RULE, keep_original=False)), RULE, SIZE).image
    assert not (tmp_path / "gone" / "originals" / "take.wav").exists()
    one, other = (np.asarray(image).astype(int) for image in (whole, left))
    inked = [np.abs(pixels - np.array(paint.RMS)).max(axis=2) < 60 for pixels in (one, other)]
    assert inked[0].any()
    # Where sound was kept both show it; only the legend, and what was cut, are others.
    columns = inked[0][60:120].any(axis=0)
    assert np.array_equal(columns, inked[1][60:120].any(axis=0))
    lost = np.abs(one - np.array(paint.LOST_RMS)).max(axis=2) < 30
    assert lost[60:120].any(), "the silence that was cut has a line"
    assert not (np.abs(other - np.array(paint.LOST_RMS)).max(axis=2) < 30)[60:120].any()


def test_a_cut_list_of_another_sound_is_not_believed(tmp_path: Path) -> None:
    trimmed = take(tmp_path, Plan(RULE))
    original = tmp_path / "originals" / "take.wav"
    soundfile.write(original, TWO[: 5 * RATE], RATE, "PCM_24")
    assert cuts(original) == LONG, "it was edited: what would be cut of it now"
    with opened(Disk(), trimmed, WIDE) as source:
        assert source.subject.gone, "of the trimmed file the list is still true"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "missing.wav", "is not there"),
        (lambda folder: folder, "is a folder"),
        (lambda folder: _written(folder / "notes.wav", b"RIFF, or so it says"), "not a WAV|damaged"),
        (lambda folder: _written(folder / "empty.wav", b""), "is empty"),
        (lambda folder: _silent(folder), "holds no sound"),
    ],
    ids=["missing", "folder", "damaged", "empty", "no frames"],
)
def test_what_is_no_sound_is_said(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    with pytest.raises((AudioFileError, StorageError), match=said):
        picture_of(Disk(), make(tmp_path), RULE, SIZE)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _silent(folder: Path) -> Path:
    soundfile.write(folder / "none.wav", np.zeros((0, 1)), RATE, "PCM_16")
    return folder / "none.wav"


def test_what_was_just_trimmed_is_drawn_without_its_cut_list(tmp_path: Path) -> None:
    """Where somebody else's file has the list's name."""
    source = wav(tmp_path)
    done = trim_listed(Disk(), source, beside(tmp_path / "x.wav"), RULE)
    (tmp_path / "x.json").unlink()
    picture = picture_of_cut(Disk(), source, done.facts, "x.wav", SIZE)
    assert picture.facts == done.facts
    assert picture.image.size == SIZE


# On the disk

PLAIN = Picture(Image.new("RGB", (160, 90), "white"), facts_of(1000))
OTHER = Picture(Image.new("RGB", (160, 90), "black"), facts_of(1000))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_gets_a_free_name(tmp_path: Path) -> None:
    theirs = tmp_path / "talk.png"
    theirs.write_bytes(b"a holiday")
    at = [save(Disk(), PLAIN, theirs) for _ in range(2)]
    assert [path.name for path in at] == ["talk (2).png", "talk (3).png"]
    assert theirs.read_bytes() == b"a holiday"
    with Image.open(at[0]) as found:
        assert (found.format, found.size, found.info["Software"][:13]) == ("PNG", (160, 90), "Tray Recorder")
    with pytest.raises(OutputExistsError, match=r"talk.png exists already.*Choose another output"):
        save(Disk(), PLAIN, theirs, exact=True)
    assert names(tmp_path) == ["talk (2).png", "talk (3).png", "talk.png"]


def test_a_folder_is_made_and_not_overwritten(tmp_path: Path) -> None:
    assert save(Disk(), PLAIN, tmp_path / "new" / "talk.png", exact=True).exists()
    with pytest.raises(OutputExistsError, match="is a folder"):
        save(Disk(), PLAIN, tmp_path / "new")


def test_what_is_shown_replaces_what_was_shown(tmp_path: Path) -> None:
    for picture in (PLAIN, OTHER):
        assert save_again(Disk(), picture, tmp_path / "talk.png") == tmp_path / "talk.png"
    with Image.open(tmp_path / "talk.png") as found:
        assert found.getpixel((0, 0)) == (0, 0, 0)
    held = Refusing(10**9, lambda path: path.name == "talk.png")
    assert save_again(held, PLAIN, tmp_path / "talk.png") == tmp_path / "talk (2).png", "a viewer has the first open"
    assert names(tmp_path) == ["talk (2).png", "talk.png"]


class Full(Disk):
    """A disk with room for a few bytes, or one that loses some."""

    def __init__(self, *, silent: bool = False) -> None:
        self.silent = silent

    def create(self, path: Path) -> io.FileIO:
        class File(io.FileIO):
            def write(self, data: object) -> int:
                view = memoryview(data).cast("B")  # type: ignore[arg-type]
                if not silent:
                    super().write(view[:10])
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                super().write(bytes(len(view)))
                return len(view)

        silent = self.silent
        return File(path, "x+b")


@pytest.mark.parametrize(("silent", "said"), [(False, "the disk is full"), (True, "not written as it should be")])
def test_nothing_half_made_stays(tmp_path: Path, silent: bool, said: str) -> None:
    with pytest.raises(StorageError, match=said):
        save(Full(silent=silent), PLAIN, tmp_path / "talk.png")
    assert names(tmp_path) == []


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """Half a minute and eleven, of 24-bit stereo."""
    most = []
    for name, size in (("short.wav", 10_000_000), ("long.wav", 200_000_000)):
        fmt = AudioFormat(48_000, 2, 24)
        with (tmp_path / name).open("wb") as file:
            file.write(ours(fmt, b"")[:-4] + size.to_bytes(4, "little"))
            file.truncate(file.tell() + size)  # silence that takes no room
        tracemalloc.start()
        picture_of(Disk(), tmp_path / name, RULE, SIZE)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < most[0] + (1 << 20)
    assert most[1] < 32 << 20
