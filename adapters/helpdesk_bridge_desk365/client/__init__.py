"""Desk365's API: its calls, its pages, and how it is signed in to."""
