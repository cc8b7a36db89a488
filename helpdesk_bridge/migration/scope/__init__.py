"""Scope of a migration: which tickets it takes, in which order, and at which hours."""
