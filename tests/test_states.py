from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tray_app.states import Command, State, transition

PAIRS = list(itertools.product(State, Command))

# What the design says, written down a second time: anything else changes nothing.
DOES = {
    (State.IDLE, Command.START): (State.RECORDING, Command.START),
    (State.IDLE, Command.TOGGLE): (State.RECORDING, Command.START),
    (State.RECORDING, Command.PAUSE): (State.PAUSED, Command.PAUSE),
    (State.RECORDING, Command.STOP): (State.IDLE, Command.STOP),
    (State.RECORDING, Command.TOGGLE): (State.IDLE, Command.STOP),
    (State.PAUSED, Command.RESUME): (State.RECORDING, Command.RESUME),
    (State.PAUSED, Command.STOP): (State.IDLE, Command.STOP),
    (State.PAUSED, Command.TOGGLE): (State.RECORDING, Command.RESUME),
}


@pytest.mark.parametrize(("state", "command"), PAIRS)
def test_every_pair(state: State, command: Command) -> None:
    got = transition(state, command)
    assert (got.state, got.action) == DOES.get((state, command), (state, None))
    assert got.message.endswith(".")
    assert len(got.message.splitlines()) == 1


def test_what_is_not_possible_says_why_in_words_of_its_own() -> None:
    for state in State:
        refused = [transition(state, command) for command in Command if transition(state, command).action is None]
        assert len({answer.message for answer in refused}) == len(refused)
        assert not any(answer.message in ("Recording started.", "Recording stopped.") for answer in refused)


@hypothesis_settings(deadline=None)
@given(commands=st.lists(st.sampled_from(list(Command)), max_size=60))
def test_any_walk_starts_and_stops_in_pairs(commands: list[Command]) -> None:
    state = State.IDLE
    actions: list[Command] = []
    for command in commands:
        done = transition(state, command)
        assert done.state in State
        assert (done.action is None) == (done.state == state)
        actions += [done.action] if done.action else []
        state = done.state
    ends = [action for action in actions if action in (Command.START, Command.STOP)]
    assert ends == [Command.START, Command.STOP] * (len(ends) // 2) + [Command.START] * (len(ends) % 2)
    assert (state is State.IDLE) == (len(ends) % 2 == 0)
    assert Command.TOGGLE not in actions
    assert actions.count(Command.PAUSE) - actions.count(Command.RESUME) >= (state is State.PAUSED)
