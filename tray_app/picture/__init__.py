"""A picture of what silence removal took out of a recording."""
