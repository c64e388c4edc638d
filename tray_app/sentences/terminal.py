"""What commands print. The help of each stands beside its options, in tray_app/commands."""

from __future__ import annotations

from collections.abc import Iterator

from tray_app.sentences.forms import Said
from tray_app.words import clock_time, cuts, dbfs, exact_time

# All commands

STOPPED = "Stopped."


def start_with_command(command: str) -> str:
    """Say that `--start` has no command."""
    return f"--start goes without a command, not with {command!r}"


# record

DEMO_AND_SOURCE = Said("--demo chooses the source itself.", todo="Leave out --demo or --source.")
NO_TRIMMED_FILE = "Nothing was heard, so there is no trimmed file."
SAVED, TRIMMED, ORIGINAL, PICTURE = "saved:", "trimmed:", "original:", "picture:"
WAITING, PAUSED, RECORDING, SILENCE = "waiting", "paused", "rec", "silence"


def records(source: str) -> str:
    """Say what is recorded, and what is obeyed."""
    return f"Recording {source}. PAUSE, RESUME and STOP are obeyed; so is Ctrl-C."


def records_now(source: str) -> str:
    """Say that another source is recorded."""
    return f"Recording {source} now."


def records_again(source: str) -> str:
    """Say that the source is back."""
    return f"Recording {source} again."


def gaps(count: int) -> str:
    """Say how many gaps there are, in the live line."""
    return f"gaps {count}"


def finishing(percent: float) -> str:
    """Say how much of a finished take's work is done, in the live line."""
    return f"finishing  {percent:3.0f} %"


def file(kind: str, path: object, facts: str = "") -> str:
    """Say where a file is."""
    return f"{kind:<9} {path}{f'  ({facts})' if facts else ''}"


def no_command(word: str) -> str:
    """Say which commands there are."""
    return f"{word!r} is no command. PAUSE, RESUME and STOP are."


def recovered_earlier(what: str) -> str:
    """Say what became of a take that a crash left; `what` is a sentence."""
    return f"Recovered from an earlier start: {what}"


# recover


def recovered(file: object, what: str) -> str:
    """Say the same for a script."""
    return f"{file}: recovered. {what}"


def still_recorded(file: object) -> str:
    """Say that a take is left alone."""
    return f"{file}: is being recorded, left alone."


def newer(file: object) -> str:
    """Say that a take is not understood."""
    return f"{file}: was made by a newer version, left alone."


def nothing_to_recover(folder: object) -> str:
    """Say that all is well."""
    return f"Nothing to recover in {folder}."


# trim

ONE_OUTPUT = Said("--output names one file, but there are several inputs.", todo="Name a folder.")
DRY_PICTURE = Said(
    "--dry-run writes nothing, so no --picture either.", todo="`tray-recorder picture FILE` draws what would be cut."
)


def files(count: int) -> str:
    """Say what the progress bar is about."""
    return f"{count} files"


def trimmed(file: object, seconds: float, kept: float, count: int, found: str) -> str:
    """Say what trimming has left, in so many cuts."""
    return f"{file}: {clock_time(seconds)}, {clock_time(kept)} without silence, {cuts(count)}{found}"


def cut(start: int, end: int) -> str:
    """Say where one cut is, in ms."""
    return f"  {exact_time(start):>12} to {exact_time(end):>12}   {(end - start) / 1000:9.3f} s"


def threshold_found(level: float) -> str:
    """Say behind the rest which threshold was found, in dBFS."""
    return f", silence at most {dbfs(level)} (found)"


# Formats


def no_output_format(output: object, ending: str, endings: str) -> str:
    """Say which endings of an output are known."""
    return f"--output {output}: {ending} is no format that can be written; {endings} are"


def other_format(output: object, by_ending: str, chosen: str) -> Said:
    """Say that two options contradict each other."""
    return Said(
        f"--output {output} is {by_ending} by its ending, --format asks for {chosen}.", todo="Leave one of them out."
    )


def no_format(given: str, known: str) -> Said:
    """Say which formats are known."""
    return Said(f"--format {given} is not known; {known} are.")


# status

FOR_THE_DEVICE = "for the device; the take goes on when it is back"
WORKED_ON = "a finished take is being worked on"


def status(
    state: object, source: object, since: str | None, length: str | None, folder: object, *, waiting: bool, jobs: bool
) -> Iterator[str]:
    """Say what the program in the tray does, a line for each fact that there is."""
    for name, value in (
        ("State", state),
        ("Source", source),
        ("Since", since),
        ("Length", length),
        ("Waiting", waiting and FOR_THE_DEVICE),
        ("Jobs", jobs and WORKED_ON),
        ("Folder", folder),
    ):
        if value:
            yield f"{name + ':':<9}{value}"


# devices

COLUMNS = ("NAME", "KIND", "RATE", "CHANNELS", "ID")

# autostart

DESKTOPS = {"win32": "Windows", "darwin": "macOS"}
THE_DESKTOP = "the desktop"


def autostart(desktop: str, file: object) -> str:
    """Say whether the program starts with the desktop: by `file`, if it does."""
    if file:
        return f"Tray Recorder starts with {desktop}: {file}"
    return f"Tray Recorder does not start with {desktop}."
