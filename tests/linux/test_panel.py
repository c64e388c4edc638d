"""The icon in a real panel on a real screen, with a mouse: what it looks like, and what a click does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.linux.desktop import LinuxDesktop
from tests.linux.program import Program, env_on
from tests.linux.screen import Screen
from tests.sound import PulseServer, tone, wait_until
from tests.terminal.program import run
from tray_app.tray.icon import picture
from tray_app.tray.view import Look


def test_clicks_on_the_icon_in_a_panel(sound: PulseServer, tmp_path: Path) -> None:
    sound.play(tone(1000, -12, 60))
    with LinuxDesktop(hosted=False) as desktop, Screen(desktop.display) as screen:
        program = Program(desktop, tmp_path, sound)
        program.env = {**program.env, "PYSTRAY_BACKEND": "gtk"}

        def status() -> dict[str, Any]:
            return dict(json.loads(run("status", "--json", env=program.env).stdout or "{}"))

        def shows(look: Look) -> None:
            """Wait until the icon's pixels are nearest to this look's among all."""
            wait_until(lambda: nearest(screen) is look, 20, f"the icon to show {look}")

        with program.shown_in(screen):
            wait_until(lambda: status().get("running"), 20, "it answers")
            shows(Look.IDLE)
            screen.click()
            wait_until(lambda: status()["seconds"] >= 1, 20, "a click has started a recording")
            shows(Look.RECORDING)
            screen.photograph("icon-recording", screen.icon())
            screen.click(3)
            wait_until(screen.menu, 20, "the menu")
            wait_until(lambda: is_written(screen.photograph("menu-recording", screen.menu())), 20, "letters in it")
            # A menu that is open stays as it is, whatever happens; it is new when it has closed.
            open_now = screen.menu()
            assert run("pause", env=program.env).returncode == 0
            wait_until(lambda: status()["state"] == "paused", 20, "it is paused")
            assert screen.menu() == open_now
            screen.press("Escape")
            wait_until(lambda: not screen.menu(), 20, "the menu closes")
            shows(Look.PAUSED)
            screen.photograph("icon-paused", screen.icon())
            screen.click(3)
            wait_until(lambda: screen.menu() and is_written(screen.photograph("menu-paused", screen.menu())), 20)
            screen.press("Down", "Return")
            wait_until(lambda: status()["state"] == "recording", 20, "its first line has resumed it")
            wait_until(lambda: status()["seconds"] >= 2, 20, "it goes on")
            screen.click()
            wait_until(lambda: status()["state"] == "idle" and not status()["jobs"], 20, "a click stops")
            shows(Look.IDLE)
            assert run("quit", env=program.env).returncode == 0
            assert program.ended() == (0, "")
    assert (program.takes / "talk.wav").exists()


def is_written(shown: Image.Image) -> bool:
    """Whether there are dark letters on a light ground: a window is there before it is painted."""
    shades = np.asarray(shown.convert("L"))
    return bool((shades > 200).mean() > 0.5 and (shades < 128).sum() > 200)


def nearest(screen: Screen) -> Look:
    """Return the look whose picture the icon's pixels are nearest to, in grey."""
    left, top, wide, high = screen.icon()
    size = min(wide, high)
    inset = (wide - size) // 2, (high - size) // 2
    shown = screen.photograph("icon", (left + inset[0], top + inset[1], size, size)).convert("L")
    seen = np.asarray(shown.resize((64, 64)), float)[12:52, 12:52]

    def apart(look: Look) -> float:
        levels = range(6) if look is Look.RECORDING else (0,)
        grounds = (np.asarray(picture(look, 64, level=level).convert("L"), float)[12:52, 12:52] for level in levels)
        return min(float(np.abs(seen - ground).mean()) for ground in grounds)

    return min(Look, key=apart)


def test_a_folder_is_chosen_in_gtks_dialog(tmp_path: Path) -> None:
    """In a process of its own, as the program has it; a key closes it, a path and Return choose."""
    wanted = tmp_path / "takes"
    wanted.mkdir()
    for keys, answer in ((("Escape",), (1, "")), (("Return",), (0, f"{wanted}\n"))):
        with LinuxDesktop(hosted=False) as desktop, Screen(desktop.display) as screen:
            command = [sys.executable, "-m", "tray_app.desktop.folder_gtk", "Choose where recordings go", str(wanted)]
            dialog = subprocess.Popen(command, env=env_on(desktop, tmp_path), stdout=subprocess.PIPE, text=True)
            try:
                wait_until(screen.menu, 20, "the dialog")
                screen.point_at(screen.menu())
                wait_until(lambda: is_written(screen.photograph("dialog", screen.menu())), 20, "its letters")
                screen.press(*keys)
                out, _ = dialog.communicate(timeout=20)
            finally:
                dialog.kill()
        assert (dialog.returncode, out) == answer
