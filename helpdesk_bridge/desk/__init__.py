"""Desks: what users hold, joined to an adapter once for all vendors."""
