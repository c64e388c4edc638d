"""`kill -9` while a take is saved in another format: what is there opens, and the next start completes it.

`python -m tests.faults` kills in 50 takes, an ordinary run in a tenth of them.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import soundfile

from tests.effort import tenth
from tests.faults.nursery import Nursery, lives
from tests.faults.short import SILENCE, Start, all_of_it, copies, names
from tests.sound import wait_until
from tests.terminal.program import clean_env
from tray_app.audio.format import AudioFormat
from tray_app.audio.wav_writer import WavWriter
from tray_app.disk import Disk
from tray_app.outputs import Output
from tray_app.take.take import Plan, Stage, begin


def test_kill_9_while_it_is_encoded(tmp_path: Path) -> None:
    """The program itself, on five minutes of sound, killed twice at moments of chance; then the next start."""
    chance, sound = random.Random(9), np.tile(all_of_it(16_000), 150)
    plan = Plan(SILENCE, False, Output("mp3", 2.0))
    whole = tmp_path / "whole"
    take = begin(Disk(), whole, "take", plan)
    with take.paths.original.open("xb", buffering=0) as file:
        writer = WavWriter(file, AudioFormat(8000, 1, 16))
        writer.write(sound.tobytes())
        writer.finish()
    take.remember(stage=Stage.FINISHING)
    take.release()
    wanted = Start(Disk(), copies(whole, tmp_path, "wanted")).finished[0]
    in_the_middle = 0
    with Nursery(clean_env(tmp_path)) as nursery:
        for number in range(tenth(50)):
            folder = copies(whole, tmp_path, number)
            for _ in range(2):
                process = nursery.start(tmp_path / "said.txt", "recover", folder)
                part = folder / "originals" / "take.part"
                wait_until(lambda: part.exists() or not lives(process), 20, "it is at work")  # noqa: B023
                time.sleep(chance.uniform(0.0, 1.0))  # the moment is what the test is about
                if lives(process):
                    os.kill(process, signal.SIGKILL)
                    wait_until(lambda: not lives(process), 10, "it is dead")  # noqa: B023
                in_the_middle += part.exists()
                there = [path for path in folder.rglob("take.*") if path.suffix in (".wav", ".mp3")]
                assert any(soundfile.info(path).frames >= wanted.kept_seconds * 8000 for path in there)
            Start(Disk(), folder, asked=True)
            assert names(folder) == ["originals/take.json", "take.mp3"]
            assert soundfile.info(folder / "take.mp3").frames == wanted.kept_seconds * 8000
            shutil.rmtree(folder)
    assert in_the_middle
