"""TerminateProcess while noise is recorded by WASAPI: what lies there opens, and is the noise to the last sample.

`python -m tests.faults` kills 20 recordings, an ordinary run two.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from tests.effort import WHOLE
from tests.faults.reference import Circle, Listener, Table, sound_in
from tests.sound import wait_until
from tests.windows.program import User
from tests.windows.stage import Stage
from tray_app.capture import all_sources, find, pick

KILLS = 20 if WHOLE else 2


def test_a_killed_recording_opens_and_is_recovered(stage: Stage, tmp_path: Path) -> None:
    if not stage.exact:
        pytest.skip("a real mixer changes samples")
    circle, chance = Circle(), random.Random(1)
    table = Table("TerminateProcess of a recording, under Wine")
    backends = pick()
    source = find(all_sources(backends)[0], "default")
    backend = next(backend for backend in backends if backend.name == source.backend)
    for number in range(KILLS):
        stage.play(np.tile(circle.noise, (5, 1)))
        listener = Listener(backend, source, circle)
        try:
            one_kill(User(tmp_path / str(number)), circle, listener, table, chance.uniform(0.0, 1.5))
        finally:
            listener.close()
            stage.stop_playing()
    table.tell()
    assert table.unreadable == 0
    assert table.worst_ms() < 1000


def one_kill(user: User, circle: Circle, listener: Listener, table: Table, after: float) -> None:
    with user.record() as running:
        originals = user.takes / "originals"
        wait_until(lambda: list(originals.glob("*.wav")), 20, "it records")
        (original,) = originals.glob("*.wav")
        wait_until(lambda: original.stat().st_size > 104, 20, "the noise is in the file")
        time.sleep(after)  # the moment is what the test is about
        killed = time.perf_counter()
        running.process.kill()
        running.process.wait(30)
    wait_until(lambda: listener.heard > killed, 10, "the listener has heard it")
    position = listener.frame_at(killed)
    as_it_lies = sound_in(original)
    if len(as_it_lies) == 0:
        table.empty += 1
    elif circle.strange(as_it_lies)[0]:
        table.unreadable += 1
    done = user.run("recover")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("recovered") == 1
    heard = sound_in(original)
    strange, holes = circle.strange(heard)
    # Holes are what a busy machine makes, under Wine more than elsewhere; a frame may stand alone between two.
    assert strange <= holes, (strange, holes, len(heard), circle.where_strange(heard))
    assert np.count_nonzero(heard.any(axis=1)) > 0.5 * len(heard)
    last = circle.find(heard[-2:])
    assert last is not None
    table.add(circle.between(last + 2, position))
    assert sound_in(user.takes / original.name).shape == heard.shape, "noise has no silence"
    assert not list(user.takes.rglob("*.take"))
