"""The program in the tray of a Linux desktop, as a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.linux.desktop import LinuxDesktop
from tests.linux.screen import Screen
from tests.sound import PulseServer
from tests.terminal.program import ROOT, clean_env

SETTINGS = """\
# My own settings.
RECORDER_SAVE_FOLDER={folder}/takes
RECORDER_FILE_NAME=talk
RECORDER_SILENCE_THRESH=-42.5 # a loud room
"""


def env_on(desktop: LinuxDesktop, folder: Path, sound: PulseServer | None = None) -> dict[str, str]:
    """Return the environment of a user with nothing but a desktop and, where one is given, a sound server."""
    env = clean_env(folder, desktop.env)
    for name in ("RECORDER_NOTIFY", "RECORDER_SAVE_FOLDER"):
        del env[name]
    return env | ({name: sound.env[name] for name in ("PULSE_SERVER", "PULSE_COOKIE")} if sound else {})


class Program:
    """The program; leaving it kills what is left. `env_file` is the user's own, `takes` the save folder."""

    def __init__(self, desktop: LinuxDesktop, folder: Path, sound: PulseServer | None = None) -> None:
        self.desktop, self.folder = desktop, folder
        self.takes = folder / "takes"
        self.env_file = folder / "my.env"
        if not self.env_file.exists():
            self.env_file.write_text(SETTINGS.format(folder=folder))
        self.env: Mapping[str, str] = env_on(desktop, folder, sound)

    def __enter__(self) -> Program:
        before = self.desktop.icons
        self._start()
        self.desktop.wait_for_icon(after=before)
        return self

    @contextlib.contextmanager
    def shown_in(self, screen: Screen) -> Iterator[None]:
        """Run it where its icon is shown by a panel on the screen."""
        self._start()
        try:
            screen.icon()
            yield
        finally:
            self.__exit__()

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tray_app", "--env-file", str(self.env_file)],
            env=dict(self.env),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return its exit status and what it said."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
