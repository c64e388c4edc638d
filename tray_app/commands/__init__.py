"""The terminal's commands, one file each: `add` describes its arguments, `run` does it."""
