"""Decisions of a migration: what becomes of each value, decided in one round, as a file, or by a rule for later ones."""
