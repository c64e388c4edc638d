"""Sound as numbers and binary file objects: no device, no thread, no clock, no path."""
