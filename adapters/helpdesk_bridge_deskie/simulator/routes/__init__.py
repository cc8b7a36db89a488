"""The routes of the simulated account, a group for each kind of record."""
