"""The rest of the operating system, one small module a thing."""
