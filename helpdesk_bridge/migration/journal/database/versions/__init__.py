"""Versions of the tables, for Alembic: one module a version, named by it."""
