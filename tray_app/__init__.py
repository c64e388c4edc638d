"""Tray Recorder: records what the computer plays, removes the silence, and never loses a take."""

__version__ = "0.1.0"
