"""The program on a Linux desktop: its real icon and menu, read and clicked as a panel does it, on real sound."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.linux.desktop import LinuxDesktop, texts
from tests.linux.program import Program, env_on
from tests.sound import MICROPHONE_HZ, PulseServer, frequency, level_dbfs, tone, wait_until
from tests.terminal.program import run

SETTINGS = [
    "---",
    "Source: what you hear",
    "Remove silence: −42.5 dBFS, 500 ms",
    "Format: WAV, 24 bits",
    "---",
    "Open recordings folder",
    "Choose recordings folder…",
    "---",
    "[x] Notifications",
    "[ ] Start with the desktop",
    "When I exit",
    "Open log",
    "About",
    "---",
    "Exit",
]


def lines(desktop: LinuxDesktop, *labels: str) -> list[str]:
    return texts(desktop.find(*labels).lines)


def reads(desktop: LinuxDesktop, *begins: str) -> list[str]:
    """Wait until the menu begins so, and return it. The time in it may be any."""

    def shown() -> list[str]:
        return [line.split(" since ")[0] for line in texts(desktop.menu())]

    wait_until(lambda: shown()[: len(begins)] == list(begins), 20, f"{begins}, not {shown()}")
    return shown()


def test_a_whole_take_by_its_menu_and_what_was_chosen_after_a_restart(
    desktop: LinuxDesktop, sound: PulseServer, tmp_path: Path
) -> None:
    sound.play(tone(1000, -12, 120))
    sound.play(tone(2000, -12, 120), sink="headset")
    with Program(desktop, tmp_path, sound) as program:
        greeted = desktop.wait_notified("Tray Recorder is ready")
        assert "It records what you hear, not what you say." in greeted[1]
        wait_until(lambda: desktop.has("Source", "Always this input:"), 20, "the sources are listed")
        assert reads(desktop, "Start recording", "---", "Not recording") == [
            *("Start recording", "---", "Not recording"),
            *SETTINGS,
        ]
        source = lines(desktop, "Source")
        assert source[0] == "(o) What you hear: follow the default output"
        assert source.count("( ) Null Output") == 2
        assert "(o) Own values" in lines(desktop, "Remove silence")
        assert "(o) −42.5 dBFS (from .env)" in lines(desktop, "Remove silence", "Silence is at most")
        assert desktop.title == "Tray Recorder – Not recording"
        idle = desktop.picture

        desktop.click("Start recording")
        recording = ["Stop recording", "Pause recording", "Discard this take", "---", "Recording", *SETTINGS]
        assert reads(desktop, *recording[:5]) == recording
        assert desktop.picture != idle
        wait_until(lambda: "Recording 0:02 – Null Output – talk" in desktop.title, 20, "two seconds")
        assert lines(desktop, "Format")[0] == "From the next recording on:"
        desktop.click("Pause recording")
        reads(desktop, "Resume recording", "Stop recording", "Discard this take", "---", "Paused")
        assert desktop.title.startswith("Tray Recorder – Paused at 0:0")
        desktop.click("Resume recording")
        reads(desktop, *recording[:5])
        desktop.click("Stop recording")
        assert desktop.wait_notified("Recording saved")[1].startswith("talk.wav, ")
        assert "Recent recordings" in reads(
            desktop, "Start recording", "---", "Not recording", "---", "Source: what you hear"
        )
        files, cuts = ["Open", "Show in folder", "Copy path"], ["Show what was cut", "Trim again"]
        assert lines(desktop, "Recent recordings", "1 talk.wav") == [*files, "---", *cuts]
        samples, rate = soundfile.read(program.takes / "talk.wav", dtype="float32", always_2d=True)
        assert frequency(samples[: rate // 2], rate) == pytest.approx(1000, abs=1)
        assert level_dbfs(samples) == pytest.approx(-12, abs=0.1)
        desktop.click("Recent recordings", "1 talk.wav", "Show in folder")
        wait_until(lambda: desktop.shown_files == [(program.takes / "talk.wav").as_uri()], 20, "the file manager")

        # What is chosen shows at once …
        desktop.click("Remove silence", "Speech")
        wait_until(lambda: desktop.has("Remove silence: Speech (−45 dBFS, 750 ms)"), 20, "the preset is chosen")
        assert lines(desktop, "Remove silence")[2:6] == ["( ) Exact", "(o) Speech", "( ) Music", "( ) Edges only"]
        # Every choice makes a new menu, so that a line found in the old one cannot be clicked.
        desktop.click("Remove silence", "Silence is at most", "−55 dBFS")
        wait_until(lambda: desktop.has("Remove silence: −55 dBFS, 750 ms"), 20, "the threshold is chosen")
        desktop.click("Remove silence", "Silence lasts at least", "1.5 s")
        wait_until(lambda: desktop.has("Remove silence: −55 dBFS, 1.5 s"), 20, "the length is chosen")
        desktop.click("Format", "16 bits")
        desktop.click("Format", "Mono")
        desktop.click("When I exit", "Finish them at the next start")
        desktop.click("Start with the desktop")
        mic = next(line for line in desktop.find("Source").lines if "sine" in line.label.lower())
        desktop.click("Source", mic.label)
        wait_until(lambda: desktop.has(f"Source: {mic.label}"), 20, "the source is chosen")
        wait_until(lambda: "[x] Start with the desktop" in texts(desktop.menu()), 20, "it starts with the desktop")
        assert "(o) −55 dBFS" in lines(desktop, "Remove silence", "Silence is at most")
        assert "−42.5" not in "".join(lines(desktop, "Remove silence", "Silence is at most"))
        desktop.click("Exit")
        assert program.ended() == (0, "")

    # … and is there after a restart, in the user's own file, with its comments.
    kept = program.env_file.read_text()
    assert kept.startswith("# My own settings.\n")
    assert "RECORDER_SILENCE_THRESH=-55 # a loud room\n" in kept
    assert "RECORDER_KEEP_SILENCE=200\n" in kept, "of the preset"
    with Program(desktop, tmp_path, sound) as program:
        wait_until(lambda: desktop.has(f"Source: {mic.label}"), 20, "the source")
        assert desktop.has("Remove silence: −55 dBFS, 1.5 s")
        assert desktop.has("Format: WAV, 16 bits, mono")
        assert "(o) Finish them at the next start" in lines(desktop, "When I exit")
        desktop.click("Start recording")
        wait_until(lambda: "Recording 0:02" in desktop.title, 20, "two seconds")
        desktop.click("Discard this take", "Yes")
        assert desktop.wait_notified("Recording discarded")[1] == "talk (2) is in the recycle bin."
        assert not list(program.takes.rglob("talk (2).*"))
        trash = Path(program.env["HOME"]) / ".local/share/Trash/files"
        samples, rate = soundfile.read(trash / "talk (2).wav", dtype="float32", always_2d=True)
        assert samples.shape[1] == 1
        assert frequency(samples[: rate // 2], rate) == pytest.approx(MICROPHONE_HZ, abs=1)
        program.interrupt()
        assert program.ended() == (0, "")
    assert len([title for title, _ in desktop.notified if title == "Tray Recorder is ready"]) == 1
    assert not list(Path("/tmp").glob(f"tray-recorder-*/{os.getpid()}"))
    assert json.loads((program.takes / "originals" / "talk.json").read_text())["gaps"] == []


def test_lines_have_access_keys_and_names_keep_what_they_are(desktop: LinuxDesktop, tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / "_a__b_&_c.wav").touch()
    with Program(desktop, tmp_path) as program:
        wait_until(lambda: desktop.has("Recent recordings"), 20, "the shelf")
        keys = {line.label: line.key for line in desktop.menu() if line.key}
        assert (keys["Start recording"], keys["Open recordings folder"], keys["Exit"]) == ("s", "o", "x")
        assert [line.key for line in desktop.menu() if line.label == "Not recording"] == [""]
        (recent,) = desktop.find("Recent recordings").lines
        assert (recent.label, recent.key) == ("1 _a__b_&_c.wav", "1")
        assert [line.key for line in recent.lines if line.label != "---"] == ["o", "f", "c"]
        desktop.click("Exit")
        assert program.ended() == (0, "")


def test_a_take_in_which_nothing_was_heard_is_there_after_a_restart_and_trimmed_again(
    desktop: LinuxDesktop, tmp_path: Path
) -> None:
    with PulseServer() as sound:
        sound.play(tone(1000, -49, 60))
        with Program(desktop, tmp_path, sound) as program:
            desktop.click("Start recording")
            wait_until(lambda: "Recording 0:02" in desktop.title, 20, "two seconds")
            desktop.click("Stop recording")
            assert desktop.wait_notified("Recording saved")[1].startswith("Nothing was heard in talk ")
            desktop.click("Exit")
            assert program.ended() == (0, "")
    with Program(desktop, tmp_path) as program:
        wait_until(lambda: desktop.has("Recent recordings"), 20, "the shelf")
        assert lines(desktop, "Recent recordings") == ["1 talk.wav (nothing heard)"]
        entries = ["Open", "Show in folder", "Copy path", "---", "Show what was cut", "Trim again"]
        assert lines(desktop, "Recent recordings", "1 talk.wav") == entries
        desktop.click("Recent recordings", "1 talk.wav", "Show in folder")
        original = program.takes / "originals" / "talk.wav"
        wait_until(lambda: desktop.shown_files == [original.as_uri()], 20, "the file manager")
        desktop.click("Remove silence", "Silence is at most", "−60 dBFS")
        wait_until(lambda: desktop.has("Remove silence: −60 dBFS"), 20, "the threshold is chosen")
        desktop.click("Recent recordings", "1 talk.wav", "Trim again")
        wait_until(lambda: lines(desktop, "Recent recordings") == ["1 talk (2).wav"], 20, "it is a recording now")
        desktop.click("Exit")
        assert program.ended() == (0, "")
    samples, rate = soundfile.read(program.takes / "talk (2).wav", dtype="float32", always_2d=True)
    assert frequency(samples[: rate // 2], rate) == pytest.approx(1000, abs=1)


def test_a_format_chosen_in_the_menu_is_that_of_the_next_recording(
    desktop: LinuxDesktop, sound: PulseServer, tmp_path: Path
) -> None:
    sound.play(tone(1000, -12, 60))
    with Program(desktop, tmp_path, sound) as program:
        wait_until(lambda: "( ) M4A" in lines(desktop, "Format"), 20, "ffmpeg is found")
        assert lines(desktop, "Format")[:3] == ["Recordings are saved as:", "(o) WAV", "( ) FLAC"]
        desktop.click("Format", "FLAC")
        wait_until(lambda: desktop.has("Format: FLAC, 24 bits"), 20, "the label")
        assert "( ) 32 bits" not in lines(desktop, "Format")
        desktop.click("Start recording")
        wait_until(lambda: "Recording 0:02" in desktop.title, 20, "two seconds")
        desktop.click("Stop recording")
        assert desktop.wait_notified("Recording saved")[1].startswith("talk.flac, ")
        wait_until(lambda: desktop.has("Recent recordings", "1 talk.flac"), 20, "it is on the shelf")
        desktop.click("Exit")
        assert program.ended() == (0, "")
    assert "RECORDER_OUTPUT_FORMAT=flac\n" in program.env_file.read_text()
    samples, rate = soundfile.read(program.takes / "talk.flac", dtype="float32", always_2d=True)
    assert frequency(samples[: rate // 2], rate) == pytest.approx(1000, abs=1)
    assert not list(program.takes.glob("*.wav"))


def test_a_device_that_is_lost_and_back_is_notified(desktop: LinuxDesktop, tmp_path: Path) -> None:
    with PulseServer() as server, Program(desktop, tmp_path, server) as program:
        desktop.click("Start recording")
        wait_until(lambda: "Recording 0:01" in desktop.title, 20, "a second")
        server.restart()
        assert "waits for it" in desktop.wait_notified("is gone")[1]
        wait_until(lambda: not desktop.has("Waiting for"), 30, "it records again")
        desktop.wait_notified("is there again")
        desktop.click("Stop recording")
        desktop.wait_notified("Recording saved")
        desktop.click("Exit")
        assert program.ended() == (0, "")


# Where there is no tray


def test_where_nobody_shows_icons_it_says_so(tmp_path: Path) -> None:
    with LinuxDesktop(hosted=False) as desktop:
        done = run(env=env_on(desktop, tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tray-recorder: There is no tray on this desktop. Add a notification area (system tray) to the panel. "
        "Or record in the terminal with `tray-recorder record`.\n"
    )


def test_without_the_library_for_the_panel_it_is_named(desktop: LinuxDesktop, tmp_path: Path) -> None:
    """pystray then falls back to GTK's own icons, which such a panel does not show."""
    done = run(env=env_on(desktop, tmp_path) | {"PYSTRAY_BACKEND": "gtk"})
    assert done.returncode == 1
    assert done.stderr == (
        "tray-recorder: There is a tray, but the library to speak to it is missing. "
        "Install gir1.2-ayatanaappindicator3-0.1. Or record in the terminal with `tray-recorder record`.\n"
    )


def test_on_gnome_it_names_the_extension(tmp_path: Path) -> None:
    with LinuxDesktop(hosted=False, gnome=True) as desktop:
        env = env_on(desktop, tmp_path)
        done = run(env=env)
        doctor = run("doctor", env=env)
    assert done.returncode == 1
    assert "AppIndicator and KStatusNotifierItem Support (gnome-shell-extension-appindicator)" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "note  tray           GNOME shows no tray icons by itself\n" in doctor.stdout
    assert "sudo apt install gnome-shell-extension-appindicator" in doctor.stdout


def test_without_pygobject_it_names_what_is_to_be_installed(desktop: LinuxDesktop, tmp_path: Path) -> None:
    env = env_on(desktop, tmp_path) | {"PYTHONPATH": ""}
    done = run(env=env)
    doctor = run("doctor", env=env)
    assert done.returncode == 1
    assert done.stderr == (
        "tray-recorder: There is no tray, since PyGObject or GTK is missing. Install what the README names for the "
        "tray on Linux: the packages and `tray-recorder[linux-tray]`. "
        "Or record in the terminal with `tray-recorder record`.\n"
    )
    assert "sudo apt install " in doctor.stdout
    assert "gir1.2-ayatanaappindicator3-0.1 && pip install 'tray-recorder[linux-tray]'" in doctor.stdout


def test_with_a_host_doctor_is_content(desktop: LinuxDesktop, tmp_path: Path) -> None:
    doctor = run("doctor", env=env_on(desktop, tmp_path))
    assert "ok    tray           available\n" in doctor.stdout


def test_the_middle_button_does_the_default(desktop: LinuxDesktop, sound: PulseServer, tmp_path: Path) -> None:
    with Program(desktop, tmp_path, sound):
        for begins in ("Stop recording", "Start recording"):
            desktop.middle_click()
            wait_until(lambda begins=begins: desktop.has(begins), 20, begins)  # type: ignore[misc]


def test_ctrl_c_finishes_the_take(desktop: LinuxDesktop, sound: PulseServer, tmp_path: Path) -> None:
    """pystray gives Ctrl-C back to the system, which would end the program in the middle."""
    sound.play(tone(1000, -12, 60))
    with Program(desktop, tmp_path, sound) as program:
        desktop.click("Start recording")
        wait_until(lambda: "Recording 0:01" in desktop.title, 20, "a second")
        program.interrupt()
        assert program.ended() == (0, "")
    assert soundfile.info(program.takes / "talk.wav").frames >= 48000
    assert not list(tmp_path.rglob("*.take"))


def test_the_clipboard_holds_what_was_copied(desktop: LinuxDesktop, tmp_path: Path) -> None:
    (tmp_path / "takes").mkdir()
    (tmp_path / "takes" / "a b.wav").touch()
    code = (
        "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk, Gdk;"
        "print(Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_for_text())"
    )
    with Program(desktop, tmp_path) as program:
        desktop.click("Recent recordings", "1 a b.wav", "Copy path")

        def held() -> str:
            command = [sys.executable, "-c", code]
            return subprocess.run(command, env=dict(program.env), capture_output=True, text=True).stdout.strip()

        wait_until(lambda: held() == str(tmp_path / "takes" / "a b.wav"), 20, "the path on the clipboard")
