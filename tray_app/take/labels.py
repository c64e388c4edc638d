"""Labels for Audacity: the cuts of an original, and where its time is not all there, as a text file to import.

The format is that of "Importing and Exporting Labels" in Audacity's manual: a line for each label with its start, its
end and its text, parted by tabs; times in seconds with six decimals; a label whose end is its start is a point. UTF-8.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

from tray_app.binary_file import put_all
from tray_app.disk import Disk
from tray_app.take.facts import Facts
from tray_app.take.names import numbered

KINDS = ("cut", "gap", "dropped", "pause", "sleep")
"""The words with which our labels' texts begin."""

_MOST = 64 << 20


class Label(NamedTuple):
    """A label from `start` to `end`, in seconds of the original."""

    start: float
    end: float
    text: str


def labels_of(facts: Facts) -> list[Label]:
    """Return the labels of an original in the order of their starts.

    Cuts, gaps and dropped frames are regions. Nothing in the file stands for a pause or for sleep, so they are points,
    and their text tells how long they were.
    """
    seconds = facts.format.seconds
    found = [Label(seconds(start), seconds(end), "cut") for start, end in facts.cut_frames()]
    for ranges, text in ((facts.gaps, "gap"), (facts.dropped, "dropped")):
        found += [Label(seconds(start), seconds(start + frames), text) for start, frames in ranges]
    found += [Label(seconds(at), seconds(at), f"pause {length:.1f} s") for at, length in facts.pauses]
    found += [Label(seconds(at), seconds(at), f"sleep {length:.1f} s") for at, length, *_ in facts.sleeps]
    return sorted(found)


def as_text(labels: list[Label]) -> str:
    """Return the file's text."""
    return "".join(f"{label.start:.6f}\t{label.end:.6f}\t{label.text}\n" for label in labels)


def write_labels(disk: Disk, path: Path, facts: Facts, *, replaces: bool = False) -> Path:
    """Write the labels of an original to `path`, or where that is somebody else's beside it: `NAME (2).txt` …

    The same labels that are there already stay; others are replaced only with `replaces`, and only labels of ours.
    Returns where they are. Raises `OSError`, and leaves nothing then.
    """
    text = as_text(labels_of(facts)).encode()
    for target in numbered(path):
        there = _read(disk, target)
        if there == text:
            return target
        if there is not None and not (replaces and are_ours(there)):
            continue
        part = target.with_name(f".{target.name}.part")
        disk.remove(part)
        try:
            with disk.create(part) as file:
                put_all(file, text)
            (disk.rename_new if there is None else disk.replace)(part, target)
            return target
        except FileExistsError:
            continue
        finally:
            with contextlib.suppress(OSError):
                disk.remove(part)
    raise AssertionError("there is always another number")


def are_ours(text: bytes) -> bool:
    """Return whether a file holds nothing but labels of the kinds that are made here."""
    try:
        parts = [line.split("\t") for line in text.decode().splitlines()]
        return all(len(part) == 3 and part[2].split(" ")[0] in KINDS and float(part[0]) >= 0 for part in parts)
    except ValueError:
        return False


def _read(disk: Disk, path: Path) -> bytes | None:
    """Return what is in a file; None where there is none. What is no readable file is somebody else's."""
    if not disk.exists(path):
        return None
    try:
        with disk.open_read(path) as file:
            return file.read(_MOST) or b""
    except OSError:
        return b"\0"
