"""Watching a migration: its live state beside the journal, when it ends, and the page that shows it."""
