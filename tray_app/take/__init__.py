"""A take on disk: names, marker, sidecar, lock. Nothing of how it is made."""
