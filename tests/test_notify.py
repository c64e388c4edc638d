from __future__ import annotations

import asyncio
import logging
import queue
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.sound import wait_until
from tray_app.desktop import notify
from tray_app.desktop.notify import Notifier, Pace
from tray_app.text import fit_lines

DEADLINE = 20.0


@dataclass
class Shown:
    """What a desktop was asked to show."""

    app_name: str
    icon: str
    title: str
    text: str


class Desktop(threading.Thread):
    """Plays a desktop's notification service on a private bus; a test reads what a user would see."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.shown: queue.Queue[Shown] = queue.Queue()
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.ended = asyncio.Event()

    def run(self) -> None:
        self.loop.run_until_complete(self.serve())

    async def serve(self) -> None:
        from dbus_fast import Message, MessageType
        from dbus_fast.aio import MessageBus

        def answer(message: Message) -> Message | None:
            if message.message_type != MessageType.METHOD_CALL or message.interface != "org.freedesktop.Notifications":
                return None
            if message.member == "Notify":
                app_name, _, icon, title, text, *_ = message.body
                self.shown.put(Shown(app_name, icon, title, text))
                return Message.new_method_return(message, "u", [1])
            if message.member == "GetCapabilities":
                return Message.new_method_return(message, "as", [["body"]])
            return Message.new_method_return(message, "ssss", ["desktop", "test", "1", "1.2"])

        bus = await MessageBus(self.address).connect()
        bus.add_message_handler(answer)
        await bus.request_name("org.freedesktop.Notifications")
        self.ready.set()
        await self.ended.wait()
        bus.disconnect()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.join(DEADLINE)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A private message bus that what the test starts takes for the session's."""
    address = f"unix:path={tmp_path / 'bus'}"
    command = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address={address}", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout
        assert daemon.stdout.readline().startswith("unix:")
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
        daemon.kill()


@pytest.fixture
def desktop(bus: str) -> Iterator[Desktop]:
    service = Desktop(bus)
    service.start()
    assert service.ready.wait(DEADLINE)
    yield service
    service.stop()


TEXTS = [
    ("Take saved", "recording_2026-11-23.wav"),
    ("-u critical", "--help"),
    ("--", "-"),
    ("Quartett für „Ä“ 🎻", "two\nlines"),
    ("Saved", r"C:\new\takes\x41.wav and a \ at the end\\"),
    ("$(id) `id` %s", '\'; rm -rf ~ "&"'),
]


@pytest.mark.posix("D-Bus")
def test_the_desktop_shows_what_was_said(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    notifier = Notifier(True)
    assert all(notifier.notify(title, text) for title, text in TEXTS)
    assert notifier.close(DEADLINE)
    shown = [desktop.shown.get_nowait() for _ in TEXTS]
    assert [(item.title, item.text) for item in shown] == TEXTS
    assert {item.app_name for item in shown} == {"Tray Recorder"}
    assert all(Path(item.icon).name == "tray-recorder.png" for item in shown)
    assert all(Path(item.icon).is_file() for item in shown)


@pytest.mark.posix("D-Bus")
def test_without_notify_send_plyer_says_it_or_the_log_does(
    desktop: Desktop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    notifier = Notifier(True)
    assert notifier.notify("Take saved", "x.wav")
    assert notifier.close(DEADLINE)
    # Where the Python dbus package is installed, plyer speaks with the desktop itself.
    assert desktop.shown.qsize() == 1 or "cannot be shown" in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.posix("D-Bus")
def test_no_desktop_is_one_line_in_the_log_and_nothing_on_the_screen(
    bus: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    notifier = Notifier(True)
    assert all(notifier.notify("Take saved", f"{number}.wav") for number in range(3))
    assert notifier.close(DEADLINE)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "org.freedesktop.Notifications" in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.posix("D-Bus")
def test_a_terminal_program_does_not_end_before_its_notification_went_out(desktop: Desktop) -> None:
    code = "from tray_app.desktop.notify import Notifier\nn = Notifier(True)\nn.notify('Saved', 'x.wav')\nn.close(20)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert desktop.shown.get_nowait().title == "Saved"


def test_a_desktop_that_hangs_delays_neither_caller_nor_exit() -> None:
    code = (
        "import threading, time\n"
        "from tray_app.desktop.notify import Notifier\n"
        "n = Notifier(True, lambda: lambda title, text: threading.Event().wait())\n"
        "began = time.monotonic()\n"
        "queued = [n.notify('Saved', 'x.wav') for _ in range(100)]\n"
        "waited = time.monotonic() - began\n"
        "assert queued[0] and not queued[-1], queued\n"
        "assert n.close(0.2) is False\n"
        "assert n.notify('Saved', 'late') is False\n"
        "print(waited)\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) < 1
    assert time.monotonic() - began < 10


def test_disabled_shows_nothing() -> None:
    shown: list[str] = []
    notifier = Notifier(False, lambda: lambda title, text: shown.append(title))
    assert notifier.notify("Saved", "x.wav") is False
    assert notifier.close(DEADLINE)
    assert shown == []


def test_a_failure_is_told_once_and_later_ones_are_tried(caplog: pytest.LogCaptureFixture) -> None:
    tried: list[str] = []

    def fail_at_first(title: str, text: str) -> None:
        tried.append(text)
        if len(tried) < 3:
            raise RuntimeError("no desktop")

    notifier = Notifier(True, lambda: fail_at_first)
    assert all(notifier.notify("Saved", str(number)) for number in range(4))
    assert notifier.close(DEADLINE)
    assert tried == ["0", "1", "2", "3"]
    assert caplog.text.count("Notifications cannot be shown here: no desktop") == 1


def test_what_fails_goes_another_way_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[tuple[str, str]] = []

    def find() -> notify.Sender:
        raise ImportError("no plyer")

    notifier = Notifier(True, find, fallback=lambda title, text: shown.append((title, text)))
    assert all(notifier.notify("Saved", str(number)) for number in range(3))
    assert notifier.close(DEADLINE)
    assert shown == [("Saved", "0"), ("Saved", "1"), ("Saved", "2")]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "no plyer" in caplog.text


def test_the_other_way_may_be_found_later_and_fail_as_well(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[str] = []

    def fail(title: str, text: str) -> None:
        shown.append(text)
        raise OSError("no icon")

    notifier = Notifier(True, lambda: fail)
    notifier.fall_back_to(fail)
    assert all(notifier.notify("Saved", str(number)) for number in range(2))
    assert notifier.close(DEADLINE)
    assert shown == ["0", "0", "1", "1"]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert caplog.text.count("Notifications cannot be shown here: no icon") == 1


def test_what_works_needs_no_other_way() -> None:
    shown: list[str] = []
    notifier = Notifier(True, lambda: lambda title, text: None, fallback=lambda title, text: shown.append(text))
    notifier.notify("Saved", "x.wav")
    assert notifier.close(DEADLINE)
    assert shown == []


def test_how_long_a_notification_may_stay_depends_on_what_waits() -> None:
    gone, showing = threading.Event(), threading.Event()

    def show(title: str, text: str) -> None:
        if text == "shows":
            showing.set()
            assert gone.wait(DEADLINE)

    notifier = Notifier(True, lambda: show, pace=Pace(alone=3000.0, queued=2000.0, leaving=1000.0))
    for text in ("gone", "gone too", "shows"):
        notifier.notify("Saved", text)
    assert showing.wait(DEADLINE)
    assert (notifier.left(0.0), notifier.left(5.0)) == (3000.0, 2995.0)
    notifier.notify("Saved", "waits")
    assert (notifier.left(0.0), notifier.left(5.0)) == (2000.0, 1995.0)
    notifier.close(0.0)
    assert (notifier.left(0.0), notifier.left(5.0)) == (500.0, 495.0)
    gone.set()
    assert notifier.close(DEADLINE)


def test_at_the_end_nothing_stays_for_longer_than_all_may() -> None:
    notifier = Notifier(True, lambda: lambda title, text: None, pace=Pace(3000.0, 2000.0, 0.1))
    assert notifier.close(DEADLINE)
    wait_until(lambda: notifier.left(0.0) <= 0, DEADLINE, "the time is over")


def test_an_empty_title_is_the_programs_name() -> None:
    shown: list[tuple[str, str]] = []
    notifier = Notifier(True, lambda: lambda title, text: shown.append((title, text)))
    notifier.notify("\x07", "x")
    assert notifier.close(DEADLINE)
    assert shown == [("Tray Recorder", "x")]


def test_what_is_too_long_is_cut_with_an_ellipsis() -> None:
    assert fit_lines("x" * 63, notify.MAX_TITLE) == "x" * 63
    assert fit_lines("x" * 64, notify.MAX_TITLE) == "x" * 62 + "…"
    assert fit_lines("a b", 2) == "a…"
    assert fit_lines("a\tb\x1b[1m\r\nc\ud800\0", 64) == "a b[1m\nc?"


def test_a_character_of_two_units_counts_twice_and_is_never_cut_in_half() -> None:
    assert fit_lines("🎻" * 31, notify.MAX_TITLE) == "🎻" * 31
    assert fit_lines("🎻" * 32, notify.MAX_TITLE) == "🎻" * 31 + "…"
    assert fit_lines("x" + "🎻" * 31, notify.MAX_TITLE) == "x" + "🎻" * 31
    assert fit_lines("x" + "🎻" * 32, notify.MAX_TITLE) == "x" + "🎻" * 30 + "…"


@hypothesis_settings(deadline=None, max_examples=300)
@given(text=st.text(st.characters(), max_size=300), longest=st.sampled_from([notify.MAX_TITLE, notify.MAX_TEXT]))
def test_any_text_becomes_one_that_can_be_shown(text: str, longest: int) -> None:
    clean = fit_lines(text, longest)
    assert len(clean.encode("utf-16-le")) // 2 <= longest
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in clean if c != "\n")
    clean.encode()
    kept = [c for c in text if unicodedata.category(c)[0] in "LN"]
    assert [c for c in clean if unicodedata.category(c)[0] in "LN"] == kept or clean.endswith("…")
