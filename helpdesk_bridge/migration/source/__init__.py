"""The source as it is now: what changed, appeared or vanished there since it was read."""
