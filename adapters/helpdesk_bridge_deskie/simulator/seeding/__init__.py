"""Filling the simulated account from a dataset."""
