"""The recorder's states and what each command does in each of them. Pure: a table and a lookup."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    (State.IDLE, Command.START): Transition(State.RECORDING, Command.START, "Recording started."),
    (State.IDLE, Command.PAUSE): Transition(
        State.IDLE, None, "Nothing is being recorded, so there is nothing to pause."
    ),
    (State.IDLE, Command.RESUME): Transition(
        State.IDLE, None, "Nothing is being recorded, so there is nothing to resume."
    ),
    (State.IDLE, Command.STOP): Transition(State.IDLE, None, "Nothing is being recorded, so there is nothing to stop."),
    (State.IDLE, Command.TOGGLE): Transition(State.RECORDING, Command.START, "Recording started."),
    (State.RECORDING, Command.START): Transition(State.RECORDING, None, "A recording is running already."),
    (State.RECORDING, Command.PAUSE): Transition(State.PAUSED, Command.PAUSE, "Recording paused."),
    (State.RECORDING, Command.RESUME): Transition(State.RECORDING, None, "The recording is not paused."),
    (State.RECORDING, Command.STOP): Transition(State.IDLE, Command.STOP, "Recording stopped."),
    (State.RECORDING, Command.TOGGLE): Transition(State.IDLE, Command.STOP, "Recording stopped."),
    (State.PAUSED, Command.START): Transition(State.PAUSED, None, "A recording is paused; resume it or stop it first."),
    (State.PAUSED, Command.PAUSE): Transition(State.PAUSED, None, "The recording is paused already."),
    (State.PAUSED, Command.RESUME): Transition(State.RECORDING, Command.RESUME, "Recording resumed."),
    (State.PAUSED, Command.STOP): Transition(State.IDLE, Command.STOP, "Recording stopped."),
    (State.PAUSED, Command.TOGGLE): Transition(State.RECORDING, Command.RESUME, "Recording resumed."),
}


def transition(state: State, command: Command) -> Transition:
    """Return what `command` does in `state`. Defined for every pair; never raises."""
    return _TABLE[state, command]
