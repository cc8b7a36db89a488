"""Seeding: filling the simulated account from a dataset."""
