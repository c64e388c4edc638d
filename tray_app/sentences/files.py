"""Sound files: what is read, trimmed, and saved in another format."""

from __future__ import annotations

from tray_app.sentences.disk import NOTHING_CHANGED
from tray_app.sentences.forms import Said

# What is given


def no_sound_file(path: object) -> Said:
    """Say that a file is none that can be read."""
    return Said(f"{path} is not a sound file that can be read.", NOTHING_CHANGED)


def odd_sound(path: object, why: object) -> Said:
    """Say that a sound has rates or channels that nobody can have."""
    return Said(f"{path} is not a sound that can be read here: {why}.", NOTHING_CHANGED)


def needs_ffmpeg(path: object) -> Said:
    """Say that only ffmpeg might know a file."""
    return Said(
        f"{path} is of no kind that is read here, and ffmpeg, which might know it, is missing.",
        NOTHING_CHANGED,
        "Install ffmpeg and try again.",
    )


def folder_given(path: object) -> Said:
    """Say that a folder is no file."""
    return Said(f"{path} is a folder, not a file.", NOTHING_CHANGED, "Name a file.")


def empty(path: object) -> Said:
    """Say that there is nothing in a file."""
    return Said(f"{path} is empty.", NOTHING_CHANGED)


def no_sound(path: object) -> Said:
    """Say that a file has a header only."""
    return Said(f"{path} holds no sound.", NOTHING_CHANGED)


def nothing_to_trim(folder: object) -> Said:
    """Say that a folder has nothing for us."""
    return Said(f"There is no sound file in {folder} that was not trimmed already.", NOTHING_CHANGED)


def cut_short(path: object, promised: float, there: float) -> Said:
    """Say that a file ends early; both in seconds."""
    return Said(
        f"{path} is cut short: its header promises {promised:.1f} s, {there:.1f} s are there.",
        NOTHING_CHANGED,
        "Use --force to trim what is there.",
    )


def wrong_wav(path: object, why: object) -> Said:
    """Say what is wrong with a WAV; `why` is a sentence."""
    return Said(f"{path}: {why}", NOTHING_CHANGED)


def unreadable(why: str) -> Said:
    """Say by libsndfile's own words why it does not read a file."""
    return Said(f"It cannot be read: {why}")


# WAV

NOT_WAV = Said("This is not a WAV file.")
NOT_WAV_BUT_RIFF = Said("This is a RIFF file, but not a WAV file.")
NO_HEADER = Said("This file does not begin with a whole header of a recording, so it cannot be repaired.")
# What is damaged in it

FORMAT_CUT_SHORT = "its format is cut short"
NO_FORMAT = "nothing before its sound says what format that has"
NO_SOUND_BEGINS = "it ends before its sound begins"
SIZES_CUT_SHORT = "its table of sizes (ds64) is cut short"


def odd_bits(valid: int, bits: int) -> str:
    """Say that the bits cannot be."""
    return f"it states {valid} valid bits in samples of {bits}"


def odd_numbers(channels: int, rate: int, bits: int) -> str:
    """Say that the format cannot be."""
    return f"it states {channels} channels, {rate} Hz and {bits} bits"


def odd_frames(channels: int, bits: int, block: int) -> str:
    """Say that the frames cannot be."""
    return f"it states {channels} channels of {bits} bits in frames of {block} bytes"


# What of it is not read

BIG_ENDIAN = "big-endian sound (RIFX)"
UNKNOWN_SOUND = "sound of an unknown kind"


def sound_of_kind(kind: str) -> str:
    """Say which kind of sound it is."""
    return f"{kind} sound"


def odd_samples(bits: int, width: int) -> str:
    """Say how its samples are stored."""
    return f"samples of {bits} bits in {width} bytes"


def many_channels(channels: int, most: int) -> str:
    """Say how many channels it has."""
    return f"{channels} channels (at most {most} can be read)"


def high_rate(rate: int, most: int) -> str:
    """Say which rate it has."""
    return f"sound at {rate} Hz (at most {most} Hz can be read)"


def unsupported_wav(what: str) -> Said:
    """Say what of a WAV is not read."""
    return Said(f"This WAV file holds {what}, which cannot be read directly.", todo="Convert it to 16- or 24-bit PCM.")


def damaged_wav(why: str) -> Said:
    """Say what of a WAV is damaged."""
    return Said(f"This WAV file is damaged: {why}.")


# Where it goes

CHOOSE_OUTPUT = "Choose another output."
CHOOSE_OUTPUT_OR_FORCE = "Choose another output, or use --force to replace it."
CHOOSE_OUTPUT_OR_NO_LIST = "Choose another output, or use --force to go without a cut list."


def into_itself(path: object) -> Said:
    """Say that input and output are one file."""
    return Said(f"The output would be the input itself, {path}.", NOTHING_CHANGED, CHOOSE_OUTPUT)


def output_twice(target: object, source: object) -> Said:
    """Say that two inputs have one output."""
    return Said(
        f"{target} is the output of another input already.",
        f"{source} was not trimmed.",
        "Trim it by itself, with another output.",
    )


# Formats


def holds_bits(form: str, bits: int) -> str:
    """Say how many bits a format holds."""
    return f"{form} holds at most {bits} bits"


def holds_channels(form: str, channels: int) -> str:
    """Say how many channels it holds."""
    return f"{form} holds {'mono and stereo' if channels == 2 else f'at most {channels} channels'}"


def holds_rates(form: str, rates: str, *, up_to: bool) -> str:
    """Say which rates it holds; `rates` in kHz."""
    return f"{form} holds at most {rates} kHz" if up_to else f"{form} holds {rates} kHz"


def source_gives(why: str, source: str, channels: int, khz: float) -> str:
    """Say what a source has instead."""
    return f"{why}, and {source} gives {_channels(channels)} at {khz:g} kHz"


def this_has(why: str, bits: int, channels: int, khz: float) -> str:
    """Say what a sound has instead."""
    return f"{why}, and this has {bits} bits and {_channels(channels)} at {khz:g} kHz"


def _channels(count: int) -> str:
    return "1 channel" if count == 1 else f"{count} channels"


def lacks_ffmpeg(form: str) -> str:
    """Say that a format needs ffmpeg."""
    return f"{form} needs ffmpeg, which is not installed"


def not_saved(path: object, form: str, why: str, todo: str) -> Said:
    """Say that a file was not made another format."""
    return Said(f"{path} cannot be saved as {form}: {why}.", NOTHING_CHANGED, todo or "Choose another format.")


# Why a format could not be made: what stands in "cannot be saved as …: WHY."

FFMPEG_MISSING = Said("ffmpeg, which M4A needs, is missing.", todo="Install ffmpeg for the next one.")
LIBSNDFILE_MISSING = Said("libsndfile is missing.", todo="Install it: on Debian the package is called libsndfile1.")
UNKNOWN_TO_LIBSNDFILE = "the libsndfile that is installed does not know it"
OTHER_SOUND_READ = "its sound is not what was written"
LONGER = "it is longer than the recording"
NO_NUMBERS = "some of its samples are no numbers"
NO_SILENCE = "there is sound where there should be silence"
OTHER_SOUND = "it is another sound"


def ffmpeg_failed(status: int) -> Said:
    """Say how ffmpeg ended."""
    return Said(f"ffmpeg failed with status {status}.")


def not_written(form: str, why: str) -> Said:
    """Say by libsndfile's own words why it did not write."""
    return Said(f"{form} could not be written: {why}")


def nothing_left(form: str) -> str:
    """Say that there is no empty file of a format."""
    return f"nothing of it is left, and {form} knows no empty file"


def reads_back_wrong(form: str, why: str) -> Said:
    """Say that a file does not read back."""
    return Said(f"the {form} file did not read back as it should: {why}")


def frames_read(frames: int, of: int) -> str:
    """Say how much of a file reads back."""
    return f"{frames} of {of} frames can be read"


def level_off(db: float) -> str:
    """Say by how much a file is too loud or too soft."""
    return f"its level is {db:+.0f} dB off"
