"""The formats that a recording can be saved in, what each can hold, and how its quality is chosen. Pure.

The limits are those of the encoders that write them: libsndfile 1.2.2 as soundfile brings it (its `ogg_opus.c`,
`mpeg_l3_encode.c`, `flac.c`), and ffmpeg's AAC encoder, which would resample silently what is not in its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tray_app.sentences import files as said

WAV = "wav"


@dataclass(frozen=True, slots=True)
class Quality:
    """How good, and how large, files of a format are: the setting's name, its least, most and default value.

    `whole` where only whole numbers count.
    """

    variable: str
    least: int
    most: int
    default: str
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `name` is the setting's, `label` what people call it, `ending` its files'.

    It takes recordings of these `bits`, up to `channels`, at one of `rates` in Hz (or up to the last one, where
    `any_rate`). `width` is that of its own samples where it has one (0 is floating point). `lossless` where a sound
    comes back bit for bit, `by_ffmpeg` where ffmpeg writes it. `padding` is by how many frames it may be longer.
    """

    name: str
    label: str
    ending: str
    bits: tuple[int, ...] = (8, 16, 24, 32)
    channels: int = 64
    rates: tuple[int, ...] = (768_000,)
    any_rate: bool = True
    width: int | None = None
    lossless: bool = False
    by_ffmpeg: bool = False
    padding: int = 0
    quality: Quality | None = None

    @property
    def is_wav(self) -> bool:
        """Whether its files are WAV."""
        return self.ending == WAV


_MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_AAC_RATES = (7350, *_MP3_RATES, 64_000, 88_200, 96_000)

FORMATS = {
    found.name: found
    for found in (
        Format(WAV, "WAV", "wav", lossless=True),
        Format("wav16", "WAV, 16 bits", "wav", width=16),
        Format("wav24", "WAV, 24 bits", "wav", width=24),
        Format("wav32", "WAV, 32 bits", "wav", width=32, lossless=True),
        Format("wavfloat", "WAV, floating point", "wav", width=0),
        Format(
            *("flac", "FLAC", "flac"),
            bits=(8, 16, 24),
            channels=8,
            rates=(655_350,),
            lossless=True,
            quality=Quality("RECORDER_FLAC_LEVEL", 0, 8, "5"),
        ),
        Format(
            *("mp3", "MP3", "mp3"),
            channels=2,
            rates=_MP3_RATES,
            any_rate=False,
            quality=Quality("RECORDER_MP3_QUALITY", 0, 9, "2", whole=False),
        ),
        Format(
            *("ogg", "Ogg Vorbis", "ogg"),
            channels=8,
            rates=(200_000,),
            quality=Quality("RECORDER_OGG_QUALITY", 0, 10, "5", whole=False),
        ),
        Format(
            *("opus", "Opus", "opus"),
            channels=8,
            quality=Quality("RECORDER_OPUS_BITRATE", 32, 510, "128"),
        ),
        Format(
            *("m4a", "M4A", "m4a"),
            channels=8,
            rates=_AAC_RATES,
            any_rate=False,
            by_ffmpeg=True,
            # The last of AAC's blocks of 1024 frames is whole. What comes before the first, an edit list takes away.
            padding=1023,
            quality=Quality("RECORDER_M4A_BITRATE", 32, 512, "192"),
        ),
    )
}
"""All formats by name, in the order in which they are offered."""

_ENDINGS = {"oga": "ogg", **{found.ending: found.name for found in reversed(FORMATS.values())}}


@dataclass(frozen=True, slots=True)
class Output:
    """What a take becomes: a format's `name`, and its `quality` by the format's own measure (None: it has none)."""

    name: str = WAV
    quality: float | None = None

    @property
    def format(self) -> Format:
        """What the format can hold."""
        return FORMATS[self.name]

    @property
    def lossy(self) -> bool:
        """Whether the sound comes back as what can be heard of it only."""
        return not (self.format.is_wav or self.format.lossless)

    @property
    def converts(self) -> bool:
        """Whether there is anything to do beyond the WAV as it was recorded."""
        return self.name != WAV


AS_RECORDED = Output()
"""The WAV as it is."""


def by_ending(ending: str) -> str | None:
    """Return the name of the format whose files end so (`.flac`, in any case), None where it is not known."""
    return _ENDINGS.get(ending.lower().removeprefix("."))


def endings() -> str:
    """Return the endings that are known, as a sentence has them."""
    *others, last = (f".{ending}" for ending in dict.fromkeys(found.ending for found in FORMATS.values()))
    return f"{', '.join(others)} or {last}"


def refusal(found: Format, bits: int | None, rate: int | None, channels: int | None) -> str:
    """Say what a format can hold where this sound is more than that; empty where it fits. None: not known yet."""
    if bits is not None and bits not in found.bits:
        return said.holds_bits(found.label, max(found.bits))
    if channels is not None and channels > found.channels:
        return said.holds_channels(found.label, found.channels)
    if rate is not None and not _takes_rate(found, rate):
        return said.holds_rates(found.label, _khz(found.rates), up_to=found.any_rate)
    return ""


def fitting(bits: int | None, rate: int | None, channels: int | None) -> list[Format]:
    """Return the formats that can hold such a sound, in order."""
    return [found for found in FORMATS.values() if not refusal(found, bits, rate, channels)]


def misfit(name: str, bits: int, rate: int | None, channels: int | None) -> tuple[str, str, int] | None:
    """Return why the format of this name cannot hold such a recording, and the variable and the value that it is about.

    None where it can. `rate` and `channels` are None where the device decides.
    """
    chosen = FORMATS[name]
    for why, variable, value in (
        (refusal(chosen, bits, None, None), "RECORDER_BIT_DEPTH", bits),
        (refusal(chosen, None, rate, None), "RECORDER_SAMPLE_RATE", rate),
        (refusal(chosen, None, None, channels), "RECORDER_CHANNELS", channels),
    ):
        if why and value is not None:
            return why, variable, value
    return None


def _takes_rate(found: Format, rate: int) -> bool:
    return rate <= found.rates[-1] if found.any_rate else rate in found.rates


def _khz(rates: Sequence[int]) -> str:
    *others, last = (f"{rate / 1000:g}" for rate in sorted(rates))
    return f"{', '.join(others)} or {last}" if others else last
