"""What becomes of a recording: commands, trouble, and the end."""

from __future__ import annotations

from tray_app.sentences.disk import NOTHING_CHANGED, NOTHING_RECORDED
from tray_app.sentences.forms import Said
from tray_app.words import clock_time, dbfs, megabytes

# Answers to commands

STARTED = "Recording started."
PAUSED = "Recording paused."
RESUMED = "Recording resumed."
STOPPED = "Recording stopped."
NOTHING_TO_PAUSE = "Nothing is being recorded, so there is nothing to pause."
NOTHING_TO_RESUME = "Nothing is being recorded, so there is nothing to resume."
NOTHING_TO_STOP = "Nothing is being recorded, so there is nothing to stop."
RUNS_ALREADY = "A recording is running already."
IS_PAUSED = "A recording is paused. Resume it or stop it first."
NOT_PAUSED = "The recording is not paused."
PAUSED_ALREADY = "The recording is paused already."

# While it is made


def nothing_heard(seconds: float) -> str:
    """Say that nothing is heard for so long."""
    if seconds < 60:
        return "Nothing has been heard yet. Is this the source that plays?"
    return f"Nothing has been heard for {seconds / 60:.0f} minutes. The recording goes on."


def disk_low(minutes: float, free: int) -> str:
    """Say how long the disk lasts; `free` in bytes."""
    whole = int(minutes)
    left = "less than a minute" if whole < 1 else f"about {whole} minute{'' if whole == 1 else 's'}"
    return f"There is room for {left} ({megabytes(free)} free). Then the recording ends, and is kept."


# How it ends

STOPPED_EARLY = Said("Stopped before the device had opened.", NOTHING_RECORDED)
PROGRAM_FAILED = (
    "The recording ended because of an error in the program. What was recorded is safe. The log tells more."
)


def discarded(name: str) -> str:
    """Say where a take has gone."""
    return f"{name} is in the recycle bin."


def not_discarded(name: str, why: str = "") -> str:
    """Say that a take was to go and has not; `why` is a sentence."""
    return f"{name} could not be discarded, so it is kept. {why}".strip()


def saved(name: str, seconds: float, kept: float, threshold: float | None) -> str:
    """Say what a take has become: its length, and what of it is kept; a threshold in dBFS that was found in it."""
    found = "" if threshold is None else f" Silence was at most {dbfs(threshold)} (found)."
    length = clock_time(seconds)
    if kept >= seconds:
        return f"{name}, {length}.{found}"
    cut = clock_time(seconds - kept)
    return f"{name}, {clock_time(kept)} without silence; {length} were recorded, {cut} were silence.{found}"


def all_silent(name: str, seconds: float) -> str:
    """Say that there is no trimmed file."""
    return f"Nothing was heard in {name} ({clock_time(seconds)}), so there is no trimmed file. The original is kept."


def saved_as_wav(lacking: str) -> str:
    """Say that the format that was chosen cannot be had; `lacking` is why."""
    return f"{lacking}. This recording is saved as WAV."


def not_saved(name: str, form: str, why: str, kept: str, todo: str) -> str:
    """Say that a take stays a WAV, though another format was chosen."""
    return f"{name} could not be saved as {form}: {why}. It is kept as {kept}. {todo}".strip()


def differs(name: str, original: object) -> Said:
    """Say that a trimmed file is not what it should be."""
    return Said(f"{name} does not hold what the original does.", f"The original is safe at {original}.")


# What is put aside


def not_finished(name: str) -> Said:
    """Say that a take could not be finished, where nobody knows why."""
    return Said(f"{name} could not be finished.")


def given_up(name: str, times: int) -> Said:
    """Say that finishing a take ended the program again and again."""
    return Said(f"The program ended {times} times while it finished {name}.")


def put_aside(what: str, safe: str, sound: object, *, at_start: bool) -> str:
    """Say why a take is not finished, what is safe, and when it is tried again."""
    again = "It is tried again by `tray-recorder recover`."
    if at_start:
        again = "It is tried again at the next start, or by `tray-recorder recover`."
    return f"{what} {safe or f'What was recorded is safe at {sound}.'} {again}"


def busy(original: object) -> Said:
    """Say that an original cannot be worked on yet."""
    return Said(f"{original} is still recorded, or worked on.", NOTHING_CHANGED, "Try again when that is done.")
