"""Seeding: fills the simulated account from a dataset."""
