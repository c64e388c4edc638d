"""The program in the tray, run as people run it: the exe's icon, its menu, its balloons, and the files it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PIL import Image

from tests.sound import level_dbfs, tone, usual_frequency
from tests.windows.build import Build
from tests.windows.program import PROGRAM, User
from tests.windows.stage import Stage
from tests.windows.tray_driver import KEY_RETURN, Box, TrayDriver, under_wine
from tray_app.choices import values
from tray_app.loading import load
from tray_app.states import State
from tray_app.tray.view import Action, Listed, View

ROUNDS = 5
HOLE = 0.2
"""Seconds."""
SINCE = datetime(2026, 11, 24, 14, 3)
CHOSEN = load({}, {}, Path(__file__).with_name("no.env"))
IDLE = View(autostart=False, settings=CHOSEN)
RECORDING = replace(IDLE, state=State.RECORDING, source="what plays", since=SINCE, name="take")
PAUSED = replace(RECORDING, state=State.PAUSED)
WHOLE = ["originals/take.json", "originals/take.wav", "take.wav"]


class Resident:
    """A program in the tray that runs, and the terminal that asks it; leaving it kills what is left."""

    def __init__(self, user: User, windowed: list[str], terminal: list[str], *arguments: str) -> None:
        self._user, self._terminal = user, terminal
        self.process = subprocess.Popen([*windowed, *arguments], env=user.env, stdin=subprocess.DEVNULL)
        self.driver = TrayDriver(self.process.pid)

    def __enter__(self) -> Resident:
        self.driver.wait_for_icon()
        self.waits(lambda now: now["running"], "it answers")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(30)

    def terminal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._user.run(*arguments, program=self._terminal)

    def status(self) -> dict[str, Any]:
        done = self.terminal("status", "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def waits(self, condition: Callable[[dict[str, Any]], object], what: str) -> None:
        self.driver.wait(lambda: condition(self.status()), what)

    def ended(self) -> int:
        status = self.process.wait(30)
        self.driver.wait_until_gone()
        return status


@pytest.fixture
def named(user: User) -> User:
    """A user whose takes have one name, who is notified, and has started the program before."""
    user.env |= {"RECORDER_FILE_NAME": "take", "RECORDER_NOTIFY": "true"}
    welcomed = user.home / "Local" / "Tray Recorder" / "welcomed"
    welcomed.parent.mkdir()
    welcomed.touch()
    return user


@pytest.fixture
def choosing(named: User) -> User:
    """A user with a `.env` of their own, in which all is said, and nothing outside."""
    named.env = {name: value for name, value in named.env.items() if not name.startswith("RECORDER_")}
    (named.folder / "my.env").write_text(
        f"# mine\nRECORDER_SAVE_FOLDER='{named.takes.as_posix()}'\nRECORDER_FILE_NAME=take\n", encoding="utf-8"
    )
    return named


@pytest.fixture
def resident(named: User) -> Iterator[Resident]:
    with Resident(named, [sys.executable, "-m", "tray_app"], list(PROGRAM)) as running:
        yield running


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def holds_the_tone(path: Path, level: float | None) -> None:
    info = soundfile.info(path)
    assert info.subtype == "PCM_24"
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert len(samples) >= 1.5 * rate
    assert usual_frequency(samples, rate) == pytest.approx(1000, abs=1)
    if level is not None:
        assert level_dbfs(samples) == pytest.approx(level, abs=0.1)


def picture(stage: Stage, name: str, box: Box | None) -> None:
    """Keep a picture once what is in `box` has been painted; a window is there before it has its content."""
    if not under_wine() or box is None:
        stage.screenshot(name)
        return
    deadline = time.monotonic() + 10
    while not is_painted(stage.screenshot(name), box):
        assert time.monotonic() < deadline, f"{name} was not painted"


def is_painted(path: Path, box: Box) -> bool:
    """Whether there are dark letters on a light ground."""
    with Image.open(path) as whole:
        shades = whole.crop(box).convert("L").histogram()
    return sum(shades[:64]) > 50 and sum(shades[224:]) > sum(shades) / 2


@pytest.mark.parametrize("number", range(1, ROUNDS + 1))
def test_the_exe_from_start_to_exit_by_its_menu(stage: Stage, named: User, exe: Build, number: int) -> None:
    stage.play(tone(1000, -12, 60))
    with Resident(named, [str(exe.windowed)], [str(exe.terminal)]) as resident:
        driver = resident.driver
        driver.open_menu()
        picture(stage, f"round{number}-menu-idle", driver.menu_box())
        driver.choose(Action.START, IDLE)
        resident.waits(lambda now: now["seconds"] >= 1 and not now["waiting"], "a second is recorded")
        driver.open_menu()
        picture(stage, f"round{number}-menu-recording", driver.menu_box())
        driver.choose(Action.PAUSE, RECORDING)
        resident.waits(lambda now: now["state"] == "paused", "it is paused")
        length = resident.status()["seconds"]
        driver.open_menu()
        picture(stage, f"round{number}-menu-paused", driver.menu_box())
        driver.choose(Action.RESUME, PAUSED)
        resident.waits(lambda now: now["seconds"] >= length + 1, "it records on")
        driver.choose(Action.STOP, RECORDING)
        picture(stage, f"round{number}-balloon", driver.wait_for_balloon())
        resident.waits(lambda now: now["state"] == "idle" and not now["jobs"], "the jobs are done")
        driver.choose(Action.EXIT, IDLE)
        assert resident.ended() == 0
    assert files(named.takes) == WHOLE
    for file in (named.takes / "take.wav", named.takes / "originals" / "take.wav"):
        holds_the_tone(file, -12 if stage.exact else None)
    assert exe.windowed.name not in running()


def test_choices_by_the_menu_survive_a_restart(stage: Stage, choosing: User) -> None:
    """Threshold, format and notifications by the keyboard, in the menus in the menu, and once more after a restart."""
    stage.play(tone(1000, -12, 120))
    file = choosing.folder / "my.env"
    command = [sys.executable, "-m", "tray_app"], list(PROGRAM), "--env-file", str(file)

    def stands(name: str) -> str | None:
        try:
            return values(file.read_text(encoding="utf-8")).get(name)
        except PermissionError:  # it is being replaced
            return None

    def kept(line: str) -> bool:
        name, text = line.split("=", 1)
        return stands(name) == text

    def choose(resident: Resident, view: View, line: str, picture_of: str = "") -> None:
        resident.driver.show_choice(Action.CHOOSE, view, line)
        if picture_of:
            picture(stage, picture_of, resident.driver.menu_box())
        resident.driver.press(KEY_RETURN)
        resident.driver.wait_for_menu_closed()
        resident.driver.wait(lambda: kept(line), f"{line} in the .env")

    # The menu as it is: recordings and originals come with the first take.
    found = [one for one in json.loads(choosing.run("devices", "--json").stdout) if one["kind"] != "signal"]
    sources = tuple(Listed(one["id"], one["name"], one["kind"] == "loopback", one["default"]) for one in found)
    others = [one["id"] for one in found if one["kind"] == "loopback" and not one["default"]]
    view = replace(IDLE, settings=replace(CHOSEN, fixed=frozenset(), env_file=file), sources=sources)
    with Resident(choosing, *command) as resident:
        resident.driver.wait(lambda: (choosing.folder / "my.env").exists(), "its settings")
        resident.driver.open_menu()
        picture(stage, "menu-idle", resident.driver.menu_box())
        choose(resident, view, "RECORDER_SILENCE_THRESH=-60", "menu-silence")
        # No preset has that, so that the menu has one line more.
        view = replace(view, settings=replace(load({}, {}, file), fixed=frozenset()))
        choose(resident, view, "RECORDER_MIN_SILENCE_LEN=1000")
        choose(resident, view, "RECORDER_BIT_DEPTH=16", "menu-format")
        choose(resident, view, "RECORDER_CHANNELS=1")
        # Wine lists its outputs in another order in each process, so it may be another one that stands in that place.
        resident.driver.show_choice(Action.CHOOSE, view, f"RECORDER_SOURCE={others[0]}")
        picture(stage, "menu-source", resident.driver.menu_box())
        resident.driver.press(KEY_RETURN)
        resident.driver.wait_for_menu_closed()
        other = str(resident.driver.wait(lambda: stands("RECORDER_SOURCE"), "a source in the .env"))
        assert other in others
        choose(resident, view, "RECORDER_NOTIFY=false")
        resident.driver.choose(Action.EXIT, view)
        assert resident.ended() == 0
    assert file.read_text(encoding="utf-8").startswith("# mine\n")
    chosen = replace(load({}, {}, file), fixed=frozenset())
    assert (chosen.silence_thresh, chosen.min_silence_len, chosen.bit_depth) == (-60, 1000, 16)
    assert (chosen.source, chosen.notify) == (other, False)
    view = replace(view, settings=chosen, pinned=other)
    with Resident(choosing, *command) as resident:
        choose(resident, view, "RECORDER_CHANNELS=2")
        choose(resident, view, "RECORDER_SOURCE=default")
        resident.driver.choose(Action.START, view)
        resident.waits(lambda now: now["seconds"] >= 1 and not now["waiting"], "a second is recorded")
        resident.driver.open_menu()
        picture(stage, "menu-recording", resident.driver.menu_box())
        resident.driver.choose(Action.STOP, RECORDING)
        resident.waits(lambda now: now["state"] == "idle" and not now["jobs"], "the jobs are done")
        resident.terminal("quit")
        assert resident.ended() == 0
    info = soundfile.info(choosing.takes / "take.wav")
    assert (info.subtype, info.channels) == ("PCM_16", 2)


def test_the_first_start_explains_itself(stage: Stage, named: User) -> None:
    (named.home / "Local" / "Tray Recorder" / "welcomed").unlink()
    for wanted in (True, False):
        with Resident(named, [sys.executable, "-m", "tray_app"], list(PROGRAM)) as resident:
            if wanted:
                picture(stage, "balloon-welcome", resident.driver.wait_for_balloon())
                assert named.takes.is_dir()
            assert resident.terminal("quit").returncode == 0
            assert resident.ended() == 0
            assert resident.driver.balloon() is None or not under_wine()


def running() -> str:
    """The names of all programs that run."""
    import psutil

    return " ".join(process.name() for process in psutil.process_iter())


def test_a_click_starts_and_another_stops(stage: Stage, resident: Resident, named: User) -> None:
    stage.play(tone(1000, -12, 60))
    resident.driver.click()
    resident.waits(lambda now: now["seconds"] >= 2, "two seconds are recorded")
    resident.driver.click()
    picture(stage, "balloon", resident.driver.wait_for_balloon())
    resident.waits(lambda now: now["state"] == "idle" and not now["jobs"], "the jobs are done")
    assert files(named.takes) == WHOLE
    holds_the_tone(named.takes / "take.wav", -12 if stage.exact else None)


def test_exit_in_the_middle_of_a_take_loses_nothing(stage: Stage, resident: Resident, named: User) -> None:
    stage.play(tone(1000, -12, 60))
    resident.driver.choose(Action.START, IDLE)
    resident.waits(lambda now: now["seconds"] >= 2, "two seconds are recorded")
    resident.driver.choose(Action.EXIT, RECORDING)
    assert resident.ended() == 0
    assert files(named.takes) == WHOLE
    holds_the_tone(named.takes / "originals" / "take.wav", -12 if stage.exact else None)


def test_the_second_start_shows_the_first(resident: Resident, named: User) -> None:
    second = named.run()
    assert (second.returncode, second.stdout) == (0, "")
    assert "runs already" in second.stderr
    resident.driver.wait_for_balloon()
    assert resident.process.poll() is None
    assert resident.status()["state"] == "idle"


def test_the_terminal_tells_it_what_to_do(stage: Stage, resident: Resident, named: User) -> None:
    stage.play(tone(1000, -12, 60))
    told = [resident.terminal("start")]
    resident.waits(lambda now: now["seconds"] >= 2, "two seconds are recorded")
    told += [resident.terminal(command) for command in ("pause", "toggle", "stop")]
    assert [(done.returncode, done.stdout.strip()) for done in told] == [
        (0, "Recording started."),
        (0, "Recording paused."),
        (0, "Recording resumed."),
        (0, "Recording stopped."),
    ]
    assert resident.terminal("quit").returncode == 0
    assert resident.ended() == 0
    assert files(named.takes) == WHOLE


def test_an_output_that_is_unplugged_is_waited_for(stage: Stage, resident: Resident, named: User) -> None:
    if not stage.can_unplug:
        pytest.skip("nobody can unplug a real output here")
    stage.play(tone(1000, -12, 60))
    resident.driver.choose(Action.START, IDLE)
    resident.waits(lambda now: now["seconds"] >= 1 and not now["waiting"], "a second is recorded")
    stage.unplug(every=True)
    resident.waits(lambda now: now["waiting"], "it says that it waits")
    resident.driver.open_menu()
    picture(stage, "menu-waiting", resident.driver.menu_box())
    resident.driver.close_menu()
    stage.plug()
    resident.waits(lambda now: not now["waiting"], "it records again")
    resident.terminal("stop")
    resident.waits(lambda now: not now["jobs"], "the jobs are done")
    facts = json.loads((named.takes / "originals" / "take.json").read_text(encoding="utf-8"))
    # A machine that is too busy makes holes of its own, which are shorter.
    assert len([frames for _, frames in facts["gaps"] if frames >= HOLE * facts["format"]["rate"]]) == 1


def test_the_end_of_the_session_leaves_both_files_whole(stage: Stage, resident: Resident, named: User) -> None:
    if not stage.can_end_session:
        pytest.skip("the session is the user's")
    stage.play(tone(1000, -12, 60))
    resident.driver.choose(Action.START, IDLE)
    resident.waits(lambda now: now["seconds"] >= 2, "two seconds are recorded")
    stage.end_session()
    resident.process.wait(30)
    assert files(named.takes) == WHOLE
    for file in (named.takes / "take.wav", named.takes / "originals" / "take.wav"):
        holds_the_tone(file, -12 if stage.exact else None)


def test_the_icon_is_there_soon(named: User, exe: Build) -> None:
    """Not how soon: that is a benchmark. The figure is printed for the run's report."""
    began = time.perf_counter()
    with Resident(named, [str(exe.windowed)], [str(exe.terminal)]) as resident:
        print(f"start to icon and answer: {time.perf_counter() - began:.2f} s{' under Wine' * under_wine()}")
        resident.terminal("quit")
        assert resident.ended() == 0
