"""Disks, files and folders."""

from __future__ import annotations

from tray_app.sentences.forms import Said

# What is safe

NOTHING_CHANGED = "Nothing was changed."
NOTHING_RECORDED = "Nothing was recorded."
GOES_ON = "The recording goes on."
LEFT_AS_IT_WAS = "It was left as it is."
PICTURE_COMPLETE = "The picture is complete."


def is_complete(file: object) -> str:
    """Say that a file is complete, whatever failed beside it."""
    return f"{file} is complete."


def safe_until(seconds: float) -> str:
    """Say how much of a take is safe."""
    return f"The first {seconds:.1f} s are safe." if seconds else NOTHING_RECORDED


# What cannot be done: what stands in "Cannot … FILE"

DISCARD = "move to the recycle bin:"
FINISH = "finish"
GO_ON_WRITING = "go on writing"
LOOK_FOR_UNFINISHED = "look for unfinished recordings in"
MAKE_FOLDER = "make the folder"
OPEN = "open"
READ = "read"
READ_SETTINGS = "read the settings file"
RECORD_INTO = "record into"
REACH = "reach"
REMOVE = "remove"
SWITCH_ON = "switch on"
TRIM = "trim"
WRITE = "write"
WRITE_CUTS = "write what was cut beside"
WRITE_INTO = "write into"
WRITE_SETTINGS = "write the settings file"

# The same, asked for in the menu

CHOOSE_FOLDER = "choose a folder, beginning at"
COPY_PATH = "copy the path of"
OPEN_LOG = "open the log"
RECYCLE_ORIGINALS = "move to the recycle bin what is in"
SHOW = "show"
SHOW_CUTS = "show what was cut of"


def cannot(action: str, path: object, reason: str, safe: str, todo: str) -> Said:
    """Say that something cannot be done with a file or folder, and why."""
    return Said(f"Cannot {action} {path}: {reason}.", safe, todo)


def failed(action: str, path: object) -> Said:
    """Say the same where nobody knows why."""
    return Said(f"Cannot {action} {path}.")


# Why, and what to do about it

FULL = ("the disk is full", "Free some space and try again.")
QUOTA = ("your disk quota is used up", "Free some space and try again.")
FORBIDDEN = ("there is no permission", "Choose another folder or change its permissions.")
NOT_PERMITTED = ("the system does not permit it", "Choose another folder.")
HELD = ("another program has it open", "Close it there and try again.")
FORBIDDEN_OR_HELD = ("another program has it open, or there is no permission", "Close it there and try again.")
READ_ONLY = ("the disk is read-only", "Choose another folder.")
NOT_THERE = ("the file or folder is not there", "Check the name, and that the drive is connected.")
NO_FOLDER = ("a part of the path is a file, not a folder", "Choose another folder.")
IS_FOLDER = ("it is a folder, not a file", "Name a file.")
TOO_LONG = ("the path is too long", "Choose a shorter name or a folder that is not so deep.")
TOO_LARGE = ("the file system does not take a file so large", "Choose another disk.")
EXISTS = ("it exists already", "Choose another name.")
BROKEN = ("the disk reported an error", "Check the disk, or choose another one.")
GONE = ("the drive is not there", "Connect it, or choose another folder.")
LACKING = ("the drive does not support what is needed", "Choose a folder on another drive.")
ODD_NAME = ("the system takes no such name", 'Choose a name without < > : " / \\ | ? and *.')
INFECTED = ("the virus scanner refuses it", "Allow Tray Recorder there, or choose another folder.")
TRY_ANOTHER = "Try another folder."

NOT_IN_BIN = "it is not there"
BIN_REFUSED = "the recycle bin did not take it"
NO_BIN = "there is no recycle bin there, and deleting it was refused"


def bin_answers(code: int) -> str:
    """Say by which number the recycle bin refused."""
    return f"the recycle bin answers {code:#x}"


# Room


def too_full_to_begin(folder: object, free: int, least: int) -> Said:
    """Say that there is too little room to begin; sizes in MB."""
    return Said(
        f"Cannot record into {folder}: {free} MB are free there, and {least} MB are to stay free.",
        NOTHING_RECORDED,
        "Free some space, or lower RECORDER_MIN_FREE_MB.",
    )


def too_full_to_go_on(folder: object, free: int) -> Said:
    """Say that a take was ended for want of room; `free` in MB."""
    return Said(
        f"The recording was ended, since only {free} MB are free in {folder}.",
        "What was recorded is complete.",
        "Free some space before the next one.",
    )


def does_not_answer(folder: object) -> str:
    """Say that the disk hangs while a take goes on."""
    return (
        f"The disk with {folder} does not answer. The recording goes on when it does. "
        "What is longer than 10 s will be missing from it, with silence in its place."
    )


def too_slow(seconds: float) -> str:
    """Say how much sound was dropped."""
    return f"The disk was too slow. {seconds:.1f} s of sound were dropped, and silence stands for them."


# Files that are written


def exists(path: object, todo: str) -> Said:
    """Say that a file exists already."""
    return Said(f"{path} exists already.", NOTHING_CHANGED, todo)


def take_exists(path: object) -> Said:
    """Say that a take's name is taken."""
    return Said(f"{path} exists already, or its original does.", NOTHING_CHANGED, "Choose another name.")


def is_folder(path: object) -> Said:
    """Say that a folder has the name of what is to be written."""
    return Said(f"{path} is a folder.", NOTHING_CHANGED, "Name a file.")


def not_written(name: str) -> Said:
    """Say that a picture does not read back."""
    return Said(f"{name} was not written as it should be.", todo="Check the disk.")


def not_written_whole(name: str, frames: int, of: int) -> Said:
    """Say that a sound does not read back."""
    return Said(f"{name} was not written as it should be: {frames} of {of} frames can be read.", todo="Check the disk.")
