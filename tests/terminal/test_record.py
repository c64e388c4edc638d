"""`record` on a real PulseAudio: what was played is in the files, at its place, its level, bit for bit."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from pydub import AudioSegment
from pydub.silence import detect_silence

from tests.sound import (
    MICROPHONE_HZ,
    PipeWireServer,
    PulseServer,
    SoundServer,
    as_float,
    find_in,
    frequency,
    level_dbfs,
    noise24,
    onsets,
    pack24,
    tone,
    wait_until,
)
from tests.terminal.program import Record, clean_env, run
from tray_app.capture.base import Samples

CHUNK = 512
RATE = 48000


@pytest.fixture
def server() -> Iterator[PulseServer]:
    """A server that a test may break."""
    with PulseServer(second="other", microphone=True) as own:
        yield own


def env_of(server: SoundServer, folder: Path) -> dict[str, str]:
    return clean_env(folder, {name: server.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")})


def read(path: str | None) -> Samples:
    assert path is not None
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == RATE
    found: Samples = samples
    return found


def data_bytes(path: str | Path) -> bytes:
    """The bytes of a 24-bit file's samples, by soundfile."""
    values, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return pack24(values >> 8)


def test_a_tone_arrives_at_its_frequency_and_level(pulse_env: PulseServer, tmp_path: Path) -> None:
    with Record("--seconds", "4", env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        pulse_env.play(tone(1000, -12, 2.5))
        found = record.result()
    info = soundfile.info(found["original"])
    assert (info.subtype, info.samplerate, info.channels) == ("PCM_24", RATE, 2)
    assert found["format"] == {"rate": RATE, "channels": 2, "bits": 24}
    heard = read(found["original"])
    start = onsets(heard, RATE, 0.01)[0]
    steady = heard[start + 4800 : start + 2 * RATE]
    assert frequency(steady, RATE) == pytest.approx(1000, abs=1)
    assert level_dbfs(steady) == pytest.approx(-12, abs=0.1)
    trimmed = read(found["trimmed"])
    assert len(trimmed) == found["kept_frames"] < len(heard) == found["frames"]
    assert len(trimmed) / RATE == pytest.approx(2.5, abs=0.05)


@pytest.mark.parametrize("kind", [PulseServer, PipeWireServer])
def test_noise_of_24_bits_arrives_sample_for_sample(kind: type[SoundServer], tmp_path: Path) -> None:
    played = noise24(2.5, seed=7)
    with kind() as server, Record("--seconds", "5", env=env_of(server, tmp_path)) as record:
        record.hear("Recording")
        server.play(played)
        found = record.result()
    heard = read(found["original"])
    at = find_in(heard, as_float(played))
    assert at is not None
    assert not np.any(heard[:at])
    assert data_bytes(found["trimmed"]).find(data_bytes(found["original"])[at * 6 : at * 6 + len(played) * 6]) >= 0


def test_onsets_lie_as_they_were_played_and_the_trimmed_file_is_what_pydub_keeps(
    pulse_env: PulseServer, tmp_path: Path
) -> None:
    beep = tone(1000, -12, 2)
    played = np.concatenate([beep, np.zeros((3 * RATE, 2), np.float32), beep])
    with Record("--seconds", "9", env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        pulse_env.play(played)
        found = record.result()
    first, second = onsets(read(found["original"]), RATE, 0.01)
    assert abs(second - first - 5 * RATE) <= CHUNK
    assert_trimmed_as_pydub_would(found)


def assert_trimmed_as_pydub_would(found: dict[str, Any]) -> None:
    """The cuts are pydub's on that original within 1 ms, and what is left is the original's bytes."""
    sound = AudioSegment.from_wav(found["original"])
    theirs = detect_silence(sound, min_silence_len=500, silence_thresh=-40, seek_step=1)
    assert len(theirs) == len(found["cuts"]) >= 1
    assert np.abs(np.array(theirs) - np.array(found["cuts"])).max() <= 1
    whole, at, kept = data_bytes(found["original"]), 0, b""
    for start, end in found["cuts"]:
        kept += whole[at * 6 : start * 48 * 6]
        at = end * 48
    assert data_bytes(found["trimmed"]) == kept + whole[at * 6 :]
    assert found["kept_frames"] * 6 == len(kept + whole[at * 6 :])


def test_pause_leaves_nothing_and_silence_is_judged_across_the_join(pulse_env: PulseServer, tmp_path: Path) -> None:
    """Noise runs on while it is paused for 2 s: exactly that stretch of the noise is missing."""
    played = noise24(8, seed=3)
    with Record(env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        player = pulse_env.play(played)
        time.sleep(2)  # sound to be recorded: its length is what the test is about
        record.tell("pause")
        record.hear("paused")
        time.sleep(2)
        record.tell("Resume")
        record.hear("resumed")
        time.sleep(1.5)
        record.tell("STOP")
        found = record.result()
        player.kill()
    assert len(found["pauses"]) == 1
    edge, seconds = found["pauses"][0]
    assert seconds == pytest.approx(2, abs=0.5)
    heard, noise = read(found["original"]), as_float(played)
    before, after = heard[edge - 4800 : edge - CHUNK], heard[edge + CHUNK : edge + 4800]
    at_before, at_after = find_in(noise, before), find_in(noise, after)
    assert at_before is not None
    assert at_after is not None
    skipped = at_after - at_before - (edge + CHUNK - (edge - 4800))
    assert abs(skipped - seconds * RATE) <= CHUNK
    start = onsets(heard, RATE, 0.001)[0]
    assert np.all(np.any(heard[start + 10 :] != 0, axis=1)), "a zero was put in"
    assert found["gaps"] == []


def test_300_ms_before_and_after_a_pause_are_one_silence(pulse_env: PulseServer, tmp_path: Path) -> None:
    """The source plays 1 s of tone, then nothing; the pause begins in that silence; 300 ms after its end comes tone."""
    with Record(env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        player = pulse_env.play(tone(1000, -12, 1.0))
        player.wait()
        time.sleep(0.3)  # silence to be recorded: its length is what the test is about
        record.tell("PAUSE")
        record.hear("paused")
        time.sleep(1)
        second = pulse_env.play(np.concatenate([np.zeros((RATE // 2, 2), np.float32), tone(1000, -12, 1.0)]))
        record.tell("RESUME")
        second.wait()
        record.tell("STOP")
        found = record.result()
    edge = found["pauses"][0][0] / 48
    assert any(start < edge < end for start, end in found["cuts"]), (edge, found["cuts"])
    assert_trimmed_as_pydub_would(found)


def test_commands_that_do_not_apply_say_so_and_harm_nothing(pulse_env: PulseServer, tmp_path: Path) -> None:
    with Record(env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        pulse_env.play(tone(500, -6, 1.0)).wait()
        record.tell("RESUME")
        record.hear("The recording is not paused.")
        record.tell("PAUSE", "PAUSE")
        record.hear("The recording is paused already.")
        record.tell("resume", "gibberish")
        record.hear("'gibberish' is no command. PAUSE, RESUME and STOP are.")
        record.tell("STOP", "STOP")
        found = record.result()
    assert "Nothing is being recorded, so there is nothing to stop." in " ".join(record.said)
    assert frequency(read(found["trimmed"]), RATE) == pytest.approx(500, abs=1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_are_stop_and_the_end_of_input_is_not(
    pulse_env: PulseServer, tmp_path: Path, number: signal.Signals
) -> None:
    with Record(env=env_of(pulse_env, tmp_path)) as record:
        record.hear("Recording")
        record.end_input()
        player = pulse_env.play(tone(500, -6, 1.5))
        player.wait()
        record.send(number)
        found = record.result()
    assert len(read(found["trimmed"])) / RATE == pytest.approx(1.5, abs=0.1)
    assert 0 <= found["stop_ms"] < 5000


def test_no_trim_leaves_one_file_in_the_save_folder(pulse_env: PulseServer, tmp_path: Path) -> None:
    env = env_of(pulse_env, tmp_path)
    done = run("record", "--seconds", "1", "--no-trim", "--output", tmp_path / "here" / "my take.wav", env=env)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "here").iterdir()) == ["my take.json", "my take.wav"]
    assert soundfile.info(tmp_path / "here" / "my take.wav").duration == pytest.approx(1, abs=0.1)
    again = run("record", "--seconds", "1", "--no-trim", "--output", tmp_path / "here" / "my take.wav", env=env)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_another_rate_depth_and_channel_count_are_converted_to(pulse_env: PulseServer, tmp_path: Path) -> None:
    asked = {"RECORDER_SAMPLE_RATE": "16000", "RECORDER_CHANNELS": "1", "RECORDER_BIT_DEPTH": "16"}
    with Record("--seconds", "3", env=env_of(pulse_env, tmp_path) | asked) as record:
        record.hear("Recording")
        pulse_env.play(tone(1000, -12, 2))
        found = record.result()
    info = soundfile.info(found["trimmed"])
    assert (info.subtype, info.samplerate, info.channels) == ("PCM_16", 16000, 1)
    samples, _ = soundfile.read(found["trimmed"], dtype="float32", always_2d=True)
    assert frequency(samples[1600:], 16000) == pytest.approx(1000, abs=1)
    assert level_dbfs(samples[1600:-1600]) == pytest.approx(-12, abs=0.1)


def test_a_sink_of_six_channels_keeps_them_apart(tmp_path: Path) -> None:
    levels = [-6, -12, -18, -24, -30, -36]
    played = np.concatenate([tone(1000, level, 2, channels=1) for level in levels], axis=1)
    names = "front-left,front-right,front-center,lfe,rear-left,rear-right"
    with (
        PulseServer(channels=6, channel_map=names) as server,
        Record("--seconds", "3.5", env=env_of(server, tmp_path)) as record,
    ):
        record.hear("Recording")
        server.play(played, channel_map=names)
        found = record.result()
    assert found["format"]["channels"] == 6
    heard = read(found["trimmed"])[4800:-9600]
    assert [round(level_dbfs(heard[:, [c]])) for c in range(6)] == levels


def test_a_sink_that_vanishes_leaves_a_gap_that_grows_and_no_sound_of_the_microphone(
    server: PulseServer, tmp_path: Path
) -> None:
    """The output is pinned, so nothing takes its place: not the microphone, not the other output."""
    with Record("--source", "testsink.monitor", env=env_of(server, tmp_path)) as record:
        record.hear("Recording")
        server.play(tone(1000, -12, 1.5)).wait()
        server.unload(server.sink_module)
        record.hear("is gone")
        time.sleep(4.5)
        record.tell("STOP")
        found = record.result()
    assert sum("is gone" in line for line in record.said) == 1
    heard = read(found["original"])
    assert frequency(heard[onsets(heard, RATE, 0.01)[0] :][:RATE], RATE) == pytest.approx(1000, abs=1)
    (start, frames) = found["gaps"][-1]
    assert frames / RATE >= 4
    assert start + frames == found["frames"]
    assert not np.any(heard[start:]), "something is in the gap"
    spectrum = np.abs(np.fft.rfft(heard[:, 0]))
    bin_440 = round(MICROPHONE_HZ * len(heard) / RATE)
    assert spectrum[bin_440 - 3 : bin_440 + 4].max() < spectrum.max() * 0.01


def test_a_pinned_sink_that_comes_back_is_found_again(server: PulseServer, tmp_path: Path) -> None:
    with Record("--source", "testsink.monitor", env=env_of(server, tmp_path)) as record:
        record.hear("Recording")
        server.play(tone(1000, -12, 1)).wait()
        server.unload(server.sink_module)
        record.hear("is gone")
        time.sleep(1)
        server.add_sink("testsink")
        record.hear("again")
        server.play(tone(2000, -12, 1.5)).wait()
        record.tell("STOP")
        found = record.result()
    heard = read(found["original"])
    first, second = onsets(heard, RATE, 0.01)
    assert frequency(heard[second + 4800 : second + RATE], RATE) == pytest.approx(2000, abs=1)
    assert len(found["gaps"]) == 1
    assert second - first > 2 * RATE


def test_the_default_is_followed_to_another_output(server: PulseServer, tmp_path: Path) -> None:
    with Record(env=env_of(server, tmp_path)) as record:
        record.hear("Recording")
        server.play(tone(1000, -12, 1)).wait()
        server.add_sink("headset", properties="device.description=Headset")
        server.set_default("headset")
        record.hear("Recording Headset now.")
        server.play(tone(2000, -12, 1), sink="headset").wait()
        record.tell("STOP")
        found = record.result()
    heard = read(found["original"])
    first, second = onsets(heard, RATE, 0.01)
    assert frequency(heard[first + 4800 : first + RATE // 2], RATE) == pytest.approx(1000, abs=1)
    assert frequency(heard[second + 4800 : second + RATE // 2], RATE) == pytest.approx(2000, abs=1)


def test_a_muted_output_is_said(server: PulseServer, tmp_path: Path) -> None:
    server.mute("testsink")
    done = run("record", "--seconds", "1", env=env_of(server, tmp_path))
    assert "muted" in done.stderr
    assert "Nothing was heard" in done.stdout


def test_the_server_killed_and_restarted_leaves_a_gap(server: PulseServer, tmp_path: Path) -> None:
    with Record(env=env_of(server, tmp_path)) as record:
        record.hear("Recording")
        server.play(tone(1000, -12, 1)).wait()
        server.kill()
        record.hear("is gone")
        server.start()
        record.hear("again")
        server.play(tone(2000, -12, 1)).wait()
        record.tell("STOP")
        found = record.result()
    heard = read(found["original"])
    assert len(onsets(heard, RATE, 0.01)) == 2
    assert len(found["gaps"]) == 1


def test_elapsed_time_and_level_are_on_a_live_line(pulse_env: PulseServer, tmp_path: Path) -> None:
    """A terminal sees one line drawn over and over; here the terminal is a pseudo-terminal."""
    import os
    import pty
    import subprocess

    from tests.terminal.program import PROGRAM

    main, other = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "record", "--seconds", "2"],
        env=env_of(pulse_env, tmp_path),
        stdin=other,
        stderr=other,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(other)
    seen: list[bytes] = []

    def watch() -> None:
        while True:
            try:
                seen.append(os.read(main, 4096))
            except OSError:
                return

    threading.Thread(target=watch, daemon=True).start()
    wait_until(lambda: b"Recording" in b"".join(seen), 15)
    pulse_env.play(tone(1000, -12, 1))
    out, _ = process.communicate(timeout=30)
    text = b"".join(seen).decode()
    assert "-12.0 dBFS" in text
    elapsed = [float(found) for found in re.findall(r"rec +([0-9.]+) s", text)]
    assert elapsed == sorted(set(elapsed))
    assert len(elapsed) >= 5
    assert 1.5 <= elapsed[-1] <= 2.0
    assert text.count("\r") > 5
    assert "\x1b" not in text, "nothing is said by colour, or by any other sequence of a terminal"
    assert "trimmed:" in out
