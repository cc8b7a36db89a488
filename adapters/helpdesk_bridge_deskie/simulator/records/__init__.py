"""The records of the simulated account."""
