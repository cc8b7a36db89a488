"""Routes of the simulated account, by resource."""
