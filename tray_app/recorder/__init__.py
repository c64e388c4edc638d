"""A take in the making: from a device's chunks to files."""
