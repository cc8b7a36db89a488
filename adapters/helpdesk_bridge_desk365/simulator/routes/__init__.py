"""The calls of the simulated account, by resource."""
