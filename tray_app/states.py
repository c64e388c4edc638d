"""The recorder's states and what each command does in each of them. Pure: a table and a lookup."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tray_app.sentences import recording as said


class State(StrEnum):
    """What the recorder is doing. A lost device is no state of its own: the take goes on."""

    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"


class Command(StrEnum):
    """What a user can tell the recorder, from menu, icon or terminal."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    TOGGLE = "toggle"


@dataclass(frozen=True, slots=True)
class Transition:
    """What a command does in a state.

    `action` is the command to carry out (never TOGGLE), or None where nothing is to be done; then `state` is the
    old state and `message` says in one line why.
    """

    state: State
    action: Command | None
    message: str


_TABLE: dict[tuple[State, Command], Transition] = {
    (State.IDLE, Command.START): Transition(State.RECORDING, Command.START, said.STARTED),
    (State.IDLE, Command.PAUSE): Transition(State.IDLE, None, said.NOTHING_TO_PAUSE),
    (State.IDLE, Command.RESUME): Transition(State.IDLE, None, said.NOTHING_TO_RESUME),
    (State.IDLE, Command.STOP): Transition(State.IDLE, None, said.NOTHING_TO_STOP),
    (State.IDLE, Command.TOGGLE): Transition(State.RECORDING, Command.START, said.STARTED),
    (State.RECORDING, Command.START): Transition(State.RECORDING, None, said.RUNS_ALREADY),
    (State.RECORDING, Command.PAUSE): Transition(State.PAUSED, Command.PAUSE, said.PAUSED),
    (State.RECORDING, Command.RESUME): Transition(State.RECORDING, None, said.NOT_PAUSED),
    (State.RECORDING, Command.STOP): Transition(State.IDLE, Command.STOP, said.STOPPED),
    (State.RECORDING, Command.TOGGLE): Transition(State.IDLE, Command.STOP, said.STOPPED),
    (State.PAUSED, Command.START): Transition(State.PAUSED, None, said.IS_PAUSED),
    (State.PAUSED, Command.PAUSE): Transition(State.PAUSED, None, said.PAUSED_ALREADY),
    (State.PAUSED, Command.RESUME): Transition(State.RECORDING, Command.RESUME, said.RESUMED),
    (State.PAUSED, Command.STOP): Transition(State.IDLE, Command.STOP, said.STOPPED),
    (State.PAUSED, Command.TOGGLE): Transition(State.RECORDING, Command.RESUME, said.RESUMED),
}


def transition(state: State, command: Command) -> Transition:
    """Return what `command` does in `state`. Defined for every pair; never raises."""
    return _TABLE[state, command]
